"""What the rules above need of a store. `tenant` owns what is kept: another tenant's is as absent as if it never was.

History ─ responses, conversations, items      every method raises GatewayError (503) when the store cannot be used
Ledger  ─ what requests cost; `Books` reads it, `Upkeep` keeps it in order
Directory ─ keys, tenants, audit               who may ask; every change writes its line into the audit
JobStore ─ jobs, items, queue, events, files   work that is done later
Counters, Places ─ how much in a time and how many at once; TokenShare: access tokens; none of them ever fails
"""

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self

from gigamost.core.accounting import Entries, Intent, Question, Refusal, Settlement, Spending, Standing, Wanted
from gigamost.core.history import Conversation, Item, KeptResponse, Link, Page, Window
from gigamost.core.jobs import (
    Again,
    Claimed,
    Job,
    JobOutcome,
    JobPage,
    JobWindow,
    KeptFile,
    Kind,
    NewItem,
    Outcome,
    Result,
)
from gigamost.core.limiting import Crowd, Draw, Full, Grant, Line
from gigamost.core.secret import AccessToken, Secret
from gigamost.core.tenancy import Change, Key, Roll, Tenant


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


class Keys(Protocol):
    """Every change raises the revision."""

    async def add(self, key: Key, change: Change) -> None: ...

    async def get(self, key: str) -> Key | None:
        """By its id."""
        ...

    async def edit(self, key: str, edit: Callable[[Key], Key], change: Change) -> Key | None:
        """Replaces it by what `edit` makes of it, which nobody else changes meanwhile; what `edit` raises comes
        through, and nothing is changed then. None when there is no such key."""
        ...

    async def page(self, before: str, limit: int) -> Sequence[Key]:
        """The newest first; `before` is the id of the last one of the page before, "" for the first page."""
        ...


class Tenants(Protocol):
    """As `Keys`. No two tenants have one name: GatewayError (400) for a name that is taken."""

    async def add(self, tenant: Tenant, change: Change) -> None: ...

    async def get(self, tenant: str) -> Tenant | None:
        """By its id, else by its name."""
        ...

    async def edit(self, tenant: str, edit: Callable[[Tenant], Tenant], change: Change) -> Tenant | None:
        """By its id."""
        ...

    async def page(self, before: str, limit: int) -> Sequence[Tenant]: ...


class Audit(Protocol):
    """What administrators did. Changes of keys and tenants come here by themselves."""

    async def add(self, change: Change) -> None: ...

    async def page(self, before: str, limit: int) -> Sequence[Change]: ...


class Rolls(Protocol):
    async def revision(self) -> int:
        """Higher after every change of a key or a tenant."""
        ...

    async def roll(self) -> Roll: ...


class Directory(Rolls, Protocol):
    """Every method raises GatewayError (503) when the store cannot be used."""

    @property
    def keys(self) -> Keys: ...

    @property
    def tenants(self) -> Tenants: ...

    @property
    def audit(self) -> Audit: ...


class OpenDirectory(Protocol):
    """Opens it when it is needed for the first time. Raises GatewayError (503)."""

    async def __call__(self) -> Directory: ...


class Jobs(Protocol):
    """What clients see of their jobs. What has no `tenant` is for the workers."""

    async def get(self, tenant: str, job: str) -> Job | None:
        """With its tally."""
        ...

    async def page(self, tenant: str, kind: Kind, window: JobWindow) -> JobPage | None:
        """None when there is no such job as the window names."""
        ...

    async def cancel(self, tenant: str, job: str) -> Job | None:
        """No item begins any more; those that were sent end by themselves. The job as it is then."""
        ...

    async def delete(self, tenant: str, job: str) -> bool:
        """With everything that belongs to it. Whether there was one."""
        ...


class JobItems(Protocol):
    async def add(self, job: str, items: Sequence[NewItem]) -> None:
        """At the end, in one piece, while the job is validating."""
        ...

    async def clear(self, job: str) -> None:
        """Validating begins anew."""
        ...

    async def results(self, job: str, after: int, limit: int) -> Sequence[Result]:
        """Behind the position `after` (-1: from the first), in their order."""
        ...


class JobSteps(Protocol):
    """How a job goes on: validating > running > ended."""

    async def begin(self, job: Job, items: Sequence[NewItem] = ()) -> None:
        """A new job; with all its items it runs at once, without any it is validating."""
        ...

    async def run(self, job: str) -> None: ...

    async def take(self, worker: str, lease: float) -> Job | None:
        """A job that nobody attends to, for `lease` seconds: one to be validated, or one to be ended because none of
        its items is open. Items that are too late have expired before."""
        ...

    async def end(self, job: str, outcome: JobOutcome, files: Sequence[KeptFile] = (), errors: bytes = b"") -> None: ...


class JobQueue(Protocol):
    """What a worker does with items. Leases are counted by the store's clock, in seconds."""

    async def claim(self, worker: str, lease: float, limit: int) -> Sequence[Claimed]:
        """Items to work on: urgent jobs first, then in turns between jobs. Those of a worker that has died as well."""
        ...

    async def renew(self, worker: str, lease: float) -> Sequence[str]:
        """The worker lives. Says which of the jobs it works for are cancelled."""
        ...

    async def mark_sent(self, worker: str, item: Claimed) -> bool:
        """Durable when it returns. False: the item is not this worker's any more, or its job is cancelled."""
        ...

    async def settle(self, worker: str, item: Claimed, outcome: Outcome | Again) -> bool:
        """False: the item was not this worker's any more, and nothing was written."""
        ...


class JobEvents(Protocol):
    """The stream of an answer that is made in the background, by the numbers of its frames."""

    async def append(self, job: str, first: int, frames: Sequence[bytes]) -> None:
        """`first` is the number of the first of them."""
        ...

    async def read(self, job: str, first: int, limit: int) -> Sequence[tuple[int, bytes]]:
        """From the number `first` on."""
        ...


class KeptFiles(Protocol):
    async def put(self, tenant: str, file: KeptFile, pieces: AsyncIterable[bytes]) -> KeptFile:
        """There for others when it is whole. The file with its size."""
        ...

    async def get(self, tenant: str, file: str) -> KeptFile | None: ...

    async def list(self, tenant: str) -> Sequence[KeptFile]: ...

    async def delete(self, tenant: str, file: str) -> bool:
        """With its bytes; with the results that it shows. Whether there was one."""
        ...


class JobStore(Protocol):
    @property
    def jobs(self) -> Jobs: ...

    @property
    def items(self) -> JobItems: ...

    @property
    def steps(self) -> JobSteps: ...

    @property
    def queue(self) -> JobQueue: ...

    @property
    def events(self) -> JobEvents: ...

    @property
    def files(self) -> KeptFiles: ...

    def read(self, file: str) -> AsyncIterator[bytes]:
        """The bytes of a kept file, in pieces."""
        ...

    async def is_busy(self) -> bool:
        """Whether there is a job that has not ended."""
        ...

    async def sweep(self, before: int) -> int:
        """Forgets jobs that have ended, and files, made before `before` (unix seconds). Says how many."""
        ...


class OpenJobs(Protocol):
    """Opens what is kept of jobs when it is needed for the first time. Raises GatewayError (503)."""

    async def __call__(self) -> JobStore: ...


class Counters(Protocol):
    """What was used in sliding windows. Out of reach of what is shared, each gateway counts its own part."""

    async def take(self, draws: Sequence[Draw]) -> Grant | Full:
        """All of them or nothing, however many ask at the same time."""
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
