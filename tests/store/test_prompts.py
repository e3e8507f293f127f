"""`core.prompts`, the same for every store: what was said is written, found and forgotten."""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gigamost.core.errors import GatewayError, Kind
from gigamost.core.prompts import Prompts, PromptShelf, Said, Sought
from gigamost.store.door import Door
from gigamost.store.place import Place
from gigamost.store.prompts.opening import PromptsOpening
from tests.store.prompts import BEGAN, entry, words


class Kept(msgspec.Struct, frozen=True):
    prompts: Prompts
    shelf: PromptShelf

    async def ids(self, sought: Sought = Sought(), after: int = 0, limit: int = 100) -> list[str]:  # noqa: B008 - a value
        return [said.id for said in await self.shelf.exchanges(sought, after, limit)]

    async def talks(self, sought: Sought = Sought(), before: int | None = None, limit: int = 100) -> list[str]:  # noqa: B008
        return [talk.id for talk in await self.shelf.talks(sought, before, limit)]


@pytest.fixture
async def kept(place: Place) -> AsyncIterator[Kept]:
    door = Door(place)
    opening = PromptsOpening(door, None)
    yield Kept(await opening(), opening.shelf)
    await opening.close()
    await door.close()


def bare(said: Said) -> Said:
    return msgspec.structs.replace(said, number=0)


async def test_what_was_said_is_there_as_it_was_written(kept: Kept) -> None:
    one = entry("r1", "привет \0 🌉", "да", "ещё", user="ann", session="s", model="GigaChat-2-Max", status=502)
    await kept.prompts.add([one])
    (found,) = await kept.shelf.exchanges(Sought(), 0, 10)
    assert bare(found) == one.said
    assert found.number > 0


async def test_what_is_written_twice_is_there_once(kept: Kept) -> None:
    one, two = entry("r1", "раз"), entry("r2", "два")
    await kept.prompts.add([one])
    await kept.prompts.add([one, two])
    assert await kept.ids() == ["r1", "r2"]
    assert await kept.ids(words("раз")) == ["r1"]


async def test_tips_are_found(kept: Kept) -> None:
    one, again = entry("r1", "раз"), entry("r2", "раз", answer="другое")
    await kept.prompts.add([one])
    await kept.prompts.add([again])
    assert await kept.prompts.tips([one.tip.tip, b"nothing"]) == [one.tip, again.tip]
    assert await kept.prompts.tips([bytes([at // 256, at % 256]) for at in range(1200)]) == []
    assert await kept.prompts.tips([]) == []


FILTERS = [
    (Sought(tenant="two"), ["b"]),
    (Sought(key_id="key_2"), ["c"]),
    (Sought(subjects=("ANN",)), ["d"]),
    (Sought(subjects=("ANN", "BOB")), ["d", "e"]),
    (Sought(model="GigaChat-2-Max"), ["f"]),
    (Sought(face="anthropic"), ["g"]),
    (Sought(since=BEGAN + 100), ["h", "i"]),
    (Sought(until=BEGAN + 200, since=BEGAN + 100), ["h"]),
    (Sought(tenant="one", key_id="key_1", face="gemini"), []),
    (Sought(tenant="two", words=("привет",)), ["b"]),
]


@pytest.mark.parametrize(("sought", "expected"), FILTERS)
async def test_filters(kept: Kept, sought: Sought, expected: list[str]) -> None:
    changes: Iterable[tuple[str, dict[str, Any]]] = (
        ("a", {}),
        ("b", {"tenant": "two"}),
        ("c", {"key_id": "key_2"}),
        ("d", {"user": "ann"}),
        ("e", {"user": "bob"}),
        ("f", {"model": "GigaChat-2-Max"}),
        ("g", {"face": "anthropic"}),
        ("h", {"started": BEGAN + 100}),
        ("i", {"started": BEGAN + 200}),
    )
    await kept.prompts.add([entry(name, "Привет", **change) for name, change in changes])
    assert await kept.ids(sought) == expected
    assert sorted(await kept.talks(sought)) == [f"talk_{name}" for name in expected]


async def test_conversations_are_listed_by_their_newest_exchange_and_in_pages(kept: Kept) -> None:
    first = entry("a1", "раз")
    second = entry("a2", "раз", "хорошо", "два", known=[first.tip], started=BEGAN + 60, finished=BEGAN + 61)
    assert second.said.talk == first.said.talk
    assert second.said.previous == "a1"
    await kept.prompts.add([first, *(entry(f"b{at}", f"b{at}") for at in range(5)), second])
    listed = await kept.shelf.talks(Sought(), None, 3)
    assert [talk.id for talk in listed] == ["talk_a1", "talk_b4", "talk_b3"]
    talk = listed[0]
    assert (talk.exchanges, talk.started, talk.finished) == (2, BEGAN, BEGAN + 61)
    assert (talk.input_tokens, talk.output_tokens) == (20, 10)
    assert await kept.talks(before=listed[-1].number) == ["talk_b2", "talk_b1", "talk_b0"]
    assert await kept.talks(words("два")) == ["talk_a1"]
    assert await kept.talks(Sought(until=BEGAN + 1), limit=9) == [
        "talk_b4",
        "talk_b3",
        "talk_b2",
        "talk_b1",
        "talk_b0",
        "talk_a1",
    ]


async def test_exchanges_come_in_pages_in_their_order(kept: Kept) -> None:
    await kept.prompts.add([entry(f"r{at}", f"слово {at}") for at in range(10)])
    first = await kept.shelf.exchanges(Sought(), 0, 4)
    assert [said.id for said in first] == ["r0", "r1", "r2", "r3"]
    assert await kept.ids(after=first[-1].number, limit=4) == ["r4", "r5", "r6", "r7"]


TEXTS = {
    "ru": "Мост через Неву построен в 1850 году. Ещё ёлка, съёмка и мосты.",
    "en": "The Bridge over the Neva: built in 1850, see https://example.com/bridges?id=42.",
    "code": "def get_weather(city_name): return fetch['e2e_TEST'] # 100% *sure*",
    "mixed": "GigaChat и OpenAI: СТРАНА, straße, ﬁle, naïve, 東京 мост",
}
QUERIES = [
    ("мост", ["ru", "mixed"]),
    ("МОСТ", ["ru", "mixed"]),
    ("мосты", ["ru"]),
    ("елка", ["ru"]),
    ("ЁЛКА", ["ru"]),
    ("съемк", ["ru"]),
    ("bridge", ["en"]),
    ("BRIDGES neva", ["en"]),
    ("1850", ["ru", "en"]),
    ("мост 1850", ["ru"]),
    ("get_weather", ["code"]),
    ("weather test e2e", ["code"]),
    ("gigachat openai", ["mixed"]),
    ("strasse", ["mixed"]),
    ("file", ["mixed"]),
    ("naïve", ["mixed"]),
    ("naive", []),
    ("東京", ["mixed"]),
    ("ост", []),
    ("мост AND 1850", []),
    ("hello", []),
]


@pytest.mark.parametrize(("query", "expected"), QUERIES)
async def test_search(kept: Kept, query: str, expected: list[str]) -> None:
    """Words in any order, each from its beginning on, in Russian and English, in small letters and large."""
    await kept.prompts.add([entry(name, text) for name, text in TEXTS.items()])
    assert await kept.ids(words(query)) == expected


async def test_answers_are_found_too(kept: Kept) -> None:
    await kept.prompts.add([entry("r1", "вопрос", answer="Ответ: сорок два")])
    assert await kept.ids(words("сорок")) == ["r1"]


HOSTILE = [
    "'",
    '"',
    "' OR '1'='1",
    "'; DROP TABLE exchanges; --",
    '" OR rowid > 0 --',
    "%",
    "_",
    "мо%",
    "м_ст",
    "*",
    "NEAR(мост мост)",
    "words : мост",
    "{words} : мост",
    "^мост",
    "мост OR bridge",
    "мост NOT bridge",
    "мост | bridge",
    "!мост",
    "мост & !bridge",
    "мост <-> через",
    "мост:*A",
    "\\",
    "$1",
    ":words",
    "../../etc/passwd",
    "\ud800",
    "a\0b",
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_what_is_looked_for_is_never_syntax(kept: Kept, text: str) -> None:
    """S7: as a word it finds what has these very words, or is refused; as anything else it finds nothing."""
    await kept.prompts.add([entry(name, each) for name, each in TEXTS.items()])
    try:
        found = await kept.ids(words(text))
    except GatewayError as error:
        assert error.problem.kind is Kind.INVALID_REQUEST  # noqa: PT017 - it has no word, which is one of two good answers
    else:
        plain = [name for name in TEXTS if name in found]
        assert found == plain
        assert len(found) < len(TEXTS)
    if text.isprintable():  # others are refused before they come here
        for sought in (Sought(tenant=text), Sought(key_id=text), Sought(subjects=(text,)), Sought(talk=text)):
            assert await kept.ids(sought) == []
            assert await kept.talks(sought) == []
        assert await kept.ids(Sought(model=text)) == await kept.ids(Sought(face=text)) == []
        assert await kept.prompts.delete(text) == 0
        assert await kept.prompts.erase(text, (text,)) == await kept.prompts.erase("one", (text,)) == 0
    assert len(await kept.ids()) == len(TEXTS)


async def test_a_conversation_is_deleted(kept: Kept) -> None:
    first = entry("a1", "раз")
    await kept.prompts.add([first, entry("a2", "раз", "хорошо", "два", known=[first.tip]), entry("b", "раз")])
    assert await kept.prompts.delete("talk_a1", "two") == 0
    assert await kept.prompts.delete("talk_a1", "one") == 2
    assert await kept.prompts.delete("talk_a1") == 0
    assert await kept.ids() == await kept.ids(words("раз")) == ["b"]
    assert await kept.ids(words("два")) == []


async def test_a_person_is_erased_in_one_tenant_alone(kept: Kept) -> None:
    await kept.prompts.add(
        [
            entry("mine", "тайна", user="ann"),
            entry("older", "тайна старая", user="former"),
            entry("other", "тайна", user="bob"),
            entry("nobody", "тайна"),
            entry("elsewhere", "тайна", user="ann", tenant="two"),
        ]
    )
    assert await kept.prompts.erase("one", ("ANN", "FORMER")) == 2
    assert await kept.ids() == await kept.ids(words("тайна")) == ["other", "nobody", "elsewhere"]
    assert await kept.prompts.erase("one", ()) == await kept.prompts.erase("one", ("",)) == 0


async def test_old_ones_are_swept_in_portions(kept: Kept) -> None:
    await kept.prompts.add([entry(f"old{at}", f"слово{at}", started=BEGAN + at) for at in range(250)])
    await kept.prompts.add([entry("new", "слово", started=BEGAN + 1000)])
    assert await kept.prompts.sweep(BEGAN) == 0
    assert await kept.prompts.sweep(BEGAN + 500) == 250
    assert await kept.ids() == await kept.ids(words("слово")) == ["new"]


async def test_the_next_turn_finds_its_place_after_a_restart(place: Place, tmp_path: Path) -> None:
    if place is None:
        pytest.skip("memory does not survive")
    first = entry("a1", "раз")
    for name, said in (("one", first), ("two", entry("b", "раз"))):
        door = Door(place)
        opening = PromptsOpening(door, None)
        prompts = await opening()
        await prompts.add([said])
        found = await prompts.tips([first.tip.tip])
        assert [tip.id for tip in found] == (["a1"] if name == "one" else ["a1", "b"])
        await opening.close()
        await door.close()
