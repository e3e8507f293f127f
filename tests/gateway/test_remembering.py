"""The history of prompts, from a client's request to the administrator who reads, exports, deletes and erases it."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import anthropic
import httpx
import pytest

from tests.gateway.conftest import KEY, OTHER_KEY
from tests.gateway.remembering import PREFIX, Reader, remembering

MODEL = "GigaChat-2-Max"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/q842iQAAAABJRU5ErkJggg=="
)


@pytest.fixture
async def reader(tmp_path: Path) -> AsyncIterator[Reader]:
    async with remembering(tmp_path) as made:
        yield made


async def chat(reader: Reader, text: str, key: str = KEY, **more: Any) -> Any:
    async with reader.world.client(key) as client:
        return await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": text}], **more)


async def test_a_client_that_leaves_in_the_middle(reader: Reader) -> None:
    reader.world.script("stall_after=3; long=100; delay=0.01")
    async with reader.world.client() as client:
        stream = await client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": "long"}], stream=True
        )
        heard = ""
        async for chunk in stream:
            heard += chunk.choices[0].delta.content or "" if chunk.choices else ""
            if heard:
                break
        await stream.close()
    kept = await reader.last()
    assert (kept["status"], kept["finish_reason"]) == (499, None)
    (part,) = kept["answered"]
    assert part["text"].startswith(heard)


async def test_pictures_are_kept_as_their_digest(reader: Reader) -> None:
    url = "data:image/png;base64," + base64.b64encode(PNG).decode()
    content: Any = [{"type": "text", "text": "что тут?"}, {"type": "image_url", "image_url": {"url": url}}]
    async with reader.world.client() as client:
        await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": content}])
    (asked,) = (await reader.last())["asked"]
    digest = hashlib.sha256(PNG).hexdigest()
    assert asked["parts"][1] == {
        "type": "media",
        "kind": "image",
        "mime": "image/png",
        "digest": digest,
        "size": len(PNG),
    }


async def test_a_user_is_found_by_the_name_that_the_client_gave(reader: Reader) -> None:
    await chat(reader, "from ann", user="ann@example.com")
    async with anthropic.AsyncAnthropic(base_url=reader.world.base, api_key=KEY, max_retries=0) as client:
        await client.messages.create(
            model=MODEL,
            max_tokens=50,
            messages=[{"role": "user", "content": "from ann again"}],
            metadata={"user_id": "ann@example.com"},
        )
    body = {"model": MODEL, "messages": [{"role": "user", "content": "from bob"}], "stream": False}
    headers = {"x-api-key": KEY, "x-client-id": "bob"}
    async with httpx.AsyncClient(base_url=reader.world.base, timeout=20) as http:
        assert (await http.post("/api/chat", json=body, headers=headers)).status_code == 200
    found = await reader.exchanges(tenant="first", user="ann@example.com")
    assert [each["face"] for each in found] == ["openai", "anthropic"]
    assert len({each["subject"] for each in found}) == 1
    assert "ann" not in found[0]["subject"]
    assert [each["face"] for each in await reader.exchanges(tenant="first", user="bob")] == ["ollama"]
    assert await reader.listed(tenant="first", user="nobody") == []
    refused = await reader.call("GET", "/conversations", 400, user="bob")
    assert "tenant" in refused["error"]["message"]


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
async def test_gigachats_own_api_is_read_beside(reader: Reader, version: str, streamed: bool) -> None:
    """Bodies and answers pass as they are; what was said is read out of them when they are over."""
    text: Any = "Say 'Hello' and nothing else"
    content = text if version == "v1" else [{"text": text}]
    body = {"model": MODEL, "messages": [{"role": "user", "content": content}], "stream": streamed}
    headers = {"authorization": f"Bearer {KEY}", "x-client-id": "ann"}
    async with httpx.AsyncClient(base_url=f"{reader.world.base}/gigachat/api/{version}", timeout=20) as http:
        answer = await http.post("/chat/completions", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
    kept = await reader.last()
    assert kept["asked"] == [{"role": "user", "parts": [{"type": "text", "text": text}]}]
    assert kept["answered"] == [{"type": "text", "text": "Hello."}]
    assert (kept["face"], kept["status"], kept["finish_reason"], kept["error"]) == ("gigachat", 200, "stop", None)
    assert kept["prompt_tokens"] > 5
    assert [each["id"] for each in await reader.exchanges(tenant="first", user="ann")] == [kept["id"]]


async def test_calls_and_refusals_of_gigachats_own_api(reader: Reader) -> None:
    reader.world.script('call=weather; arguments={"city": "Казань"}', "status=400")
    function = {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}
    messages: list[Any] = [{"role": "user", "content": "погода"}]
    headers = {"authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(base_url=f"{reader.world.base}/gigachat/api/v1", timeout=20) as http:
        body = {"model": MODEL, "messages": messages, "functions": [function], "function_call": "auto"}
        said = (await http.post("/chat/completions", json=body, headers=headers)).json()["choices"][0]["message"]
        messages += [said, {"role": "function", "name": "weather", "content": '{"snow": true}'}]
        assert (await http.post("/chat/completions", json=body, headers=headers)).status_code == 400
        assert (await http.post("/chat/completions", content=b"nonsense", headers=headers)).status_code == 400
    one, two = await reader.exchanges()  # what is no JSON was never sent
    assert (one["answered"][0]["type"], one["answered"][0]["name"]) == ("tool_call", "weather")
    assert [each["role"] for each in two["asked"]] == ["tool"]
    assert two["previous_id"] == one["id"]
    assert (two["status"], two["answered"], bool(two["error"])) == (400, [], True)


async def test_a_session_that_the_client_names_is_one_conversation(reader: Reader) -> None:
    for text in ("one", "two"):
        await chat(reader, text, extra_headers={"X-Session-ID": "my session"})
    await chat(reader, "three")
    assert sorted(each["exchanges"] for each in await reader.listed()) == [1, 2]


async def test_a_conversation_of_responses_is_one(reader: Reader) -> None:
    async with reader.world.client() as client:
        talk = await client.conversations.create()
        for text in ("first", "second"):
            await client.responses.create(model=MODEL, input=text, conversation=talk.id)
        first = await client.responses.create(model=MODEL, input="third")
        await client.responses.create(model=MODEL, input="fourth", previous_response_id=first.id)
    exchanges = await reader.exchanges()
    assert [each["asked"][0]["parts"][0]["text"] for each in exchanges] == ["first", "second", "third", "fourth"]
    assert [len(each["asked"]) for each in exchanges] == [1] * 4
    assert sorted(each["exchanges"] for each in await reader.listed()) == [2, 2]


async def test_the_same_question_again_is_another_exchange(reader: Reader) -> None:
    for _ in range(2):
        await chat(reader, "again and again")
    assert len(await reader.exchanges(q="again")) == 2


async def test_what_a_limit_refuses_is_no_exchange(reader: Reader) -> None:
    await reader.call("PATCH", "/tenants/first", body={"limits": {"rpm": 1}})
    await chat(reader, "first")
    with pytest.raises(Exception, match="429"):
        await chat(reader, "second")
    assert len(await reader.exchanges()) == 1


async def test_one_tenants_words_are_nowhere_among_anothers(tmp_path: Path) -> None:
    """S4: the same words, users and sessions in two tenants."""
    async with remembering(tmp_path, ("first", "other")) as reader:
        for key, canary in ((KEY, "canaryone"), (OTHER_KEY, "canarytwo")):
            for turn in range(2):
                await chat(reader, f"{canary} {turn}", key, user="ann", extra_headers={"X-Session-ID": "session"})
            await chat(reader, "the same words", key, user="ann", extra_headers={"X-Session-ID": "session"})
        for tenant, canary, foreign in (("first", "canaryone", "canarytwo"), ("other", "canarytwo", "canaryone")):
            mine = await reader.exchanges(tenant=tenant)
            assert {each["tenant_id"] for each in mine} == {tenant}
            assert canary in str(mine)
            assert foreign not in str(mine)
            (talk,) = await reader.listed(tenant=tenant)
            whole = await reader.call("GET", f"/conversations/{talk['id']}")
            assert foreign not in str(whole)
            assert len(whole["data"]) == 3
            assert await reader.exchanges(tenant=tenant, q=foreign) == []
            assert len(await reader.exchanges(tenant=tenant, user="ann")) == 3
        erased = await reader.call("POST", "/subjects/erase", body={"tenant": "first", "user": "ann"})
        assert erased["exchanges"] == 3
        assert len(await reader.exchanges(tenant="other")) == 3


async def test_deletion(reader: Reader) -> None:
    await chat(reader, "to be deleted")
    await chat(reader, "to stay")
    (talk,) = await reader.listed(q="deleted")
    gone = await reader.call("DELETE", f"/conversations/{talk['id']}")
    assert gone == {"id": talk["id"], "exchanges": 1}
    assert (await reader.call("DELETE", f"/conversations/{talk['id']}"))["exchanges"] == 0
    await reader.call("GET", f"/conversations/{talk['id']}", 404)
    assert len(await reader.exchanges()) == 1


async def test_erasure_takes_everything_of_a_person(reader: Reader, tmp_path: Path) -> None:
    """Exchanges, stored responses and conversations; of others nothing; and no byte of it is left on the disk."""
    canary = "ОченьЛичное"
    async with reader.world.client() as client:
        talk = await client.conversations.create()
        shared = await client.conversations.create()
        kept = await client.responses.create(model=MODEL, input=canary, user="ann")
        await client.responses.create(model=MODEL, input=canary, safety_identifier="ann", conversation=talk.id)
        await client.responses.create(model=MODEL, input="я Боб", user="bob", conversation=shared.id)
        await client.responses.create(model=MODEL, input=canary, user="ann", conversation=shared.id)
        later = await client.responses.create(model=MODEL, input=canary, user="ann", background=True)
        async for _ in await client.responses.retrieve(later.id, stream=True):
            """To its end."""
    await chat(reader, canary, user="ann")
    await chat(reader, "чужое", user="bob")
    await reader.written()
    erased = await reader.call("POST", "/subjects/erase", body={"tenant": "first", "user": "ann"})
    assert (erased["exchanges"], erased["responses"], erased["conversations"]) == (5, 4, 1)
    assert any("Batches" in line for line in erased["not_reached"])
    async with reader.world.client() as client:
        for gone in (kept.id, later.id):
            with pytest.raises(Exception, match="404"):
                await client.responses.retrieve(gone)
        items = [item async for item in await client.conversations.items.list(shared.id)]
        assert canary not in str(items)
        assert "я Боб" in str(items)
    assert len(await reader.exchanges()) == 2
    files = await asyncio.to_thread(everything_in, tmp_path)
    assert "чужое".encode() in files
    assert canary.encode() not in files
    assert canary.lower().encode() not in files
    again = await reader.call("POST", "/subjects/erase", body={"tenant": "first", "user": "ann"})
    assert (again["exchanges"], again["responses"], again["conversations"]) == (0, 0, 0)


def everything_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir() if file.is_file())


async def test_whoever_reads_or_deletes_is_in_the_audit_and_whose_it_was_is_not(reader: Reader) -> None:
    await chat(reader, "secret words", user="ann@example.com")
    (talk,) = await reader.listed(q="secret", tenant="first", user="ann@example.com")
    await reader.call("GET", f"/conversations/{talk['id']}")
    await reader.exchanges(tenant="first")
    await reader.call("DELETE", f"/conversations/{talk['id']}")
    await reader.call("POST", "/subjects/erase", body={"tenant": "first", "user": "ann@example.com"})
    lines = (await reader.call("GET", "/audit"))["data"]
    assert [line["action"] for line in lines[:5]] == [
        "subject.erase",
        "conversation.delete",
        "conversation.export",
        "conversation.read",
        "conversation.search",
    ]
    assert lines[4]["details"] == {"tenant": "first", "user": True, "q": 1}
    assert "ann@example" not in str(lines)
    assert "secret" not in str(lines)


async def test_pages(reader: Reader) -> None:
    for at in range(5):
        await chat(reader, f"number {at}")
    seen: list[str] = []
    cursor = ""
    while True:
        page = await reader.call("GET", "/conversations", limit=2, cursor=cursor)
        seen += [each["id"] for each in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 5
    for _ in range(3):
        await chat(reader, "x", extra_headers={"X-Session-ID": "s"})
    (talk,) = [each for each in await reader.listed() if each["exchanges"] == 3]
    first = await reader.call("GET", f"/conversations/{talk['id']}", limit=2)
    rest = await reader.call("GET", f"/conversations/{talk['id']}", limit=2, cursor=first["next_cursor"])
    assert (len(first["data"]), len(rest["data"]), rest["next_cursor"]) == (2, 1, None)


HOSTILE = [
    "'",
    '"',
    "' OR '1'='1",
    "%",
    "_",
    "*",
    "../../etc/passwd",
    "a\0b",
    "\\",
    "NEAR(a b)",
    "x" * 5000,
    "talk_%",
    "$1",
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_no_parameter_is_syntax(reader: Reader, text: str) -> None:
    """S7: on every parameter, with no effect."""
    await chat(reader, "an ordinary exchange")
    await reader.written()
    for name in ("tenant", "key", "model", "face", "q", "from", "to", "cursor", "limit", "user"):
        query = {name: text} | ({"tenant": "first"} if name == "user" else {})
        answer = await reader.http.get(f"{PREFIX}/conversations", params=query)
        assert answer.status_code in (200, 400), (name, answer.text)
        if answer.status_code == 200:
            assert answer.json() == {"data": [], "next_cursor": None}, name
    path = text.encode().hex() if "\0" in text else text
    for method in ("GET", "DELETE"):
        answer = await reader.http.request(method, f"{PREFIX}/conversations/{quote(path[:2000], safe='')}")
        assert answer.status_code in (400, 404, 405) or answer.json()["exchanges"] == 0
    for body in ({"tenant": text, "user": text}, {"tenant": "first", "user": text}):
        answer = await reader.http.post(f"{PREFIX}/subjects/erase", json=body)
        assert answer.status_code == 400 or answer.json()["exchanges"] == 0
    assert len(await reader.exchanges()) == 1


async def test_health_says_how_it_goes(reader: Reader) -> None:
    await chat(reader, "hi")
    await reader.written()
    health = (await reader.http.get("/health")).json()
    assert health["history"] == {"state": "idle", "waiting": 0, "lost": 0}


async def test_what_is_queued_at_the_end_is_written(tmp_path: Path) -> None:
    async with remembering(tmp_path) as reader:
        for at in range(20):
            await chat(reader, f"last words {at}")
    async with remembering(tmp_path, ()) as reader:
        assert len(await reader.exchanges(q="last words")) == 20
