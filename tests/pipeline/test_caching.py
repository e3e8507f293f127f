"""How old an answer may be: as old as the key says that asks, whoever asked before."""

from collections.abc import Sequence

import msgspec
import pytest

from gigamost.core.tasks import EmbedRequest
from gigamost.core.tenancy import Defaults
from gigamost.pipeline.caching import Wish, wish_of
from gigamost.pipeline.context import Context
from gigamost.pipeline.sameness import Sameness
from gigamost.pipeline.vectors import Vector, VectorCache
from gigamost.store.cache import LocalCache
from tests.pipeline.conftest import context_of


def asking(seconds: int | None, cache_control: str = "", *, passes: bool = False) -> Context:
    context = context_of("first", passes=passes)
    principal = msgspec.structs.replace(context.principal, defaults=Defaults(cache_seconds=seconds))
    return msgspec.structs.replace(context, principal=principal, cache_control=cache_control)


class Counter:
    """A cache with a clock of its own, before an upstream that counts."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0
        self.asked = 0
        self.cache = VectorCache(LocalCache(2**20, self.clock), Sameness(b"k" * 32), self.clock)

    def clock(self) -> float:
        return self.now

    async def ask(self, context: Context) -> tuple[str, int]:
        """What the headers will say."""

        async def upstream(places: Sequence[int]) -> Sequence[Vector]:
            self.asked += 1
            return [Vector((0.5,), 1) for _ in places]

        await self.cache.embed(EmbedRequest("m", ("text",)), "m", context, upstream)
        return context.visit.trail.cache, context.visit.trail.age


async def test_an_answer_is_given_for_its_time() -> None:
    counter = Counter()
    assert await counter.ask(asking(600)) == ("miss", 0)
    counter.now += 599.5
    assert await counter.ask(asking(600)) == ("hit", 599)
    counter.now += 0.5
    assert await counter.ask(asking(600)) == ("miss", 0)
    assert counter.asked == 2


async def test_who_wants_it_younger_asks_anew() -> None:
    counter = Counter()
    await counter.ask(asking(600))
    counter.now += 60
    assert await counter.ask(asking(60)) == ("miss", 0)
    assert await counter.ask(asking(600)) == ("hit", 0)


async def test_a_clock_that_went_back_makes_no_age() -> None:
    counter = Counter()
    await counter.ask(asking(600))
    counter.now -= 5
    assert await counter.ask(asking(600)) == ("hit", 0)


@pytest.mark.parametrize(
    ("context", "wish"),
    [
        (asking(None), None),
        (asking(0), None),
        (asking(60), Wish(60)),
        (asking(60, "no-cache"), Wish(60, reads=False)),
        (asking(60, "max-age=0, No-Cache"), Wish(60, reads=False)),
        (asking(60, "no-store"), None),
        (asking(60, "no-cache, no-store"), None),
        (asking(60, "only-if-cached"), Wish(60)),
        (asking(60, passes=True), None),
    ],
)
def test_what_operator_and_client_say(context: Context, wish: Wish | None) -> None:
    assert wish_of(context) == wish
