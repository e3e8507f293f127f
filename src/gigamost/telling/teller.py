"""Makes a notice of a finding, puts it into the outbox, and writes the line of the log; once among all gateways."""

import logging
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from gigamost.auth.keys import made_id
from gigamost.core.notice_ports import OpenNotices
from gigamost.core.notices import Finding, Notice, Told
from gigamost.notices.sentences import sentence

log = logging.getLogger(__name__)

ENTROPY: Final = 8  # bytes of an id
_GOOD: Final = ("upstream.up", "batch.done")


class Teller:
    """`now` is unix seconds. `told` is called when something is new. Every method raises GatewayError (503)."""

    def __init__(
        self,
        open_notices: OpenNotices,
        *,
        now: Callable[[], float],
        entropy: Callable[[int], bytes],
        told: Callable[[], None],
    ) -> None:
        self._open = open_notices
        self._now = now
        self._entropy = entropy
        self._told = told
        self.dropped = 0  # deliveries, because too many of them waited

    async def tell(self, finding: Finding, *, after: float = 0.0) -> None:
        """To be sent in `after` seconds."""
        told = await (await self._open()).outbox.tell(self.notice(finding), after=after)
        self._say(finding, told)

    async def end(self, key: str, finding: Finding | None = None) -> None:
        """What lasted under this key is over, which `finding` tells."""
        notice = None
        if finding is not None:  # each end is another one
            made = self.notice(finding)
            notice = msgspec.structs.replace(made, key=f"{made.key}:{made.id}", keep=made.at)
        is_over = await (await self._open()).outbox.end(key, notice)
        if finding is not None:
            self._say(finding, Told(is_new=is_over))

    async def lasting(self) -> Sequence[str]:
        return await (await self._open()).outbox.lasting()

    def notice(self, finding: Finding) -> Notice:
        now = self._now()
        return Notice(
            id=made_id("notice", now, self._entropy(ENTROPY)),
            at=now,
            kind=finding.kind,
            tenant=finding.tenant,
            data=msgspec.Raw(msgspec.json.encode(finding.data)),
            key=finding.key,
            keep=finding.keep,
            lasts=finding.lasts,
        )

    def _say(self, finding: Finding, told: Told) -> None:
        self.dropped += told.dropped
        if told.dropped:
            log.warning("%d deliveries were dropped: more of them wait for a webhook than are kept", told.dropped)
        if told.is_new:
            level = logging.INFO if finding.kind in _GOOD else logging.WARNING
            log.log(level, "%s: %s", finding.kind, sentence(finding))
            self._told()
