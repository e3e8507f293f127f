"""R3: GigaChat resets at any byte of its answer. Every face says an error or ends well, and leaves nothing behind."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from gigamost.core.accounting import Question, Wanted
from gigamost.emulator import COMPANY
from tests.gateway.conftest import IN_MEMORY, World, world_of
from tests.hazards.asking import ask, said
from tests.hazards.dialects import ALL
from tests.hazards.dialects.talk import Dialect
from tests.reliability.sizes import Sizes

SAMPLES = 12  # offsets of one answer, where not all are shown
WORDS = 6


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with world_of(tmp_path, database_url=IN_MEMORY) as made:
        yield made


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("dialect", ALL, ids=lambda each: each.face + each.path(said("x"))[-6:].replace("/", ""))
async def test_a_reset_at_any_byte_is_never_a_success(
    world: World, dialect: Dialect, stream: bool, sizes: Sizes
) -> None:
    whole = f"text={' '.join(f'word{at}' for at in range(WORDS))}"
    world.script(whole)
    answered = await ask(world, dialect, said("hi"), stream=stream)
    assert answered.heard.ended
    text, size = answered.heard.text, await length(world, whole)
    step = 1 if sizes.every_offset else max(size // SAMPLES, 1)
    offsets = range(0, size, step)
    for offset in offsets:
        world.script(f"{whole}; reset={offset}")
        heard = (await ask(world, dialect, said("hi"), stream=stream)).heard
        # After its finish event a stream may count as finished (the contract, "When 200 is sent").
        assert (heard.error is None) == heard.ended, offset
        assert not heard.ended or heard.text == text, offset
        assert heard.error is not None or stream, offset
    books = world.gateway.gateway.front_desk.opening.books
    ledger = world.gateway.gateway.front_desk.opening.ledger
    await ledger.drain()
    (day,) = await books.usage(Question())
    assert day.requests == len(offsets) + 1
    assert not (await books.requests(Wanted(state="open"))).entries
    assert world.gateway.gateway.accounts.operator[0].gate.snapshot().in_flight == 0


async def length(world: World, directive: str) -> int:
    """Bytes of GigaChat's answer, by asking it for the same again as the gateway did."""
    path, body = world.seen[-1].path, world.sent
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{world.gigachat.port}", timeout=20) as http:
        granted = await http.post(
            "/api/v2/oauth",
            data={"scope": COMPANY.scope},
            headers={"Authorization": f"Basic {COMPANY.credentials}", "RqUID": str(uuid4())},
        )
        token = {"Authorization": f"Bearer {granted.json()['access_token']}", "X-Emulator": directive}
        answer = await http.post(path, json=body, headers=token)
    assert answer.status_code == 200
    return len(answer.content)
