"""Ollama's API by its official client, and by LangChain's."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import ollama
import pytest
from langchain_core.tools import tool
from langchain_ollama import ChatOllama, OllamaEmbeddings
from pydantic import BaseModel

from tests.gateway.conftest import KEY, World

MODEL = "GigaChat-2-Max"
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get weather",
        "description": "Weather in a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city", "days"],
        },
    },
}
TIME: Any = {"type": "function", "function": {"name": "time", "description": "Time now", "parameters": {}}}
PNG = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
        "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
    )
).decode()


def user(text: str, **fields: Any) -> Any:
    return [{"role": "user", "content": text, **fields}]


@pytest.fixture
async def client(world: World) -> AsyncIterator[ollama.AsyncClient]:
    async with ollama.AsyncClient(host=world.base, headers={"Authorization": f"Bearer {KEY}"}, timeout=20) as made:
        yield made


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=world.base, headers={"Authorization": f"Bearer {KEY}"}, timeout=20) as made:
        yield made


async def parts_of(client: ollama.AsyncClient, text: str, **fields: Any) -> list[ollama.ChatResponse]:
    return [part async for part in await client.chat(MODEL, user(text), stream=True, **fields)]


async def test_an_answer(client: ollama.AsyncClient) -> None:
    answer = await client.chat("gpt-4o:latest", user("Say 'Hello' and nothing else"))
    assert answer.model == "gpt-4o:latest"
    assert answer.message.content == "Hello."
    assert (answer.done, answer.done_reason) == (True, "stop")
    assert (answer.prompt_eval_count, answer.eval_count) == (17, 3)
    assert answer.total_duration
    assert answer.eval_duration


async def test_a_stream(client: ollama.AsyncClient) -> None:
    parts = await parts_of(client, "[[emulator: long=40; delay=0.001]] go")
    assert len(parts) > 5
    assert len("".join(part.message.content or "" for part in parts).split()) == 40
    assert [part.done for part in parts] == [False] * (len(parts) - 1) + [True]
    assert parts[-1].prompt_eval_count
    assert (parts[-1].total_duration or 0) > (parts[-1].prompt_eval_duration or 0) > 0


async def test_streaming_is_the_default(http: httpx.AsyncClient) -> None:
    for path, fields in (("/api/chat", {"messages": user("hi")}), ("/api/generate", {"prompt": "hi"})):
        answer = await http.post(path, json={"model": MODEL, **fields})
        assert answer.headers["content-type"] == "application/x-ndjson"
        lines = [json.loads(line) for line in answer.text.splitlines()]
        assert [line["done"] for line in lines] == [False] * (len(lines) - 1) + [True]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_tool_is_called_and_its_result_used(client: ollama.AsyncClient, world: World, stream: bool) -> None:
    messages = user('What is the weather in "Omsk" for 3 days?')
    tools = [WEATHER, TIME]
    if stream:
        parts = [part async for part in await client.chat(MODEL, messages, tools=tools, stream=True)]
        (message,) = [part.message for part in parts if part.message.tool_calls]
    else:
        message = (await client.chat(MODEL, messages, tools=tools)).message
    assert message.tool_calls is not None
    (call,) = message.tool_calls
    assert (call.function.name, call.function.arguments) == ("get weather", {"city": "Omsk", "days": 3})
    result = {"role": "tool", "content": "+5, snow", "tool_name": "get weather"}
    answer = await client.chat(MODEL, [*messages, message, result], tools=tools)
    assert "snow" in (answer.message.content or "")
    assert [sent["role"] for sent in world.sent["messages"]] == ["user", "assistant", "function"]


@pytest.mark.parametrize("told_by", ["id", "name", "nothing"])
async def test_parallel_results_find_their_calls(http: httpx.AsyncClient, world: World, told_by: str) -> None:
    """Agents send ids, Ollama's own clients names, LangChain neither; and a user's message may follow (OpenClaw)."""
    cities = ("Omsk", "Tomsk", "Perm")
    calls: Any = [
        {"id": f"ollama_call_{city}", "function": {"name": f"in {city}", "arguments": {"city": city}}}
        for city in cities
    ]
    told: Any = {
        "id": lambda city: {"tool_call_id": f"ollamacall{city}", "tool_name": f"in {city}"},
        "name": lambda city: {"tool_name": f"in {city}"},
        "nothing": lambda city: {},
    }[told_by]
    order = cities if told_by == "nothing" else cities[::-1]
    results = [{"role": "tool", "content": city, **told(city)} for city in order]
    messages = [*user("Weather?"), {"role": "assistant", "tool_calls": calls}, *results, *user("Runtime context")]
    answer = await http.post("/api/chat", json={"model": MODEL, "messages": messages, "stream": False, "options": {}})
    assert answer.status_code == 200
    assert "x-gigamost-ignored" not in answer.headers
    pairs = world.sent["messages"][1:7]
    assert [pair["function_call"]["arguments"]["city"] for pair in pairs[::2]] == list(cities)
    assert [json.loads(pair["content"])["result"] for pair in pairs[1::2]] == list(cities)


async def test_the_id_of_a_call_carries_its_state(http: httpx.AsyncClient, world: World) -> None:
    asked = {"model": MODEL, "messages": user("call time"), "tools": [TIME], "stream": False}
    message = (await http.post("/api/chat", json=asked)).json()["message"]
    assert message["tool_calls"][0]["id"].isalnum()
    result = {"role": "tool", "content": "12:00", "tool_call_id": message["tool_calls"][0]["id"]}
    await http.post("/api/chat", json={**asked, "messages": [*user("call time"), message, result]})
    assert world.sent["messages"][1]["functions_state_id"]


class Weather(BaseModel):
    city: str
    days: int


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_that_fits_a_schema(client: ollama.AsyncClient, world: World, stream: bool) -> None:
    schema = Weather.model_json_schema()
    prompt = 'The city is "Omsk", days: 3'
    if stream:
        text = "".join(part.message.content or "" for part in await parts_of(client, prompt, format=schema))
    else:
        text = (await client.chat(MODEL, user(prompt), format=schema)).message.content or ""
    assert Weather.model_validate_json(text) == Weather(city="Omsk", days=3)
    assert world.sent["response_format"]["type"] == "json_schema"


async def test_any_json(client: ollama.AsyncClient) -> None:
    answer = await client.chat(MODEL, user('Say {"a": 1} in JSON'), format="json")
    assert isinstance(json.loads(answer.message.content or ""), dict)


@pytest.mark.parametrize("form", [PNG, f"data:image/png;base64,{PNG}"])
async def test_an_image_is_uploaded_and_attached(http: httpx.AsyncClient, world: World, form: str) -> None:
    for path, fields in (
        ("/api/chat", {"messages": user("What is this?", images=[form])}),
        ("/api/generate", {"prompt": "What is this?", "images": [form]}),
    ):
        answer = await http.post(path, json={"model": MODEL, "stream": False, **fields})
        said = answer.json()
        assert "PNG" in (said["message"]["content"] if path == "/api/chat" else said["response"])
        assert len(world.sent["messages"][0]["attachments"]) == 1


async def test_options_go_up_or_are_listed(http: httpx.AsyncClient, world: World) -> None:
    options = {"temperature": 0, "num_predict": 99_999, "repeat_penalty": 1.2, "num_ctx": 4096, "seed": 1}
    fields = {"options": options, "think": True, "keep_alive": "5m", "stream": False}
    answer = await http.post("/api/chat", json={"model": MODEL, "messages": user("hi"), **fields})
    assert set(answer.headers["x-gigamost-ignored"].split(", ")) == {
        "options.num_ctx",
        "options.seed",
        "options.num_predict",
        "think",
    }
    sent = world.sent
    assert (sent["top_p"], sent["max_tokens"], sent["repetition_penalty"]) == (0, 8192, 1.2)


@pytest.mark.parametrize("stream", [False, True])
async def test_stop_cuts_the_text(client: ollama.AsyncClient, stream: bool) -> None:
    options: Any = {"stop": ["word7"]}
    if stream:
        parts = await parts_of(client, "[[emulator: long=40]] go", options=options)
        text, reason = "".join(part.message.content or "" for part in parts), parts[-1].done_reason
    else:
        answer = await client.chat(MODEL, user("[[emulator: long=40]] go"), options=options)
        text, reason = answer.message.content or "", answer.done_reason
    assert text.split() == [f"word{n}" for n in range(1, 7)]
    assert reason == "stop"


async def test_thoughts_are_shown_apart(client: ollama.AsyncClient) -> None:
    answer = await client.chat("GigaChat-2-Reasoning", user("hi"), think="high")
    assert answer.message.thinking
    assert answer.message.content
    parts = [part async for part in await client.chat("GigaChat-2-Reasoning", user("hi"), think="high", stream=True)]
    assert any(part.message.thinking for part in parts)


async def test_a_filtered_and_a_cut_answer_say_so(client: ollama.AsyncClient, world: World) -> None:
    world.script("blacklist", "blacklist", "length")
    assert (await client.chat(MODEL, user("x"))).done_reason == "content_filter"
    assert (await parts_of(client, "x"))[-1].done_reason == "content_filter"
    assert (await client.generate(MODEL, "x")).done_reason == "length"


async def test_a_prompt_is_completed(client: ollama.AsyncClient, world: World) -> None:
    answer = await client.generate(MODEL, "Say 'Hello' and nothing else", system="Be brief.")
    assert (answer.response, answer.done_reason) == ("Hello.", "stop")
    assert [message["role"] for message in world.sent["messages"]] == ["system", "user"]
    parts = [part async for part in await client.generate(MODEL, "[[emulator: long=9]] go", stream=True)]
    assert len("".join(part.response or "" for part in parts).split()) == 9


async def test_a_model_is_always_loaded(client: ollama.AsyncClient, world: World) -> None:
    """`ollama run` begins with this, and gives up when it fails."""
    for keep_alive, reason in (("5m", "load"), (0, "unload")):
        answer = await client.generate(MODEL, keep_alive=keep_alive)
        assert (answer.response, answer.done, answer.done_reason) == ("", True, reason)
        assert [part.done_reason async for part in await client.generate(MODEL, stream=True)] == ["load"]
    with pytest.raises(ollama.ResponseError, match="does not exist"):
        await client.generate("llama3.2")
    assert not world.seen


async def test_a_gap_is_filled_by_instruction(client: ollama.AsyncClient, world: World) -> None:
    await client.generate(MODEL, "def add(a, b):", suffix="print(add(1, 2))")
    system, asked = world.sent["messages"]
    assert "gap" in system["content"]
    assert asked["content"].index("def add(a, b):") < asked["content"].index("print(add(1, 2))")


async def test_vectors(client: ollama.AsyncClient) -> None:
    answer = await client.embed("Embeddings", ["one", "two"])
    assert len(answer.embeddings) == 2
    for vector in answer.embeddings:
        assert len(vector) == 1024
        assert sum(each * each for each in vector) == pytest.approx(1)
    assert answer.prompt_eval_count
    older = await client.embeddings("text-embedding-3-small", "one")
    length = sum(each * each for each in older.embedding) ** 0.5
    assert [each / length for each in older.embedding] == pytest.approx(answer.embeddings[0])
    with pytest.raises(ollama.ResponseError, match="1024"):
        await client.embed("Embeddings", "one", dimensions=3)


async def test_models(client: ollama.AsyncClient) -> None:
    names = [model.model for model in (await client.list()).models]
    assert f"{MODEL}:latest" in names
    assert "Embeddings:latest" in names
    assert "GigaFilter:latest" not in names
    for name in (MODEL, f"{MODEL}:latest", "gpt-4o"):
        shown = await client.show(name)
        assert "tools" in (shown.capabilities or [])
        assert (shown.modelinfo or {})["gigachat.context_length"] == 131_072
    assert (await client.ps()).models == []
    for each in names:
        assert (await client.pull(each or "")).status == "success"
    assert [part.status async for part in await client.pull(MODEL, stream=True)] == ["success"]


async def test_what_a_gateway_cannot_do_is_said(client: ollama.AsyncClient, http: httpx.AsyncClient) -> None:
    for doing in (
        client.push("x"),
        client.create("x", from_="y"),
        client.copy("x", "y"),
        client.delete("x"),
    ):
        with pytest.raises(ollama.ResponseError, match="belong to GigaChat") as caught:
            await doing
        assert caught.value.status_code == 501
    assert (await http.head("/api/blobs/sha256:abc")).status_code == 404
    assert (await http.post("/api/blobs/sha256:abc", content=b"x")).status_code == 501
    for name in ("llama3.2", "llama3.2:latest"):
        for path in ("/api/pull", "/api/show"):
            answer = await http.post(path, json={"model": name})
            assert answer.status_code == 404
            assert "`llama3.2`" in answer.json()["error"]


async def test_refusals_have_ollamas_form(client: ollama.AsyncClient, world: World) -> None:
    with pytest.raises(ollama.ResponseError, match="logprobs") as caught:
        await client.chat(MODEL, user("x"), logprobs=True)
    assert caught.value.status_code == 400
    with pytest.raises(ollama.ResponseError, match="does not exist") as caught:
        await client.chat("llama3.2", user("x"))
    assert caught.value.status_code == 404
    world.script("status=429; retry_after=30")
    with pytest.raises(ollama.ResponseError) as caught:
        await client.chat(MODEL, user("x"))
    assert caught.value.status_code == 429


async def test_an_answer_that_breaks_off_ends_in_an_error(client: ollama.AsyncClient, world: World) -> None:
    world.script("cut=900; long=200; delay=0.01")
    with pytest.raises(ollama.ResponseError, match=r"broke off|closed"):
        await parts_of(client, "x")


async def test_a_stranger_is_refused_and_what_is_open_is_not(world: World) -> None:
    async with httpx.AsyncClient(base_url=world.base) as stranger:
        for path in ("/api/tags", "/api/ps"):
            answer = await stranger.get(path)
            assert answer.status_code == 401
            assert "key" in answer.json()["error"]
        assert (await stranger.post("/api/chat", json={"model": MODEL, "messages": user("x")})).status_code == 401
        assert (await stranger.get("/")).text == "Ollama is running"
        head = await stranger.head("/")
        assert (head.status_code, head.content) == (200, b"")
        assert (await stranger.get("/", headers={"accept": "text/html"})).json()["gateway"] == "gigamost"
        assert (await stranger.get("/api/version")).json()["version"]


async def test_langchain(world: World) -> None:
    @tool
    def time() -> str:
        """Time now"""
        return "12:00"

    at: Any = {"base_url": world.base, "client_kwargs": {"headers": {"Authorization": f"Bearer {KEY}"}}}
    # It looks for the model in the list by itself, and blocks for that: not in the gateway's own thread.
    model = await asyncio.to_thread(ChatOllama, model=MODEL, validate_model_on_init=True, **at)
    assert (await model.ainvoke("Say 'Hello' and nothing else")).content == "Hello."
    with_tools = model.bind_tools([time])
    asked: Any = await with_tools.ainvoke("call time")
    assert [call["name"] for call in asked.tool_calls] == ["time"]
    answer = await with_tools.ainvoke([("user", "call time"), asked, time.invoke(asked.tool_calls[0])])
    assert "12:00" in str(answer.content)
    shaped: Any = await model.with_structured_output(Weather).ainvoke('The city is "Omsk", days: 3')
    assert shaped == Weather(city="Omsk", days=3)
    embeddings = OllamaEmbeddings(model="Embeddings", **at)
    (vector,) = await embeddings.aembed_documents(["one"])
    assert len(vector) == 1024
    for made in (model, embeddings):  # they have no way to be closed
        assert made._client is not None
        assert made._async_client is not None
        with made._client:
            async with made._async_client:
                pass
