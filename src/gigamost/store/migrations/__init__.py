"""The revisions of the schema, oldest first in `versions`: what was released is never changed, only followed."""

from typing import Final

HEAD: Final = "0001"  # the newest revision; known here so that a start needs Alembic only when there is one to apply
