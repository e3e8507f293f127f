"""End users as the history knows them: by a tag that says nothing about them, and that only their own name leads to."""

from collections.abc import Sequence
from typing import Final

from gigamost.objects.ids import Seal

LABEL: Final = "history subjects"  # of the derived key (`auth.root.derive`)


class Subjects:
    """`seal` has a key of its own: what GigaChat is told of a user leads nowhere here."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal

    def tag(self, tenant: str, user: str) -> str:
        """For what is kept now; "" for nobody."""
        return self._seal.tag("subject", f"{tenant}\0{user}") if user else ""

    def tags(self, tenant: str, user: str) -> Sequence[str]:
        """What they may be kept by: the tag, and those from before the root secret was replaced."""
        return self._seal.tags("subject", f"{tenant}\0{user}") if user else ()
