"""An answer on its way to the client: its first content is there, the rest comes in batches."""

from collections.abc import AsyncIterator

from gigamost.core.events import Event, Failure, PartEnd
from gigamost.core.fold import Reply, fold, unfold
from gigamost.core.messages import Media
from gigamost.core.request import Format, JsonSchema
from gigamost.pipeline.enforce import Enforcer, StrictText
from gigamost.pipeline.localise import localise
from gigamost.pipeline.opened import Opened
from gigamost.pipeline.send import Trail
from gigamost.pipeline.uploads import FileStore


class Answer:
    """Read `batches` or `reply`, once, and `close` however that ended. What has come so far is a whole `Reply`, or the
    first events of a stream with the `rest` to follow.

    `ignored`: the request's fields that could not be honoured, as the client wrote them.
    """

    def __init__(
        self, first: Reply | list[Event], rest: "Rest | None", files: FileStore, trail: Trail, ignored: tuple[str, ...]
    ) -> None:
        self.trail = trail
        self.ignored = ignored
        self._first = first
        self._rest = rest
        self._files = files

    async def batches(self) -> AsyncIterator[list[Event]]:
        batch = list(unfold(self._first)) if isinstance(self._first, Reply) else self._first
        while True:
            if any(type(event) is PartEnd and event.media for event in batch):
                batch = await self._with_media(batch)
            yield batch
            if self._rest is None or self._rest.ended or (batch and type(batch[-1]) is Failure):
                return
            batch = await self._rest.read()

    async def reply(self) -> Reply:
        """The whole answer. Raises GatewayError when it broke off."""
        if isinstance(self._first, Reply) and not any(type(part) is Media for part in self._first.parts):
            return self._first
        return fold([event async for batch in self.batches() for event in batch])

    def close(self) -> None:
        if self._rest is not None:
            self._rest.close()

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


class Rest:
    """What is still to come from the upstream, enforced."""

    def __init__(self, opened: Opened, enforcer: Enforcer) -> None:
        self._opened = opened
        self._enforcer = enforcer
        self._strict: StrictText | None = None

    def check(self, wanted: Format, first: list[Event]) -> list[Event]:
        """From here on the answer streams, `first` included: a strict schema is checked at its end."""
        if isinstance(wanted, JsonSchema) and wanted.strict:
            self._strict = StrictText(wanted.schema)
            return self._strict.feed(first)
        return first

    @property
    def ended(self) -> bool:
        return not self._opened.batch and (self._opened.ended or self._enforcer.stopped)

    async def read(self) -> list[Event]:
        if not self._opened.batch:
            await self._opened.read()
        batch = self._enforcer.feed(self._opened.take())
        if self._enforcer.stopped:
            self._opened.close()
        return batch if self._strict is None else self._strict.feed(batch)

    def close(self) -> None:
        self._opened.close()
