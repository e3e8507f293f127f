"""Responses by the official client: every feature of a single answer, over a real socket and in process."""

import base64
import json
from typing import Any

import httpx
import openai
import pytest
from pydantic import BaseModel

from tests.gateway.conftest import KEY, World

MODEL = "GigaChat-2-Max"
WEATHER: Any = {
    "type": "function",
    "name": "get weather",
    "description": "Weather in a city",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer", "enum": [1, 3]}},
        "required": ["city", "days"],
    },
    "strict": False,
}
TIME: Any = {"type": "function", "name": "time", "description": "Time now", "parameters": {}, "strict": False}
# One transparent pixel.
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="


async def ask(client: openai.AsyncOpenAI, items: Any, **fields: Any) -> Any:
    return await client.responses.create(model=MODEL, input=items, store=False, **fields)


async def answer(client: openai.AsyncOpenAI, items: Any, *, stream: bool, **fields: Any) -> Any:
    """The response, in one piece or as the SDK's own accumulator puts a stream together."""
    if not stream:
        return await ask(client, items, **fields)
    async with client.responses.stream(model=MODEL, input=items, store=False, **fields) as events:
        return await events.get_final_response()


async def events_of(client: openai.AsyncOpenAI, items: Any, **fields: Any) -> list[Any]:
    return [event async for event in await ask(client, items, stream=True, **fields)]


def replayed(response: Any) -> list[Any]:
    """What an agent sends back of an answer."""
    return [item.to_dict() for item in response.output]


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer(client: openai.AsyncOpenAI, stream: bool) -> None:
    response = await answer(client, "Say 'Hello' and nothing else", stream=stream)
    assert (response.output_text, response.status, response.model) == ("Hello.", "completed", MODEL)
    assert response.id.startswith("resp_")
    usage = response.usage
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (17, 3, 20)


async def test_a_stream_arrives_in_deltas(client: openai.AsyncOpenAI) -> None:
    events = await events_of(client, "[[emulator: long=40]] go")
    assert [event.sequence_number for event in events] == list(range(len(events)))
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert len(text.split()) == 40
    assert events[-1].type == "response.completed"
    assert events[-1].response.output_text == text


async def test_a_stream_ends_with_done(world: World) -> None:
    async with httpx.AsyncClient() as http:
        body = {"model": MODEL, "input": "hi", "stream": True, "store": False}
        answered = await http.post(f"{world.base}/v1/responses", json=body, headers={"authorization": f"Bearer {KEY}"})
    assert answered.headers["content-type"] == "text/event-stream"
    assert answered.text.endswith("data: [DONE]\n\n")


@pytest.mark.parametrize("path", ["/v1/responses", "/responses", "/backend-api/responses", "/openai/v1/responses"])
async def test_every_path(world: World, path: str) -> None:
    async with httpx.AsyncClient(base_url=world.base, headers={"api-key": KEY}) as http:
        body = {"model": MODEL, "input": "hi", "store": False}
        assert (await http.post(f"{path}?api-version=preview", json=body)).json()["object"] == "response"
        assert (await http.post(f"{path}/input_tokens", json=body)).json()["object"] == "response.input_tokens"
        assert (await http.post(f"{path}/compact", json=body)).json()["object"] == "response.compaction"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_tool_is_called_and_its_result_used(client: openai.AsyncOpenAI, world: World, stream: bool) -> None:
    asked: Any = [{"role": "user", "content": 'What is the weather in "Omsk" for 3 days?'}]
    tools = [WEATHER, TIME]
    first = await answer(client, asked, stream=stream, tools=tools)
    (call,) = first.output
    assert (call.type, call.name, call.status) == ("function_call", "get weather", "completed")
    assert isinstance(json.loads(call.arguments)["days"], int)
    assert call.call_id.isalnum()
    output = {"type": "function_call_output", "call_id": call.call_id, "output": "+5, snow"}
    second = await answer(client, [*asked, *replayed(first), output], stream=stream, tools=tools)
    assert "snow" in second.output_text
    assert [message["role"] for message in world.sent["messages"]] == ["user", "assistant", "function"]
    assert "functions_state_id" in world.sent["messages"][1]


async def test_parallel_calls_keep_order_ids_and_content(client: openai.AsyncOpenAI, world: World) -> None:
    cities = ("Omsk", "Tomsk", "Perm")
    items: list[Any] = [{"role": "user", "content": "Weather?"}]
    items += [
        {"type": "function_call", "call_id": f"call_{city}", "name": "get weather", "arguments": f'{{"city":"{city}"}}'}
        for city in cities
    ]
    items += [{"type": "function_call_output", "call_id": f"call_{city}", "output": city} for city in sorted(cities)]
    await ask(client, items, tools=[WEATHER])
    pairs = world.sent["messages"][1:]
    assert [pair["function_call"]["arguments"]["city"] for pair in pairs[::2]] == list(cities)
    assert [json.loads(pair["content"])["result"] for pair in pairs[1::2]] == list(cities)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_demanded_call(client: openai.AsyncOpenAI, world: World, stream: bool) -> None:
    response = await answer(client, "hello", stream=stream, tools=[WEATHER, TIME], tool_choice="required")
    assert [item.type for item in response.output] == ["function_call"]
    named: Any = {"type": "function", "name": "time"}
    response = await answer(client, "hello", stream=stream, tools=[WEATHER, TIME], tool_choice=named)
    assert response.output[0].name == "time"
    allowed: Any = {"type": "allowed_tools", "mode": "required", "tools": [named]}
    response = await answer(client, "hello", stream=stream, tools=[WEATHER, TIME], tool_choice=allowed)
    assert response.output[0].name == "time"
    response = await answer(client, "weather weather", stream=stream, tools=[WEATHER], tool_choice="none")
    assert response.output_text
    assert world.sent["function_call"] == "none"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_namespace_comes_back(client: openai.AsyncOpenAI, world: World, stream: bool) -> None:
    tools: Any = [{"type": "namespace", "name": "clock", "description": "Clocks", "tools": [TIME]}]
    first = await answer(client, "hello", stream=stream, tools=tools, tool_choice="required")
    (call,) = first.output
    assert (call.namespace, call.name) == ("clock", "time")
    items = [
        {"role": "user", "content": "hello"},
        *replayed(first),
        {"type": "function_call_output", "call_id": call.call_id, "output": "noon"},
    ]
    assert "noon" in (await answer(client, items, stream=stream, tools=tools)).output_text
    assert world.sent["messages"][1]["function_call"]["name"] == "clock__time"


@pytest.mark.parametrize("stream", [False, True])
async def test_custom_tools_take_free_text(client: openai.AsyncOpenAI, stream: bool) -> None:
    tools: Any = [{"type": "custom", "name": "note", "description": "Writes a note"}]
    first = await answer(client, 'note "milk"', stream=stream, tools=tools, tool_choice="required")
    (call,) = first.output
    assert call.type == "custom_tool_call"
    assert isinstance(call.input, str)
    items = [
        {"role": "user", "content": "note"},
        *replayed(first),
        {"type": "custom_tool_call_output", "call_id": call.call_id, "output": "written"},
    ]
    assert "written" in (await answer(client, items, stream=stream, tools=tools)).output_text


@pytest.mark.parametrize(
    ("tool", "output"),
    [
        ("shell", [{"stdout": "total 0", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}]),
        ("apply_patch", "total 0"),
    ],
)
async def test_tools_that_the_client_runs(client: openai.AsyncOpenAI, tool: str, output: Any) -> None:
    first = await ask(client, f'{tool} "ls -l"', tools=[{"type": tool}], tool_choice={"type": tool})
    (call,) = first.output
    assert call.type == f"{tool}_call"
    result = {"type": f"{tool}_call_output", "call_id": call.call_id, "output": output, "status": "completed"}
    items = [{"role": "user", "content": "ls"}, *replayed(first), result]
    assert "total 0" in (await ask(client, items, tools=[{"type": tool}])).output_text


class Person(BaseModel):
    name: str
    age: int
    tags: list[str]


@pytest.mark.parametrize("model", [MODEL, "GigaChat-3-Ultra", "GigaChat-Plus"])
async def test_structured_output_is_parsed(client: openai.AsyncOpenAI, model: str) -> None:
    """Natively, and by a forced function where the model has no such mode."""
    parsed = await client.responses.parse(model=model, input="Anna is 30", text_format=Person, store=False)
    assert isinstance(parsed.output_parsed, Person)
    async with client.responses.stream(model=model, input="Anna is 30", text_format=Person, store=False) as stream:
        final = await stream.get_final_response()
    assert isinstance(final.output_parsed, Person)


async def test_json_object(client: openai.AsyncOpenAI, world: World) -> None:
    world.script('text=Sure! ```json\n{"a": 1}\n```')
    response = await ask(client, "JSON please", text={"format": {"type": "json_object"}})
    assert isinstance(json.loads(response.output_text), dict)


async def test_a_picture_reaches_gigachat(client: openai.AsyncOpenAI, world: World) -> None:
    image = {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}", "detail": "auto"}
    items = [{"role": "user", "content": [{"type": "input_text", "text": "What is it?"}, image]}]
    await ask(client, items)
    assert len(world.sent["messages"][0]["attachments"]) == 1


@pytest.mark.parametrize("stream", [False, True])
async def test_a_picture_is_generated(client: openai.AsyncOpenAI, stream: bool) -> None:
    response = await answer(client, "Нарисуй кота", stream=stream, tools=[{"type": "image_generation"}])
    image = next(item for item in response.output if item.type == "image_generation_call")
    assert base64.b64decode(image.result)[:2] == b"\xff\xd8"
    items = [{"role": "user", "content": "Нарисуй кота"}, *replayed(response), {"role": "user", "content": "Ещё"}]
    assert (await answer(client, items, stream=stream)).status == "completed"


@pytest.mark.parametrize("stream", [False, True])
async def test_reasoning_is_carried_both_ways(client: openai.AsyncOpenAI, stream: bool) -> None:
    fields: Any = {"reasoning": {"effort": "low", "summary": "auto"}, "include": ["reasoning.encrypted_content"]}
    response = await answer(client, "[[emulator: reason]] Why?", stream=stream, **fields)
    thought, message = response.output
    assert (thought.type, message.type) == ("reasoning", "message")
    assert "Why?" in thought.summary[0].text
    items = [{"role": "user", "content": "Why?"}, *replayed(response), {"role": "user", "content": "Really?"}]
    again = await client.responses.with_raw_response.create(model=MODEL, input=items, store=False)
    assert "x-gigamost-ignored" not in again.headers


async def test_instructions_and_developers(client: openai.AsyncOpenAI, world: World) -> None:
    items = [{"role": "developer", "content": "Be kind"}, {"role": "user", "content": "Привет 🙂"}]
    await ask(client, items, instructions="Be brief", temperature=0, max_output_tokens=99_999, user="ann")
    assert world.sent["messages"][0] == {"role": "system", "content": "Be brief\n\nBe kind"}
    assert world.sent["messages"][1]["content"] == "Привет 🙂"
    assert world.sent["top_p"] == 0


async def test_what_cannot_be_honoured_is_listed(client: openai.AsyncOpenAI) -> None:
    raw = await client.responses.with_raw_response.create(
        model=MODEL,
        input="hi",
        store=False,
        max_output_tokens=99_999,
        truncation="auto",
        tools=[{"type": "file_search", "vector_store_ids": ["a"]}],
    )
    listed = set(raw.headers["x-gigamost-ignored"].split(", "))
    assert listed == {"truncation", "tools.file_search", "max_output_tokens"}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("directive", "reason"), [("long=200; length", "max_output_tokens"), ("blacklist", "content_filter")]
)
async def test_an_answer_that_was_cut(world: World, directive: str, reason: str, stream: bool) -> None:
    world.script(directive)
    if stream:
        last = (await events_of(world.openai, "hi"))[-1]
        assert last.type == "response.incomplete"
        response = last.response
    else:
        response = await ask(world.openai, "hi")
    assert (response.status, response.incomplete_details.reason) == ("incomplete", reason)


@pytest.mark.parametrize("directive", ["cut=900", "reset=900", "malformed=4", "error_after=3"])
async def test_a_failure_in_the_stream_closes_the_text(world: World, directive: str) -> None:
    world.script(f"{directive}; long=200; delay=0.01")
    events = await events_of(world.openai, "hi")
    kinds = [event.type for event in events]
    assert kinds[-3:] == ["response.content_part.done", "response.output_item.done", "response.failed"]
    assert events[-1].response.error.code == "server_error"
    assert events[-1].response.output[0].status == "incomplete"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("directive", "error"),
    [
        ("status=422", openai.BadRequestError),
        ("status=429; retry_after=30", openai.RateLimitError),
        ("status=504", openai.InternalServerError),
    ],
)
async def test_a_failure_before_the_first_content_is_a_status(
    world: World, directive: str, error: type[openai.APIStatusError], stream: bool
) -> None:
    world.script(directive)
    with pytest.raises(error):
        await answer(world.openai, "hi", stream=stream)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"background": True, "store": False}, "background needs store"),
        ({"top_logprobs": 5}, "log probabilities"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt templates"),
        ({"input": []}, "input is missing"),
    ],
)
async def test_refusals(client: openai.AsyncOpenAI, fields: Any, message: str) -> None:
    with pytest.raises(openai.BadRequestError, match=message):
        await client.responses.create(**{"model": MODEL, "input": "hi", "store": False, **fields})


async def test_an_unknown_model(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        await client.responses.create(model="no-such-model", input="hi", store=False)


async def test_counting(client: openai.AsyncOpenAI) -> None:
    counted = await client.responses.input_tokens.count(model=MODEL, input="Hello there", tools=[WEATHER])
    assert counted.object == "response.input_tokens"
    assert counted.input_tokens > (await client.responses.input_tokens.count(model=MODEL, input="Hello")).input_tokens


async def test_a_conversation_is_compacted_and_goes_on(client: openai.AsyncOpenAI, world: World) -> None:
    items: list[Any] = [
        {"role": "user", "content": "I live in Omsk"},
        {"role": "assistant", "content": "Noted"},
        {"type": "function_call", "call_id": "c1", "name": "time", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "noon"},
    ]
    world.script("text=The user lives in Omsk.")
    compacted = await client.responses.compact(model=MODEL, input=items)
    assert world.sent["function_call"] == "none"
    kept: list[Any] = [item.to_dict(warnings=False) for item in compacted.output]
    assert [item["type"] for item in kept] == ["message", "compaction"]
    await ask(client, [*kept, {"role": "user", "content": "Where do I live?"}])
    assert "The user lives in Omsk." in json.dumps(world.sent["messages"])
    assert "Noted" not in json.dumps(world.sent["messages"])


async def test_a_trigger_compacts_what_is_kept(client: openai.AsyncOpenAI, world: World) -> None:
    first = await client.responses.create(model=MODEL, input="I live in Omsk")
    world.script("text=The user lives in Omsk.")
    trigger: Any = [{"type": "compaction_trigger"}]
    second = await client.responses.create(model=MODEL, input=trigger, previous_response_id=first.id)
    assert [item.type for item in second.output] == ["compaction"]
    await client.responses.create(model=MODEL, input="Where?", previous_response_id=second.id)
    said = [message["content"] for message in world.sent["messages"]]
    assert first.output_text not in said
    assert "The user lives in Omsk." in " ".join(said)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_web_search_is_shown_with_its_sources(client: openai.AsyncOpenAI, world: World, stream: bool) -> None:
    world.script("tool=web_search")
    response = await answer(client, "Новости", stream=stream, tools=[{"type": "web_search"}])
    # GigaChat tells of the search itself in streams only.
    assert [item.type for item in response.output] == [*["web_search_call"] * stream, "message"]
    (text,) = response.output[-1].content
    for cited in text.annotations:
        assert cited.type == "url_citation"
        assert 0 <= cited.start_index <= cited.end_index <= len(text.text)
    assert text.annotations
    items = [{"role": "user", "content": "Новости"}, *replayed(response), {"role": "user", "content": "Ещё"}]
    assert (await answer(client, items, stream=stream)).status == "completed"


async def test_progress_of_a_web_search_is_streamed(world: World) -> None:
    world.script("tool=web_search")
    kinds = [event.type for event in await events_of(world.openai, "Новости", tools=[{"type": "web_search"}])]
    assert [kind for kind in kinds if "web_search" in kind] == [
        "response.web_search_call.in_progress",
        "response.web_search_call.searching",
        "response.web_search_call.completed",
    ]
