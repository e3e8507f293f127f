"""What the processes of one gateway tell each other, so that it does not matter which one an administrator has reached.

Settings come from files, which each of them reads; what is said here is in no file.
"""

from collections.abc import Callable, Sequence

import msgspec

from gigamost.core.secret import Secret
from gigamost.upstreams.fleet import Fleet, Standing, Trial


class Drained(msgspec.Struct, frozen=True, tag="drained"):
    """A credential gets nothing new, or it is resumed."""

    name: str
    resume: bool


class Rotated(msgspec.Struct, frozen=True, tag="rotated"):
    """A credential has a new key, which its upstream has taken."""

    name: str
    key: str


class Reread(msgspec.Struct, frozen=True, tag="reread"):
    """The configuration is to be read again, as `by` has asked."""

    by: str


Said = Drained | Rotated | Reread
Tell = Callable[[Said], None]


def nobody(said: Said) -> None:
    """To whom a process says it that is alone."""


class SharedFleet:
    """`upstreams.fleet.Fleet`, with what is done to a credential here told to the others. What it shows are the
    credentials of this process."""

    def __init__(self, fleet: Fleet, tell: Tell) -> None:
        self._fleet = fleet
        self._tell = tell

    def standings(self) -> Sequence[Standing]:
        return self._fleet.standings()

    async def test(self, name: str) -> Trial:
        return await self._fleet.test(name)

    def drain(self, name: str, *, resume: bool = False) -> Standing:
        found = self._fleet.drain(name, resume=resume)
        self._tell(Drained(name, resume))
        return found

    async def rotate(self, name: str, key: Secret) -> Standing:
        found = await self._fleet.rotate(name, key)
        self._tell(Rotated(name, key.reveal()))
        return found
