"""Brings what was said to the store, behind the requests and never in their way.

    record ─ bounded queue ─ find its place ─ one transaction for several ─ kept
                  └ full: lost, counted and said

A small exchange is made ready on the event loop, one at a time, which costs a fraction of a millisecond; a large one in
a thread. While the store is away what is queued waits; one that the store refuses is given up, the others go on.
"""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from time import monotonic
from typing import Final

from gigamost.core.errors import GatewayError
from gigamost.core.messages import Inline, Media, Message, Text, ToolCall, ToolResult
from gigamost.core.prompts import Entry, Heard, Prompts, Recording, Tip
from gigamost.history.turns import Turn, entry_of, turn_of

log = logging.getLogger(__name__)

MOST: Final = 10_000  # exchanges in the queue
HEAVIEST: Final = 64 * 2**20  # characters and bytes in the queue
LINGER: Final = 0.2  # seconds in which others may come into the same transaction
_BATCH: Final = 16  # exchanges: a transaction holds SQLite's one writer's turn for some milliseconds
_SMALL: Final = 32 * 1024  # characters and bytes of an exchange that the event loop makes ready itself
_REMEMBERED: Final = 4096  # tips of conversations that may go on
_ALTERNATIVES: Final = 4  # exchanges with one tip that are remembered: one question, several answers
_TRIES: Final = 3  # for an exchange that the store refuses while it answers otherwise
_PAUSES: Final = (0.5, 1.0, 2.0, 5.0, 10.0)  # seconds between two tries while it is away
_SAY: Final = 10.0  # seconds between two lines in the log about the same trouble

Open = Callable[[], Awaitable[Prompts]]


class PromptRecorder:
    """`core.prompts.Recorder`. `subject` makes an end user's tag of (tenant, user). `close` when nobody records any
    more: what is queued is written first, as far as `drain` seconds reach."""

    def __init__(
        self,
        open_prompts: Open,
        subject: Callable[[str, str], str],
        *,
        most: int = MOST,
        heaviest: int = HEAVIEST,
        linger: float = LINGER,
        pauses: Sequence[float] = _PAUSES,
    ) -> None:
        self._open = open_prompts
        self._subject = subject
        self._most = most
        self._heaviest = heaviest
        self._linger = linger
        self._pauses = pauses
        self._queue: deque[tuple[Heard, int]] = deque()
        self._weight = 0
        self._taken = 0  # of those that are out of the queue, and not written yet
        self._written = 0
        self._lost = 0
        self._failures = 0
        self._said = -_SAY
        self._known: OrderedDict[bytes, tuple[Tip, ...]] = OrderedDict()
        self._task: asyncio.Task[None] | None = None
        self._idle = asyncio.Event()
        self._hurry = asyncio.Event()

    def record(self, heard: Heard) -> None:
        weight = _weight(heard)
        if len(self._queue) >= self._most or (self._queue and self._weight + weight > self._heaviest):
            self._lose(1, "the queue is full")
            return
        self._queue.append((heard, weight))
        self._weight += weight
        if self._task is None or self._task.done():
            self._idle.clear()
            self._task = asyncio.get_running_loop().create_task(self._run())

    def recording(self) -> Recording:
        waiting = len(self._queue) + self._taken
        state = "failing" if self._failures else "writing" if waiting else "idle"
        return Recording(state, waiting, self._written, self._lost)  # type: ignore[arg-type]  # one of its three words

    async def drain(self, seconds: float) -> bool:
        """Whether everything that was recorded before is written, or given up."""
        self._hurry.set()
        try:
            async with asyncio.timeout(seconds):
                while self._queue or self._taken:
                    self._idle.clear()
                    await self._idle.wait()
        except TimeoutError:
            return False
        finally:
            self._hurry.clear()
        return True

    def forget(self) -> None:
        """Something was deleted: whatever goes on from it begins anew."""
        self._known.clear()

    async def close(self, seconds: float = 10.0) -> None:
        await self.drain(seconds)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        left = len(self._queue) + self._taken
        self._queue.clear()
        if left:
            self._lose(left, "the gateway stops")

    async def _run(self) -> None:
        """Ends when there is nothing left, so that an idle gateway has no task."""
        await self._rest(self._linger)
        while self._queue:
            batch = [self._take() for _ in range(min(_BATCH, len(self._queue)))]
            self._taken = len(batch)
            try:
                before = monotonic()
                await self._write(batch)
                if self._queue:  # others wait for SQLite's writer's turn too
                    await asyncio.sleep(min(monotonic() - before, self._linger))
            except Exception:
                # The edge of a background task: one exchange must not end the recording.
                log.exception("%d exchanges could not be made ready for the history", self._taken)
                self._lose(self._taken, "they cannot be made ready")
            finally:
                self._taken = 0
        self._idle.set()

    def _take(self) -> Heard:
        heard, weight = self._queue.popleft()
        self._weight -= weight
        return heard

    async def _write(self, batch: Sequence[Heard]) -> None:
        turns = [await self._ready(heard) for heard in batch]
        tries = 0
        while True:
            try:
                store = await self._open()
                entries = await self._placed(turns, store)
                await store.add(entries)
            except GatewayError as error:
                self._failures += 1
                tries += 1
                self._say("what is said cannot be kept now: %s", error.problem.detail or error.problem.message)
                if tries >= _TRIES and await self._answers():
                    await self._singly(turns, error)
                    return
                await self._rest(self._pauses[min(tries, len(self._pauses)) - 1])
            else:
                if self._failures:
                    log.info("what is said is kept again")
                self._failures = 0
                self._written += len(entries)
                self._taken = 0
                for entry in entries:
                    self._remember(entry.tip)
                return

    async def _singly(self, turns: Sequence[Turn], error: GatewayError) -> None:
        """The store is there, and refuses: so it is one of these that it cannot take."""
        for turn in turns:
            try:
                store = await self._open()
                (entry,) = await self._placed([turn], store)
                await store.add([entry])
            except GatewayError as refused:
                error = refused
                self._lose(1, f"the store refuses it ({error.problem.detail})")
            else:
                self._written += 1
                self._remember(entry.tip)
            self._taken -= 1
        self._failures = 0

    async def _answers(self) -> bool:
        try:
            await (await self._open()).tips((b"",))
        except GatewayError:
            return False
        return True

    async def _ready(self, heard: Heard) -> Turn:
        subject = self._subject(heard.tenant, heard.user)
        if _weight(heard) > _SMALL:
            return await asyncio.to_thread(turn_of, heard, subject)
        await asyncio.sleep(0)
        return turn_of(heard, subject)

    async def _placed(self, turns: Sequence[Turn], store: Prompts) -> Sequence[Entry]:
        """In their order: one may go on from another of the same batch."""
        found = await self._found(turns, store)
        entries: list[Entry] = []
        for turn in turns:
            known = _Found(self._known, found)
            if _weight(turn.heard) > _SMALL:
                entry = await asyncio.to_thread(entry_of, turn, known)
            else:
                await asyncio.sleep(0)
                entry = entry_of(turn, known)
            found.setdefault(entry.tip.tip, []).append(entry.tip)
            entries.append(entry)
        return entries

    async def _found(self, turns: Sequence[Turn], store: Prompts) -> dict[bytes, list[Tip]]:
        """What those go on from whose conversations this process does not remember."""
        wanted: set[bytes] = set()
        for turn in turns:
            if not any(link in self._known for link in turn.links[:-1]):
                wanted.update(turn.links[:-1])
        found: dict[bytes, list[Tip]] = {}
        if wanted:
            for tip in await store.tips([*wanted]):
                found.setdefault(tip.tip, []).append(tip)
        return found

    def _remember(self, tip: Tip) -> None:
        self._known[tip.tip] = (*self._known.pop(tip.tip, ())[1 - _ALTERNATIVES :], tip)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    async def _rest(self, seconds: float) -> None:
        """Or until somebody waits for the end."""
        try:
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
        except TimeoutError:
            return
        await asyncio.sleep(min(seconds, 0.05))

    def _lose(self, count: int, why: str) -> None:
        self._lost += count
        self._say("%d exchanges are lost for the history until now: %s", self._lost, why)

    def _say(self, message: str, *details: object) -> None:
        now = monotonic()
        if now - self._said >= _SAY:
            self._said = now
            log.warning(message, *details)


class _Found(Mapping[bytes, Sequence[Tip]]):
    """What this process remembers, and what the store has told for this batch."""

    def __init__(self, known: Mapping[bytes, Sequence[Tip]], told: Mapping[bytes, Sequence[Tip]]) -> None:
        self._known = known
        self._told = told

    def __getitem__(self, link: bytes) -> Sequence[Tip]:
        return (*self._known.get(link, ()), *self._told.get(link, ()))

    def get(self, link: bytes, default: object = None) -> Sequence[Tip]:
        return self[link]

    def __iter__(self) -> Iterator[bytes]:
        return iter({**self._known, **self._told})

    def __len__(self) -> int:
        return len({**self._known, **self._told})


def _weight(heard: Heard) -> int:
    """Characters and bytes that it holds in memory, about."""
    answered = sum(len(part.text) for part in heard.reply.parts if isinstance(part, Text)) if heard.reply else 0
    return answered + 64 * len(heard.events) + sum(map(_of_message, heard.asked))


def _of_message(message: Message) -> int:
    weight = 0
    for part in message.parts:
        if type(part) is Text:
            weight += len(part.text)
        elif type(part) is ToolResult:
            weight += sum(len(each.text) if isinstance(each, Text) else _of_media(each) for each in part.content)
        elif type(part) is ToolCall:
            weight += len(part.arguments)
        elif type(part) is Media:
            weight += _of_media(part)
    return weight


def _of_media(media: Media) -> int:
    return len(media.source.data) if isinstance(media.source, Inline) else 0
