"""What every change needs: the directory, new ids, the audit's line, and word to the ring that something is new."""

import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from time import time
from typing import Final

import msgspec

from gigamost.admin import wire
from gigamost.admin.terms import moment_of
from gigamost.auth.keys import made_id
from gigamost.core.directory import Directory, OpenDirectory
from gigamost.core.errors import GatewayError
from gigamost.core.tenancy import Change

log = logging.getLogger(__name__)

_ENTROPY: Final = 8  # bytes of an id


class Office:
    """`pepper` is the key of keys' digests and hangs on the root secret that `root` names, `faces` are the names that
    scopes may have. `changed` is called after every change, so that this gateway knows it at once; it may raise
    GatewayError."""

    def __init__(
        self,
        open_directory: OpenDirectory,
        *,
        pepper: bytes,
        root: str = "",
        faces: Sequence[str],
        changed: Callable[[], Awaitable[None]],
        now: Callable[[], float] = time,
        entropy: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._open = open_directory
        self.pepper = pepper
        self.root = root
        self.faces = tuple(faces)
        self._changed = changed
        self.now = now
        self.entropy = entropy

    async def directory(self) -> Directory:
        return await self._open()

    def new_id(self, kind: str) -> str:
        return made_id(kind, self.now(), self.entropy(_ENTROPY))

    def change(self, actor: str, action: str, target: str, details: object = None) -> Change:
        """`details` is what was asked for: a Struct of `wire` or a mapping, without secrets."""
        raw = msgspec.Raw(msgspec.json.encode({} if details is None else details))
        return Change(self.new_id("change"), self.now(), actor, action, target, raw)

    async def tell(self) -> None:
        """Something was changed. What the ring cannot read now, it reads a second later."""
        try:
            await self._changed()
        except GatewayError as error:
            log.warning("the change is made, the keys could not be read again: %s", error.problem.detail)

    async def audit(self, before: str, limit: int, tenant: str | None = None) -> wire.Page[wire.Change]:
        """With `tenant`, an id, what became of its things alone."""
        found = await (await self._open()).audit.page(before, limit + 1, tenant)
        data = tuple(
            wire.Change(
                id=each.id,
                at=moment_of(each.at),
                actor=each.actor,
                action=each.action,
                target=each.target,
                details=msgspec.json.decode(each.details, type=dict),
            )
            for each in found[:limit]
        )
        return wire.Page(data=data, next_cursor=data[-1].id if len(found) > limit else None)
