"""Everything beside chat by the official client, over a real socket and in process; and media in a chat."""

import base64
import io
import json
import re
import wave
from collections.abc import Awaitable, Callable
from typing import Any

import openai
import pytest
from PIL import Image

from tests.gateway.conftest import OTHER_KEY, World
from tests.upstreams.sockets import Seen, serving

MODEL = "GigaChat-2-Max"
PLAN = b"The plan: sell the blue bicycles first."


def sent_to(world: World, path: str, method: str = "POST") -> list[Any]:
    return [seen for seen in world.gigachat.app.log.at(path) if seen.method == method]


# ---- embeddings


async def test_embeddings(client: openai.AsyncOpenAI) -> None:
    """The SDK itself asks for base64 when nothing is said; vectors have half precision, so nothing is lost by it."""
    plain = await client.embeddings.create(model="Embeddings", input="Second text", encoding_format="float")
    options: list[dict[str, Any]] = [{}, {"encoding_format": "float"}, {"encoding_format": "base64"}]
    for option in options:
        made = await client.embeddings.create(model="Embeddings", input=["First text", "Second text"], **option)
        vectors: list[Any] = [item.embedding for item in made.data]
        if option.get("encoding_format") == "base64":
            vectors = [list(memoryview(base64.b64decode(vector)).cast("f")) for vector in vectors]
        assert [len(vector) for vector in vectors] == [1024, 1024]
        assert vectors[1] == plain.data[0].embedding
        assert [item.index for item in made.data] == [0, 1]
        assert (made.model, made.usage.prompt_tokens, made.usage.total_tokens) == ("Embeddings", 14, 14)


async def test_many_texts_are_sent_in_several_calls_and_keep_their_order(
    client: openai.AsyncOpenAI, world: World
) -> None:
    texts = [f"text number {at}" for at in range(150)]
    made = await client.embeddings.create(model="Embeddings", input=texts)
    calls = [seen.body["input"] for seen in sent_to(world, "/embeddings")]
    assert sorted(map(len, calls)) == [22, 64, 64]
    assert sorted(text for call in calls for text in call) == sorted(texts)
    assert [item.index for item in made.data] == list(range(150))
    for at in (0, 63, 64, 149):
        alone = await client.embeddings.create(model="Embeddings", input=texts[at])
        assert made.data[at].embedding == alone.data[0].embedding


async def test_openais_names_of_embedders(client: openai.AsyncOpenAI, world: World) -> None:
    for name, upstream, dimensions in (
        ("text-embedding-3-small", "Embeddings", 1024),
        ("text-embedding-ada-002", "Embeddings", 1024),
        ("text-embedding-3-large", "EmbeddingsGigaR", 2560),
    ):
        made = await client.embeddings.create(model=name, input="x", dimensions=dimensions)
        assert (made.model, len(made.data[0].embedding)) == (name, dimensions)
        assert sent_to(world, "/embeddings")[-1].body == {"model": upstream, "input": ["x"]}


async def test_what_no_embedder_can_do_is_a_400(client: openai.AsyncOpenAI, world: World) -> None:
    cases: list[tuple[Any, str]] = [
        ({"dimensions": 256}, "dimensions"),
        ({"input": []}, "input"),
        ({"input": [[1, 2, 3]]}, "input[0]"),
        ({"input": ["x", ""]}, "input[1]"),
        ({"model": MODEL}, "model"),
    ]
    for fields, param in cases:
        with pytest.raises(openai.BadRequestError) as caught:
            await client.embeddings.create(**{"model": "text-embedding-3-small", "input": "x", **fields})
        assert caught.value.param == param
    assert sent_to(world, "/embeddings") == []


# ---- models


async def test_models_are_the_accounts_own_and_names_for_them(client: openai.AsyncOpenAI) -> None:
    models = {model.id: model async for model in client.models.list()}
    assert {"GigaChat", "GigaChat-2-Max", "GigaChat-3-Ultra", "Embeddings"} <= set(models)
    assert {"gigachat", "gigachat-pro", "text-embedding-3-small"} <= set(models)
    assert {model.object for model in models.values()} == {"model"}
    assert not any("*" in name for name in models)


async def test_a_model_by_any_name_that_works(client: openai.AsyncOpenAI) -> None:
    """Also by a rule: what can be asked for can be retrieved."""
    for name in ("GigaChat-2-Max", "gigachat-pro", "gpt-4o", "claude-sonnet-4-5", "o3-mini"):
        assert (await client.models.retrieve(name)).id == name
        answer = await client.chat.completions.create(model=name, messages=[{"role": "user", "content": "hi"}])
        assert answer.model == name


async def test_an_unknown_model_is_a_404(client: openai.AsyncOpenAI, world: World) -> None:
    for name in ("GigaChat-9", "mistral/large", "gigachat-2-max"):
        for asking in (
            client.models.retrieve(name),
            client.chat.completions.create(model=name, messages=[{"role": "user", "content": "hi"}]),
        ):
            with pytest.raises(openai.NotFoundError) as caught:
                await asking
            assert (caught.value.code, caught.value.param) == ("model_not_found", "model")
            assert name in caught.value.message
    assert not world.seen


# ---- files


async def test_a_file_from_upload_to_deletion(client: openai.AsyncOpenAI) -> None:
    made = await client.files.create(file=("план продаж.txt", PLAN), purpose="user_data")
    assert (made.filename, made.purpose, made.bytes, made.status) == (
        "план продаж.txt",
        "user_data",
        len(PLAN),
        "processed",
    )
    assert made.id.startswith("file-")
    assert [file.id async for file in client.files.list()] == [made.id]
    assert (await client.files.retrieve(made.id)).filename == "план продаж.txt"
    assert (await client.files.content(made.id)).content == PLAN
    assert (await client.files.delete(made.id)).deleted
    assert [file.id async for file in client.files.list()] == []
    with pytest.raises(openai.NotFoundError):
        await client.files.retrieve(made.id)


async def test_pages_of_files(client: openai.AsyncOpenAI) -> None:
    for at in range(5):
        await client.files.create(file=(f"{at}.txt", PLAN), purpose="assistants" if at == 3 else "user_data")
    assert sorted([file.filename async for file in client.files.list(limit=2)]) == [f"{at}.txt" for at in range(5)]
    assert [file.filename async for file in client.files.list(purpose="assistants")] == ["3.txt"]


async def test_a_file_that_cannot_be_kept_is_a_400(client: openai.AsyncOpenAI, world: World) -> None:
    cases: list[tuple[Any, Any, str]] = [
        (("a.txt", b""), "user_data", "file"),
        (("a.bin", b"\x00\x01\x02\xff"), "user_data", "file"),
        (("a.jsonl", PLAN), "fine-tune", "purpose"),
    ]
    for file, purpose, param in cases:
        with pytest.raises(openai.BadRequestError) as caught:
            await client.files.create(file=file, purpose=purpose)
        assert caught.value.param == param
    assert sent_to(world, "/files") == []


async def test_a_tenant_sees_nothing_of_another_one(client: openai.AsyncOpenAI, world: World) -> None:
    made = await client.files.create(file=("plan.txt", PLAN), purpose="user_data")
    world.gigachat.app.log.clear()
    async with world.client(OTHER_KEY) as other:
        assert [file async for file in other.files.list()] == []
        attempts: list[Callable[[], Awaitable[Any]]] = [
            lambda: other.files.retrieve(made.id),
            lambda: other.files.content(made.id),
            lambda: other.files.delete(made.id),
        ]
        for attempt in attempts:
            with pytest.raises(openai.NotFoundError):
                await attempt()
        with pytest.raises(openai.BadRequestError) as caught:
            await asked_about(other, made.id)
        assert caught.value.code == "file_not_found"
    # The list is all that went up, and no id of the first tenant's.
    asked = [seen.path for seen in world.gigachat.app.log if "/files" in seen.path]
    assert asked == ["/api/v1/files"]
    assert not world.seen
    assert (await client.files.content(made.id)).content == PLAN


async def asked_about(client: openai.AsyncOpenAI, file_id: str) -> str:
    content: Any = [{"type": "text", "text": "What is in it?"}, {"type": "file", "file": {"file_id": file_id}}]
    answer = await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": content}])
    return answer.choices[0].message.content or ""


async def test_an_uploaded_file_is_read_in_a_chat(client: openai.AsyncOpenAI, world: World) -> None:
    made = await client.files.create(file=("plan.txt", PLAN), purpose="user_data")
    assert "blue bicycles" in await asked_about(client, made.id)
    (attachment,) = world.sent["messages"][0]["attachments"]
    assert attachment not in made.id
    assert len(sent_to(world, "/files")) == 1


async def test_a_file_id_that_was_made_up_is_refused(client: openai.AsyncOpenAI, world: World) -> None:
    """GigaChat's own id of a file is none that a client may use."""
    made = await client.files.create(file=("plan.txt", PLAN), purpose="user_data")
    await asked_about(client, made.id)
    (upstream_id,) = world.sent["messages"][0]["attachments"]
    world.gigachat.app.log.clear()
    for file_id in ("file-unknown", "file-" + "0" * 33, upstream_id, made.id[:-1] + "?"):
        with pytest.raises(openai.NotFoundError):
            await client.files.retrieve(file_id)
        with pytest.raises(openai.BadRequestError, match=re.escape(file_id)):
            await asked_about(client, file_id)
    assert not world.seen


# ---- pictures, moderation, completions


async def test_a_picture_is_drawn(client: openai.AsyncOpenAI, world: World) -> None:
    made = await client.images.generate(model="gpt-image-1", prompt="a red bridge")
    assert made.data is not None
    (image,) = made.data
    with Image.open(io.BytesIO(base64.b64decode(image.b64_json or ""))) as picture:
        assert picture.format == "JPEG"
    assert made.output_format == "jpeg"
    assert "a red bridge" in json.dumps(world.sent, ensure_ascii=False)
    with pytest.raises(openai.BadRequestError) as caught:
        await client.images.generate(model="gpt-image-1", prompt="a red bridge", n=2)
    assert caught.value.param == "n"


async def test_moderation(client: openai.AsyncOpenAI) -> None:
    judged = await client.moderations.create(input=["hello there", "damn you"])
    assert [result.flagged for result in judged.results] == [False, True]
    assert judged.model == "omni-moderation-latest"


@pytest.mark.parametrize("stream", [False, True])
async def test_the_oldest_completions(client: openai.AsyncOpenAI, world: World, stream: bool) -> None:
    answer: Any = await client.completions.create(
        model="gpt-3.5-turbo-instruct", prompt="Say 'Hello' and nothing else", stream=stream, max_tokens=50
    )
    if stream:
        parts = [part async for part in answer]
        assert "".join(part.choices[0].text for part in parts) == "Hello."
        finish, model = parts[-1].choices[0].finish_reason, parts[0].model
    else:
        assert (answer.choices[0].text, answer.usage.total_tokens) == ("Hello.", 20)
        finish, model = answer.choices[0].finish_reason, answer.model
    assert (finish, model) == ("stop", "gpt-3.5-turbo-instruct")
    assert (world.sent["model"], world.sent["max_tokens"]) == ("GigaChat-2", 50)


# ---- media in a chat


async def shown(client: openai.AsyncOpenAI, *parts: Any, model: str = MODEL) -> str:
    content: Any = [{"type": "text", "text": "What is it?"}, *parts]
    answer = await client.chat.completions.create(model=model, messages=[{"role": "user", "content": content}])
    return answer.choices[0].message.content or ""


def recording() -> str:
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * 800)
    return base64.b64encode(data.getvalue()).decode()


async def test_a_recording_is_heard(client: openai.AsyncOpenAI, world: World) -> None:
    part = {"type": "input_audio", "input_audio": {"data": recording(), "format": "wav"}}
    assert "wav" in (await shown(client, part)).lower()
    assert len(world.sent["messages"][0]["attachments"]) == 1
    with pytest.raises(openai.BadRequestError, match=MODEL) as caught:
        await shown(client, part, model="GigaChat-3-Ultra")
    assert caught.value.param == "messages[0].content[1]"


async def test_a_document_in_the_request_is_read(client: openai.AsyncOpenAI, world: World) -> None:
    url = f"data:text/plain;base64,{base64.b64encode(PLAN).decode()}"
    part = {"type": "file", "file": {"filename": "plan.txt", "file_data": url}}
    assert "blue bicycles" in await shown(client, part)
    assert "blue bicycles" in await shown(client, part, model="GigaChat-2")
    assert len(sent_to(world, "/files")) == 1


def drawn(form: str) -> str:
    data = io.BytesIO()
    Image.new("RGB", (8, 6), "red").save(data, form)
    return f"data:image/{form.lower()};base64,{base64.b64encode(data.getvalue()).decode()}"


async def test_pictures_that_gigachat_does_not_read_are_converted(client: openai.AsyncOpenAI) -> None:
    for form in ("WEBP", "GIF"):
        answer = await shown(client, {"type": "image_url", "image_url": {"url": drawn(form)}})
        assert "JPEG" in answer
        assert "8x6" in answer.replace("×", "x")


async def test_an_address_inside_the_network_is_not_fetched(client: openai.AsyncOpenAI, world: World) -> None:
    async def answer(_: Seen) -> tuple[int, bytes]:
        return 200, base64.b64decode(drawn("PNG").partition(",")[2])

    async with serving(answer) as peer:
        port = peer.url.rpartition(":")[2]
        for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0.0.0.0"):
            with pytest.raises(openai.BadRequestError) as caught:
                await shown(client, {"type": "image_url", "image_url": {"url": f"http://{host}:{port}/x.png"}})
            assert caught.value.param == "messages[0].content[1]"
            assert "messages[0].content[1]" in caught.value.message
        assert peer.seen == []
    assert not world.seen
