"""GigaChat v2 behind the gateway, asked by the official client: built-in tools, patterns, parallel calls, and what
happens where v2 or a part of it is not to be had."""

import base64
import json
from pathlib import Path
from typing import Any, Literal

import msgspec
import openai
import pytest

from gigamost.cli.serving import serving
from gigamost.config import Models
from gigamost.emulator import COMPANY, EmulatorSettings, Running, build
from gigamost.server.run import listen
from tests.gateway.conftest import OTHER_KEY, World, settings_for, world_of

MODEL = "GigaChat-2-Max"
V1, V2 = "/api/v1/chat/completions", "/api/v2/chat/completions"
SEARCH: Any = {"type": "web_search"}
CITY: Any = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER: Any = {"type": "function", "function": {"name": "weather", "description": "Weather", "parameters": CITY}}
TICKET: Any = {"type": "regex", "regex": r"[A-Z]{3}-\d{4}"}


def user(text: str) -> Any:
    return [{"role": "user", "content": text}]


async def raw(client: openai.AsyncOpenAI, text: str, **fields: Any) -> tuple[Any, dict[str, str]]:
    """The choice, and the gateway's own headers."""
    answer: Any = await client.chat.completions.with_raw_response.create(
        model=MODEL, messages=user(text), extra_body=fields
    )
    return answer.parse().choices[0], dict(answer.headers)


async def streamed(client: openai.AsyncOpenAI, text: str, **fields: Any) -> list[Any]:
    stream: Any = await client.chat.completions.create(model=MODEL, messages=user(text), stream=True, extra_body=fields)
    return [chunk.choices[0].delta async for chunk in stream]


def spoken(world: World) -> list[str]:
    return [seen.path for seen in world.seen]


async def test_a_search_answers_with_its_sources(client: openai.AsyncOpenAI, world: World) -> None:
    choice, headers = await raw(client, "Найди новости о Волге", tools=[SEARCH])
    assert spoken(world) == [V2]
    assert world.sent["tools"] == [{"web_search": {}}]
    assert "x-gigamost-ignored" not in headers
    content, annotations = choice.message.content, choice.message.annotations
    assert "[sources" not in content
    assert [each.url_citation.url.split("/")[3] for each in annotations] == ["1", "2"]
    for each in annotations:
        cited = each.url_citation
        assert cited.title in content[cited.start_index : cited.end_index]


async def test_a_search_in_a_stream(client: openai.AsyncOpenAI, world: World) -> None:
    world.script("slow=0.001")
    deltas = await streamed(client, "Search for rivers", web_search_options={})
    content = "".join(delta.content or "" for delta in deltas)
    assert "[sources" not in content
    (told,) = [delta.annotations for delta in deltas if getattr(delta, "annotations", None)]
    for each in told:
        cited = each["url_citation"]
        assert cited["title"] in content[cited["start_index"] : cited["end_index"]]


async def test_where_the_user_is(client: openai.AsyncOpenAI, world: World) -> None:
    place = {"type": "approximate", "approximate": {"timezone": "Asia/Omsk", "city": "Omsk"}}
    _, headers = await raw(client, "Search for news", web_search_options={"user_location": place})
    assert world.sent["user_info"] == {"timezone": "Asia/Omsk"}
    assert headers["x-gigamost-ignored"] == "web_search_options.user_location"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_tool_that_the_account_lacks_is_left_out_and_learnt(
    client: openai.AsyncOpenAI, world: World, stream: bool
) -> None:
    world.script("unavailable=code_interpreter", "", "")
    tools = [{"type": "code_interpreter"}, SEARCH]
    choice, headers = await raw(client, "What is 2+3*4?", tools=tools)
    assert "14" in choice.message.content
    assert headers["x-gigamost-ignored"] == "tools.code_interpreter"
    assert headers["x-gigamost-attempts"] == "2"
    if stream:
        assert "14" in "".join(delta.content or "" for delta in await streamed(client, "What is 2+3*4?", tools=tools))
    else:
        _, headers = await raw(client, "What is 2+3*4?", tools=tools)
        assert headers["x-gigamost-ignored"] == "tools.code_interpreter"
        assert headers["x-gigamost-attempts"] == "1"
    assert [len(seen.body["tools"]) for seen in world.seen] == [2, 1, 1]


@pytest.mark.parametrize("stream", [False, True])
async def test_code_is_run_upstream(client: openai.AsyncOpenAI, world: World, stream: bool) -> None:
    tools = [{"type": "code_interpreter"}]
    if stream:
        content = "".join(delta.content or "" for delta in await streamed(client, "What is 2+3*4?", tools=tools))
    else:
        content = (await raw(client, "What is 2+3*4?", tools=tools))[0].message.content
    assert "printed 14" in content


async def test_a_tool_that_fails_upstream_is_no_error(client: openai.AsyncOpenAI, world: World) -> None:
    world.script("tool_fails", "tool_fails")
    tools = [SEARCH]
    choice, _ = await raw(client, "Search for rivers", tools=tools)
    assert choice.finish_reason == "stop"
    assert "did not work" in "".join(delta.content or "" for delta in await streamed(client, "Search", tools=tools))


@pytest.mark.parametrize("stream", [False, True])
async def test_a_picture_beside_a_search_comes_as_usable_content(
    client: openai.AsyncOpenAI, world: World, stream: bool
) -> None:
    fields = {"tools": [SEARCH, {"type": "image_generation"}], "user": "ann"}
    if stream:
        content = "".join(delta.content or "" for delta in await streamed(client, "Draw a red bridge", **fields))
    else:
        content = (await raw(client, "Draw a red bridge", **fields))[0].message.content
    assert spoken(world) == [V2]
    assert len(base64.b64decode(content.split("base64,")[1].split(")")[0])) > 50


async def test_a_picture_is_uploaded_and_shown(client: openai.AsyncOpenAI, world: World) -> None:
    pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    content: Any = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{pixel}"}},
    ]
    answer = await client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": content}], extra_body={"tools": [SEARCH]}
    )
    assert "PNG" in (answer.choices[0].message.content or "")
    assert [next(iter(part)) for part in world.sent["messages"][0]["content"]] == ["text", "files"]


@pytest.mark.parametrize("stream", [False, True])
async def test_parallel_calls_and_their_results(client: openai.AsyncOpenAI, world: World, stream: bool) -> None:
    """Of one answer, with one state id: every call has an id of its own, and they come back in one message."""
    tools = [WEATHER, {"type": "function", "function": {"name": "time", "parameters": CITY}}, SEARCH]
    world.script("call=weather,time")
    text = 'weather and time in "Omsk"'
    names: dict[int, str] = {}
    ids: dict[int, str] = {}
    arguments: dict[int, str] = {}
    if stream:
        for delta in await streamed(client, text, tools=tools):
            for call in delta.tool_calls or ():
                names[call.index] = call.function.name or names.get(call.index, "")
                ids[call.index] = call.id or ids[call.index]
                arguments[call.index] = arguments.get(call.index, "") + (call.function.arguments or "")
    else:
        choice, _ = await raw(client, text, tools=tools)
        for at, call in enumerate(choice.message.tool_calls):
            names[at], ids[at], arguments[at] = call.function.name, call.id, call.function.arguments
    assert list(names.values()) == ["weather", "time"]
    assert len(set(ids.values())) == 2
    assert all(each.isalnum() for each in ids.values())
    said = [
        {"id": ids[at], "type": "function", "function": {"name": names[at], "arguments": arguments[at]}} for at in ids
    ]
    history: Any = [
        *user(text),
        {"role": "assistant", "content": None, "tool_calls": said},
        {"role": "tool", "tool_call_id": ids[1], "content": "12:00"},
        {"role": "tool", "tool_call_id": ids[0], "content": "+5, snow"},
    ]
    answer = await client.chat.completions.create(model=MODEL, messages=history, extra_body={"tools": tools})
    assert "snow" in (answer.choices[0].message.content or "")
    asked, called, answered = world.sent["messages"]
    assert asked["role"] == "user"
    assert len(called["content"]) == 2
    assert called["tools_state_id"]
    assert [json.loads(part["function_result"]["result"]) for part in answered["content"]] == [
        {"result": "+5, snow"},
        {"result": "12:00"},
    ]
    async with world.client(OTHER_KEY) as other:
        await other.chat.completions.create(model=MODEL, messages=history, extra_body={"tools": tools})
    assert "tools_state_id" not in world.sent["messages"][1]


async def history_with_a_call(client: openai.AsyncOpenAI, world: World) -> Any:
    world.script("call=weather")
    choice, _ = await raw(client, 'weather in "Omsk"', tools=[WEATHER, SEARCH])
    call = choice.message.tool_calls[0]
    return [*user("weather?"), choice.message, {"role": "tool", "tool_call_id": call.id, "content": "snow"}]


async def test_the_role_of_results_is_learnt(client: openai.AsyncOpenAI, world: World) -> None:
    history = await history_with_a_call(client, world)
    world.script("result_role=tool", "result_role=tool", "result_role=tool")
    for _ in range(2):
        await client.chat.completions.create(model=MODEL, messages=history, extra_body={"tools": [WEATHER, SEARCH]})
    assert [seen.body["messages"][-1]["role"] for seen in world.seen[1:]] == ["function", "tool", "tool"]


async def test_a_correction_that_did_not_help_is_not_learnt(client: openai.AsyncOpenAI, world: World) -> None:
    history = await history_with_a_call(client, world)
    refusal = "status=400; message=Your request contains invalid JSON syntax."
    world.script(refusal, refusal, refusal, "")
    with pytest.raises(openai.BadRequestError, match="invalid JSON syntax"):
        await client.chat.completions.create(model=MODEL, messages=history, extra_body={"tools": [WEATHER, SEARCH]})
    assert [seen.body["messages"][-1]["role"] for seen in world.seen[1:]] == ["function", "tool", "function"]
    await client.chat.completions.create(model=MODEL, messages=history, extra_body={"tools": [WEATHER, SEARCH]})
    assert world.sent["messages"][-1]["role"] == "function"
    assert world.sent["messages"][1]["tools_state_id"]


async def test_a_refused_state_id_is_learnt(client: openai.AsyncOpenAI, world: World) -> None:
    history = await history_with_a_call(client, world)
    world.script("refuse_state", "refuse_state", "refuse_state")
    for _ in range(2):
        await client.chat.completions.create(model=MODEL, messages=history, extra_body={"tools": [WEATHER, SEARCH]})
    assert ["tools_state_id" in seen.body["messages"][1] for seen in world.seen[1:]] == [True, False, False]


async def test_a_pattern(client: openai.AsyncOpenAI, world: World) -> None:
    choice, _ = await raw(client, "A ticket", response_format=TICKET)
    assert (spoken(world), world.sent["model_options"]) == ([V2], {"response_format": TICKET})
    head, _, number = choice.message.content.partition("-")
    assert (len(head), number.isdigit()) == (3, True)


async def test_a_pattern_that_is_missed_is_asked_for_once_more(client: openai.AsyncOpenAI, world: World) -> None:
    world.script("text=the code is ABC", "text=`ABC-1234`")
    choice, _ = await raw(client, "A ticket", response_format=TICKET)
    assert choice.message.content == "ABC-1234"
    assert "does not match" in world.sent["messages"][-1]["content"][0]["text"]
    world.script("text=no", "text=no again")
    with pytest.raises(openai.InternalServerError, match="regular expression"):
        await raw(client, "A ticket", response_format=TICKET)


async def test_a_stream_that_misses_its_pattern_ends_in_an_error(client: openai.AsyncOpenAI, world: World) -> None:
    world.script("long=30; slow=0.001")
    with pytest.raises(openai.APIError, match="regular expression"):
        await streamed(client, "A ticket", response_format=TICKET)


async def test_a_wrong_pattern_is_refused_before_it_is_paid_for(client: openai.AsyncOpenAI, world: World) -> None:
    with pytest.raises(openai.BadRequestError, match="pattern"):
        await raw(client, "A ticket", response_format={"type": "regex", "regex": "("})
    assert world.seen == []


async def test_without_v2_its_tools_are_listed_and_v1_answers(client: openai.AsyncOpenAI, world: World) -> None:
    world.script("status=404; message=No such model", "", "")
    for attempts in ("2", "1"):
        choice, headers = await raw(client, "Say 'Hello' and nothing else", tools=[SEARCH])
        assert choice.message.content == "Hello."
        assert headers["x-gigamost-ignored"] == "tools.web_search"
        assert headers["x-gigamost-attempts"] == attempts
    assert spoken(world) == [V2, V1, V1]


@pytest.mark.parametrize("directive", ["cut=300", "no_done", "error_after=1", "malformed=2", "reset=300"])
async def test_a_broken_stream_is_no_success(client: openai.AsyncOpenAI, world: World, directive: str) -> None:
    world.script(f"{directive}; long=60; slow=0.001")
    with pytest.raises((openai.APIError, openai.APIConnectionError)):
        await streamed(client, "tell", tools=[SEARCH])


@pytest.mark.parametrize("directive", ["crlf", "one_byte", "keepalive", "bom", "no_usage"])
async def test_a_stream_survives_its_forms(client: openai.AsyncOpenAI, world: World, directive: str) -> None:
    world.script(f"{directive}; long=12")
    content = "".join(delta.content or "" for delta in await streamed(client, "tell", tools=[SEARCH]))
    assert len(content.split()) == 12


async def test_blacklist_and_length(client: openai.AsyncOpenAI, world: World) -> None:
    world.script("blacklist", "length; long=30")
    assert (await raw(client, "tell", tools=[SEARCH]))[0].finish_reason == "content_filter"
    assert (await raw(client, "tell", tools=[SEARCH]))[0].finish_reason == "length"


async def test_stop_is_enforced(client: openai.AsyncOpenAI, world: World) -> None:
    world.script("text=one two three", "text=one two three")
    assert (await raw(client, "tell", tools=[SEARCH], stop=[" two"]))[0].message.content == "one"
    assert "".join(each.content or "" for each in await streamed(client, "x", tools=[SEARCH], stop=[" two"])) == "one"


async def test_a_conversation_is_kept_by_the_upstream(client: openai.AsyncOpenAI, world: World) -> None:
    fields: Any = {"tools": [SEARCH], "storage": {"is_stateful": True}}
    answer: Any = await client.chat.completions.create(model=MODEL, messages=user("hi"), extra_body=fields)
    assert world.sent["storage"] == {}
    fields["storage"] = {"thread_id": answer.thread_id}
    await client.chat.completions.create(model=MODEL, messages=user("again"), extra_body=fields)
    assert world.sent["storage"]["thread_id"] != answer.thread_id


@pytest.mark.parametrize(("api", "path"), [("v1", V1), ("v2", V2)])
async def test_the_version_is_configured(tmp_path: Path, api: Literal["v1", "v2"], path: str) -> None:
    async with Running(build(EmulatorSettings())) as emulator:
        settings = settings_for(emulator, tmp_path, COMPANY)
        settings = msgspec.structs.replace(settings, gigachat=msgspec.structs.replace(settings.gigachat, api=api))
        async with serving(settings, listen("127.0.0.1", 0)) as gateway:
            world = World(emulator, gateway.base, gateway.gateway.asgi, gateway)
            async with world.openai as client:
                _, headers = await raw(client, "hi", tools=[SEARCH])
                await raw(client, "hi")
                assert headers.get("x-gigamost-ignored") == ("tools.web_search" if api == "v1" else None)
                assert spoken(world) == [path, path]


async def test_the_version_that_a_model_is_best_served_in(tmp_path: Path) -> None:
    async with world_of(tmp_path, models=Models(capabilities={MODEL: {"api": "v2"}})) as world:
        await raw(world.openai, "hi")
        await world.openai.chat.completions.create(model="GigaChat-2", messages=user("hi"))
        assert spoken(world) == [V2, V1]
