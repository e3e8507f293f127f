"""What the rules above need of a store. `tenant` owns what is kept: another tenant's is as absent as if it never was.

History ─ responses, conversations, items      every method raises GatewayError (503) when the store cannot be used
Ledger  ─ what requests cost; `Books` reads it, `Upkeep` keeps it in order
Counters, Places, TokenShare, Cache ─ how much in a time, how many at once, tokens, answers; none of them ever fails
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self

from gigamost.core.accounting import Entries, Intent, Question, Refusal, Settlement, Spending, Standing, Wanted
from gigamost.core.history import Conversation, Erased, Item, KeptResponse, Link, Page, Window
from gigamost.core.limiting import Crowd, Draw, Full, Grant, Line
from gigamost.core.secret import AccessToken, Secret


class Responses(Protocol):
    async def keep(self, tenant: str, kept: KeptResponse, expires: int) -> None:
        """The answer and its items, until `expires` (unix seconds); its items are appended in one piece to the
        conversation that it refers to, if that still is there. All of it or nothing."""
        ...

    async def get(self, tenant: str, response: str) -> KeptResponse | None: ...

    async def chain(self, tenant: str, response: str) -> Sequence[Link]:
        """This answer, the one it builds on and so on, as far as they are kept; empty when there is none."""
        ...

    async def delete(self, tenant: str, response: str) -> bool:
        """With its items. Whether there was one."""
        ...


class Conversations(Protocol):
    async def create(self, tenant: str, conversation: Conversation, items: Sequence[Item]) -> None: ...

    async def get(self, tenant: str, conversation: str) -> Conversation | None: ...

    async def describe(self, tenant: str, conversation: str, metadata: Mapping[str, str]) -> Conversation | None:
        """Replaces its metadata. None when there is none."""
        ...

    async def delete(self, tenant: str, conversation: str) -> bool:
        """With its items. Whether there was one."""
        ...


class Items(Protocol):
    """`holder` is the id of a response or of a conversation."""

    async def append(self, tenant: str, conversation: str, items: Sequence[Item]) -> bool:
        """In one piece, at the end. Whether there is such a conversation."""
        ...

    async def page(self, tenant: str, holder: str, window: Window) -> Page | None:
        """Of a conversation, or of what was asked for a response. None when there is no item `window.after`."""
        ...

    async def find(self, tenant: str, ids: Sequence[str], holder: str = "") -> Mapping[str, Item]:
        """Those that are kept, wherever that is; with `holder`, those that it has."""
        ...

    async def delete(self, tenant: str, conversation: str, item: str) -> bool:
        """Whether there was one."""
        ...


class History(Protocol):
    @property
    def responses(self) -> Responses: ...

    @property
    def conversations(self) -> Conversations: ...

    @property
    def items(self) -> Items: ...

    async def said(self, tenant: str, holders: Sequence[str], limit: int) -> Sequence[Item] | None:
        """Everything in these responses (what was asked, then what was answered) or conversations, in this order; None
        when it exceeds `limit` bytes."""
        ...

    async def erase(self, tenant: str, subjects: Sequence[str]) -> Erased:
        """Forgets the answers and conversations of an end user, known by any of these tags, and the items that they
        have in the conversations of others."""
        ...

    async def sweep(self, now: int) -> int:
        """Forgets the answers that have expired by `now` (unix seconds) unless a later one builds on them. Says how
        many."""
        ...


class OpenHistory(Protocol):
    """Opens what is kept when it is needed for the first time. Raises GatewayError (503)."""

    async def __call__(self) -> History: ...


class Ledger(Protocol):
    """The hot side. An id is opened once and settled once; what is said again changes nothing."""

    def now(self) -> float:
        """The store's clock in unix seconds, by which `Intent.started` and the periods of budgets are counted."""
        ...

    async def open(self, intent: Intent) -> Refusal | None:
        """Writes the row and holds what it may cost, all or nothing; durable when it returns. Raises GatewayError
        (503) when that is impossible. Cancelled while it waits, it settles by itself, at no cost."""
        ...

    def settle(self, settlement: Settlement) -> None:
        """Queued, and retried for as long as it takes. The holds are those of the intent. A row that was swept
        meanwhile is corrected."""
        ...

    async def drain(self) -> None:
        """Until everything that was queued before is durable."""
        ...


class Books(Protocol):
    """The reading side. Every method raises GatewayError (503) when the store cannot be used."""

    async def requests(self, wanted: Wanted) -> Entries: ...

    async def usage(self, question: Question) -> Sequence[Spending]:
        """What was settled: days in their order, everything else by cost, the most expensive first."""
        ...

    async def standings(self, owners: Sequence[str], since: int = 0) -> Sequence[Standing]:
        """Of the periods that began at `since` (unix seconds) or later, and of the total ones; a period in which
        nothing was held yet is absent."""
        ...


class Upkeep(Protocol):
    """For one gateway: `beat` says that it lives, `leave` that it has ended in order."""

    async def beat(self) -> None: ...

    async def sweep(self, silent: float) -> int:
        """Aborts the open rows of other gateways that have not beaten for `silent` seconds, and books the most that
        they may have cost. Says how many."""
        ...

    async def forget(self, before: float) -> int:
        """Deletes settled rows that started before. What they came to stays in `Books.usage`. Says how many."""
        ...

    async def leave(self) -> None: ...


class Counters(Protocol):
    """What was used in sliding windows. Out of reach of what is shared, each gateway counts its own part."""

    async def take(self, draws: Sequence[Draw]) -> Grant | Full:
        """All of them or nothing, however many ask at the same time."""
        ...

    async def look(self, draws: Sequence[Draw]) -> Grant:
        """What is left for each of them, without taking anything; their amounts mean nothing."""
        ...

    def correct(self, grant: Grant, amount: int) -> None:
        """It was `amount` that was used of each draw, at the time of the grant. Once for each grant; does not wait."""
        ...


class Place(Protocol):
    """Given back by `with` or by `release`."""

    def release(self) -> None:
        """Does not wait; twice is as good as once."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Places(Protocol):
    """`name` is what has the places: `key:<id>`, `tenant:<id>`, `credential:<id>`."""

    async def hold(self, name: str, limit: int, line: Line, timeout: float) -> Place | None:
        """One of `limit` places; None when none came free in `timeout` seconds. A cancelled wait leaves nothing."""
        ...

    def crowd(self, name: str, limit: int) -> Crowd: ...


class TokenShare(Protocol):
    """The access tokens of all gateways."""

    async def obtain(
        self,
        credential: str,
        known: Secret | None,
        fetch: Callable[[], Awaitable[AccessToken]],
        *,
        is_rejected: bool = False,
    ) -> AccessToken:
        """A token of `credential` (its id) other than `known`, which nobody shall be given again if it `is_rejected`:
        one that another gateway has fetched, else what `fetch` returns, while the others wait. Raises GatewayError:
        what `fetch` raised, here or there."""
        ...


class Cache(Protocol):
    """Values by a full digest of what they answer. Bounded: what was put may be gone at any time."""

    async def get(self, digests: Sequence[bytes]) -> Sequence[bytes | None]:
        """None for what is not there, or cannot be had in a moment."""
        ...

    def put(self, digest: bytes, value: bytes, seconds: int) -> None:
        """For so many seconds, in the place of what was there. Does not wait."""
        ...
