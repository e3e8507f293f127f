"""The writer behind the requests: it never waits, loses nothing that it need not lose, and says what it loses."""

import asyncio
import logging
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from time import perf_counter

import pytest

from gigamost.core.errors import GatewayError, Kind
from gigamost.core.messages import Inline, Media, Message, Text
from gigamost.core.prompts import Entry, Said, Sought
from gigamost.store.door import Door
from gigamost.store.place import Place
from gigamost.store.prompts.memory import MemoryPrompts
from gigamost.store.prompts.opening import PromptsOpening
from gigamost.store.prompts.recorder import PromptRecorder
from tests.store.prompts import heard, words


def tag(tenant: str, user: str) -> str:
    return user.upper()


class Frail(MemoryPrompts):
    """A store that is away for so many tries (`away`), and refuses what says one word (`poison`)."""

    def __init__(self, away: int = 0, poison: str = "") -> None:
        super().__init__()
        self.away = away
        self.poison = poison
        self.tried = asyncio.Event()

    async def __call__(self) -> "Frail":
        if self.away:
            self.away -= 1
            self.tried.set()
            raise GatewayError(Kind.UNAVAILABLE, "away", detail="the database is away")
        return self

    async def add(self, entries: Sequence[Entry]) -> None:
        if self.poison and any(self.poison in entry.words for entry in entries):
            raise GatewayError(Kind.UNAVAILABLE, "refused", detail="no such value")
        await super().add(entries)

    async def all(self) -> Sequence[Said]:
        return await self.exchanges(Sought(), 0, 10_000)


async def test_two_thousand_at_once_delay_nobody(place: Place) -> None:
    """`record` returns at once, the event loop goes on, and everything is there in its order."""
    door = Door(place)
    opening = PromptsOpening(door, None)
    recorder = PromptRecorder(opening, tag)
    before = perf_counter()
    for at in range(2000):
        recorder.record(heard(f"r{at}", f"вопрос {at} о мостах"))
    spent = perf_counter() - before
    stalls: list[float] = []
    while recorder.recording().waiting:
        before = perf_counter()
        await asyncio.sleep(0.002)
        stalls.append(perf_counter() - before)
    assert recorder.recording() == type(recorder.recording())("idle", 0, 2000, 0)
    kept = await opening.shelf.exchanges(Sought(), 0, 3000)
    assert [said.id for said in kept] == [f"r{at}" for at in range(2000)]
    assert len(await opening.shelf.exchanges(words("мостах"), 0, 3000)) == 2000
    assert spent / 2000 < 0.001
    assert sorted(stalls)[len(stalls) // 2] < 0.25
    await recorder.close()
    await opening.close()
    await door.close()


async def test_a_busy_database_holds_nobody_up(tmp_path: Path) -> None:
    """Another process holds the file: what is said waits in the queue, and is written when it is free."""
    file = tmp_path / "state.db"
    door = Door(file)
    opening = PromptsOpening(door, None)
    await opening()
    recorder = PromptRecorder(opening, tag, linger=0.0)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for at in range(50):
            before = perf_counter()
            recorder.record(heard(f"r{at}", "вопрос"))
            assert perf_counter() - before < 0.5
            await asyncio.sleep(0.001)
        assert recorder.recording().waiting == 50
        other.execute("COMMIT")
    assert await recorder.drain(20)
    assert len(await opening.shelf.exchanges(Sought(), 0, 100)) == 50
    await recorder.close()
    await opening.close()
    await door.close()


async def test_what_does_not_fit_is_counted_and_said(caplog: pytest.LogCaptureFixture) -> None:
    store = Frail(away=10**9)
    recorder = PromptRecorder(store, tag, most=10, linger=0.0, pauses=(0.01,))
    with caplog.at_level(logging.WARNING):
        for at in range(30):
            recorder.record(heard(f"r{at}", "вопрос"))
        await store.tried.wait()
    assert recorder.recording().lost == 20
    assert recorder.recording().state == "failing"
    assert "lost for the history" in caplog.text
    assert "вопрос" not in caplog.text
    store.away = 0
    assert await recorder.drain(5)
    assert [said.id for said in await store.all()] == [f"r{at}" for at in range(10)]
    assert (recorder.recording().state, recorder.recording().lost) == ("idle", 20)
    await recorder.close()


async def test_heavy_ones_fill_the_queue_sooner() -> None:
    store = Frail(away=10**9)
    recorder = PromptRecorder(store, tag, heaviest=3_000_000, linger=60.0)
    picture = Message("user", (Media("image", Inline(bytes(1_000_000)), "image/png"), Text("что тут?")))
    for at in range(5):
        recorder.record(heard(f"r{at}", asked=(picture,)))
    assert (recorder.recording().waiting, recorder.recording().lost) == (2, 3)
    store.away = 0
    assert await recorder.drain(10)
    assert [len(said.asked[0].parts) for said in await store.all()] == [2, 2]
    await recorder.close()


async def test_a_store_that_was_away_gets_everything_later() -> None:
    store = Frail(away=5)
    recorder = PromptRecorder(store, tag, linger=0.0, pauses=(0.001,))
    for at in range(20):
        recorder.record(heard(f"r{at}", "вопрос"))
    assert await recorder.drain(10)
    assert len(await store.all()) == 20
    assert recorder.recording().lost == 0
    await recorder.close()


async def test_one_that_the_store_refuses_does_not_stop_the_others() -> None:
    store = Frail(poison="яд")
    recorder = PromptRecorder(store, tag, linger=0.0, pauses=(0.001,))
    for at in range(20):
        recorder.record(heard(f"r{at}", "яд" if at == 5 else "вопрос"))
    assert await recorder.drain(10)
    assert [said.id for said in await store.all()] == [f"r{at}" for at in range(20) if at != 5]
    assert (recorder.recording().lost, recorder.recording().state) == (1, "idle")
    await recorder.close()


async def test_at_the_end_what_is_queued_is_written_and_what_cannot_be_is_counted() -> None:
    store = Frail()
    recorder = PromptRecorder(store, tag, linger=60.0)
    recorder.record(heard("r1", "вопрос"))
    await recorder.close()
    assert len(await store.all()) == 1
    gone = Frail(away=10**9)
    recorder = PromptRecorder(gone, tag, linger=60.0)
    recorder.record(heard("r1", "вопрос"))
    await recorder.close(0.05)
    assert recorder.recording().lost == 1


async def test_turns_find_their_place_whether_they_are_remembered_or_not() -> None:
    store = Frail()
    texts = ["раз", "хорошо", "два", "хорошо", "три"]
    for end in (1, 3, 5):  # each by another gateway
        recorder = PromptRecorder(store, tag, linger=0.0)
        recorder.record(heard(f"r{end}", *texts[:end], user="ann"))
        await recorder.close()
    one, two, three = await store.all()
    assert [said.previous for said in (one, two, three)] == ["", "r1", "r3"]
    assert {said.talk for said in (one, two, three)} == {"talk_r1"}
    assert [len(said.asked) for said in (one, two, three)] == [1, 1, 1]
    assert one.subject == "ANN"


async def test_a_conversation_of_a_hundred_turns_costs_the_space_of_its_words() -> None:
    store = Frail()
    recorder = PromptRecorder(store, tag, linger=0.0)
    said: list[str] = []
    for turn in range(100):
        said.append(f"вопрос {turn} " + "x" * 1000)
        recorder.record(heard(f"r{turn:03}", *said))
        said.append("хорошо")
    assert await recorder.drain(30)
    kept = await store.all()
    assert len(kept) == 100
    assert [len(each.asked) for each in kept] == [1] * 100
    assert [each.previous for each in kept] == ["", *(f"r{turn:03}" for turn in range(99))]
    await recorder.close()


async def test_after_a_deletion_a_conversation_begins_anew() -> None:
    store = Frail()
    recorder = PromptRecorder(store, tag, linger=0.0)
    recorder.record(heard("r1", "раз"))
    assert await recorder.drain(5)
    await store.delete("talk_r1")
    recorder.forget()
    recorder.record(heard("r2", "раз", "хорошо", "два"))
    assert await recorder.drain(5)
    (only,) = await store.all()
    assert (only.previous, len(only.asked)) == ("", 3)
    await recorder.close()
