"""What the ring of keys knows of the store: changes, and how it goes on while the store is away."""

import asyncio
import logging

import pytest

from gigamost.auth.ring import FRESH, Ring
from gigamost.core.errors import GatewayError, Kind
from gigamost.core.tenancy import Key, Roll
from gigamost.store.directory.watch import Watch


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Rolls:
    """`core.directory.Rolls`, with a switch. `read` counts how often everybody was read."""

    def __init__(self) -> None:
        self.now = Roll(0)
        self.is_away = False
        self.read = 0
        self._asked = asyncio.Event()

    async def looks(self) -> None:
        """Until a look that began after this call has ended."""
        async with asyncio.timeout(5):
            for _ in range(2):
                self._asked.clear()
                await self._asked.wait()

    async def revision(self) -> int:
        self._asked.set()
        if self.is_away:
            raise GatewayError(Kind.UNAVAILABLE, "away", detail="the store is away")
        return self.now.revision

    async def roll(self) -> Roll:
        self.read += 1
        return self.now


def key(name: str) -> Key:
    return Key(name, name, "default", name.encode(), "", created=1)


async def test_everybody_is_read_once_for_each_revision() -> None:
    rolls, ring = Rolls(), Ring((), Clock())
    watch = Watch(rolls, ring)
    assert not ring.is_empty
    await watch.look()
    assert (ring.is_empty, rolls.read) == (True, 1)
    rolls.now = Roll(1, (key("a"),))
    await watch.look()
    await watch.look()
    assert rolls.read == 2
    assert ring.find(b"a") is not None
    rolls.now = Roll(2, (key("b"),))
    await watch.look()
    assert (ring.find(b"a"), ring.find(b"b") is not None) == (None, True)


async def test_known_keys_go_on_while_the_store_is_away(caplog: pytest.LogCaptureFixture) -> None:
    clock, rolls = Clock(), Rolls()
    ring = Ring((), clock)
    watch = Watch(rolls, ring, every=0.001)
    rolls.now = Roll(1, (key("a"),))
    caplog.set_level(logging.INFO)
    await watch.start()
    rolls.is_away = True
    with pytest.raises(GatewayError):
        await watch.look()
    clock.now += FRESH
    await rolls.looks()
    assert ring.find(b"a") is not None
    assert (ring.is_fresh, ring.is_kept) == (False, True)
    rolls.is_away = False
    rolls.now = Roll(2)
    await rolls.looks()
    assert ring.is_fresh
    await watch.close()
    assert ring.find(b"a") is None
    assert caplog.text.count("cannot be read") == 1
    assert "the store is away" in caplog.text
    assert caplog.text.count("can be read again") == 1


async def test_a_gateway_starts_without_its_store() -> None:
    rolls, ring = Rolls(), Ring((), Clock())
    rolls.is_away = True
    watch = Watch(rolls, ring, every=60)
    await watch.start()
    assert not ring.is_fresh
    await watch.close()
