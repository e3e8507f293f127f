"""What notices need of a store (`core.ports` has the other ports).

NoticeStore ─ webhooks, outbox, deliveries      every method raises GatewayError (503) when it cannot be used
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from gigamost.core.notices import Claimed, Delivery, Notice, Outcome, Told, Webhook


class Webhooks(Protocol):
    async def add(self, webhook: Webhook) -> None: ...

    async def get(self, webhook: str) -> Webhook | None: ...

    async def edit(self, webhook: str, edit: Callable[[Webhook], Webhook | None]) -> Webhook | None:
        """Replaces it by what `edit` makes of it; where that is None it goes, with all that waits for it. What `edit`
        raises comes through, and nothing is changed then. None when there is no such webhook any more."""
        ...

    async def page(self, before: str, limit: int, tenant: str | None = None) -> Sequence[Webhook]:
        """The newest first, with `tenant` (an id, "" for the operator) its own alone; `before` is the id of the last
        one of the page before, "" for the first page."""
        ...


class Outbox(Protocol):
    async def tell(self, notice: Notice, *, after: float = 0.0) -> Told:
        """Writes it, with a delivery for each webhook that wants it, to be sent in `after` seconds; durable when it
        returns. Nothing, when its key is known."""
        ...

    async def end(self, key: str, notice: Notice | None = None) -> bool:
        """What lasted is over, and `notice` tells so. False, and nothing is told, when there is no such thing."""
        ...

    async def lasting(self) -> Sequence[str]:
        """The keys of what lasts."""
        ...


class Deliveries(Protocol):
    async def claim(self, worker: str, lease: float, limit: int) -> Sequence[Claimed]:
        """What is due, one for each webhook that nobody sends to. Leases are seconds of the store's clock: what a
        worker that has died had taken is claimed again when its lease has run out."""
        ...

    async def settle(self, worker: str, claimed: Claimed, outcome: Outcome) -> bool:
        """False: it was not this worker's any more, and nothing was written."""
        ...

    async def page(self, webhook: str, before: str, limit: int) -> Sequence[Delivery]:
        """The newest first; `before` is the notice of the last one of the page before."""
        ...

    async def waiting(self) -> int: ...


class NoticeStore(Protocol):
    @property
    def webhooks(self) -> Webhooks: ...

    @property
    def outbox(self) -> Outbox: ...

    @property
    def deliveries(self) -> Deliveries: ...

    async def adopt(self, configured: Sequence[Webhook]) -> None:
        """These are the webhooks of the configuration, and no others. One that did not change stays disabled."""
        ...

    async def sweep(self, now: float) -> int:
        """Forgets deliveries that are over for long, and notices that nobody has to remember. Says how many."""
        ...


class OpenNotices(Protocol):
    """Opens the store when it is needed for the first time. Raises GatewayError (503)."""

    async def __call__(self) -> NoticeStore: ...
