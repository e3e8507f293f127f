"""An answer on its way to the client: its first content is there, the rest comes in batches."""

from typing import Protocol

from gigamost.core.events import Event, Failure, PartEnd
from gigamost.core.fold import Reply, unfold
from gigamost.core.request import Format
from gigamost.pipeline.desk import Trail, Visit
from gigamost.pipeline.enforce import Enforcer, StrictText
from gigamost.pipeline.fitting import must_fit
from gigamost.pipeline.localise import localise
from gigamost.pipeline.opened import Opened
from gigamost.pipeline.uploads import FileStore


class Answering(Protocol):
    """`read` until it has `ended`, and `close` however that ended. `reply` is there when the answer is whole already.

    `ignored`: the request's fields that could not be honoured, as the client wrote them.
    """

    trail: Trail
    ignored: tuple[str, ...]
    reply: Reply | None

    @property
    def ended(self) -> bool: ...

    async def read(self) -> list[Event]:
        """The next events; waits for them. An answer that breaks off ends in a Failure."""
        ...

    def close(self) -> None: ...


class Answer:
    """`Answering`, from an upstream."""

    def __init__(
        self, opened: Opened, enforcer: Enforcer, files: FileStore, visit: Visit, ignored: tuple[str, ...]
    ) -> None:
        self.trail = visit.trail
        self._visit: Visit | None = visit
        self.ignored = ignored
        self.reply: Reply | None = None
        self.ended = False
        self._opened = opened
        self._enforcer = enforcer
        self._files = files
        self._strict: StrictText | None = None
        self._next: list[Event] | None = opened.first

    @property
    def is_whole(self) -> bool:
        """Whether everything has come from the upstream, read or not."""
        return self._opened.ended

    async def read(self) -> list[Event]:
        if self._next is not None:
            batch, self._next = self._next, None
        else:
            batch = await self._opened.read()
        if self.reply is None:
            batch = self._enforcer.feed(batch)
            for event in batch:
                if type(event) is PartEnd and event.media:
                    batch = await self._with_media(batch)
                    break
            if self._strict is not None:
                batch = self._strict.feed(batch)
        failed = bool(batch) and type(batch[-1]) is Failure
        if failed and self._visit is not None:
            self._visit.fail()
        if self._opened.ended or self._enforcer.stopped or failed:
            self.ended = True
            self.close()
        return batch

    def stream(self, wanted: Format) -> "Answer":
        """From here on it streams: a form that it must have is checked at its end."""
        if must_fit(wanted):
            self._strict = StrictText(wanted)
        return self

    def settle(self, reply: Reply) -> "Answer":
        """This is the whole answer, as the client may have it."""
        self.reply = reply
        self.ended = False
        self._next = list(unfold(reply))
        return self

    def close(self) -> None:
        """Gives back what it holds and books what it came to, read to its end or not."""
        visit, self._visit = self._visit, None
        if visit is not None:
            visit.spend(self._enforcer.used)
        self._opened.close()

    async def _with_media(self, batch: list[Event]) -> list[Event]:
        out: list[Event] = []
        for event in batch:
            if isinstance(event, PartEnd) and event.media:
                out += await localise(event, self._files)
            else:
                out.append(event)
            if isinstance(out[-1], Failure):
                break
        return out
