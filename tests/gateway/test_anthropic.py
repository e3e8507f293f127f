"""Anthropic Messages by the official client: every feature, over a real socket and in process."""

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import anthropic
import httpx
import httpx2
import pytest
from pydantic import BaseModel

from gigamost.emulator.picture import draw
from tests.gateway.claude_code import claude_code
from tests.gateway.conftest import KEY, OTHER_KEY, World

MODEL = "GigaChat-2-Max"
WEATHER: Any = {
    "name": "get_weather",
    "description": "Weather in a city",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer", "enum": [1, 3]}},
        "required": ["city", "days"],
    },
}
TIME: Any = {"name": "time", "description": "Time now", "input_schema": {"type": "object", "properties": {}}}
PICTURE = base64.b64encode(draw("a cat")).decode()


def claude(world: World, key: str = KEY, *, in_process: bool = False) -> anthropic.AsyncAnthropic:
    transport = httpx2.ASGITransport(world.asgi) if in_process else None
    http = httpx2.AsyncClient(transport=transport, timeout=20)
    base = "http://127.0.0.1" if in_process else world.base
    return anthropic.AsyncAnthropic(base_url=base, api_key=key, max_retries=0, http_client=http)


@pytest.fixture(params=["socket", "in process"])
async def client(world: World, request: pytest.FixtureRequest) -> AsyncIterator[anthropic.AsyncAnthropic]:
    """The official client, over a real socket and inside this process."""
    async with claude(world, in_process=request.param == "in process") as made:
        yield made


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """What older clients send."""
    headers = {"x-api-key": KEY, "anthropic-version": "2023-06-01", "anthropic-beta": "unheard-of-2099-01-01"}
    async with httpx.AsyncClient(base_url=world.base, headers=headers, timeout=20) as made:
        yield made


def user(content: Any) -> Any:
    return {"role": "user", "content": content}


async def ask(client: anthropic.AsyncAnthropic, content: Any, *, stream: bool = False, **fields: Any) -> Any:
    """The whole message, folded by the official client where it streams."""
    fields = {"model": MODEL, "max_tokens": 1000, "messages": [user(content)], **fields}
    if not stream:
        return await client.messages.create(**fields)
    async with client.messages.stream(**fields) as events:
        return await events.get_final_message()


def text_of(message: Any) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


def calls_of(message: Any) -> list[Any]:
    return [block for block in message.content if block.type == "tool_use"]


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer(client: anthropic.AsyncAnthropic, stream: bool) -> None:
    answer = await ask(client, "Say 'Hello' and nothing else", stream=stream, model="claude-opus-5")
    assert (answer.model, answer.role, answer.type) == ("claude-opus-5", "assistant", "message")
    assert text_of(answer) == "Hello."
    assert (answer.stop_reason, answer.stop_sequence) == ("end_turn", None)
    usage = answer.usage
    assert (usage.input_tokens + usage.cache_read_input_tokens, usage.output_tokens) == (17, 3)
    assert answer.id.startswith("msg_")


async def test_the_events_of_a_stream(world: World, http: httpx.AsyncClient) -> None:
    body = {"model": MODEL, "max_tokens": 100, "messages": [user("[[emulator: long=3]] go")], "stream": True}
    answer = await http.post("/v1/messages?beta=true", json=body)
    assert answer.headers["content-type"].startswith("text/event-stream")
    frames = [frame.split("\n") for frame in answer.text.split("\n\n")[:-1]]
    names = [name.removeprefix("event: ") for name, _ in frames]
    assert names[:3] == ["message_start", "ping", "content_block_start"]
    assert names[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    data = [json.loads(line.removeprefix("data: ")) for _, line in frames]
    assert [each["type"] for each in data] == names
    assert data[0]["message"]["usage"]["input_tokens"] > 0
    assert data[-2]["usage"]["input_tokens"] > 0


async def test_the_prompt_cache_is_told(client: anthropic.AsyncAnthropic) -> None:
    system = "Answer briefly. " * 40
    first = await ask(client, "one", system=system)
    second = await ask(client, "one", system=system)
    assert first.usage.cache_read_input_tokens == 0
    assert second.usage.cache_read_input_tokens > 0
    total = first.usage.input_tokens
    assert second.usage.input_tokens + second.usage.cache_read_input_tokens == total


@pytest.mark.parametrize("stream", [False, True])
async def test_a_tool_is_called_and_its_result_used(
    client: anthropic.AsyncAnthropic, world: World, stream: bool
) -> None:
    question = user('What is the weather in "Omsk" for 3 days?')
    tools = [WEATHER, TIME]
    first = await ask(client, "", messages=[question], tools=tools, stream=stream)
    (call,) = calls_of(first)
    assert (first.stop_reason, call.name) == ("tool_use", "get_weather")
    assert isinstance(call.input["days"], int)
    assert call.id.isalnum()
    assert call.id.startswith("toolu")
    result = {"type": "tool_result", "tool_use_id": call.id.replace("toolu", "toolu_"), "content": "+5, snow"}
    replayed = {"role": "assistant", "content": [block.to_dict() for block in first.content]}
    replayed["content"][-1]["id"] = result["tool_use_id"]
    second = await ask(client, "", messages=[question, replayed, user([result])], tools=tools, stream=stream)
    assert "snow" in text_of(second)
    assert [message["role"] for message in world.sent["messages"]] == ["user", "assistant", "function"]
    assert "functions_state_id" in world.sent["messages"][1]


async def test_the_tool_runner_of_the_sdk(client: anthropic.AsyncAnthropic) -> None:
    @anthropic.beta_async_tool
    async def get_weather(city: str, days: int) -> str:
        """Weather in a city.

        Args:
            city: Which.
            days: For how long.
        """
        return f"snow in {city} for {days} days"

    question = user('What is the weather in "Omsk" for 3 days?')
    runner = client.beta.messages.tool_runner(
        model=MODEL, max_tokens=1000, messages=[question], tools=[get_weather], betas=["context-management-2025-06-27"]
    )
    assert "snow in Omsk for 3 days" in text_of(await runner.until_done())


@pytest.mark.parametrize("stream", [False, True])
async def test_a_conversation_is_compacted_and_goes_on(
    client: anthropic.AsyncAnthropic, world: World, stream: bool
) -> None:
    world.script("text=They spoke of Omsk.")
    history = [user("What of Omsk?"), {"role": "assistant", "content": "Snow."}]
    fields: Any = {"model": MODEL, "max_tokens": 1000, "messages": history, "compaction": {"type": "summarize"}}
    if stream:
        async with client.beta.messages.stream(**fields) as events:
            answer: Any = await events.get_final_message()
    else:
        answer = await client.beta.messages.create(**fields)
    assert answer.stop_reason == "compaction"
    assert [block.content for block in answer.content] == ["They spoke of Omsk."]
    compacted: Any = {"role": "assistant", "content": [block.to_dict() for block in answer.content]}
    await client.beta.messages.create(model=MODEL, max_tokens=1000, messages=[compacted, user("Go on")])
    (sent,) = world.sent["messages"]
    assert sent["role"] == "user"
    assert "They spoke of Omsk." in sent["content"]
    assert sent["content"].endswith("Go on")


async def test_parallel_calls_keep_order_ids_and_content(client: anthropic.AsyncAnthropic, world: World) -> None:
    calls = [
        {"type": "tool_use", "id": f"toolu_{city}", "name": "get_weather", "input": {"city": city, "days": 1}}
        for city in ("Omsk", "Tomsk", "Perm")
    ]
    results = [
        {"type": "tool_result", "tool_use_id": f"toolu{city}", "content": [{"type": "text", "text": city}]}
        for city in ("Perm", "Omsk", "Tomsk")
    ]
    history = [
        user("Weather?"),
        {"role": "assistant", "content": calls},
        user([*results, {"type": "text", "text": "?"}]),
    ]
    await ask(client, "", messages=history, tools=[WEATHER])
    pairs = world.sent["messages"][1:7]
    assert [pair["function_call"]["arguments"]["city"] for pair in pairs[::2]] == ["Omsk", "Tomsk", "Perm"]
    assert [json.loads(pair["content"])["result"] for pair in pairs[1::2]] == ["Omsk", "Tomsk", "Perm"]
    assert world.sent["messages"][7] == {"role": "user", "content": "?"}


async def test_a_tool_that_failed_says_so(client: anthropic.AsyncAnthropic, world: World) -> None:
    call = {"type": "tool_use", "id": "toolu1", "name": "time", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "toolu1", "content": "no clock", "is_error": True}
    messages = [user("Time?"), {"role": "assistant", "content": [call]}, user([result])]
    await ask(client, "", messages=messages, tools=[TIME])
    assert json.loads(world.sent["messages"][2]["content"]) == {"error": "no clock"}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("choice", [{"type": "any"}, {"type": "tool", "name": "get_weather"}])
async def test_a_demanded_call(client: anthropic.AsyncAnthropic, choice: Any, stream: bool) -> None:
    answer = await ask(client, "hello", tools=[WEATHER, TIME], tool_choice=choice, stream=stream)
    names = {call.name for call in calls_of(answer)}
    assert answer.stop_reason == "tool_use"
    assert names == {"get_weather"} if choice["type"] == "tool" else names <= {"get_weather", "time"}
    assert not text_of(answer)


async def test_no_tool_is_called_where_none_is_wanted(client: anthropic.AsyncAnthropic, world: World) -> None:
    answer = await ask(client, "call time", tools=[TIME], tool_choice={"type": "none"})
    assert text_of(answer)
    assert world.sent["function_call"] == "none"
    choice = {"type": "auto", "disable_parallel_tool_use": True}
    assert len(calls_of(await ask(client, "call time", tools=[TIME], tool_choice=choice))) == 1


@pytest.mark.parametrize(
    ("tool", "needed"),
    [
        ({"type": "bash_20250124", "name": "bash"}, set()),
        ({"type": "text_editor_20250728", "name": "str_replace_based_edit_tool"}, {"command", "path"}),
        ({"type": "memory_20250818", "name": "memory"}, {"command"}),
    ],
)
async def test_tools_by_anthropics_own_schema(client: anthropic.AsyncAnthropic, tool: Any, needed: set[str]) -> None:
    choice = {"type": "tool", "name": tool["name"]}
    (call,) = calls_of(await ask(client, 'look at "/tmp/a"', tools=[tool], tool_choice=choice))
    assert call.name == tool["name"]
    assert needed <= set(call.input)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_member_of_a_toolset_goes_both_ways(
    client: anthropic.AsyncAnthropic, world: World, stream: bool
) -> None:
    tools = [{"type": "computer_toolset_20260801"}]
    question = user("please call computer_screenshot now")
    answer = await ask(client, "", messages=[question], tools=tools, stream=stream)
    (call,) = calls_of(answer)
    assert (call.name, call.toolset_name) == ("screenshot", "computer")
    shot = {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": PICTURE}}
    result = {"type": "tool_result", "tool_use_id": call.id, "toolset_name": "computer", "content": [shot]}
    replayed = {"role": "assistant", "content": [block.to_dict() for block in answer.content]}
    await ask(client, "", messages=[question, replayed, user([result])], tools=tools, stream=stream)
    assert [message["role"] for message in world.sent["messages"]] == ["user", "assistant", "function", "user"]
    assert len(world.sent["messages"][3]["attachments"]) == 1


@pytest.mark.parametrize("stream", [False, True])
async def test_a_search_of_the_web_is_shown_and_cited(
    client: anthropic.AsyncAnthropic, world: World, stream: bool
) -> None:
    question = user("search the web for Omsk news")
    fields: Any = {"tools": [{"type": "web_search_20250305", "name": "web_search"}], "stream": stream}
    answer = await ask(client, "", messages=[question], **fields)
    *used, text = answer.content
    assert text.citations
    for cited in text.citations:
        assert cited.url.startswith("https://")
        assert cited.cited_text in text.text
    assert answer.stop_reason == "end_turn"
    if stream:  # GigaChat tells of its tools in streams alone
        call, result = used
        assert (call.type, call.name, call.input) == ("server_tool_use", "web_search", {})
        assert (result.type, result.tool_use_id, result.content) == ("web_search_tool_result", call.id, [])
        assert call.id.isalnum()
    replayed = {"role": "assistant", "content": [block.to_dict() for block in answer.content]}
    await ask(client, "", messages=[question, replayed, user("go on")], **fields)
    assert world.seen[-1].status == 200


async def test_what_a_tool_says_in_vain_is_listed(client: anthropic.AsyncAnthropic) -> None:
    raw = await client.messages.with_raw_response.create(
        model=MODEL,
        max_tokens=50_000,
        messages=[user("hi")],
        tools=[
            {"type": "web_search_20250305", "name": "web_search", "max_uses": 3},
            {"type": "tool_search_tool_bm25_20251119", "name": "tool_search_tool_bm25"},
        ],
        thinking={"type": "enabled", "budget_tokens": 2000},
        extra_body={"top_k": 5, "mcp_servers": []},
    )
    listed = set(raw.headers["x-gigamost-ignored"].split(", "))
    assert listed == {
        "top_k",
        "tools.max_uses",
        "tools.tool_search_tool_bm25_20251119",
        "max_tokens",
        "thinking.budget_tokens",
    }


@pytest.mark.parametrize("where", ["user", "result"])
async def test_an_image_is_uploaded_and_attached(client: anthropic.AsyncAnthropic, world: World, where: str) -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": PICTURE}}
    messages = [user([{"type": "text", "text": "What is it?"}, image])]
    if where == "result":
        call = {"type": "tool_use", "id": "toolu1", "name": "time", "input": {}}
        result = {"type": "tool_result", "tool_use_id": "toolu1", "content": [image]}
        messages = [user("Look"), {"role": "assistant", "content": [call]}, user([result])]
    await ask(client, "", messages=messages, tools=[TIME])
    assert [len(message.get("attachments", ())) for message in world.sent["messages"]][-1] == 1


async def test_a_document_is_uploaded_or_told(client: anthropic.AsyncAnthropic, world: World) -> None:
    words = {"type": "document", "title": "Note", "source": {"type": "text", "media_type": "text/plain", "data": "abc"}}
    data = base64.b64encode(b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF").decode()
    file = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": data}}
    await ask(client, [file, words, {"type": "text", "text": "Sum up"}])
    sent = world.sent["messages"]
    assert "[Document: Note]\nabc" in sent[-1]["content"]
    assert sum(len(message.get("attachments", ())) for message in sent) == 1


async def test_an_address_inside_is_not_fetched(client: anthropic.AsyncAnthropic, world: World) -> None:
    image = {"type": "image", "source": {"type": "url", "url": "http://127.0.0.1/a.png"}}
    with pytest.raises(anthropic.APIStatusError) as caught:
        await ask(client, [image])
    assert 400 <= caught.value.status_code < 500
    assert not world.seen


class Person(BaseModel):
    name: str
    age: int
    tags: list[str]


@pytest.mark.parametrize("model", [MODEL, "GigaChat-3-Ultra"])
async def test_structured_output_is_parsed(client: anthropic.AsyncAnthropic, model: str) -> None:
    """Natively, and by a forced function where the model has no such mode."""
    fields: Any = {"model": model, "max_tokens": 100, "messages": [user("Anna is 30")]}
    answer = await client.messages.parse(**fields, output_format=Person)
    assert isinstance(answer.parsed_output, Person)
    async with client.messages.stream(**fields, output_format=Person) as stream:
        final = await stream.get_final_message()
    assert isinstance(final.parsed_output, Person)
    assert final.stop_reason == "end_turn"


async def test_a_stream_that_does_not_fit_its_schema_ends_in_an_error(
    client: anthropic.AsyncAnthropic, world: World
) -> None:
    world.script("long=50; delay=0.01")
    wanted = {"type": "json_schema", "schema": Person.model_json_schema()}
    with pytest.raises(anthropic.APIStatusError, match="does not fit the schema"):
        await ask(client, "Anna is 30", stream=True, output_config={"format": wanted})


@pytest.mark.parametrize("stream", [False, True])
async def test_a_stop_sequence_is_echoed(client: anthropic.AsyncAnthropic, stream: bool) -> None:
    answer = await ask(client, "[[emulator: long=500]] go", stop_sequences=["never", "word7"], stream=stream)
    assert text_of(answer).split() == [f"word{n}" for n in range(1, 7)]
    assert (answer.stop_reason, answer.stop_sequence) == ("stop_sequence", "word7")


async def test_system_texts_and_letters_of_every_kind(client: anthropic.AsyncAnthropic, world: World) -> None:
    words = "Привет 🙂 \u2028 \x00"
    messages = [
        user("a"),
        {"role": "system", "content": "Be brief"},
        {"role": "assistant", "content": "b"},
        user(words),
    ]
    system = [{"type": "text", "text": "You", "cache_control": {"type": "ephemeral"}}, {"type": "text", "text": "me"}]
    await ask(client, "", system=system, messages=messages)
    sent = world.sent["messages"]
    assert sent[0] == {"role": "system", "content": "You\nme"}
    assert "Be brief" in sent[1]["content"]
    assert sent[-1] == {"role": "user", "content": words}


async def test_sampling(client: anthropic.AsyncAnthropic, world: World) -> None:
    await ask(client, "hi", max_tokens=9, metadata={"user_id": "ann"}, extra_body={"temperature": 0.5, "top_p": 0.9})
    assert (world.sent["max_tokens"], world.sent["temperature"], world.sent["top_p"]) == (9, 0.5, 0.9)
    headers = dict(world.seen[-1].headers)
    assert headers["x-client-id"] not in ("", "ann")


@pytest.mark.parametrize("stream", [False, True])
async def test_thinking_is_signed_and_comes_back(client: anthropic.AsyncAnthropic, world: World, stream: bool) -> None:
    fields: Any = {"model": "GigaChat-2-Reasoning", "stream": stream}
    answer = await ask(client, "hi", thinking={"type": "enabled", "budget_tokens": 20_000}, **fields)
    thought, said = answer.content
    assert (thought.type, said.type) == ("thinking", "text")
    assert thought.thinking
    assert thought.signature
    assert world.sent["reasoning_effort"] == "high"
    replayed = {"role": "assistant", "content": [block.to_dict() for block in answer.content]}
    await ask(client, "", messages=[user("hi"), replayed, user("go on")], **fields)
    assert thought.thinking not in json.dumps(world.sent, ensure_ascii=False)
    assert [block.type for block in (await ask(client, "hi", **fields)).content] == ["text"]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_filtered_answer_is_a_refusal(client: anthropic.AsyncAnthropic, world: World, stream: bool) -> None:
    world.script("blacklist")
    answer = await ask(client, "x", stream=stream)
    assert (answer.stop_reason, answer.stop_details.type) == ("refusal", "refusal")
    world.script("length")
    assert (await ask(client, "x", stream=stream)).stop_reason == "max_tokens"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_generated_picture_is_a_markdown_image(
    client: anthropic.AsyncAnthropic, world: World, stream: bool
) -> None:
    answer = await ask(client, "Draw a red bridge", stream=stream, tools=[{"type": "image_generation"}])
    assert world.sent["functions"] == [{"name": "text2image"}]
    assert "](data:image/" in text_of(answer)
    assert "<img" not in text_of(answer)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("directive", "error", "kind"),
    [
        ("status=400", anthropic.BadRequestError, "invalid_request_error"),
        ("status=402", anthropic.PaymentRequiredError, "billing_error"),
        ("status=403", anthropic.InternalServerError, "api_error"),
        ("status=404", anthropic.NotFoundError, "not_found_error"),
        ("status=413", anthropic.ContentTooLargeError, "request_too_large"),
        ("status=429; retry_after=30", anthropic.RateLimitError, "rate_limit_error"),
        ("cut=0", anthropic.InternalServerError, "api_error"),
        ("status=504", anthropic.GatewayTimeoutError, "timeout_error"),
    ],
)
async def test_errors_before_the_answer(
    client: anthropic.AsyncAnthropic, world: World, directive: str, error: Any, kind: str, stream: bool
) -> None:
    world.script(*[directive] * 3)
    with pytest.raises(error) as caught:
        await ask(client, "x", stream=stream)
    body: Any = caught.value.body
    assert (body["type"], body["error"]["type"]) == ("error", kind)
    assert body["error"]["message"]
    assert body["request_id"] == caught.value.response.headers["x-request-id"]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_prompt_that_is_too_long_is_told_so_that_agents_compact(
    client: anthropic.AsyncAnthropic, world: World, stream: bool
) -> None:
    world.script("status=413; message=Tokens limit exceeded: 140000 tokens (max 131072)")
    with pytest.raises(anthropic.BadRequestError) as caught:
        await ask(client, "x", stream=stream)
    assert caught.value.type == "invalid_request_error"
    assert caught.value.api_message == "prompt is too long: 140000 tokens > 131072 maximum"


async def test_an_error_inside_a_stream(
    world: World, http: httpx.AsyncClient, client: anthropic.AsyncAnthropic
) -> None:
    world.script("cut=900; long=200; delay=0.01", "cut=900; long=200; delay=0.01")
    with pytest.raises(anthropic.APIStatusError):
        await ask(client, "go", stream=True)
    body = {"model": MODEL, "max_tokens": 100, "messages": [user("go")], "stream": True}
    frames = (await http.post("/v1/messages", json=body)).text.split("\n\n")[:-1]
    names = [frame.split("\n")[0] for frame in frames]
    assert names[-2:] == ["event: content_block_stop", "event: error"]
    assert "event: message_stop" not in names


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"messages": []}, "messages"),
        ({"temperature": 1.5}, "temperature"),
        ({"max_tokens": None}, "max_tokens"),
        ({"tools": [WEATHER], "tool_choice": {"type": "tool", "name": "other"}}, "not among the tools"),
        ({"thread": {"type": "create"}}, "thread is not supported"),
    ],
)
async def test_bad_requests_never_go_upstream(
    client: anthropic.AsyncAnthropic, world: World, fields: Any, message: str
) -> None:
    with pytest.raises(anthropic.BadRequestError) as caught:
        await ask(client, "x", extra_body=fields)
    assert caught.value.type == "invalid_request_error"
    assert message in (caught.value.api_message or "")
    assert not world.seen


async def test_who_may_not_ask_and_what_is_not_there(world: World, client: anthropic.AsyncAnthropic) -> None:
    async with claude(world, "gm-nobody") as stranger:
        with pytest.raises(anthropic.AuthenticationError) as refused:
            await ask(stranger, "x")
    assert refused.value.type == "authentication_error"
    with pytest.raises(anthropic.NotFoundError) as missing:
        await ask(client, "x", model="no-such-model")
    assert missing.value.type == "not_found_error"
    with pytest.raises(anthropic.NotFoundError):
        await client.models.retrieve("no-such-model")


async def test_a_count(client: anthropic.AsyncAnthropic) -> None:
    few = await client.messages.count_tokens(model=MODEL, messages=[user("one two three")])
    tools: Any = [WEATHER, {"type": "bash_20250124", "name": "bash"}]
    many = await client.messages.count_tokens(model=MODEL, messages=[user("one two three")], system="x", tools=tools)
    assert 0 < few.input_tokens < many.input_tokens


async def test_models_in_pages(client: anthropic.AsyncAnthropic) -> None:
    names = [model.id async for model in client.models.list(limit=3)]
    assert MODEL in names
    assert "Embeddings" not in names
    assert len(names) == len(set(names))
    page = await client.models.list(limit=1000)
    assert [model.id for model in page.data] == names
    before = await client.models.list(limit=2, before_id=names[4])
    assert [model.id for model in before.data] == names[2:4]
    found = await client.models.retrieve(MODEL)
    assert (found.id, found.max_input_tokens, found.lifecycle) == (MODEL, 131_072, "active")


async def test_the_same_path_lists_models_for_openais_clients(world: World) -> None:
    assert [model.id async for model in world.openai.models.list()]


async def test_older_clients(http: httpx.AsyncClient) -> None:
    body = {"model": MODEL, "max_tokens": 100, "messages": [user("Say 'Hello' and nothing else")]}
    for path in ("/v1/messages", "/messages", "/anthropic/v1/messages", "/v1/messages/"):
        answer = await http.post(path, json=body)
        assert (answer.status_code, answer.json()["content"][0]["text"]) == (200, "Hello.")
    listed = (await http.get("/v1/models")).json()
    assert listed["first_id"] == listed["data"][0]["id"]
    assert (await http.get(f"/v1/models/{MODEL}")).json()["type"] == "model"
    gone = await http.post("/v1/complete", json={"prompt": "x"})
    assert (gone.status_code, gone.json()["error"]["type"]) == (404, "not_found_error")
    assert "/v1/messages" in gone.json()["error"]["message"]
    wrong = await http.put("/v1/messages", json=body)
    assert (wrong.status_code, wrong.json()["type"]) == (405, "error")


async def test_what_claude_code_asks_first_is_open(world: World) -> None:
    async with httpx.AsyncClient(base_url=world.base) as nobody:
        assert (await nobody.head("/api/hello")).status_code == 200
        assert (await nobody.head("/")).status_code == 200
        assert (await nobody.get("/")).status_code == 200
        assert (await nobody.post("/v1/messages", json={})).json()["error"]["type"] == "authentication_error"


@pytest.mark.parametrize("stream", [True, False])
async def test_a_turn_of_claude_code(world: World, http: httpx.AsyncClient, stream: bool) -> None:
    answer = await http.post("/v1/messages?beta=true", json=claude_code(stream=stream))
    assert answer.status_code == 200, answer.text
    assert answer.headers.get("x-gigamost-ignored", "").split(", ") == ["max_tokens", "output_config.effort"]
    assert (world.seen[-1].status, world.seen[-1].error) == (200, "")
    sent = world.sent["messages"]
    assert [message["role"] for message in sent] == ["system", "user", "assistant", "function", "user"]
    assert len(world.sent["functions"]) == 4
    if stream:
        assert answer.text.endswith('event: message_stop\ndata: {"type":"message_stop"}\n\n')
    else:
        assert answer.json()["stop_reason"] in ("end_turn", "tool_use")


async def test_state_ids_of_calls_are_not_opened_for_others(world: World, client: anthropic.AsyncAnthropic) -> None:
    question = user('What is the weather in "Omsk" for 3 days?')
    (call,) = calls_of(await ask(client, "", messages=[question], tools=[WEATHER]))
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "+5"}
    history = [question, {"role": "assistant", "content": [call.to_dict()]}, user([result])]
    async with claude(world, OTHER_KEY) as other:
        await ask(other, "", messages=history, tools=[WEATHER])
    assert "functions_state_id" not in world.sent["messages"][1]
