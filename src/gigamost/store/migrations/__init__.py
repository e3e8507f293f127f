"""The revisions of the schema, oldest first in `versions`: what was released is never changed, only followed.

A revision only adds, and what it adds is optional to those who do not know it: gateways of two versions run on one
PostgreSQL while it is upgraded. What nobody uses any more goes with the release after the next.
"""

import logging
from typing import Final

from gigamost.core.errors import GatewayError, Kind

log = logging.getLogger(__name__)

HEAD: Final = "0008"  # the newest revision; known here so that a start needs Alembic only when there is one to apply


def refuse_old(revision: str | None) -> None:
    """For a PostgreSQL, which is not upgraded by those who use it. Raises GatewayError (500)."""
    if revision is None or revision < HEAD:
        found = f"revision {revision}" if revision else "no schema yet"
        message = f"The database has {found}, this version needs revision {HEAD}: run `gigamost db upgrade`"
        raise GatewayError(Kind.INTERNAL, message)
    if revision > HEAD:
        log.warning("the database has revision %s, newer than this version's %s", revision, HEAD)
