"""The one way to Redis: calls of scripts, many in one exchange, none of them ever waited for in vain.

    up --no answer in time, refused--> down --a write succeeded, all channels are heard--> up

Only one exchange is under way at a time; what is called meanwhile goes with the next one, in the order of the calls.
While Redis is down a call fails at once, and Redis is tried again until it takes a write.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from time import time
from typing import Final, NamedTuple, TypeVar

import msgspec
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

from gigamost.core.limiting import Sharing
from gigamost.core.secret import Secret

log = logging.getLogger(__name__)

_GRACE: Final = 0.05  # seconds more, in case this process was the slow one and the answer has been lying here
_START: Final = 1.0  # seconds for the first connection, which also loads the scripts
_PAUSE: Final = 0.5  # seconds between two attempts while Redis is down
_NOT_YET: Final = "not connected yet"
_BATCH: Final = 256  # calls in one exchange
_FAILURES = (RedisError, OSError, EOFError)

Result = TypeVar("Result")
Reply = Sequence[int | bytes]
Argument = str | bytes | int
Then = Callable[[Reply | None], None]  # is given the reply, None when there is none


class Pace(NamedTuple):
    """Seconds. `deadline` is for one exchange; a gateway that gave no sign of life for `lease` holds nothing any more,
    and signs come every `beat`."""

    deadline: float = 0.2
    lease: float = 12.0
    beat: float = 3.0


class Words(NamedTuple):
    """What the log says of gateways with Redis, and of each of them without it."""

    together: str = "all gateways count together"
    apart: str = "each gateway allows its part of every limit"


_WORDS: Final = Words()


class AwayError(Exception):
    """Redis did not answer, or cannot be used."""


class _Call(NamedTuple):
    script: str
    keys: Sequence[str]
    arguments: Sequence[Argument]
    then: Then


class Script:
    """A `.lua` file beside this one."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.text = (Path(__file__).parent / f"{name}.lua").read_text(encoding="utf-8")


class Link:
    """`prefix` begins every key and every channel; gateways with the same one share everything. `words` are those of
    the log.

    Raises ValueError for a URL that is none. `start` before the first call, with all listeners in place.
    """

    def __init__(self, url: Secret, prefix: str, scripts: Sequence[Script], pace: Pace, words: Words = _WORDS) -> None:
        self.prefix = prefix
        self.is_up = False
        # Its own timeouts and repetitions are off: `_within` watches.
        self._redis = Redis.from_url(
            url.reveal(), retry=Retry(NoBackoff(), 0), socket_timeout=None, socket_connect_timeout=_START
        )
        self._scripts = scripts
        self._words = words
        self._digests: dict[str, str] = {}
        self._deadline = pace.deadline
        self._state = Sharing("apart", time(), _NOT_YET)
        self._calls: list[_Call] = []
        self._awake = asyncio.Event()
        self._channels: dict[str, Callable[[bytes], None]] = {}
        self._watchers: list[Callable[[bool], None]] = []
        self._worker: asyncio.Task[None] | None = None

    def listen(self, channel: str, hear: Callable[[bytes], None]) -> None:
        """`hear` is called with every message. Before `start`."""
        self._channels[self.prefix + channel] = hear

    def watch(self, change: Callable[[bool], None]) -> None:
        """`change` is called whenever Redis came (True) or went (False). Before `start`."""
        self._watchers.append(change)

    def sharing(self) -> Sharing:
        return self._state

    async def start(self) -> None:
        """Returns when Redis is there, or after a second without it."""
        tried = asyncio.Event()
        self._worker = asyncio.create_task(self._work(tried))
        with suppress(TimeoutError):
            await asyncio.wait_for(tried.wait(), _START + 2 * self._deadline)

    async def close(self) -> None:
        """What was called still goes out, if Redis takes it at once."""
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.gather(self._worker, return_exceptions=True)
        if self.is_up and self._calls:
            last, self._calls = self._calls, []
            with suppress(*_FAILURES, TimeoutError):
                await self._exchange(last)
        self._drop()
        await self._redis.aclose()

    def post(self, script: Script, keys: Sequence[str], arguments: Sequence[Argument], then: Then) -> None:
        """Does not wait; `then` is called once, at once while Redis is down."""
        if not self.is_up:
            then(None)
            return
        self._calls.append(_Call(script.name, keys, arguments, then))
        self._awake.set()

    async def call(self, script: Script, keys: Sequence[str], arguments: Sequence[Argument]) -> Reply:
        """Raises AwayError, after the deadline at the latest."""
        answer: asyncio.Future[Reply | None] = asyncio.get_running_loop().create_future()
        self.post(script, keys, arguments, lambda reply: None if answer.done() else answer.set_result(reply))
        reply = await answer
        if reply is None:
            raise AwayError
        return reply

    async def _work(self, tried: asyncio.Event) -> None:
        while True:
            try:
                async with self._redis.pubsub() as hearing:
                    await self._within(self._begin(hearing), _START)
                    log.info("Redis is there: %s", self._words.together)
                    self._turn(Sharing("shared", time()))
                    tried.set()
                    await self._talk(hearing)
            except (*_FAILURES, TimeoutError) as error:
                tried.set()
                self._lose(str(error) or type(error).__name__)
                await self._redis.connection_pool.disconnect()
                await asyncio.sleep(_PAUSE)

    async def _begin(self, hearing: PubSub) -> None:
        """All that has to work before Redis counts as there: a write, too, for a full Redis still answers."""
        await self._load()
        await self._redis.set(f"{self.prefix}tried", 1, px=1000)
        if self._channels:
            await hearing.subscribe(*self._channels)
            for _ in self._channels:
                await hearing.get_message(timeout=None)

    async def _load(self) -> None:
        for script in self._scripts:
            self._digests[script.name] = await self._redis.script_load(script.text)

    async def _talk(self, hearing: PubSub) -> None:
        """Until something fails, and with that exception."""
        ear = asyncio.create_task(self._hear(hearing))
        ear.add_done_callback(lambda _: self._awake.set())
        try:
            while not ear.done():
                self._awake.clear()
                while self._calls:
                    batch, self._calls = self._calls[:_BATCH], self._calls[_BATCH:]
                    await self._exchange(batch)
                await self._awake.wait()
            ear.result()
        finally:
            ear.cancel()
            await asyncio.gather(ear, return_exceptions=True)

    async def _hear(self, hearing: PubSub) -> None:
        while self._channels:
            message = await hearing.get_message(ignore_subscribe_messages=True, timeout=None)
            if message is not None:
                self._channels[message["channel"].decode()](message["data"])
        await asyncio.Event().wait()  # nobody listens

    async def _exchange(self, batch: Sequence[_Call]) -> None:
        """Raises what `_within` raises, and RedisError when Redis refused a call."""
        pipeline = self._redis.pipeline(transaction=False)
        for call in batch:
            digest = self._digests[call.script]
            pipeline.execute_command("EVALSHA", digest, len(call.keys), *call.keys, *call.arguments)
        try:
            replies = await self._within(pipeline.execute(raise_on_error=False), self._deadline)
        except BaseException:
            for call in batch:
                call.then(None)
            raise
        refused: RedisError | None = None
        for call, reply in zip(batch, replies, strict=True):
            if isinstance(reply, RedisError):
                refused = reply
            call.then(None if isinstance(reply, RedisError) else reply)
        if isinstance(refused, NoScriptError):  # somebody flushed them
            await self._within(self._load(), _START)
        elif refused is not None:
            raise refused

    async def _within(self, work: Awaitable[Result], seconds: float) -> Result:
        """Raises TimeoutError. The time of the others counts, not that for which this process stood still."""
        task = asyncio.ensure_future(work)
        try:
            done, _ = await asyncio.wait((task,), timeout=seconds)
            if not done:
                done, _ = await asyncio.wait((task,), timeout=_GRACE)
        finally:
            task.cancel()
        if not done:
            await asyncio.gather(task, return_exceptions=True)
            raise TimeoutError(f"no answer within {seconds:g} s")
        return task.result()

    def _turn(self, state: Sharing) -> None:
        self._state, self.is_up = state, state.mode == "shared"
        for change in self._watchers:
            change(self.is_up)

    def _lose(self, error: str) -> None:
        if not self.is_up:
            if self._state.error == _NOT_YET:
                log.warning("Redis cannot be reached (%s): %s", error, self._words.apart)
            self._state = msgspec.structs.replace(self._state, error=error)
            return
        log.warning("Redis is out of reach (%s): now %s", error, self._words.apart)
        self._drop()
        self._turn(Sharing("apart", time(), error))

    def _drop(self) -> None:
        """Whoever waits for an answer gets none."""
        self.is_up = False
        calls, self._calls = self._calls, []
        for call in calls:
            call.then(None)
