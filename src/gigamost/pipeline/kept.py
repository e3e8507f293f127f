"""Chat that builds on what was said before and is kept: recall, answer, record; each one before the next.

An answer is kept before the client sees its end, so that a client that builds on it at once finds it. Kept is what
has an end: an answer that broke off is not. In one conversation one answer is made at a time, the next waits for its
turn; gateways that share a database do not wait for each other, there each turn is appended in one piece when it ends.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from weakref import WeakValueDictionary

import msgspec

from gigamost.core.codec import Stamp
from gigamost.core.errors import GatewayError, Kind
from gigamost.core.events import Event, Failure
from gigamost.core.face import KeptExchange
from gigamost.core.fold import Fold, Reply
from gigamost.core.history import Item, Refers
from gigamost.core.ports import OpenHistory
from gigamost.history import absent, chains
from gigamost.history.retention import check_keeps, expires, may_keep
from gigamost.objects.subjects import Subjects
from gigamost.pipeline.answer import Answering
from gigamost.pipeline.chat import Chat
from gigamost.pipeline.context import Context

log = logging.getLogger(__name__)

Keep = Callable[[Reply], Awaitable[None]]
Release = Callable[[], None]


class KeptChat:
    """`turn_timeout`: seconds that a request may wait for its turn in a conversation. What is kept has the tag of the
    end user that its client named."""

    def __init__(self, chat: Chat, open_history: OpenHistory, turn_timeout: float, subjects: Subjects) -> None:
        self._chat = chat
        self._open = open_history
        self.turns = Turns(turn_timeout)
        self._subjects = subjects

    async def answer(self, exchange: KeptExchange, stamp: Stamp, context: Context) -> Answering:
        """`stamp` is the one that the answer is encoded with. Raises GatewayError: then nothing was shown yet."""
        refers, tenant = exchange.refers, context.principal.tenant
        keeps, defaults = exchange.keeps, context.principal.defaults
        if refers.conversation:
            check_keeps(defaults)
        release = await self.turns.take(tenant, refers.conversation) if refers.conversation else _nothing
        context.visit.conversation = refers.conversation
        try:
            await self.recall(exchange, tenant)
            answer = await self._chat.answer(exchange.request, context)
        except BaseException:
            release()
            raise

        if keeps and not may_keep(defaults):
            keeps = False
            answer.ignored += ("store",)
        if not keeps and not refers.conversation:
            return answer

        async def keep(reply: Reply) -> None:
            kept = exchange.record(reply, stamp)
            user = exchange.request.user or context.user
            if user:
                kept = msgspec.structs.replace(kept, subject=self._subjects.tag(tenant, user))
            try:
                await (await self._open()).responses.keep(tenant, kept, expires(kept.created))
            except GatewayError as error:
                if refers.conversation:
                    raise
                # It was made and is paid for, and whoever builds on it will be told that it is not there.
                log.warning("response %s could not be kept: %s", kept.id, error.problem.detail)

        recorded = KeptAnswer(answer, keep if keeps else None, release)
        if answer.reply is not None and not exchange.request.stream:
            await recorded.settle(answer.reply)
        return recorded

    async def recall(self, exchange: KeptExchange, tenant: str) -> None:
        """Makes the request whole. Raises GatewayError for what it builds on and is not there."""
        refers = exchange.refers
        exchange.recall(await self._recall(refers, tenant) if refers != Refers() else ())

    async def _recall(self, refers: Refers, tenant: str) -> Sequence[Item]:
        history = await self._open()
        items: list[Item] = []
        holders: tuple[str, ...] = ()
        if refers.response:
            holders = chains.line(refers.response, await history.responses.chain(tenant, refers.response))
        elif refers.conversation:
            if await history.conversations.get(tenant, refers.conversation) is None:
                raise absent.no_conversation(refers.conversation)
            holders = (refers.conversation,)
        if holders:
            said = await history.said(tenant, holders, chains.LIMIT)
            if said is None:
                raise chains.too_long()
            items += said
        if refers.items:
            found = await history.items.find(tenant, refers.items)
            for item in dict.fromkeys(refers.items):
                if item not in found:
                    raise absent.no_reference(item)
                items.append(found[item])
        return items


class KeptAnswer:
    """`pipeline.answer.Answering`, with its end held back until it is kept."""

    def __init__(self, answer: Answering, keep: Keep | None, release: Release) -> None:
        self.trail = answer.trail
        self.ignored = answer.ignored
        self.reply = answer.reply
        self._answer = answer
        self._keep = keep
        self._release = release
        self._fold = Fold()

    @property
    def ended(self) -> bool:
        return self._answer.ended

    async def settle(self, reply: Reply) -> None:
        """Keeps an answer that goes out in one piece. Raises GatewayError."""
        try:
            if self._keep is not None:
                await self._keep(reply)
        finally:
            self.close()

    async def read(self) -> list[Event]:
        batch = await self._answer.read()
        for event in batch if self._keep is not None else ():
            match event:
                case Failure():
                    self._keep = None
                case _:
                    self._fold.feed(event)
        if self._answer.ended:
            batch = await self._kept(batch)
            self.close()
        return batch

    async def _kept(self, batch: list[Event]) -> list[Event]:
        """The last events; a failure instead of the end where that could not be kept and must be."""
        if self._keep is None or self._fold.reply is None:
            return batch
        try:
            await self._keep(self._fold.reply)
        except GatewayError as error:
            return [*batch[:-1], Failure(error.problem)]
        return batch

    def close(self) -> None:
        """The next request may take its turn."""
        self._answer.close()
        release, self._release = self._release, _nothing
        release()


class Turns:
    """One answer at a time in each conversation; `seconds` is the longest wait, and may be changed."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def take(self, tenant: str, conversation: str) -> Release:
        """Returns what ends the turn. Raises GatewayError (429)."""
        lock = self._locks.setdefault((tenant, conversation), asyncio.Lock())
        try:
            async with asyncio.timeout(self.seconds):
                await lock.acquire()
        except TimeoutError:
            message = "Another request is at work on this conversation: try again when it is answered."
            raise GatewayError(Kind.RATE_LIMITED, message, param="conversation", retry_after=1) from None
        return lock.release


def _nothing() -> None:
    pass
