"""Chat Completions by the official client: every feature, over a real socket and in process."""

import base64
import json
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from tests.gateway.conftest import OTHER_KEY, World

MODEL = "GigaChat-2-Max"
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get weather",
        "description": "Weather in a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer", "enum": [1, 3]}},
            "required": ["city", "days"],
        },
    },
}
TIME: Any = {"type": "function", "function": {"name": "time", "description": "Time now", "parameters": {}}}


def user(text: str) -> Any:
    return [{"role": "user", "content": text}]


async def ask(client: openai.AsyncOpenAI, text: str, **fields: Any) -> Any:
    return await client.chat.completions.create(model=MODEL, messages=user(text), **fields)


async def chunks(client: openai.AsyncOpenAI, text: str, **fields: Any) -> list[Any]:
    return [chunk async for chunk in await ask(client, text, stream=True, **fields)]


def text_of(parts: list[Any]) -> str:
    return "".join(part.choices[0].delta.content or "" for part in parts if part.choices)


async def test_an_answer(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(model="gpt-4o", messages=user("Say 'Hello' and nothing else"))
    assert answer.model == "gpt-4o"
    assert answer.choices[0].message.content == "Hello."
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (17, 3, 20)
    assert answer.id.startswith("chatcmpl-")


async def test_a_stream_with_usage(client: openai.AsyncOpenAI) -> None:
    parts = await chunks(client, "[[emulator: long=40]] go", stream_options={"include_usage": True})
    assert parts[0].choices[0].delta.role == "assistant"
    assert len(text_of(parts).split()) == 40
    assert parts[-2].choices[0].finish_reason == "stop"
    assert parts[-1].choices == []
    assert parts[-1].usage.total_tokens == parts[-1].usage.prompt_tokens + parts[-1].usage.completion_tokens
    assert all(part.usage is None for part in parts[:-1])


async def test_a_stream_has_no_usage_unasked(client: openai.AsyncOpenAI) -> None:
    assert all(part.usage is None and part.choices for part in await chunks(client, "hi"))


async def test_the_streaming_helper_of_the_sdk(client: openai.AsyncOpenAI) -> None:
    async with client.chat.completions.stream(model=MODEL, messages=user("Say 'Hello' and nothing else")) as stream:
        completion = await stream.get_final_completion()
    assert completion.choices[0].message.content == "Hello."


@pytest.mark.parametrize("stream", [False, True])
async def test_a_tool_is_called_and_its_result_used(client: openai.AsyncOpenAI, world: World, stream: bool) -> None:
    messages = user('What is the weather in "Omsk" for 3 days?')
    tools = [WEATHER, TIME]
    first: Any = await client.chat.completions.create(model=MODEL, messages=messages, tools=tools, tool_choice="auto")
    calls = first.choices[0].message.tool_calls
    assert first.choices[0].finish_reason == "tool_calls"
    assert [call.function.name for call in calls] == ["get weather"]
    arguments = json.loads(calls[0].function.arguments)
    assert isinstance(arguments["days"], int)
    assert calls[0].id.isalnum()
    history = [
        *messages,
        first.choices[0].message,
        {"role": "tool", "tool_call_id": calls[0].id, "content": "+5, snow"},
    ]
    second: Any = await client.chat.completions.create(model=MODEL, messages=history, tools=tools, stream=stream)
    text = text_of([part async for part in second]) if stream else second.choices[0].message.content
    assert "snow" in text
    assert [message["role"] for message in world.sent["messages"]] == ["user", "assistant", "function"]
    assert "functions_state_id" in world.sent["messages"][1]


async def test_parallel_calls_keep_order_ids_and_content(client: openai.AsyncOpenAI, world: World) -> None:
    calls = [
        {
            "id": f"call_{city}",
            "type": "function",
            "function": {"name": "get weather", "arguments": f'{{"city":"{city}"}}'},
        }
        for city in ("Omsk", "Tomsk", "Perm")
    ]
    results = [{"role": "tool", "tool_call_id": f"call{city}", "content": city} for city in ("Perm", "Omsk", "Tomsk")]
    history = [*user("Weather?"), {"role": "assistant", "content": None, "tool_calls": calls}, *results]
    await client.chat.completions.create(model=MODEL, messages=history, tools=[WEATHER])
    pairs = world.sent["messages"][1:]
    assert [pair["function_call"]["arguments"]["city"] for pair in pairs[::2]] == ["Omsk", "Tomsk", "Perm"]
    assert [json.loads(pair["content"])["result"] for pair in pairs[1::2]] == ["Omsk", "Tomsk", "Perm"]


async def test_a_streamed_call_has_its_id_index_and_name_first(client: openai.AsyncOpenAI) -> None:
    parts = await chunks(client, "Tell me the time now, call time", tools=[TIME])
    deltas = [
        part.choices[0].delta.tool_calls[0] for part in parts if part.choices and part.choices[0].delta.tool_calls
    ]
    assert (deltas[0].index, deltas[0].function.name, deltas[0].type) == (0, "time", "function")
    assert deltas[0].id.isalnum()
    assert json.loads("".join(delta.function.arguments for delta in deltas)) == {}
    assert parts[-1].choices[0].finish_reason == "tool_calls"


async def test_a_demanded_call_of_one_tool_is_forced(client: openai.AsyncOpenAI, world: World) -> None:
    answer = await ask(client, "hello", tools=[TIME], tool_choice="required")
    assert answer.choices[0].message.tool_calls[0].function.name == "time"
    assert world.sent["function_call"] == {"name": "time"}


@pytest.mark.parametrize("stream", [False, True])
async def test_a_demanded_call_among_several_is_chosen_and_forced(
    client: openai.AsyncOpenAI, world: World, stream: bool
) -> None:
    answer = await ask(client, "hello", tools=[WEATHER, TIME], tool_choice="required", stream=stream)
    if stream:
        parts = [part async for part in answer]
        names = [
            part.choices[0].delta.tool_calls[0].function.name for part in parts if part.choices[0].delta.tool_calls
        ]
        assert not text_of(parts)
        assert names[0] in ("get weather", "time")
    else:
        assert answer.choices[0].message.tool_calls[0].function.name in ("get weather", "time")
        assert answer.choices[0].message.content is None
    assert world.seen[0].body["function_call"] == "auto"
    assert len(world.seen) == 3  # asked, chosen, called


async def test_a_model_that_will_not_call_is_an_error_never_text(client: openai.AsyncOpenAI, world: World) -> None:
    world.script("no_call; text=I refuse", "blacklist")
    with pytest.raises(openai.InternalServerError, match="demanded"):
        await ask(client, "hello", tools=[WEATHER, TIME], tool_choice="required")


async def test_named_and_allowed_tools(client: openai.AsyncOpenAI, world: World) -> None:
    answer = await ask(
        client, "hello", tools=[WEATHER, TIME], tool_choice={"type": "function", "function": {"name": "get weather"}}
    )
    assert answer.choices[0].message.tool_calls[0].function.name == "get weather"
    allowed = {"mode": "required", "tools": [{"type": "function", "function": {"name": "time"}}]}
    answer = await ask(
        client, "hello", tools=[WEATHER, TIME], tool_choice={"type": "allowed_tools", "allowed_tools": allowed}
    )
    assert answer.choices[0].message.tool_calls[0].function.name == "time"
    answer = await ask(client, "weather weather", tools=[WEATHER, TIME], tool_choice="none")
    assert answer.choices[0].message.content
    assert world.sent["function_call"] == "none"


async def test_a_choice_of_an_unknown_tool_is_refused(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="not among the tools"):
        await ask(client, "x", tools=[TIME], tool_choice={"type": "function", "function": {"name": "other"}})
    with pytest.raises(openai.BadRequestError, match="no tools"):
        await ask(client, "x", tool_choice="required")


async def test_custom_tools_take_free_text(client: openai.AsyncOpenAI) -> None:
    tool: Any = {"type": "custom", "custom": {"name": "shell", "description": "Runs a command"}}
    choice: Any = {"type": "custom", "custom": {"name": "shell"}}
    answer = await ask(client, 'run "ls -l"', tools=[tool], tool_choice=choice)
    call = answer.choices[0].message.tool_calls[0]
    assert call.type == "custom"
    assert isinstance(call.custom.input, str)
    history = [*user("x"), answer.choices[0].message, {"role": "tool", "tool_call_id": call.id, "content": "total 0"}]
    again: Any = await client.chat.completions.create(model=MODEL, messages=history, tools=[tool])
    assert "total 0" in again.choices[0].message.content


@pytest.mark.parametrize("stream", [False, True])
async def test_the_older_functions(client: openai.AsyncOpenAI, stream: bool) -> None:
    fields: Any = {"functions": [TIME["function"]], "function_call": {"name": "time"}}
    if stream:
        parts = await chunks(client, "x", **fields)
        assert parts[-1].choices[0].finish_reason == "function_call"
        deltas = [part.choices[0].delta.function_call for part in parts if part.choices[0].delta.function_call]
        assert deltas[0].name == "time"
        return
    answer = await ask(client, "x", **fields)
    assert answer.choices[0].finish_reason == "function_call"
    assert answer.choices[0].message.function_call.name == "time"
    history = [*user("x"), answer.choices[0].message, {"role": "function", "name": "time", "content": "12:00"}]
    again: Any = await client.chat.completions.create(model=MODEL, messages=history, functions=[TIME["function"]])
    assert "12:00" in again.choices[0].message.content


async def test_only_one_call_where_parallel_ones_are_not_wanted(client: openai.AsyncOpenAI) -> None:
    answer = await ask(client, "call time", tools=[TIME], parallel_tool_calls=False)
    assert len(answer.choices[0].message.tool_calls) == 1


@pytest.mark.parametrize(
    "directive",
    [
        "string_arguments",
        "wrong_types",
        "one_chunk",
        "two_chunks",
        "split_arguments=text",
        "split_arguments=keys",
        "prelude",
        "raw_call",
        "no_usage",
        "crlf",
        "one_byte",
        "keepalive",
        "bom",
        "no_done",
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_calls_survive_every_form_they_come_in(
    client: openai.AsyncOpenAI, world: World, directive: str, stream: bool
) -> None:
    world.script(directive)
    choice = "auto" if directive == "raw_call" else {"type": "function", "function": {"name": "get weather"}}
    fields: Any = {"tools": [WEATHER], "tool_choice": choice}
    prompt = 'weather in "Omsk" for 3 days'
    if stream:
        parts = await chunks(client, prompt, **fields)
        deltas = [part.choices[0].delta.tool_calls[0] for part in parts if part.choices[0].delta.tool_calls]
        name, arguments = deltas[0].function.name, "".join(delta.function.arguments for delta in deltas)
        assert not text_of(parts)
    else:
        call = (await ask(client, prompt, **fields)).choices[0].message.tool_calls[0]
        name, arguments = call.function.name, call.function.arguments
    assert name == "get weather"
    read = json.loads(arguments)
    assert isinstance(read["city"], str)
    assert read["days"] in (1, 3)


class Person(BaseModel):
    name: str
    age: int
    tags: list[str]


@pytest.mark.parametrize("model", [MODEL, "GigaChat-3-Ultra", "GigaChat-Plus"])
async def test_structured_output_is_parsed(client: openai.AsyncOpenAI, model: str) -> None:
    """Natively, and by a forced function where the model has no such mode."""
    answer = await client.chat.completions.parse(model=model, messages=user("Anna is 30"), response_format=Person)
    assert isinstance(answer.choices[0].message.parsed, Person)
    async with client.chat.completions.stream(
        model=model, messages=user("Anna is 30"), response_format=Person
    ) as stream:
        final = await stream.get_final_completion()
    assert isinstance(final.choices[0].message.parsed, Person)
    assert final.choices[0].finish_reason == "stop"


async def test_json_that_does_not_fit_is_repaired_once(client: openai.AsyncOpenAI, world: World) -> None:
    world.script("text=no JSON at all")
    answer = await client.chat.completions.parse(model=MODEL, messages=user("Anna is 30"), response_format=Person)
    assert isinstance(answer.choices[0].message.parsed, Person)
    assert len(world.seen) == 2
    world.script("text=no", "text=no again")
    with pytest.raises(openai.InternalServerError, match="does not fit the schema"):
        await client.chat.completions.parse(model=MODEL, messages=user("Anna is 30"), response_format=Person)


async def test_a_stream_that_does_not_fit_a_strict_schema_ends_in_an_error(
    client: openai.AsyncOpenAI, world: World
) -> None:
    world.script("long=50; delay=0.01")
    response_format: Any = {
        "type": "json_schema",
        "json_schema": {"name": "p", "schema": Person.model_json_schema(), "strict": True},
    }
    with pytest.raises(openai.APIError, match="does not fit the schema"):
        await chunks(client, "Anna is 30", response_format=response_format)


async def test_json_object(client: openai.AsyncOpenAI, world: World) -> None:
    world.script('text=Sure! ```json\n{"a": 1}\n```')
    answer = await ask(client, "JSON please", response_format={"type": "json_object"})
    assert isinstance(json.loads(answer.choices[0].message.content), dict)
    answer = await ask(client, "JSON please", response_format={"type": "json_object"})
    assert isinstance(json.loads(answer.choices[0].message.content), dict)


@pytest.mark.parametrize("stream", [False, True])
async def test_stop_cuts_the_text_and_closes_the_upstream(
    client: openai.AsyncOpenAI, world: World, stream: bool
) -> None:
    fields: Any = {"stop": ["word7", "never"]}
    prompt = "[[emulator: long=500]] go"
    if stream:
        parts = await chunks(client, prompt, **fields)
        text, finish = text_of(parts), parts[-1].choices[0].finish_reason
    else:
        answer = await ask(client, prompt, **fields)
        text, finish = answer.choices[0].message.content, answer.choices[0].finish_reason
    assert text.split() == [f"word{n}" for n in range(1, 7)]
    assert finish == "stop"


async def test_sampling_fields_and_gigachats_own(client: openai.AsyncOpenAI, world: World) -> None:
    await ask(
        client,
        "hi",
        temperature=0,
        max_completion_tokens=99_999,
        user="ann",
        extra_body={"profanity_check": False, "repetition_penalty": 1.2, "flags": ["preprocess"]},
    )
    sent = world.sent
    assert sent["top_p"] == 0
    assert "temperature" not in sent
    assert sent["max_tokens"] == 8192
    assert (sent["profanity_check"], sent["repetition_penalty"], sent["flags"]) == (False, 1.2, ["preprocess"])


async def test_what_is_ignored_is_listed(client: openai.AsyncOpenAI) -> None:
    raw = await client.chat.completions.with_raw_response.create(
        model=MODEL,
        messages=user("hi"),
        seed=7,
        logit_bias={"1": 5},
        frequency_penalty=0,
        presence_penalty=1,
        reasoning_effort="low",
        max_tokens=50_000,
        extra_body={"weird\r\nfield": 1},
    )
    listed = raw.headers["x-gigamost-ignored"].split(", ")
    assert listed == [
        "seed",
        "logit_bias",
        "presence_penalty",
        "weird%0D%0Afield",
        "max_tokens",
        "reasoning_effort",
    ] or set(listed) == {"seed", "logit_bias", "presence_penalty", "weird%0D%0Afield", "max_tokens", "reasoning_effort"}
    assert raw.headers["x-gigamost-upstream"] == "account-0"
    assert raw.headers["x-gigamost-attempts"] == "1"
    assert float(raw.headers["x-gigamost-overhead-ms"]) >= 0
    assert raw.headers["x-request-id"]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"audio": {"voice": "alloy", "format": "wav"}}, "audio"),
        ({"temperature": 3}, "temperature"),
        ({"top_p": -1}, "top_p"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"stop": ["a"] * 5}, "stop"),
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": [TIME, {**TIME, "function": {"name": "time", "description": "other"}}]}, "tools[1]"),
    ],
)
async def test_what_would_mislead_is_refused_with_its_field(
    client: openai.AsyncOpenAI, world: World, fields: dict[str, Any], param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await ask(client, "x", extra_body=fields)
    assert caught.value.param == param
    assert caught.value.type == "invalid_request_error"
    assert not world.seen


@pytest.mark.parametrize("messages", [[], [{"role": "user", "content": 5}], [{"role": "wizard", "content": "x"}]])
async def test_bad_messages_never_go_upstream(client: openai.AsyncOpenAI, world: World, messages: Any) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await client.chat.completions.create(model=MODEL, messages=messages)
    assert caught.value.param is not None
    assert caught.value.param.startswith("messages")
    assert not world.seen


async def test_reasoning_is_shown_beside_the_text(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(
        model="GigaChat-2-Reasoning", messages=user("hi"), reasoning_effort="high"
    )
    assert answer.choices[0].message.reasoning_content  # type: ignore[attr-defined]  # GigaChat's and DeepSeek's field
    stream = await client.chat.completions.create(
        model="GigaChat-2-Reasoning", messages=user("hi"), reasoning_effort="high", stream=True
    )
    thoughts = [getattr(part.choices[0].delta, "reasoning_content", None) async for part in stream]
    assert any(thoughts)


async def test_a_filtered_answer_says_so(client: openai.AsyncOpenAI, world: World) -> None:
    world.script("blacklist", "blacklist")
    assert (await ask(client, "x")).choices[0].finish_reason == "content_filter"
    assert (await chunks(client, "x"))[-1].choices[0].finish_reason == "content_filter"


async def test_an_answer_that_was_too_long_says_so(client: openai.AsyncOpenAI, world: World) -> None:
    world.script("length")
    assert (await ask(client, "x")).choices[0].finish_reason == "length"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_generated_picture_comes_as_usable_content(
    client: openai.AsyncOpenAI, world: World, stream: bool
) -> None:
    builtin: Any = {"type": "image_generation"}
    answer = await ask(client, "Draw a red bridge", stream=stream, tools=[builtin])
    assert world.sent["functions"] == [{"name": "text2image"}]
    text = text_of([part async for part in answer]) if stream else answer.choices[0].message.content
    assert "](data:image/" in text
    assert "<img" not in text
    data = text.split("base64,")[1].split(")")[0]
    assert len(base64.b64decode(data)) > 50


async def test_the_prompt_cache_is_hit_by_itself(client: openai.AsyncOpenAI, world: World) -> None:
    system: Any = {"role": "system", "content": "You are a careful librarian. " * 20}
    first = await client.chat.completions.create(model=MODEL, messages=[system, *user("One?")])
    talk: Any = [system, *user("One?"), first.choices[0].message, *user("Two?")]
    second = await client.chat.completions.create(model=MODEL, messages=talk)
    assert second.usage is not None
    assert second.usage.prompt_tokens_details is not None
    assert second.usage.prompt_tokens_details.cached_tokens
    sessions = {seen.headers["x-session-id"] for seen in world.seen}
    assert len(sessions) == 1


async def test_sessions_and_users_are_not_shared_between_tenants(world: World) -> None:
    async with world.client(OTHER_KEY) as other:
        for client in (world.openai, other):
            await ask(client, "hi", user="ann")
            await ask(client, "hi", extra_headers={"X-Session-ID": "mine"})
    sessions = [seen.headers["x-session-id"] for seen in world.seen]
    assert len(set(sessions)) == 4
    assert "mine" not in sessions
    clients = [seen.headers.get("x-client-id") for seen in world.seen]
    assert clients[0] != clients[2]
    assert clients[1] is None
    assert "ann" not in (clients[0] or "")


async def test_a_state_id_is_opened_only_for_its_owner(world: World) -> None:
    first = await ask(world.openai, "call time", tools=[TIME])
    call = first.choices[0].message.tool_calls[0]
    history: Any = [
        *user("call time"),
        first.choices[0].message,
        {"role": "tool", "tool_call_id": call.id, "content": "1"},
    ]
    await world.openai.chat.completions.create(model=MODEL, messages=history, tools=[TIME])
    assert world.sent["messages"][1]["functions_state_id"]
    async with world.client(OTHER_KEY) as other:
        await other.chat.completions.create(model=MODEL, messages=history, tools=[TIME])
    assert "functions_state_id" not in world.sent["messages"][1]


PNG = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
        "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
    )
).decode()


async def test_an_image_is_uploaded_and_attached_once(client: openai.AsyncOpenAI, world: World) -> None:
    content: Any = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}", "detail": "low"}},
    ]
    for _ in range(2):
        raw = await client.chat.completions.with_raw_response.create(
            model=MODEL, messages=[{"role": "user", "content": content}]
        )
        assert raw.headers["x-gigamost-ignored"] == "messages.content.image_url.detail"
        assert "PNG" in (raw.parse().choices[0].message.content or "")
    uploads = [seen for seen in world.gigachat.app.log.at("/files") if seen.method == "POST"]
    assert len(uploads) == 1
    assert len(world.sent["messages"][0]["attachments"]) == 1


async def test_an_image_for_a_model_without_vision_names_those_with_it(client: openai.AsyncOpenAI) -> None:
    content: Any = [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}]
    with pytest.raises(openai.BadRequestError, match="GigaChat-2-Max"):
        await client.chat.completions.create(model="GigaChat-2", messages=[{"role": "user", "content": content}])


async def test_a_thread_of_gigachat_is_sealed_for_its_tenant(world: World) -> None:
    """`storage` is GigaChat's own: the id of the conversation that it keeps is shown sealed, and opened only for the
    tenant that it was shown to."""
    kept = await ask(world.openai, "x", extra_body={"storage": {"is_stateful": True}})
    assert kept.thread_id.startswith("thread")
    parts = await chunks(world.openai, "x", extra_body={"storage": {"thread_id": kept.thread_id}})
    assert parts[-1].thread_id == kept.thread_id
    inside = world.sent["storage"]["thread_id"]
    assert inside not in kept.thread_id
    with pytest.raises(openai.BadRequestError, match="assistant_id"):
        await ask(world.openai, "x", extra_body={"storage": {"assistant_id": inside}})
    async with world.client(OTHER_KEY) as other:
        for stolen in (kept.thread_id, inside):
            with pytest.raises(openai.BadRequestError, match="no thread of yours"):
                await ask(other, "x", extra_body={"storage": {"thread_id": stolen}})
