"""Answers that are given again to the same question of the same tenant, for keys whose operator wants that.

Kept is a whole answer of what was asked first, as the client got it: not one that was withheld, cut or mended half,
whose usage is an estimate, that a stand-in gave, or that names what an upstream keeps (a picture, a thread, a tool that
ran there). The id of a tool call stays as it was: it is sealed for the tenant, who alone is given it again.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from gigamost.core.errors import GatewayError
from gigamost.core.events import Event, Failure
from gigamost.core.fold import Content, Fold, Reply, unfold
from gigamost.core.messages import Reasoning, Text, ToolCall
from gigamost.core.ports import Cache
from gigamost.core.request import ChatRequest
from gigamost.pipeline.answer import Answering
from gigamost.pipeline.context import Context
from gigamost.pipeline.desk import Trail
from gigamost.pipeline.followup import begin, judge
from gigamost.pipeline.sameness import Sameness
from gigamost.pipeline.targets import Course, price_name

UPSTREAM: Final = "cache"  # who has answered, in the ledger and the response headers

Ask = Callable[[ChatRequest, Course, Context], Awaitable[Answering]]
Now = Callable[[], float]  # unix seconds


class Entry(msgspec.Struct, frozen=True):
    """`ignored` are the fields that could not be honoured, in our words: each client gets them in its own."""

    at: float
    reply: Reply
    ignored: tuple[str, ...] = ()


class Wish(msgspec.Struct, frozen=True):
    """What of the cache a request wants: answers of at most so many `seconds`, read (`reads`) and put there."""

    seconds: int
    reads: bool = True


def wish_of(context: Context) -> Wish | None:
    """None: nothing of the cache. A client that brings its own credential is answered by what that may do."""
    seconds = context.principal.defaults.cache_seconds
    if not seconds or context.principal.authorization is not None:
        return None
    said = context.cache_control.lower() if context.cache_control else ""
    if "no-store" in said:
        return None
    return Wish(seconds, reads="no-cache" not in said)


class ChatCache:
    """Between a chat request that knows its course and whoever asks the upstream."""

    def __init__(self, cache: Cache, sameness: Sameness, now: Now) -> None:
        self._cache = cache
        self._sameness = sameness
        self._now = now
        self._decoder = msgspec.msgpack.Decoder(Entry)

    async def answer(self, request: ChatRequest, course: Course, context: Context, ask: Ask) -> Answering:
        """Raises GatewayError: then nothing was shown to the client yet."""
        trail, wish = context.visit.trail, wish_of(context)
        trail.cache = "miss"
        if wish is None:
            return await ask(request, course, context)
        models = [price_name(model) for model in course.models()]
        digest = self._sameness.of_chat(request, context.principal.tenant, models)
        if digest is None:
            return await ask(request, course, context)
        found = await self._find(digest, wish) if wish.reads else None
        if found is not None:
            await context.visit.note(models[0])
            trail.cache, trail.age, trail.upstream = "hit", max(int(self._now() - found.at), 0), UPSTREAM
            return Recalled(found.reply, trail, _in_words_of(request, found.ignored))

        answer = await ask(request, course, context)
        targets = {(target.account.name, price_name(target.model)) for target in course.targets}

        def keep(reply: Reply) -> None:
            if (trail.upstream, trail.model) in targets and _may_keep(request, reply):
                entry = Entry(self._now(), _bare(reply), _in_our_words(request, answer.ignored))
                self._cache.put(digest, msgspec.msgpack.encode(entry), wish.seconds)

        if answer.reply is None:
            return Noting(answer, keep)
        keep(answer.reply)
        return answer

    async def _find(self, digest: bytes, wish: Wish) -> Entry | None:
        (value,) = await self._cache.get((digest,))
        if value is None:
            return None
        try:
            entry = self._decoder.decode(value)
        except msgspec.MsgspecError:
            return None  # of another version
        return entry if self._now() - entry.at < wish.seconds else None


class Recalled:
    """`pipeline.answer.Answering`, from the cache."""

    def __init__(self, reply: Reply, trail: Trail, ignored: tuple[str, ...]) -> None:
        self.trail = trail
        self.ignored = ignored
        self.reply: Reply | None = reply
        self.ended = False
        self._events = list(unfold(reply))

    async def read(self) -> list[Event]:
        self.ended = True
        return self._events

    def close(self) -> None:
        """It holds nothing."""


class Noting:
    """`pipeline.answer.Answering` of a stream, whose whole is told to `keep` when it has come to its end."""

    def __init__(self, answer: Answering, keep: Callable[[Reply], None]) -> None:
        self.trail = answer.trail
        self.ignored = answer.ignored
        self.reply = answer.reply
        self._answer = answer
        self._keep: Callable[[Reply], None] | None = keep
        self._fold = Fold()

    @property
    def ended(self) -> bool:
        return self._answer.ended

    async def read(self) -> list[Event]:
        batch = await self._answer.read()
        for event in batch if self._keep is not None else ():
            match event:
                case Failure():
                    self._keep = None
                case _:
                    self._fold.feed(event)
        if self._answer.ended and self._keep is not None and self._fold.reply is not None:
            keep, self._keep = self._keep, None
            keep(self._fold.reply)
        return batch

    def close(self) -> None:
        self._answer.close()


def _may_keep(request: ChatRequest, reply: Reply) -> bool:
    """What would be asked again if it had come whole is no answer to keep, even where a stream has shown it."""
    if reply.finish == "content_filter" or reply.usage.estimated or reply.thread:
        return False
    if not all(map(_is_whole_in_itself, reply.parts)) or not (reply.text or reply.calls):
        return False
    try:
        return judge(request, begin(request), reply) is reply
    except GatewayError:
        return False


def _is_whole_in_itself(part: Content) -> bool:
    match part:
        case Text() | ToolCall():
            return True
        case Reasoning(opaque=opaque):
            return opaque is None
        case _:
            return False


def _bare(reply: Reply) -> Reply:
    """Without the state that an upstream keeps for a tool call: what its id says of it is sealed."""
    if not reply.calls:
        return reply
    parts = (msgspec.structs.replace(part, opaque=None) if isinstance(part, ToolCall) else part for part in reply.parts)
    return msgspec.structs.replace(reply, parts=tuple(parts))


def _in_our_words(request: ChatRequest, ignored: Sequence[str]) -> tuple[str, ...]:
    ours = {theirs: field for field, theirs in request.spelled.items()}
    own = set(request.ignored)
    return tuple(ours.get(name, name) for name in ignored if name not in own)


def _in_words_of(request: ChatRequest, ignored: Sequence[str]) -> tuple[str, ...]:
    return request.ignored + tuple(request.spelled.get(name, name) for name in ignored)
