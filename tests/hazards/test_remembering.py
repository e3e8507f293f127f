"""What is kept of an exchange is the same, whatever protocol it came by, whole or streamed, well or badly ended."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gigamost.pipeline.recovery import MAX_POSTS
from tests.gateway.conftest import IN_MEMORY, OTHER_KEY
from tests.gateway.remembering import Reader, remembering
from tests.hazards.asking import WEATHER, ask, called, said, user
from tests.hazards.dialects.talk import MODEL, Ask, Call, Dialect, Result, Turn


@pytest.fixture
async def reader(tmp_path: Path) -> AsyncIterator[Reader]:
    async with remembering(tmp_path, database_url=IN_MEMORY) as made:
        yield made


def text(said_: str) -> dict[str, str]:
    return {"type": "text", "text": said_}


def message(role: str, said_: str) -> dict[str, Any]:
    return {"role": role, "parts": [text(said_)]}


async def test_an_exchange(reader: Reader, dialect: Dialect, streamed: bool) -> None:
    asked = said("Say 'Hello' and nothing else", system="Be brief.")
    answered = await ask(reader.world, dialect, asked, stream=streamed)
    kept = await reader.last()
    assert kept["id"] == answered.headers["x-request-id"]
    assert kept["asked"] == [message("system", "Be brief."), message("user", "Say 'Hello' and nothing else")]
    assert kept["answered"] == [text("Hello.")]
    assert (kept["status"], kept["finish_reason"], kept["error"]) == (200, "stop", None)
    assert (kept["tenant_id"], kept["face"], kept["model"]) == ("first", dialect.face, MODEL)
    assert (kept["prompt_tokens"], kept["completion_tokens"]) == answered.heard.usage
    assert kept["previous_id"] is None
    assert kept["started_at"] <= kept["finished_at"]


async def test_a_key_that_does_not_keep_leaves_nothing(reader: Reader, dialect: Dialect, streamed: bool) -> None:
    await ask(reader.world, dialect, said("hi"), stream=streamed, key=OTHER_KEY)
    assert await reader.exchanges() == []


async def test_a_turn_is_kept_once(reader: Reader, dialect: Dialect, streamed: bool) -> None:
    """Clients repeat everything with every turn; each turn has only what is new in it."""
    turns: tuple[Turn, ...] = (user("first question"),)
    for question in ("second question", "third question"):
        heard = (await ask(reader.world, dialect, Ask(turns, system="Be brief."), stream=streamed)).heard
        turns = (*turns, Turn("assistant", heard.text), user(question))
    await ask(reader.world, dialect, Ask(turns, system="Be brief."), stream=streamed)
    one, two, three = await reader.exchanges()
    assert one["asked"] == [message("system", "Be brief."), message("user", "first question")]
    assert two["asked"] == [message("user", "second question")]
    assert three["asked"] == [message("user", "third question")]
    assert (two["previous_id"], three["previous_id"]) == (one["id"], two["id"])
    (listed,) = await reader.listed()
    assert (listed["id"], listed["exchanges"]) == (one["conversation_id"], 3)
    whole = await reader.call("GET", f"/conversations/{listed['id']}")
    assert whole == {"data": [one, two, three], "next_cursor": None}


async def test_tools_and_their_results(reader: Reader, dialect: Dialect, streamed: bool) -> None:
    reader.world.script('call=get_weather; arguments={"city": "Казань", "days": 2}', "text=Снег")
    question = user("What is the weather?")
    first = await ask(reader.world, dialect, Ask((question,), tools=(WEATHER,)), stream=streamed)
    call = called(first.heard)
    result = Result(call.id, call.name, '{"snow": true}')
    turns = (
        question,
        Turn("assistant", calls=(Call(call.id, call.name, call.arguments),)),
        Turn("tool", results=(result,)),
    )
    await ask(reader.world, dialect, Ask(turns, tools=(WEATHER,)), stream=streamed)
    one, two = await reader.exchanges()
    (kept,) = one["answered"]
    assert (kept["type"], kept["name"], one["finish_reason"]) == ("tool_call", "get_weather", "tool_calls")
    assert '"Казань"' in kept["arguments"]
    (asked,) = two["asked"]
    (part,) = asked["parts"]
    assert (asked["role"], part["type"]) == ("tool", "tool_result")
    assert "snow" in part["content"][0]["text"]
    assert two["answered"] == [text("Снег")]
    assert two["previous_id"] == one["id"]
    assert [each["id"] for each in await reader.exchanges(q="казань")] == [one["id"]]
    assert [each["id"] for each in await reader.exchanges(q="snow")] == [two["id"]]


@pytest.mark.parametrize(("directive", "status"), [("status=400", 400), ("status=500", 502), ("cut=20", 502)])
async def test_a_failure_before_the_first_content(
    reader: Reader, dialect: Dialect, streamed: bool, directive: str, status: int
) -> None:
    reader.world.script(*[directive] * MAX_POSTS)
    answered = await ask(reader.world, dialect, said("unlucky question"), stream=streamed)
    assert answered.status == status
    kept = await reader.last()
    assert kept["asked"] == [message("user", "unlucky question")]
    assert (kept["answered"], kept["status"], kept["finish_reason"]) == ([], status, None)
    assert kept["error"]["message"] in (answered.heard.error or "")


async def test_a_stream_that_breaks_keeps_what_was_shown(reader: Reader, dialect: Dialect) -> None:
    reader.world.script("error_after=5; long=60; delay=0.001")
    answered = await ask(reader.world, dialect, said("hi"), stream=True)
    assert answered.heard.error
    kept = await reader.last()
    assert kept["answered"] == [text(answered.heard.text)]
    assert answered.heard.text
    assert (kept["status"], kept["finish_reason"]) == (200, None)
    assert kept["error"]["message"] in answered.heard.error


async def test_a_withheld_answer_says_so(reader: Reader, dialect: Dialect, streamed: bool) -> None:
    reader.world.script("blacklist")
    await ask(reader.world, dialect, said("hi"), stream=streamed)
    assert (await reader.last())["finish_reason"] == "content_filter"
