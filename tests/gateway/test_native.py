"""GigaChat's own API behind the gateway, by its official SDK: exchange of keys, chat, files, and whose they are."""

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from email.utils import parsedate_to_datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import gigachat
import gigachat.context
import httpx
import pytest
from gigachat.exceptions import (
    AuthenticationError,
    BadRequestError,
    ForbiddenError,
    NotFoundError,
    RateLimitError,
    ResponseError,
    ServerError,
)
from gigachat.models import Chat
from PIL import Image

from gigamost.core.secret import Secret
from gigamost.emulator import COMPANY, TRADER
from tests.gateway.conftest import KEY, KEYS, OTHER_KEY, PASS_KEY, World, world_of

MODEL = "GigaChat-2-Max"
WEATHER = {
    "name": "weather",
    "description": "Weather in a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def sdk(world: World, key: str = KEY, base: str = "/gigachat/api/v1", **settings: Any) -> gigachat.GigaChat:
    return gigachat.GigaChat(
        base_url=world.base + base,
        auth_url=f"{world.base}/gigachat/api/v2/oauth",
        credentials=key,
        model=MODEL,
        **settings,
    )


@pytest.fixture
async def client(world: World) -> AsyncIterator[gigachat.GigaChat]:
    async with sdk(world) as made:
        yield made


def user(text: str, **fields: Any) -> Chat:
    return Chat.model_validate({"messages": [{"role": "user", "content": text}], **fields})


def picture() -> tuple[str, BytesIO, str]:
    data = BytesIO()
    Image.new("RGB", (8, 8), "red").save(data, "PNG")
    data.seek(0)
    return "red.png", data, "image/png"


async def post(world: World, path: str, body: Any, key: str = KEY, **headers: str) -> httpx.Response:
    given = {"Authorization": f"Bearer {key}", **headers}
    async with httpx.AsyncClient(timeout=20) as http:
        content = body if isinstance(body, bytes) else json.dumps(body)
        return await http.post(f"{world.base}/gigachat/v1{path}", content=content, headers=given)


# Keys


@pytest.mark.parametrize("base", ["/gigachat/api/v1", "/gigachat/v1"])
@pytest.mark.parametrize("form", [KEY, base64.b64encode(f"anything:{KEY}".encode()).decode()])
async def test_a_chat(world: World, base: str, form: str) -> None:
    async with sdk(world, form, base) as client:
        answer = await client.achat("Say 'Hello' and nothing else")
    assert answer.choices[0].message.content == "Hello."
    assert answer.model.startswith("GigaChat")
    assert (answer.usage.prompt_tokens, answer.usage.total_tokens) == (17, 20)
    assert world.sent["model"] == MODEL


async def test_a_chat_by_the_synchronous_client(world: World) -> None:
    def ask() -> tuple[str, str]:
        with sdk(world) as client:
            said = client.chat.create({"messages": [{"role": "user", "content": "Say 'Hello' and nothing else"}]})
            streamed = "".join(
                chunk.choices[0].delta.content or "" for chunk in client.stream("Say 'Hello' and nothing else")
            )
        return str(said.messages[0].content[0].text), streamed  # type: ignore[index]  # a text, or it fails

    assert await asyncio.to_thread(ask) == ("Hello.", "Hello.")


async def test_a_token_is_no_key_and_ends_like_gigachats(world: World) -> None:
    async with httpx.AsyncClient() as http:
        answer = await http.post(
            f"{world.base}/gigachat/v2/oauth",
            headers={"Authorization": f"Basic {KEY}", "RqUID": "6f0b1291-c7f3-43c6-bb2e-9f3efb2dc98e"},
            data={"scope": "GIGACHAT_API_PERS"},
        )
        token = answer.json()["access_token"]
        left = answer.json()["expires_at"] / 1000 - parsedate_to_datetime(answer.headers["date"]).timestamp()
        again = await http.post(f"{world.base}/gigachat/v2/oauth", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert KEY not in token
    assert KEY not in str(base64.urlsafe_b64decode(token[4:] + "=="))
    assert 1795 < left <= 1801
    assert (await post(world, "/tokens/count", {"model": MODEL, "input": ["a"]}, token)).status_code == 200
    assert again.status_code == 401  # no new token for a token: it would never end


async def test_user_and_password(world: World) -> None:
    options: Any = {"base_url": f"{world.base}/gigachat/v1", "user": "anything", "password": KEY, "model": MODEL}
    async with gigachat.GigaChat(**options) as client:
        assert (await client.achat("Say 'Hello' and nothing else")).choices[0].message.content == "Hello."


@pytest.mark.parametrize("wrong", ["gm-wrong", base64.b64encode(b"a:gm-wrong").decode(), PASS_KEY])
async def test_a_wrong_key_gets_no_token(world: World, wrong: str) -> None:
    async with sdk(world, wrong) as client:
        with pytest.raises(AuthenticationError) as caught:
            await client.achat("x")
    assert json.loads(caught.value.content or b"")["code"] == 6
    assert not world.seen


async def test_a_token_ends_with_its_key(world: World, tmp_path: Path) -> None:
    """Nothing is kept of a token: a gateway with the same secret opens it, and one without the key refuses it."""
    async with httpx.AsyncClient() as http:
        answer = await http.post(f"{world.base}/gigachat/v2/oauth", headers={"Authorization": f"Basic {KEY}"})
    token = answer.json()["access_token"]
    asked = {"model": MODEL, "input": ["a"]}
    async with world_of(tmp_path / "same") as same:
        assert (await post(same, "/tokens/count", asked, token)).status_code == 200
    async with world_of(tmp_path / "revoked", keys=KEYS[1:]) as revoked:
        refused = await post(revoked, "/tokens/count", asked, token)
        assert (refused.status_code, refused.json()["status"]) == (401, 401)
    async with world_of(tmp_path / "other", secret_key=Secret("another root secret of another gateway")) as other:
        assert (await post(other, "/tokens/count", asked, token)).status_code == 401


@pytest.mark.parametrize("path", ["/chat/completions", "/embeddings", "/files", "/tokens/count"])
async def test_nothing_is_answered_without_a_key(world: World, path: str) -> None:
    answer = await post(world, path, b"not even JSON", "wrong")
    assert (answer.status_code, answer.json()["status"]) == (401, 401)


# Plain calls


async def test_models_embeddings_tokens_balance_and_functions(client: gigachat.GigaChat, world: World) -> None:
    models = await client.aget_models()
    assert MODEL in [model.id_ for model in models.data]
    assert (await client.aget_model(MODEL)).id_ == MODEL
    with pytest.raises(NotFoundError, match="No such model"):
        await client.aget_model("nonsense")
    embedded = await client.aembeddings(["a", "b"])
    assert [len(item.embedding) for item in embedded.data] == [1024, 1024]
    counted = await client.atokens_count(["First text", "Second"], model=MODEL)
    assert [count.object_ for count in counted] == ["tokens", "tokens"]
    with pytest.raises(ForbiddenError) as refused:  # this account pays as it goes: there is no balance
        await client.aget_balance()
    assert refused.value.content == b'{"status":403,"message":"Permission denied"}\n'


async def test_v2(client: gigachat.GigaChat, world: World) -> None:
    answer = await client.achat.create({"messages": [{"role": "user", "content": "Say 'Hello' and nothing else"}]})
    assert answer.messages[0].content[0].text == "Hello."  # type: ignore[index]  # a text, or it fails
    assert world.seen[-1].path.endswith("/v2/chat/completions")
    texts: list[str] = []
    async for chunk in client.achat.stream({"messages": [{"role": "user", "content": "Say 'Hello' and nothing else"}]}):
        for message in chunk.messages or ():
            texts += [part.text or "" for part in message.content or ()]
    assert "".join(texts) == "Hello."


# Chat


async def test_bytes_pass_verbatim(world: World) -> None:
    body = b'{ "model":"GigaChat-2-Max" , "messages":[ {"role":"user","content":"hi"} ], "temperature": 1.50 }'
    answer = await post(world, "/chat/completions", body, **{"x-session-id": "my session", "x-client-id": "ann"})
    assert world.seen[-1].headers["content-length"] == str(len(body))
    assert answer.content.startswith(b'{"choices":[{"message":')
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["x-session-id"] == "my session"
    assert answer.headers["x-gigamost-upstream"] == "account-0"
    sent = world.seen[-1].headers
    assert "my session" not in str(sent)
    assert "ann" not in str(sent["x-client-id"])
    again = await post(world, "/chat/completions", body, OTHER_KEY, **{"x-session-id": "my session"})
    assert again.status_code == 200
    assert world.seen[-1].headers["x-session-id"] != sent["x-session-id"]


@pytest.mark.parametrize("directive", ["", "one_byte", "crlf", "keepalive", "no_done"])
async def test_a_stream(client: gigachat.GigaChat, world: World, directive: str) -> None:
    if directive:
        world.script(directive)
    chunks = [chunk async for chunk in client.astream("[[emulator: long=40]] go")]
    assert len("".join(chunk.choices[0].delta.content or "" for chunk in chunks).split()) == 40
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert chunks[-1].usage is not None


@pytest.mark.parametrize("stream", [False, True])
async def test_states_of_calls_belong_to_their_tenant(world: World, stream: bool) -> None:
    asked: dict[str, Any] = {
        "model": MODEL,
        "messages": [{"role": "user", "content": 'Weather in "Omsk", call weather'}],
        "functions": [WEATHER],
        "function_call": {"name": "weather"},
    }
    answer = await post(world, "/chat/completions", asked | {"stream": stream})
    (state,) = set(re.findall(r'"functions_state_id":"([^"]+)"', answer.text))
    assert len(state) == 33
    assert state.isalnum()
    call = {"role": "assistant", "content": "", "function_call": {"name": "weather", "arguments": {"city": "Omsk"}}}
    result = {"role": "function", "name": "weather", "content": '{"sky":"snow"}'}
    asked |= {"messages": [*asked["messages"], call | {"functions_state_id": state}, result], "function_call": "auto"}
    again = await post(world, "/chat/completions", asked)
    assert "snow" in again.text
    assert re.fullmatch(r"[0-9a-f-]{36}", world.sent["messages"][1]["functions_state_id"])
    other = await post(world, "/chat/completions", asked, OTHER_KEY)
    assert other.status_code == 200
    assert "functions_state_id" not in world.sent["messages"][1]
    assert other.headers["x-gigamost-ignored"] == "messages.functions_state_id"


async def test_a_failure_before_the_answer_is_retried_and_then_told_in_gigachats_form(
    client: gigachat.GigaChat, world: World
) -> None:
    world.script("status=503", "status=429")
    assert (await client.achat("x")).choices
    assert len(world.seen) == 3
    world.script("status=429", "status=429", "status=429")
    with pytest.raises(RateLimitError) as limited:
        await client.achat("x")
    assert json.loads(limited.value.content or b"")["status"] == 429
    assert limited.value.headers is not None
    assert limited.value.headers["retry-after"] == "1"
    world.script("status=502", "status=502", "status=502")
    with pytest.raises(ServerError) as failed:
        await client.achat("x")
    assert json.loads(failed.value.content or b"")["status"] == 502


async def test_an_expired_credential_of_the_operator_is_renewed(client: gigachat.GigaChat, world: World) -> None:
    assert (await client.achat("x")).choices
    world.gigachat.app.state.tokens.revoke()
    assert (await client.achat("x")).choices


async def test_what_gigachat_refuses_is_said_in_its_own_words(world: World) -> None:
    answer = await post(
        world, "/chat/completions", {"model": "nonsense", "messages": [{"role": "user", "content": "x"}]}
    )
    assert (answer.status_code, answer.content) == (404, b'{"status":404,"message":"No such model"}\n')
    wrong = await post(world, "/chat/completions", {"model": MODEL, "messages": [{"role": "user", "content": ["x"]}]})
    assert (wrong.status_code, wrong.json()["message"]) == (400, "Your request contains invalid JSON syntax.")
    broken = await post(world, "/chat/completions", b"{")
    assert (broken.status_code, broken.json()["message"]) == (400, "Your request contains invalid JSON syntax.")


@pytest.mark.parametrize("directive", ["long=200; cut=400", "long=200; reset=400"])
async def test_a_cut_stream_has_no_proper_end(world: World, directive: str) -> None:
    world.script(directive)
    body = {"model": MODEL, "messages": [{"role": "user", "content": "x"}], "stream": True}
    with pytest.raises(httpx.RemoteProtocolError):
        await post(world, "/chat/completions", body)


async def test_a_client_that_leaves_frees_the_upstream(world: World) -> None:
    body = {"model": MODEL, "messages": [{"role": "user", "content": "[[emulator: long=500; delay=0.05]] x"}]}
    async with (
        httpx.AsyncClient(timeout=20) as http,
        http.stream(
            "POST",
            f"{world.base}/gigachat/v1/chat/completions",
            json=body | {"stream": True},
            headers={"Authorization": f"Bearer {KEY}"},
        ) as response,
    ):
        async for _ in response.aiter_bytes():
            break
    gate = world.gateway.gateway.accounts.operator[0].gate
    async with asyncio.timeout(5):
        while gate.snapshot().in_flight:  # noqa: ASYNC110  no event says that it is free
            await asyncio.sleep(0)


# Files


async def test_files_are_the_tenants_own(world: World) -> None:
    async with sdk(world) as client, sdk(world, OTHER_KEY) as other:
        uploaded = await client.aupload_file(picture())
        assert (uploaded.filename, uploaded.purpose, uploaded.access_policy) == ("red.png", "general", "private")
        assert uploaded.id_.startswith("file-")
        assert [file.id_ for file in (await client.aget_files()).data] == [uploaded.id_]
        assert (await client.aget_file(uploaded.id_)).bytes_ == uploaded.bytes_
        assert base64.b64decode((await client.aget_image(uploaded.id_)).content).startswith(b"\x89PNG")
        asked = {"messages": [{"role": "user", "content": "Look", "attachments": [uploaded.id_]}]}
        assert (await client.achat(asked)).choices
        (sent,) = world.sent["messages"][0]["attachments"]
        assert re.fullmatch(r"[0-9a-f-]{36}", sent)

        assert (await other.aget_files()).data == []
        for foreign in (uploaded.id_, sent):
            with pytest.raises(NotFoundError):
                await other.aget_file(foreign)
            with pytest.raises(ResponseError, match="404"):
                await other.aget_image(foreign)
            with pytest.raises(NotFoundError):
                await other.adelete_file(foreign)
            with pytest.raises(BadRequestError, match="no file of yours"):
                await other.achat({"messages": [{"role": "user", "content": "x", "attachments": [foreign]}]})
        assert (await client.adelete_file(uploaded.id_)).deleted
        assert (await client.aget_files()).data == []


async def test_files_in_v2(client: gigachat.GigaChat, world: World) -> None:
    uploaded = await client.aupload_file(picture())
    content = [{"text": "Look"}, {"files": [{"id": uploaded.id_}]}]
    await client.achat.create({"messages": [{"role": "user", "content": content}]})
    files = [part["files"] for part in world.sent["messages"][0]["content"] if "files" in part]
    assert re.fullmatch(r"[0-9a-f-]{36}", files[0][0]["id"])


@pytest.mark.parametrize("stream", [False, True])
async def test_pictures_that_gigachat_makes_are_shown_sealed(world: World, stream: bool) -> None:
    asked = {
        "model": MODEL,
        "messages": [{"role": "user", "content": "Нарисуй кота"}],
        "function_call": "auto",
        "stream": stream,
    }
    ann = {"x-client-id": "ann"}
    answer = await post(world, "/chat/completions", asked, **ann)
    (shown,) = re.findall(r'<img src=\\"([^\\"]+)\\"', answer.text)
    assert shown.startswith("file-")

    async def read(key: str, **headers: str) -> int:
        async with httpx.AsyncClient() as http:
            url = f"{world.base}/gigachat/v1/files/{shown}/content"
            return (await http.get(url, headers={"Authorization": f"Bearer {key}", **headers})).status_code

    assert await read(KEY, **ann) == 200
    assert await read(OTHER_KEY, **ann) == 404
    assert await read(KEY) == 404
    said = json.loads(answer.text)["choices"][0]["message"] if not stream else {"role": "assistant", "content": shown}
    history = [
        *asked["messages"],
        {"role": "assistant", "content": said["content"]},
        {"role": "user", "content": "More"},
    ]  # type: ignore[misc]  # a list
    assert (await post(world, "/chat/completions", asked | {"messages": history}, **ann)).status_code == 200
    if not stream:
        assert re.search(r'<img src="[0-9a-f-]{36}"', world.sent["messages"][1]["content"])


async def test_what_is_shared_by_all_cannot_be_named(world: World) -> None:
    base = {"model": MODEL, "messages": [{"role": "user", "content": "x"}]}
    fields: list[dict[str, Any]] = [
        {"assistant_id": "a"},
        {"storage": {"assistant_id": "a"}},
        {"storage": {"thread_id": "0199e210-2f13-744c-8fe5-c9a19fe27db7"}},
        {"memory_id": "m"},
        {"Storage": {}},
    ]
    for more in fields:
        assert (await post(world, "/chat/completions", base | more)).status_code == 400
    hidden = b'{"model":"GigaChat-2-Max","messages":[{"role":"user","content":"x"}],"\\u0061ssistant_id":"a"}'
    assert (await post(world, "/chat/completions", hidden)).status_code == 400
    assert not world.seen


async def test_no_other_route_of_gigachat_is_reachable(world: World) -> None:
    for path in ("/batches", "/assistants", "/threads", "/threads/messages/run"):
        assert (await post(world, path, {})).status_code == 404


async def test_files_go_where_they_are_kept(tmp_path: Path) -> None:
    """With two credentials in the pool a request is sent under the one that keeps its file."""
    async with world_of(tmp_path, COMPANY, TRADER) as world, sdk(world) as client:
        ids = [(await client.aupload_file(picture())).id_ for _ in range(4)]
        for file in ids:
            assert (await client.achat({"messages": [{"role": "user", "content": "x", "attachments": [file]}]})).choices


async def test_an_error_inside_a_success_is_retried(world: World) -> None:
    body = {"model": MODEL, "messages": [{"role": "user", "content": "Say 'Hello' and nothing else"}]}
    for stream in (False, True):
        world.script("error_body_in_200=429")
        answer = await post(world, "/chat/completions", body | {"stream": stream})
        assert answer.status_code == 200
        assert "Hello." in answer.text
        assert answer.headers["x-gigamost-attempts"] == "2"


async def test_a_slot_is_free_again_however_a_stream_ended(world: World) -> None:
    """The credential serves so many at a time; each kind of end must give its slot back."""
    body = {"model": MODEL, "messages": [{"role": "user", "content": "x"}], "stream": True}
    gate = world.gateway.gateway.accounts.operator[0].gate
    for directive in ("long=200; cut=400", "status=400", "status=500", "text=fine"):
        world.script(*[directive] * (3 if directive == "status=500" else 1))
        with suppress(httpx.RemoteProtocolError):
            await post(world, "/chat/completions", body)
        assert gate.snapshot().in_flight == 0
