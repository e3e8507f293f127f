"""The Gemini API by Google's own client, and by requests as other clients write them."""

import asyncio
import base64
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from google import genai
from google.genai import errors, types
from pydantic import BaseModel

from tests.gateway.conftest import KEY, OTHER_KEY, World
from tests.gateway.test_chat import PNG

MODEL = "GigaChat-2-Max"
LONG = "[[emulator: long=40; delay=0.001]] go"


def client_of(world: World, key: str = KEY, **options: Any) -> genai.Client:
    return genai.Client(api_key=key, http_options=types.HttpOptions(base_url=world.base, **options))


@pytest.fixture(params=["v1", "v1beta"])
async def client(world: World, request: pytest.FixtureRequest) -> AsyncIterator[genai.client.AsyncClient]:
    made = client_of(world, api_version=request.param)
    async with made.aio as asynchronous:
        yield asynchronous
    made.close()


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """For requests that the official client does not send."""
    async with httpx.AsyncClient(base_url=world.base, headers={"x-goog-api-key": KEY}, timeout=20) as made:
        yield made


async def ask(client: genai.client.AsyncClient, contents: Any, **config: Any) -> types.GenerateContentResponse:
    wanted = types.GenerateContentConfig(**config)
    return await client.models.generate_content(model=MODEL, contents=contents, config=wanted)


async def chunks(client: genai.client.AsyncClient, contents: Any, **config: Any) -> list[types.GenerateContentResponse]:
    wanted = types.GenerateContentConfig(**config)
    stream = await client.models.generate_content_stream(model=MODEL, contents=contents, config=wanted)
    return [chunk async for chunk in stream]


def text_of(parts: list[types.GenerateContentResponse]) -> str:
    return "".join(part.text or "" for part in parts)


def finish_of(answer: types.GenerateContentResponse) -> types.FinishReason | None:
    assert answer.candidates
    return answer.candidates[0].finish_reason


def weather(city: str, days: int) -> dict[str, str]:
    """Weather in a city."""
    return {"city": city, "sky": f"snow for {days} days"}


WEATHER = types.FunctionDeclaration(
    name="weather",
    description="Weather in a city",
    parameters=types.Schema(
        type=types.Type.OBJECT,
        properties={
            "city": types.Schema(type=types.Type.STRING),
            "days": types.Schema(type=types.Type.INTEGER, nullable=True),
        },
        required=["city", "days"],
        property_ordering=["days", "city"],
    ),
)
TIME = types.FunctionDeclaration(name="time", description="Time now")
TOOLS = [types.Tool(function_declarations=[WEATHER, TIME])]


def calling(mode: str, *names: str) -> types.ToolConfig:
    config = types.FunctionCallingConfig(mode=mode, allowed_function_names=list(names) or None)  # type: ignore[arg-type]  # the SDK takes strings
    return types.ToolConfig(function_calling_config=config)


# ---- chat


async def test_an_answer(client: genai.client.AsyncClient) -> None:
    answer = await client.models.generate_content(model="gemini-2.5-pro", contents="Say 'Hello' and nothing else")
    assert answer.text == "Hello."
    assert (answer.model_version, finish_of(answer)) == ("gemini-2.5-pro", types.FinishReason.STOP)
    usage = answer.usage_metadata
    assert usage is not None
    assert (usage.prompt_token_count, usage.candidates_token_count, usage.total_token_count) == (17, 3, 20)
    assert answer.response_id


async def test_a_stream(client: genai.client.AsyncClient) -> None:
    said = await chunks(client, LONG)
    assert len(said) > 2
    assert len(text_of(said).split()) == 40
    assert [finish_of(chunk) for chunk in said] == [None] * (len(said) - 1) + [types.FinishReason.STOP]
    assert said[-1].usage_metadata is not None
    assert said[-1].usage_metadata.total_token_count
    assert len({chunk.response_id for chunk in said}) == 1


async def test_the_synchronous_client(world: World) -> None:
    def talk() -> tuple[str | None, str]:
        with client_of(world) as client:
            whole = client.models.generate_content(model=MODEL, contents="Say 'Hello' and nothing else")
            stream = client.models.generate_content_stream(model=MODEL, contents=LONG)
            return whole.text, text_of(list(stream))

    whole, streamed = await asyncio.to_thread(talk)
    assert whole == "Hello."
    assert len(streamed.split()) == 40


async def test_a_chat_with_a_system_instruction(client: genai.client.AsyncClient, world: World) -> None:
    config = types.GenerateContentConfig(system_instruction=["Будь добр.", "Answer shortly."], temperature=0)
    chat = client.chats.create(model=MODEL, config=config)
    await chat.send_message("Привет, мир 🙂")
    last = [chunk async for chunk in await chat.send_message_stream("Again")]
    assert "Again" in text_of(last)
    sent = world.sent["messages"]
    assert [message["role"] for message in sent] == ["system", "user", "assistant", "user"]
    assert sent[0]["content"] == "Будь добр.\nAnswer shortly."
    assert sent[1]["content"] == "Привет, мир 🙂"
    assert world.sent["top_p"] == 0


async def test_vertex(world: World) -> None:
    options = types.HttpOptions(base_url=world.base)
    async with genai.Client(vertexai=True, api_key=KEY, http_options=options).aio as client:
        assert (await ask(client, "Say 'Hello' and nothing else")).text == "Hello."
        assert len(text_of(await chunks(client, LONG)).split()) == 40
        assert (await client.models.count_tokens(model=MODEL, contents="hello")).total_tokens
        texts: Any = ["a", "b"]
        made = await client.models.embed_content(model="gemini-embedding-001", contents=texts)
        assert [len(vector.values or ()) for vector in made.embeddings or ()] == [1024, 1024]
        names = [model.name async for model in await client.models.list()]
        assert f"publishers/google/models/{MODEL}" in names


@pytest.mark.parametrize("scope", ["", "/projects/p/locations/global"])
@pytest.mark.parametrize("version", ["v1", "v1beta1"])
async def test_paths_of_vertex(http: httpx.AsyncClient, version: str, scope: str) -> None:
    said = await http.post(
        f"/{version}{scope}/publishers/google/models/{MODEL}:generateContent",
        json={"contents": {"parts": {"text": "hi"}}},
    )
    assert said.status_code == 200
    assert said.json()["candidates"][0]["finishReason"] == "STOP"


# ---- functions


@pytest.mark.parametrize("stream", [False, True])
async def test_python_functions_are_called_by_the_sdk_itself(
    client: genai.client.AsyncClient, world: World, stream: bool
) -> None:
    chat = client.chats.create(model=MODEL, config=types.GenerateContentConfig(tools=[weather]))
    prompt = 'What is the weather in "Omsk" for 3 days?'
    if stream:
        text = text_of([chunk async for chunk in await chat.send_message_stream(prompt)])
    else:
        text = (await chat.send_message(prompt)).text or ""
    assert "snow for 3 days" in text
    assert [message["role"] for message in world.sent["messages"]] == ["user", "assistant", "function"]
    assert world.sent["messages"][1]["functions_state_id"]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_call_and_its_result(client: genai.client.AsyncClient, world: World, stream: bool) -> None:
    prompt = 'weather in "Omsk" for 3 days'
    config: Any = {"tools": TOOLS, "tool_config": calling("ANY", "weather")}
    answer = (await chunks(client, prompt, **config))[-1] if stream else await ask(client, prompt, **config)
    assert answer.function_calls
    (call,) = answer.function_calls
    assert finish_of(answer) is types.FinishReason.STOP
    assert (call.name, call.args) == ("weather", {"city": "Omsk", "days": 3})
    assert call.id is not None
    assert call.id.isalnum()
    assert answer.candidates
    result = types.Part.from_function_response(name="weather", response={"output": "+5, snow"})
    history: Any = [prompt, answer.candidates[0].content, types.Content(role="user", parts=[result])]
    again = await ask(client, history, tools=TOOLS)
    assert "+5, snow" in (again.text or "")
    properties = world.sent["functions"][0]["parameters"]["properties"]
    assert list(properties) == ["days", "city"]
    assert properties["days"]["type"] == "integer"


async def test_parallel_calls_without_ids_keep_their_order(client: genai.client.AsyncClient, world: World) -> None:
    cities = ("Omsk", "Tomsk", "Perm")
    calls = [types.Part.from_function_call(name="weather", args={"city": city, "days": 1}) for city in cities]
    results = [types.Part.from_function_response(name="weather", response={"sky": city}) for city in cities]
    history: Any = [
        types.Content(role="user", parts=[types.Part(text="Weather?")]),
        types.Content(role="model", parts=calls),
        types.Content(role="user", parts=results),
    ]
    await ask(client, history, tools=TOOLS)
    pairs = world.sent["messages"][1:]
    assert [pair["function_call"]["arguments"]["city"] for pair in pairs[::2]] == list(cities)
    assert [json.loads(pair["content"])["sky"] for pair in pairs[1::2]] == list(cities)


async def test_function_calling_modes(client: genai.client.AsyncClient, world: World) -> None:
    any_of_two = await ask(client, "hello", tools=TOOLS, tool_config=calling("ANY"))
    assert len(any_of_two.function_calls or ()) == 1
    one = await ask(client, "hello", tools=TOOLS, tool_config=calling("ANY", "time"))
    assert [call.name for call in one.function_calls or ()] == ["time"]
    none = await ask(client, "call time", tools=TOOLS, tool_config=calling("NONE"))
    assert not none.function_calls
    validated = await ask(client, "call time", tools=TOOLS, tool_config=calling("VALIDATED", "time"))
    assert [call.name for call in validated.function_calls or ()] == ["time"]
    assert [function["name"] for function in world.sent["functions"]] == ["time"]


# ---- form of the answer


class Person(BaseModel):
    name: str
    age: int
    tags: list[str]


@pytest.mark.parametrize("model", [MODEL, "GigaChat-3-Ultra"])
@pytest.mark.parametrize("field", ["response_schema", "response_json_schema"])
async def test_structured_output(client: genai.client.AsyncClient, model: str, field: str) -> None:
    schema: Any = Person if field == "response_schema" else Person.model_json_schema()
    fields: dict[str, Any] = {"response_mime_type": "application/json", field: schema}
    config = types.GenerateContentConfig(**fields)
    answer = await client.models.generate_content(model=model, contents="Anna is 30", config=config)
    Person.model_validate_json(answer.text or "")
    if field == "response_schema":
        assert isinstance(answer.parsed, Person)
    stream = await client.models.generate_content_stream(model=model, contents="Anna is 30", config=config)
    Person.model_validate_json(text_of([chunk async for chunk in stream]))


async def test_a_schema_of_no_object(client: genai.client.AsyncClient, world: World) -> None:
    many: Any = {"response_mime_type": "application/json", "response_schema": list[Person]}
    answer = await ask(client, "Anna is 30", **many)
    people: Any = answer.parsed
    assert people
    assert all(isinstance(each, Person) for each in people)
    assert isinstance(json.loads(text_of(await chunks(client, "Anna is 30", **many))), list)
    one: Any = {"response_mime_type": "text/x.enum", "response_schema": {"type": "STRING", "enum": ["red", "blue"]}}
    assert (await ask(client, "A colour", **one)).text in ("red", "blue")
    assert text_of(await chunks(client, "A colour", **one)) in ("red", "blue")


async def test_json_without_a_schema(client: genai.client.AsyncClient) -> None:
    answer = await ask(client, "JSON please", response_mime_type="application/json")
    assert isinstance(json.loads(answer.text or ""), dict)


@pytest.mark.parametrize("stream", [False, True])
async def test_stop_cuts_the_text(client: genai.client.AsyncClient, stream: bool) -> None:
    prompt = "[[emulator: long=500]] go"
    said = (
        await chunks(client, prompt, stop_sequences=["word7"])
        if stream
        else [await ask(client, prompt, stop_sequences=["word7"])]
    )
    assert text_of(said).split() == [f"word{n}" for n in range(1, 7)]
    assert finish_of(said[-1]) is types.FinishReason.STOP


async def test_finish_reasons(client: genai.client.AsyncClient, world: World) -> None:
    world.script("blacklist", "blacklist", "length")
    assert finish_of(await ask(client, "x")) is types.FinishReason.SAFETY
    assert finish_of((await chunks(client, "x"))[-1]) is types.FinishReason.SAFETY
    assert finish_of(await ask(client, "x")) is types.FinishReason.MAX_TOKENS


async def test_thoughts(client: genai.client.AsyncClient) -> None:
    for include in (True, False):
        thinking = types.ThinkingConfig(include_thoughts=include, thinking_level=types.ThinkingLevel.HIGH)
        config = types.GenerateContentConfig(thinking_config=thinking)
        answer = await client.models.generate_content(model="GigaChat-2-Reasoning", contents="hi", config=config)
        stream = await client.models.generate_content_stream(model="GigaChat-2-Reasoning", contents="hi", config=config)
        for said in ([answer], [chunk async for chunk in stream]):
            assert any(part.thought for each in said for part in each.parts or ()) is include
            assert text_of(said)


async def test_a_picture_is_drawn(client: genai.client.AsyncClient, world: World) -> None:
    for said in (
        [await ask(client, "Draw a red bridge", response_modalities=["TEXT", "IMAGE"])],
        await chunks(client, "Draw a red bridge", response_modalities=["TEXT", "IMAGE"]),
    ):
        blobs = [part.inline_data for each in said for part in each.parts or () if part.inline_data]
        assert [blob.mime_type for blob in blobs] == ["image/jpeg"]
        assert blobs[0].data
    assert world.sent["functions"] == [{"name": "text2image"}]


# ---- media and files


async def test_a_picture_is_seen(client: genai.client.AsyncClient, world: World) -> None:
    picture = types.Part.from_bytes(data=base64.b64decode(PNG), mime_type="image/png")
    assert "PNG" in ((await ask(client, [picture, "What is this?"])).text or "")
    assert len(world.sent["messages"][0]["attachments"]) == 1


async def test_a_file_from_upload_to_deletion(client: genai.client.AsyncClient, world: World) -> None:
    plan = io.BytesIO(b"The plan: sell the blue bicycles first.")
    config = types.UploadFileConfig(mime_type="text/plain", display_name="план продаж")
    made = await client.files.upload(file=plan, config=config)
    assert (made.display_name, made.size_bytes, made.mime_type) == ("план продаж", 39, "text/plain")
    assert made.state is types.FileState.ACTIVE
    assert (made.uri or "").startswith(world.base)
    assert made.name is not None
    assert (await client.files.get(name=made.name)).display_name == "план продаж"
    assert made.name in [file.name async for file in await client.files.list()]
    assert "blue bicycles" in ((await ask(client, [made, "What is in it?"])).text or "")
    async with client_of(world, OTHER_KEY).aio as other:
        assert [file async for file in await other.files.list()] == []
        with pytest.raises(errors.ClientError, match="There is no file"):
            await other.files.get(name=made.name)
        with pytest.raises(errors.ClientError, match="There is no file"):
            await ask(other, [made, "What is in it?"])
    await client.files.delete(name=made.name)
    with pytest.raises(errors.ClientError) as caught:
        await client.files.get(name=made.name)
    assert caught.value.code == 404


async def test_a_file_that_cannot_be_kept_is_refused_at_once(client: genai.client.AsyncClient) -> None:
    """Not sent again by the SDK: the refusal says that the upload is over."""
    config = types.UploadFileConfig(mime_type="application/zip")
    with pytest.raises(errors.ClientError, match="convert it first"):
        async with asyncio.timeout(5):
            await client.files.upload(file=io.BytesIO(b"PK\x03\x04 a zip"), config=config)
    config = types.UploadFileConfig(mime_type="text/plain")
    with pytest.raises(errors.ClientError, match="keeps no pieces"):
        async with asyncio.timeout(5):
            await client.files.upload(file=io.BytesIO(b"x" * (8 * 2**20 + 1)), config=config)


async def test_an_upload_in_one_request_and_a_download(http: httpx.AsyncClient) -> None:
    metadata = json.dumps({"file": {"displayName": "a.txt"}})
    body = (
        f"--b\r\nContent-Type: application/json\r\n\r\n{metadata}\r\n--b\r\nContent-Type: text/plain\r\n\r\nhi\r\n--b--"
    )
    said = await http.post(
        "/upload/v1beta/files",
        content=body,
        headers={"content-type": "multipart/related; boundary=b", "x-goog-upload-protocol": "multipart"},
    )
    assert said.status_code == 200
    file = said.json()["file"]
    assert (file["displayName"], file["sizeBytes"]) == ("a.txt", "2")
    assert (await http.get(f"/v1beta/{file['name']}:download?alt=media")).content == b"hi"


# ---- beside chat


async def test_tokens_are_counted(client: genai.client.AsyncClient) -> None:
    short = await client.models.count_tokens(model=MODEL, contents="hello")
    long = await client.models.count_tokens(model=MODEL, contents="hello " * 50)
    assert 0 < (short.total_tokens or 0) < (long.total_tokens or 0)


async def test_embeddings(client: genai.client.AsyncClient, world: World) -> None:
    texts: Any = ["First text", "Second text"]
    made = await client.models.embed_content(model="gemini-embedding-001", contents=texts)
    vectors = made.embeddings or []
    assert [len(vector.values or ()) for vector in vectors] == [1024, 1024]
    alone = await client.models.embed_content(model="Embeddings", contents="Second text")
    assert (alone.embeddings or [])[0].values == vectors[1].values
    with pytest.raises(errors.ClientError, match="1024 dimensions"):
        await client.models.embed_content(model="Embeddings", contents="x", config={"output_dimensionality": 256})


async def test_models(client: genai.client.AsyncClient) -> None:
    pager = await client.models.list(config={"page_size": 10})
    listed = {model.name: model async for model in pager}
    assert {"models/GigaChat-2-Max", "models/Embeddings", "models/gigachat"} <= set(listed)
    assert listed["models/GigaChat-2-Max"].supported_actions == ["generateContent", "countTokens"]
    assert (await client.models.get(model="gemini-2.5-pro")).name == "models/gemini-2.5-pro"
    with pytest.raises(errors.ClientError) as caught:
        await client.models.get(model="GigaChat-9")
    assert (caught.value.code, caught.value.status) == (404, "NOT_FOUND")


async def test_v1_is_openais_without_googles_headers(world: World) -> None:
    async with httpx.AsyncClient(base_url=world.base) as plain:
        for headers, form in (
            ({"authorization": f"Bearer {KEY}"}, "data"),
            ({"x-goog-api-key": KEY}, "models"),
            ({"authorization": f"Bearer {KEY}", "x-goog-api-client": "genai"}, "models"),
        ):
            assert form in (await plain.get("/v1/models", headers=headers)).json()
        assert "models" in (await plain.get(f"/v1beta/models?key={KEY}")).json()


# ---- errors


@pytest.mark.parametrize("method", ["generateContent", "streamGenerateContent", "countTokens", "embedContent"])
async def test_nobody_gets_in_without_a_key(world: World, method: str) -> None:
    async with httpx.AsyncClient(base_url=world.base) as plain:
        said = await plain.post(f"/v1beta/models/{MODEL}:{method}", content=b"no JSON")
        assert said.status_code == 401
        assert said.json()["error"]["status"] == "UNAUTHENTICATED"
        said = await plain.post("/upload/v1beta/files/resumable?name=x", content=b"x")
        assert said.status_code == 401


async def test_what_is_not_served_says_so(http: httpx.AsyncClient) -> None:
    for path in (f"/v1beta/models/{MODEL}:asyncBatchEmbedContent", "/v1beta/cachedContents"):
        said = await http.post(path, json={})
        assert said.status_code == 501
        assert said.json()["error"]["status"] == "UNIMPLEMENTED"


async def test_errors_name_the_field(client: genai.client.AsyncClient, world: World) -> None:
    for config, param in (
        ({"candidate_count": 2}, "generationConfig.candidateCount"),
        ({"response_modalities": ["AUDIO"]}, "generationConfig.responseModalities"),
        ({"temperature": 3.0}, "generationConfig.temperature"),
        ({"cached_content": "cachedContents/x"}, "cachedContent"),
    ):
        for asking in (ask, chunks):
            with pytest.raises(errors.ClientError) as caught:
                await asking(client, "x", **config)
            error = caught.value
            assert (error.code, error.status) == (400, "INVALID_ARGUMENT")
            assert param in str(error)
    assert not world.seen


async def test_failures_of_the_upstream_keep_their_meaning(client: genai.client.AsyncClient, world: World) -> None:
    world.script("status=400")
    with pytest.raises(errors.ClientError) as refused:
        await ask(client, "x")
    assert refused.value.code == 400
    world.script("status=500", "status=500", "status=500")
    with pytest.raises(errors.ServerError) as failed:
        await ask(client, "x")
    assert (failed.value.code, failed.value.status) == (502, "UNAVAILABLE")


async def test_a_stream_that_breaks_is_an_error_and_no_end(http: httpx.AsyncClient, world: World) -> None:
    path = f"/v1beta/models/{MODEL}:streamGenerateContent"
    body = {"contents": "go"}
    world.script(*["cut=900; long=200; delay=0.01"] * 2)
    events = (await http.post(f"{path}?alt=sse", json=body)).text.split("\n\n")
    assert events.pop() == ""
    said = [json.loads(event.removeprefix("data: ")) for event in events]
    assert said[-1]["error"]["code"] >= 500
    assert all("finishReason" not in chunk["candidates"][0] for chunk in said[:-1])
    array = (await http.post(path, json=body)).text
    with pytest.raises(json.JSONDecodeError):
        json.loads(array)
    assert "error" in json.loads(array + "]")[-1]


# ---- as others write it


async def test_a_body_as_gemini_cli_sends_it(http: httpx.AsyncClient, world: World) -> None:
    """clients.md: JSON Schema in `parametersJsonSchema`, client-made call ids, a dummy signature of thoughts."""
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {"command": {"type": "string"}, "is_background": {"type": "boolean"}},
        "required": ["command"],
        "additionalProperties": False,
    }
    body = {
        "contents": [
            {"role": "user", "parts": [{"text": "This is the Gemini CLI."}]},
            {"role": "user", "parts": [{"text": "list files"}]},
            {
                "role": "model",
                "parts": [
                    {
                        "functionCall": {"name": "run_shell_command", "args": {"command": "ls"}, "id": "run_1_0"},
                        "thoughtSignature": "skip_thought_signature_validator",
                    }
                ],
            },
            {
                "role": "user",
                "parts": [
                    {
                        "functionResponse": {
                            "id": "run_1_0",
                            "name": "run_shell_command",
                            "response": {"output": "a.txt b.txt"},
                        }
                    }
                ],
            },
        ],
        "systemInstruction": {"role": "user", "parts": [{"text": "You are an agent."}]},
        "tools": [
            {
                "functionDeclarations": [
                    {"name": "run_shell_command", "description": "Runs", "parametersJsonSchema": schema}
                ]
            }
        ],
        "generationConfig": {"temperature": 1, "topP": 0.95, "topK": 64, "thinkingConfig": {"includeThoughts": True}},
    }
    said = await http.post(f"/v1beta/models/{MODEL}:streamGenerateContent?alt=sse", json=body)
    assert said.headers["content-type"] == "text/event-stream"
    assert said.headers["x-gigamost-ignored"] == "generationConfig.topK"
    blocks = said.text.split("\n\n")
    assert blocks.pop() == ""
    assert all(block.startswith("data: {") and "\n" not in block for block in blocks)
    last = json.loads(blocks[-1].removeprefix("data: "))
    assert last["candidates"][0]["finishReason"] == "STOP"
    assert "a.txt b.txt" in said.text
    assert [message["role"] for message in world.sent["messages"]] == ["system", "user", "assistant", "function"]


async def test_a_body_in_snake_case(http: httpx.AsyncClient, world: World) -> None:
    """As curl users and LiteLLM write it."""
    body = {
        "system_instruction": {"parts": {"text": "Be kind."}},
        "contents": {"parts": {"text": "call time"}},
        "tools": [{"function_declarations": [{"name": "time", "parameters": {"type": "OBJECT", "properties": {}}}]}],
        "tool_config": {"function_calling_config": {"mode": "any", "allowed_function_names": ["time"]}},
        "generation_config": {"max_output_tokens": 99_999, "top_k": 3},
    }
    said = await http.post(f"/models/{MODEL}:generateContent", json=body)
    assert said.status_code == 200
    (part,) = said.json()["candidates"][0]["content"]["parts"]
    assert part["functionCall"]["name"] == "time"
    listed = said.headers["x-gigamost-ignored"].split(", ")
    assert listed == ["generation_config.top_k", "generation_config.max_output_tokens"]


async def test_an_array_for_those_who_do_not_ask_for_events(http: httpx.AsyncClient) -> None:
    said = await http.post(f"/v1beta/models/{MODEL}:streamGenerateContent", json={"contents": LONG})
    assert said.headers["content-type"] == "application/json"
    elements = said.json()
    assert len(elements) > 2
    assert elements[-1]["candidates"][0]["finishReason"] == "STOP"
