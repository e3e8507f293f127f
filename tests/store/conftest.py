"""What is kept, in memory and in a SQLite file: the same suite runs over both."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gigamost.core.history import Item, KeptResponse, Refers
from gigamost.core.ports import History
from gigamost.store.opening import Opening

HOUR = 3600.0
NEVER = 2**40


def beginning() -> float:
    """A clock by which nothing expires until a test says so."""
    return 0.0


def item(name: str, text: str = "") -> Item:
    return Item(name, f'{{"id":"{name}","text":"{text}"}}'.encode())


def answer(name: str, *, after: str = "", within: str = "", text: str = "") -> KeptResponse:
    """A response with two items asked and one answered."""
    asked = (item(f"ask0{name}", text), item(f"ask1{name}"))
    body = f'{{"id":"{name}"}}'.encode()
    return KeptResponse(name, 1_700_000_000, body, asked, (item(f"out{name}", text),), Refers(after, within))


@pytest.fixture(params=["memory", "sqlite"])
async def history(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[History]:
    opening = Opening(tmp_path / "state.db" if request.param == "sqlite" else None, sweep=HOUR, now=beginning)
    yield await opening()
    await opening.close()
