"""What a client of every protocol hears of a good answer, and what GigaChat was asked."""

from typing import Any

import pytest

from gigamost import protocols
from gigamost.core.face import ServeChat, ServeResponses
from tests.gateway.conftest import World
from tests.hazards.asking import TIME, WEATHER, ask, called, said, user
from tests.hazards.dialects import ALL
from tests.hazards.dialects.talk import Ask, Call, Dialect, Finish, Result, Turn

UNICODE = "Мост 🌉 — «ёлка» é \u200d \U0001f468\u200d\U0001f469 ن \u2028 <b>&</b> \\ \" ' \t end"


def test_every_protocol_has_a_client_here() -> None:
    chatting = {
        face.name
        for face in protocols.ALL
        if any(isinstance(endpoint.service, ServeChat | ServeResponses) for endpoint in face.endpoints)
    }
    assert chatting == {dialect.face for dialect in ALL}


async def test_an_answer(world: World, dialect: Dialect, streamed: bool) -> None:
    answered = await ask(world, dialect, said("Say 'Hello' and nothing else", system="Be brief."), stream=streamed)
    assert answered.status == 200
    heard = answered.heard
    assert (heard.text, heard.finish, heard.ended, heard.error) == ("Hello.", "stop", True, None)
    assert heard.usage is not None
    assert heard.usage[0] > 5
    assert heard.usage[1] == 3
    assert world.sent["messages"][0] == {"role": "system", "content": "Be brief."}
    assert world.sent.get("stream", False) is streamed
    assert answered.headers["x-request-id"]
    assert answered.headers["x-gigamost-upstream"]


async def test_every_character_arrives_in_both_directions(world: World, dialect: Dialect, streamed: bool) -> None:
    world.script(f"text={UNICODE}")
    answered = await ask(world, dialect, said(UNICODE), stream=streamed)
    assert answered.heard.text == UNICODE
    assert world.sent["messages"][-1]["content"] == UNICODE


async def test_a_lone_surrogate_is_replaced(world: World, dialect: Dialect, streamed: bool) -> None:
    answered = await ask(world, dialect, said("one \ud83d two \udc00"), stream=streamed)
    assert (answered.status, answered.heard.ended) == (200, True)
    assert world.sent["messages"][-1]["content"] == "one \ufffd two \ufffd"


@pytest.mark.parametrize(("directive", "finish"), [("length; long=50", "length"), ("blacklist", "filter")])
async def test_why_it_ended(world: World, dialect: Dialect, streamed: bool, directive: str, finish: Finish) -> None:
    world.script(directive)
    heard = (await ask(world, dialect, said("hi"), stream=streamed)).heard
    assert (heard.finish, heard.ended, heard.error) == (finish, True, None)
    assert heard.usage is not None


async def test_a_stop_text_ends_the_answer(world: World, dialect: Dialect, streamed: bool) -> None:
    asked = said("go", stop=("STOP",))
    if "STOP" not in str(dialect.body(asked)):
        return  # Responses have no stop
    world.script("text=one two STOP three four")
    heard = (await ask(world, dialect, asked, stream=streamed)).heard
    assert (heard.text, heard.ended) == ("one two ", True)
    assert heard.finish in ("stop", "stop_sequence")
    assert "stop" not in world.sent


async def test_reasoning_is_apart_from_the_answer(world: World, dialect: Dialect, streamed: bool) -> None:
    for directive in ("reason; text=Four.", "think; text=Four."):
        world.script(directive)
        heard = (await ask(world, dialect, said("2+2", think=True), stream=streamed)).heard
        assert heard.reasoning
        assert heard.text.strip() == "Four."


async def test_usage_that_never_came_is_estimated(world: World, dialect: Dialect, streamed: bool) -> None:
    world.script("no_usage; long=30")
    heard = (await ask(world, dialect, said("hi"), stream=streamed)).heard
    assert heard.ended
    assert heard.usage is not None
    assert min(heard.usage) > 0


@pytest.mark.parametrize("chunks", ["one_chunk", "two_chunks"])
async def test_a_tool_is_called_and_its_result_used(
    world: World, dialect: Dialect, streamed: bool, chunks: str
) -> None:
    question = user('What is the weather in "Omsk"?')
    world.script(f"{chunks}; call=get_weather")
    first = (await ask(world, dialect, Ask((question,), tools=(WEATHER, TIME)), stream=streamed)).heard
    call = called(first)
    assert (call.name, call.arguments["city"], first.finish, first.ended) == ("get_weather", "Omsk", "tools", True)
    assert call.id.isalnum() or dialect.face == "ollama"

    result = Result(call.id, call.name, '{"temperature": -7}')
    turns = (question, Turn("assistant", calls=(call,)), Turn("tool", results=(result,)))
    second = (await ask(world, dialect, Ask(turns, tools=(WEATHER, TIME)), stream=streamed)).heard
    assert "-7" in second.text
    asked = world.sent["messages"]
    assert asked[-1]["name"] == "get_weather"
    assert "-7" in asked[-1]["content"]
    assert asked[-2]["function_call"] == {"name": "get_weather", "arguments": call.arguments}
    if call.id:
        assert asked[-2]["functions_state_id"]


async def test_a_tool_call_that_clients_renamed_still_finds_its_result(
    world: World, dialect: Dialect, streamed: bool
) -> None:
    """OpenClaw strips what is no letter or digit (clients.md, section 2); others put a prefix of their own before."""
    question = user("call time")
    first = called((await ask(world, dialect, Ask((question,), tools=(TIME,)), stream=streamed)).heard)
    renamed = Call("tooluX" + "".join(filter(str.isalnum, first.id)), first.name, first.arguments)
    turns = (
        question,
        Turn("assistant", "Looking.", (renamed,)),
        Turn("tool", results=(Result(renamed.id, "time", '"12:00"'),)),
        user("Runtime context: none."),
    )
    answered = await ask(world, dialect, Ask(turns, tools=(TIME,)), stream=streamed)
    assert answered.heard.ended
    messages = world.sent["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant", "function", "user"]
    assert bool(first.id) == ("functions_state_id" in messages[1])


async def test_parallel_calls_keep_their_results(world: World, dialect: Dialect, streamed: bool) -> None:
    calls = tuple(Call(f"call{n}", "get_weather", {"city": f"City{n}"}) for n in range(3))
    results = tuple(Result(f"call{n}", "get_weather", f'{{"at": "City{n}"}}') for n in (2, 0, 1))
    if dialect.face == "ollama":
        results = tuple(sorted(results, key=lambda result: result.id))  # its clients know order alone
    turns = (user("go"), Turn("assistant", "Three.", calls), Turn("tool", results=results))
    answered = await ask(world, dialect, Ask(turns, tools=(WEATHER,)), stream=streamed)
    assert answered.status == 200
    messages: list[dict[str, Any]] = world.sent["messages"][1:]
    assert [message["role"] for message in messages] == ["assistant", "function"] * 3
    for n in range(3):
        assert messages[2 * n]["function_call"]["arguments"] == {"city": f"City{n}"}
        assert f"City{n}" in messages[2 * n + 1]["content"]


async def test_a_result_without_a_call_and_a_call_without_a_result(
    world: World, dialect: Dialect, streamed: bool
) -> None:
    turns = (
        user("one"),
        Turn("tool", results=(Result("calllost", "get_weather", "It rains."),)),
        Turn("assistant", "", (Call("callopen", "time", {}),)),
        user("two"),
    )
    answered = await ask(world, dialect, Ask(turns, tools=(WEATHER, TIME)), stream=streamed)
    assert (answered.status, answered.heard.ended) == (200, True)
    messages = world.sent["messages"]
    assert "It rains." in str(messages)
    assert [message["role"] for message in messages] == ["user", "assistant", "function", "user"]


async def test_a_demanded_call_comes(world: World, dialect: Dialect, streamed: bool) -> None:
    asked = said("Tell a joke", tools=(WEATHER, TIME), must_call=True)
    if dialect.face == "ollama":
        return  # it has no such demand
    heard = (await ask(world, dialect, asked, stream=streamed)).heard
    assert called(heard).name in ("get_weather", "time")
    assert heard.finish == "tools"
