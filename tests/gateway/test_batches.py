"""Batches of the official clients, from upload to results, through a real gateway and emulator."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from google import genai

from gigamost.emulator import PERSON
from tests.gateway.conftest import KEY, OTHER_KEY, PASS_KEY, World, world_of

MODEL = "GigaChat-2-Max"
PATIENCE = 20.0  # seconds
Line = dict[str, Any]


def chat(name: str, text: str, **more: Any) -> Line:
    body = {"model": MODEL, "messages": [{"role": "user", "content": text}], **more}
    return {"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": body}


def jsonl(*lines: Line) -> bytes:
    return b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)


async def upload(client: openai.AsyncOpenAI, data: bytes) -> str:
    return (await client.files.create(file=("in.jsonl", data), purpose="batch")).id


async def begin(client: openai.AsyncOpenAI, *lines: Line, endpoint: Any = "/v1/chat/completions") -> Any:
    file = await upload(client, jsonl(*lines))
    return await client.batches.create(input_file_id=file, endpoint=endpoint, completion_window="24h")


async def until(look: Callable[[], Any], is_done: Callable[[Any], bool]) -> Any:
    async with asyncio.timeout(PATIENCE):
        while not is_done(found := await look()):  # noqa: ASYNC110 - as clients do it
            await asyncio.sleep(0.05)
    return found


async def ended(client: openai.AsyncOpenAI, batch: str) -> Any:
    final = ("completed", "failed", "cancelled", "expired")
    return await until(lambda: client.batches.retrieve(batch), lambda found: found.status in final)


async def lines_of(client: openai.AsyncOpenAI, file: str | None) -> dict[str, Line]:
    assert file is not None
    content = await client.files.content(file)
    found = [json.loads(line) for line in content.text.splitlines()]
    return {line["custom_id"]: line for line in found}


async def test_a_batch_of_chats(world: World) -> None:
    client = world.openai
    file = await client.files.create(
        file=("in.jsonl", jsonl(chat("a", "2+2"), chat("б", "Привет 🎉"))), purpose="batch"
    )
    assert (file.purpose, file.filename) == ("batch", "in.jsonl")
    batch = await client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", metadata={"who": "me"}
    )
    assert batch.status in ("validating", "in_progress")
    assert batch.expires_at == batch.created_at + 86_400
    done = await ended(client, batch.id)
    assert (done.status, done.metadata, done.error_file_id) == ("completed", {"who": "me"}, None)
    assert done.request_counts is not None
    assert (done.request_counts.total, done.request_counts.completed, done.request_counts.failed) == (2, 2, 0)
    assert done.usage.total_tokens > 0
    results = await lines_of(client, done.output_file_id)
    assert list(results) == ["a", "б"]
    body = results["a"]["response"]["body"]
    assert results["a"]["response"]["status_code"] == 200
    assert body["object"] == "chat.completion"
    assert body["model"] == MODEL
    assert "4" in body["choices"][0]["message"]["content"]
    assert results["a"]["error"] is None
    shown = await client.files.retrieve(done.output_file_id)
    assert shown.purpose == "batch_output"
    assert shown.bytes == len((await client.files.content(done.output_file_id)).content)


@pytest.mark.parametrize(
    ("endpoint", "body", "shown"),
    [
        ("/v1/responses", {"model": MODEL, "input": "2+2"}, "response"),
        ("/v1/embeddings", {"model": "Embeddings", "input": ["a", "b"]}, "list"),
        ("/v1/completions", {"model": MODEL, "prompt": "Once"}, "text_completion"),
    ],
)
async def test_other_endpoints(world: World, endpoint: str, body: dict[str, Any], shown: str) -> None:
    line = {"custom_id": "a", "method": "POST", "url": endpoint, "body": body}
    batch = await begin(world.openai, line, endpoint=endpoint)
    done = await ended(world.openai, batch.id)
    assert done.status == "completed"
    result = (await lines_of(world.openai, done.output_file_id))["a"]
    assert result["response"]["body"]["object"] == shown


async def test_what_a_request_does_wrong_is_its_own_result(world: World) -> None:
    batch = await begin(
        world.openai,
        chat("good", "2+2"),
        chat("stream", "2+2", stream=True),
        chat("range", "2+2", temperature=9),
        chat("model", "2+2") | {"body": {"model": "nonsense", "messages": [{"role": "user", "content": "x"}]}},
    )
    done = await ended(world.openai, batch.id)
    assert done.status == "completed"
    assert (done.request_counts.completed, done.request_counts.failed) == (1, 3)
    assert list(await lines_of(world.openai, done.output_file_id)) == ["good"]
    wrong = await lines_of(world.openai, done.error_file_id)
    statuses = {name: line["response"]["status_code"] for name, line in wrong.items()}
    assert statuses == {"stream": 400, "range": 400, "model": 404}
    assert wrong["range"]["response"]["body"]["error"]["param"] == "temperature"
    assert len(world.seen) == 1


async def test_what_is_wrong_with_the_file_is_told_by_line(world: World) -> None:
    good = json.dumps(chat("a", "2+2")).encode()
    data = b"\n".join(
        [
            good,
            b"{broken",
            good,
            json.dumps(chat("b", "x") | {"url": "/v1/embeddings"}).encode(),
            json.dumps(chat("c", "x") | {"method": "GET"}).encode(),
            b'{"method":"POST","url":"/v1/chat/completions","body":{}}',
            b'{"custom_id":"d","method":"POST","url":"/v1/chat/completions"}',
        ]
    )
    file = await upload(world.openai, data)
    batch = await world.openai.batches.create(
        input_file_id=file, endpoint="/v1/chat/completions", completion_window="24h"
    )
    done = await ended(world.openai, batch.id)
    assert done.status == "failed"
    assert done.failed_at is not None
    assert [(error.line, error.code) for error in done.errors.data] == [
        (2, "invalid_json_line"),
        (3, "duplicate_custom_id"),
        (4, "mismatched_endpoint"),
        (5, "invalid_method"),
        (6, "missing_required_parameter"),
        (7, "missing_required_parameter"),
    ]
    assert world.seen == []


def form(*parts: tuple[str, str, bytes]) -> bytes:
    """Parts of (name, file name, data)."""
    body = b""
    for name, file, data in parts:
        also = f'; filename="{file}"' if file else ""
        body += f'--X\r\nContent-Disposition: form-data; name="{name}"{also}\r\n\r\n'.encode() + data + b"\r\n"
    return body + b"--X--\r\n"


FORM = {"content-type": "multipart/form-data; boundary=X", "authorization": f"Bearer {KEY}"}
PURPOSE = ("purpose", "", b"batch")
INPUT = ("file", "in.jsonl", jsonl(chat("a", "2+2")) * 1000)


@pytest.mark.parametrize("parts", [(PURPOSE, INPUT), (INPUT, PURPOSE), (PURPOSE, INPUT, ("x", "", b"y"))])
@pytest.mark.parametrize("size", [999, 10**9])
async def test_a_file_however_its_form_is_written(world: World, parts: Any, size: int) -> None:
    body = form(*parts)

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]

    async with httpx2.AsyncClient(base_url=world.base, headers=FORM) as http:
        answer = await http.post("/v1/files", content=pieces())
        assert answer.status_code == 200
        assert answer.headers.get("x-gigamost-ignored") == ("x" if len(parts) == 3 else None)
        said = answer.json()
        assert (said["filename"], said["bytes"], said["purpose"]) == ("in.jsonl", len(INPUT[2]), "batch")
        assert (await http.get(f"/v1/files/{said['id']}/content")).content == INPUT[2]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (form(PURPOSE, INPUT)[:-20], 400),
        (form(PURPOSE, ("file", "in.jsonl", b"")), 400),
        (form(PURPOSE), 400),
        (form(INPUT), 400),
        (form(PURPOSE, ("file", "in.jsonl", b"x" * (100 * 2**20 + 1))), 413),
    ],
)
async def test_an_upload_that_is_no_file_leaves_nothing(world: World, body: bytes, status: int) -> None:
    async with httpx2.AsyncClient(base_url=world.base, headers=FORM, timeout=60) as http:
        answer = await http.post("/v1/files", content=body)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]
    assert [file.id async for file in world.openai.files.list()] == []


async def test_an_empty_file_is_no_batch(world: World) -> None:
    batch = await world.openai.batches.create(
        input_file_id=await upload(world.openai, b"\n\n"), endpoint="/v1/chat/completions", completion_window="24h"
    )
    done = await ended(world.openai, batch.id)
    assert [error.code for error in done.errors.data] == ["empty_file"]


async def test_a_cancelled_batch_keeps_what_is_done(world: World) -> None:
    for _ in range(200):
        world.script("stall_before=0.3")
    batch = await begin(world.openai, *(chat(f"c{at}", "2+2") for at in range(200)))
    await until(lambda: world.openai.batches.retrieve(batch.id), lambda found: found.request_counts.completed > 0)
    cancelling = await world.openai.batches.cancel(batch.id)
    assert cancelling.status == "cancelling"
    done = await ended(world.openai, batch.id)
    assert done.status == "cancelled"
    assert done.cancelled_at is not None
    outputs = await lines_of(world.openai, done.output_file_id)
    assert 0 < len(outputs) < 200
    assert len(world.seen) == len(outputs)  # what was sent has come to its end, and nothing else was sent
    errors = await lines_of(world.openai, done.error_file_id)
    assert {line["error"]["code"] for line in errors.values()} == {"batch_cancelled"}
    assert len(errors) + len(outputs) == 200
    with pytest.raises(openai.BadRequestError, match="Cannot cancel a batch with status 'cancelled'"):
        await world.openai.batches.cancel(batch.id)


async def test_a_limit_of_the_upstream_is_waited_for(world: World) -> None:
    world.script("status=429", "status=429", "status=429")
    batch = await begin(world.openai, chat("a", "2+2"))
    done = await ended(world.openai, batch.id)
    assert (done.status, done.request_counts.completed) == ("completed", 1)


async def test_who_waits_for_an_answer_goes_first(tmp_path: Path) -> None:
    """One place, and a batch that wants it again and again."""
    async with world_of(tmp_path, PERSON) as world:
        world.script(*["stall_before=1"] * 12)
        batch = await begin(world.openai, *(chat(f"b{at}", "batch") for at in range(6)))
        await until(lambda: asyncio.sleep(0, world.seen), bool)
        question: Any = [{"role": "user", "content": "now"}]
        ask = world.openai.chat.completions.create
        await asyncio.gather(*(ask(model=MODEL, messages=question) for _ in range(3)))
        said = [seen.body["messages"][-1]["content"] for seen in world.seen]
        assert said[:4] == ["batch", "now", "now", "now"]
        assert (await ended(world.openai, batch.id)).request_counts.completed == 6


async def test_what_may_have_been_generated_is_not_asked_for_again(world: World) -> None:
    world.script("cut=10")
    batch = await begin(world.openai, chat("a", "2+2"))
    done = await ended(world.openai, batch.id)
    assert done.request_counts.failed == 1
    assert len(world.seen) == 1


async def test_files_and_batches_are_their_tenants(world: World) -> None:
    batch = await begin(world.openai, chat("a", "2+2"))
    done = await ended(world.openai, batch.id)
    async with world.client(OTHER_KEY) as other:
        for file in (done.input_file_id, done.output_file_id):
            for ask in (other.files.retrieve, other.files.content, other.files.delete):
                with pytest.raises(openai.NotFoundError):
                    await ask(file)
        for look in (other.batches.retrieve, other.batches.cancel):
            with pytest.raises(openai.NotFoundError):
                await look(batch.id)
        with pytest.raises(openai.NotFoundError):
            await other.batches.create(
                input_file_id=done.input_file_id, endpoint="/v1/chat/completions", completion_window="24h"
            )
        assert [each.id async for each in other.batches.list()] == []
        assert [each.id async for each in other.files.list()] == []


async def test_a_key_with_its_own_credential_has_no_batches(world: World) -> None:
    headers = {"x-api-key": PASS_KEY}
    async with httpx2.AsyncClient(base_url=world.base, headers=headers) as http:
        body = {"input_file_id": "file-batch-x", "endpoint": "/v1/chat/completions", "completion_window": "24h"}
        answer = await http.post("/v1/batches", json=body, headers={"authorization": "Bearer token"})
    assert answer.status_code == 400
    assert "credential" in answer.json()["error"]["message"]


async def test_lists_and_deletion(world: World) -> None:
    client = world.openai
    batches = [await begin(client, chat("a", f"{at}+1")) for at in range(3)]
    done = [await ended(client, batch.id) for batch in batches]
    listed = [each.id async for each in client.batches.list(limit=2)]
    assert sorted(listed) == sorted(batch.id for batch in batches)
    files = {each.id: each.purpose async for each in client.files.list()}
    assert files[done[0].input_file_id] == "batch"
    assert files[done[0].output_file_id] == "batch_output"
    only = [each.id async for each in client.files.list(purpose="batch_output")]
    assert set(only) == {each.output_file_id for each in done}
    assert (await client.files.delete(done[0].output_file_id)).deleted
    with pytest.raises(openai.NotFoundError):
        await client.files.content(done[0].output_file_id)
    assert (await client.files.delete(done[0].input_file_id)).deleted


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"completion_window": "1h"}, "completion_window"),
        ({"endpoint": "/v1/videos"}, "endpoint"),
        ({"input_file_id": "file-batch-none"}, "file_id"),
    ],
)
async def test_a_batch_that_cannot_be(world: World, change: dict[str, Any], param: str) -> None:
    file = await upload(world.openai, jsonl(chat("a", "x")))
    given = {"input_file_id": file, "endpoint": "/v1/chat/completions", "completion_window": "24h", **change}
    with pytest.raises(openai.APIStatusError) as error:
        await world.openai.batches.create(**given)
    assert error.value.param == param


@pytest.fixture
async def claude(world: World) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with anthropic.AsyncAnthropic(base_url=world.base, api_key=KEY, max_retries=0) as client:
        yield client


def message(name: str, text: str, **more: Any) -> Any:
    params = {"model": "claude-sonnet-4-5", "max_tokens": 100, "messages": [{"role": "user", "content": text}], **more}
    return {"custom_id": name, "params": params}


async def test_a_batch_of_messages(claude: anthropic.AsyncAnthropic) -> None:
    batches = claude.messages.batches
    batch = await batches.create(requests=[message("a", "2+2"), message("b", "2+2", temperature=9)])
    assert (batch.type, batch.request_counts.processing) == ("message_batch", 2)
    done = await until(lambda: batches.retrieve(batch.id), lambda found: found.processing_status == "ended")
    assert (done.request_counts.succeeded, done.request_counts.errored, done.request_counts.processing) == (1, 1, 0)
    assert done.ended_at is not None
    results: dict[str, Any] = {line.custom_id: line.result async for line in await batches.results(batch.id)}
    assert results["a"].message.content[0].type == "text"
    assert "4" in results["a"].message.content[0].text
    assert results["a"].message.model == "claude-sonnet-4-5"
    assert results["b"].error.error.type == "invalid_request_error"
    assert [each.id async for each in batches.list()] == [batch.id]
    assert (await batches.delete(batch.id)).type == "message_batch_deleted"
    with pytest.raises(anthropic.NotFoundError):
        await batches.retrieve(batch.id)


async def test_a_cancelled_batch_of_messages(claude: anthropic.AsyncAnthropic, world: World) -> None:
    for _ in range(50):
        world.script("stall_before=0.3")
    batches = claude.messages.batches
    batch = await batches.create(requests=[message(f"m{at}", "2+2") for at in range(50)])
    async with httpx2.AsyncClient(base_url=world.base, headers={"x-api-key": KEY}) as http:
        assert (await http.get(f"/v1/messages/batches/{batch.id}/results")).status_code == 400
    with pytest.raises(anthropic.BadRequestError):
        await batches.delete(batch.id)
    assert (await batches.cancel(batch.id)).processing_status in ("canceling", "ended")
    done = await until(lambda: batches.retrieve(batch.id), lambda found: found.processing_status == "ended")
    assert done.request_counts.canceled > 0
    assert done.request_counts.canceled + done.request_counts.succeeded == 50
    kinds = [line.result.type async for line in await batches.results(batch.id)]
    assert kinds.count("canceled") == done.request_counts.canceled


@pytest.mark.parametrize(
    ("requests", "place"),
    [([], "requests"), ([message("a b", "x")], "requests.0.custom_id"), ([message("a", "x")] * 2, "requests.1")],
)
async def test_a_batch_of_messages_that_cannot_be(
    claude: anthropic.AsyncAnthropic, requests: list[Any], place: str
) -> None:
    with pytest.raises(anthropic.BadRequestError, match=place):
        await claude.messages.batches.create(requests=requests)


async def test_more_messages_than_are_written_at_once(claude: anthropic.AsyncAnthropic) -> None:
    batches = claude.messages.batches
    batch = await batches.create(requests=[message(f"m{at}", "hi", stream=True) for at in range(1200)])
    assert batch.request_counts.processing == 1200
    done = await until(lambda: batches.retrieve(batch.id), lambda found: found.processing_status == "ended")
    assert done.request_counts.errored == 1200


async def test_a_batch_of_gemini(world: World) -> None:
    client = genai.Client(api_key=KEY, http_options={"base_url": world.base})
    batches = client.aio.batches
    requests: Any = [
        {"contents": [{"parts": [{"text": "2+2"}], "role": "user"}], "metadata": {"key": "first"}},
        {"contents": [{"parts": [{"text": "2+2"}], "role": "user"}], "config": {"temperature": 9}},
    ]
    job = await batches.create(model="gemini-2.5-flash", src=requests, config={"display_name": "sums"})
    assert job.name is not None
    assert job.display_name == "sums"
    done = await until(lambda: batches.get(name=job.name or ""), lambda found: found.done)
    assert done.state.name == "JOB_STATE_SUCCEEDED"
    first, second = done.dest.inlined_responses
    assert "4" in first.response.text
    assert first.metadata == {"key": "first"}
    assert second.error.code == 400
    assert [each.name async for each in await batches.list()] == [job.name]
    await batches.delete(name=job.name)
    assert [each.name async for each in await batches.list()] == []
    await client.aio.aclose()
