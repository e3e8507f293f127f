"""The official Python SDK's v2 calls against the emulator, unchanged, over a real socket."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
from gigachat import GigaChat
from gigachat.exceptions import BadRequestError, NotFoundError, RateLimitError, ResponseError
from pydantic import BaseModel, Field

from gigamost.emulator import EmulatorSettings, Running, build
from tests.emulator.test_sdk import sdk
from tests.emulator.test_v2 import TOOLS


@pytest.fixture
async def client() -> AsyncIterator[GigaChat]:
    async with Running(build(EmulatorSettings())) as running, sdk(running) as made:
        yield made


class Answer(BaseModel):
    answer: str
    n: int = Field(ge=0, le=10)


def asked(text: str, **fields: Any) -> dict[str, Any]:
    return {"model": "GigaChat-3-Ultra", "messages": [{"role": "user", "content": text}], **fields}


def text_of(message: Any) -> str:
    return "".join(part.text or "" for part in message.content)


async def test_create(client: GigaChat) -> None:
    answer = await client.achat.create("Reply with exactly Hello")
    assert (answer.finish_reason, answer.messages[0].role) == ("stop", "assistant")
    assert text_of(answer.messages[0]) == "Hello"
    assert answer.usage is not None
    assert answer.usage.total_tokens == (answer.usage.input_tokens or 0) + (answer.usage.output_tokens or 0)


async def test_stream(client: GigaChat) -> None:
    whole = text_of((await client.achat.create("Расскажи сказку о репке")).messages[0])
    chunks = [chunk async for chunk in client.achat.stream("Расскажи сказку о репке")]
    assert "".join(text_of(message) for chunk in chunks for message in chunk.messages or ()) == whole
    assert [chunk.event for chunk in chunks[-2:]] == ["response.message.delta", "response.message.done"]
    assert chunks[-1].usage is not None


async def test_parse(client: GigaChat) -> None:
    _, parsed = await client.achat.parse(asked('Return {"answer":"ok","n":3} exactly.'), response_format=Answer)
    assert parsed == Answer(answer="ok", n=3)


async def test_a_regex(client: GigaChat) -> None:
    pattern = {"type": "regex", "regex": r"[A-Z]{3}-\d{4}"}
    answer = await client.achat.create(asked("Generate one support ticket code.", response_format=pattern))
    assert text_of(answer.messages[0])[:4] == "ONE-"
    assert text_of(answer.messages[0])[4:].isdigit()


async def test_functions_there_and_back(client: GigaChat) -> None:
    request = asked("What is the weather in Paris and Rome?", tools=TOOLS)
    called = await client.achat.create(request)
    assert called.finish_reason == "function_call"
    calls = [part.function_call for part in called.messages[0].content or () if part.function_call]
    assert [call.arguments["city"] for call in calls] == ["Paris", "Rome"]
    assert called.messages[0].tools_state_id
    results = [
        {
            "role": "tool",
            "content": [{"function_result": {"name": call.name, "result": {"sky": call.arguments["city"]}}}],
        }
        for call in calls
    ]
    history = [*request["messages"], called.messages[0].model_dump(exclude_none=True, by_alias=True), *results]
    told = await client.achat.create({**request, "messages": history})
    assert "Paris" in text_of(told.messages[0])
    assert text_of(told.messages[0]).index("Paris") < text_of(told.messages[0]).index("Rome")


async def test_builtin_tools(client: GigaChat) -> None:
    chunks = [chunk async for chunk in client.achat.stream(asked("Draw a cat", tools=["image_generate"]))]
    parts = [part for chunk in chunks for message in chunk.messages or () for part in message.content or ()]
    assert [part.tool_execution.status for part in parts if part.tool_execution][-1] == "success"
    (file,) = [file for part in parts for file in part.files or ()]
    assert (file.mime, file.target) == ("image/jpeg", "image")
    picture = await client.aget_image(file.id_)
    assert base64.b64decode(picture.content)[:3] == b"\xff\xd8\xff"
    found = await client.achat.create(asked("Find news about rain", tools=["web_search"]))
    part = (found.messages[0].content or [])[0]
    assert part.inline_data is not None
    assert part.inline_data.sources is not None
    assert set(part.inline_data.sources) == {"1", "2"}


async def test_storage(client: GigaChat) -> None:
    first = await client.achat.create(asked("My name is Ann", storage=True))
    assert first.thread_id
    assert first.message_id
    then = await client.achat.create(asked("What is my name?", storage={"thread_id": first.thread_id}))
    assert (text_of(then.messages[0]), then.thread_id) == ("Your name is Ann.", first.thread_id)


async def test_refusals_arrive(client: GigaChat) -> None:
    with pytest.raises(NotFoundError):
        await client.achat.create(asked("Hi", model="gpt-4o"))
    with pytest.raises(BadRequestError):
        await client.achat.create(asked("Hi", tools=[{"type": "function", "function": {"name": "f"}}]))
    with pytest.raises(ResponseError) as caught:
        await client.achat.create(asked("Hi", model_options={"temperature": -1}))
    assert caught.value.status_code == 422
    with pytest.raises(RateLimitError):
        await client.achat.create(asked("Hi [[emulator: status=429]]"))
