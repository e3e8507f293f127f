"""What a stored key may do and what its requests get, on every face, from the administrator's call to GigaChat."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from gigamost.config import Server
from gigamost.core.secret import Secret
from gigamost.emulator import COMPANY
from tests.gateway.conftest import KEY, World, world_of

MASTER = "the master key of the tests"
CHAT = {"model": "GigaChat-2", "messages": [{"role": "user", "content": "hi"}]}
NATIVE_V2 = {"model": "GigaChat-2", "messages": [{"role": "user", "content": [{"text": "hi"}]}]}


class Office:
    """An administrator of a gateway."""

    def __init__(self, world: World, http: httpx.AsyncClient) -> None:
        self.world = world
        self.http = http

    async def admin(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self.http.request(
            method, f"/admin/api{path}", json=body, headers={"Authorization": f"Bearer {MASTER}"}
        )
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def key(self, **body: Any) -> str:
        key: str = (await self.admin("POST", "/keys", {"name": "k"} | body))["key"]
        return key

    async def ask(self, key: str, path: str = "/v1/chat/completions", body: Any = CHAT) -> httpx.Response:
        return await self.http.post(path, json=body, headers={"x-api-key": key})


@asynccontextmanager
async def office_of(state: Path, **changes: Any) -> AsyncIterator[Office]:
    async with (
        world_of(state, COMPANY, master_key=Secret(MASTER), **changes) as world,
        httpx.AsyncClient(base_url=world.base, timeout=20) as http,
    ):
        yield Office(world, http)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with office_of(tmp_path) as made:
        yield made


async def test_a_key_of_the_api_works_at_once_and_ends_at_once(office: Office) -> None:
    made = await office.admin("POST", "/keys", {"name": "k"})
    assert (await office.ask(made["key"])).status_code == 200
    assert (await office.ask(KEY)).status_code == 200
    await office.admin("POST", f"/keys/{made['id']}/revoke")
    refused = await office.ask(made["key"])
    assert (refused.status_code, refused.json()["error"]["type"]) == (401, "authentication_error")


async def test_the_first_key_ends_open_mode(tmp_path: Path) -> None:
    async with office_of(tmp_path, keys=()) as office:
        assert (await office.http.get("/v1/models")).status_code == 200
        key = await office.key()
        assert (await office.http.get("/v1/models")).status_code == 401
        assert (await office.http.get("/v1/models", headers={"x-api-key": key})).status_code == 200


FORMS: dict[str, tuple[str, Any, Any]] = {
    "openai": ("/v1/chat/completions", CHAT, lambda body: body["error"]["code"]),
    "anthropic": (
        "/v1/messages",
        {"model": "claude-x", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]},
        lambda body: body["error"]["type"],
    ),
    "gemini": (
        "/v1beta/models/gemini-x:generateContent",
        {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]},
        lambda body: body["error"]["status"],
    ),
    "ollama": ("/api/chat", CHAT | {"stream": False}, lambda body: body["error"][:21]),
    "bedrock": (
        "/model/GigaChat-2/converse",
        {"messages": [{"role": "user", "content": [{"text": "hi"}]}]},
        lambda body: body["message"][:21],
    ),
    "gigachat": ("/gigachat/api/v1/chat/completions", CHAT, lambda body: body["message"][:21]),
}
REFUSALS = {
    "openai": "permission_denied",
    "anthropic": "permission_error",
    "gemini": "PERMISSION_DENIED",
    "ollama": "This key is not for t",
    "bedrock": "This key is not for t",
    "gigachat": "This key is not for t",
}


@pytest.mark.parametrize("face", list(FORMS))
async def test_a_face_outside_the_scope_is_refused_in_its_own_form(office: Office, face: str) -> None:
    path, body, form = FORMS[face]
    other = "ollama" if face != "ollama" else "openai"
    refused = await office.ask(await office.key(faces=[other]), path, body)
    assert (refused.status_code, form(refused.json())) == (403, REFUSALS[face])
    assert (await office.ask(await office.key(faces=[face]), path, body)).status_code == 200


@pytest.mark.parametrize("face", list(FORMS))
async def test_a_model_outside_the_scope_is_refused_on_every_face(office: Office, face: str) -> None:
    path, body, _ = FORMS[face]
    refused = await office.ask(await office.key(models=["GigaChat-2-Pro"]), path, body)
    assert refused.status_code == 403
    assert "This key is not for the model" in refused.text
    assert not office.world.seen
    assert (await office.ask(await office.key(models=["*"]), path, body)).status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/embeddings", {"model": "Embeddings", "input": "x"}),
        ("/v1/images/generations", {"model": "dall-e-3", "prompt": "a cat"}),
        ("/v1/responses", {"model": "gpt-4o", "input": "x"}),
        ("/v1/completions", {"model": "gpt-4o", "prompt": "x"}),
        ("/v1/messages/count_tokens", {"model": "claude-x", "messages": [{"role": "user", "content": "hi"}]}),
        ("/gigachat/api/v1/embeddings", {"model": "Embeddings", "input": ["x"]}),
        ("/gigachat/api/v1/tokens/count", {"model": "GigaChat-2", "input": ["x"]}),
        ("/gigachat/api/v2/chat/completions", NATIVE_V2),
        ("/gigachat/api/v1/chat/completions", {"messages": CHAT["messages"]}),
        ("/gigachat/api/v1/chat/completions", {"model": ["GigaChat-2-Pro"], "messages": CHAT["messages"]}),
    ],
)
async def test_no_other_route_goes_round_the_scope(office: Office, path: str, body: Any) -> None:
    assert (await office.ask(await office.key(models=["GigaChat-2-Pro"]), path, body)).status_code == 403
    assert not office.world.seen


async def test_no_spelling_goes_round_the_scope(office: Office) -> None:
    key = await office.key(models=["GigaChat-2"])
    sent = b'{"model":"GigaChat-2-Max","model":"GigaChat-2","messages":[{"role":"user","content":"hi"}]}'
    path = "/gigachat/api/v1/chat/completions"
    assert (await office.http.post(path, content=sent, headers={"x-api-key": key})).status_code == 200
    assert office.world.sent["model"] == "GigaChat-2"
    spelled = sent.replace(b'"model":"GigaChat-2-Max"', b'"Model":"GigaChat-2-Max"')
    assert (await office.http.post(path, content=spelled, headers={"x-api-key": key})).status_code == 400


async def test_a_scope_means_the_name_or_what_it_stands_for(office: Office) -> None:
    by_name, by_model = await office.key(models=["gpt-4*"]), await office.key(models=["GigaChat-2-Max"])
    for key in (by_name, by_model):
        assert (await office.ask(key, body=CHAT | {"model": "gpt-4o"})).status_code == 200
    assert (await office.ask(by_name, body=CHAT | {"model": "GigaChat-2-Max"})).status_code == 403
    assert (await office.ask(by_model, body=CHAT | {"model": "gpt-4o-mini"})).status_code == 403


async def test_lists_of_models_show_what_the_key_may_use(office: Office) -> None:
    headers = {"x-api-key": await office.key(models=["GigaChat-2-Pro"])}
    listed = (await office.http.get("/v1/models", headers=headers)).json()["data"]
    assert {each["id"] for each in listed} == {"GigaChat-2-Pro", "gigachat-pro"}
    assert (await office.http.get("/v1/models/GigaChat-2-Pro", headers=headers)).status_code == 200
    assert (await office.http.get("/v1/models/GigaChat-2-Max", headers=headers)).status_code == 403


async def test_a_tenant_takes_a_model_from_its_keys(office: Office) -> None:
    await office.admin("POST", "/tenants", {"name": "acme"})
    key = await office.key(tenant="acme")
    assert (await office.ask(key)).status_code == 200
    await office.admin("PATCH", "/tenants/acme", {"models": ["GigaChat-2-Pro"]})
    assert (await office.ask(key)).status_code == 403


async def test_a_default_model_serves_requests_without_one(office: Office) -> None:
    key = await office.key(defaults={"model": "GigaChat-2-Pro"})
    assert (await office.ask(key, body={"messages": CHAT["messages"]})).status_code == 200
    assert office.world.sent["model"] == "GigaChat-2-Pro"
    await office.ask(key)
    assert office.world.sent["model"] == "GigaChat-2"
    assert (await office.ask(await office.key(), body={"messages": CHAT["messages"]})).status_code == 400


@pytest.mark.parametrize("face", list(FORMS))
async def test_a_forced_model_serves_all(office: Office, face: str) -> None:
    path, body, _ = FORMS[face]
    key = await office.key(defaults={"forced_model": "GigaChat-2-Pro"}, models=["GigaChat-2"])
    assert (await office.ask(key, path, body)).status_code == 200
    assert office.world.sent["model"] == "GigaChat-2-Pro"


@pytest.mark.parametrize("face", list(FORMS))
async def test_a_keys_system_text_comes_before_the_clients(office: Office, face: str) -> None:
    path, body, _ = FORMS[face]
    key = await office.key(defaults={"system": "Answer in verse."})
    assert (await office.ask(key, path, body)).status_code == 200
    assert office.world.sent["messages"][0] == {"role": "system", "content": "Answer in verse."}
    assert office.world.sent["messages"][1]["content"] == "hi"


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/gigachat/api/v1/chat/completions"])
async def test_the_clients_own_system_text_goes_on_after_it(office: Office, path: str) -> None:
    key = await office.key(defaults={"system": "Answer in verse."})
    body = CHAT | {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]}
    assert (await office.ask(key, path, body)).status_code == 200
    system, user = office.world.sent["messages"]
    assert system == {"role": "system", "content": "Answer in verse.\n\nBe brief."}
    assert user["content"] == "hi"


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/gigachat/api/v1/chat/completions"])
async def test_a_keys_filter_is_not_the_clients_choice(office: Office, path: str) -> None:
    key = await office.key(defaults={"profanity_check": True})
    assert (await office.ask(key, path, CHAT | {"profanity_check": False})).status_code == 200
    assert office.world.sent["profanity_check"] is True
    await office.ask(await office.key(), path, CHAT | {"profanity_check": False})
    assert office.world.sent["profanity_check"] is False


async def test_the_native_second_version_gets_the_same(office: Office) -> None:
    defaults = {"system": "Answer in verse.", "profanity_check": False, "forced_model": "GigaChat-2-Max"}
    key = await office.key(defaults=defaults)
    assert (await office.ask(key, "/gigachat/api/v2/chat/completions", NATIVE_V2)).status_code == 200
    sent = office.world.sent
    assert (sent["model"], sent["disable_filter"]) == ("GigaChat-2-Max", True)
    assert sent["messages"][0] == {"role": "system", "content": [{"text": "Answer in verse."}]}


async def test_a_native_body_stays_as_it_is_for_a_key_without_defaults(office: Office) -> None:
    sent = b'{"model":"GigaChat-2",  "messages":[{"role":"user","content":"hi"}]}'
    headers = {"x-api-key": await office.key(name="plain"), "content-type": "application/json"}
    answer = await office.http.post("/gigachat/api/v1/chat/completions", content=sent, headers=headers)
    assert answer.status_code == 200


async def test_a_key_that_keeps_nothing(office: Office) -> None:
    key = await office.key(defaults={"keeps_responses": False})
    headers = {"x-api-key": key}
    kept_not = await office.ask(key, "/v1/responses", {"model": "gpt-4o", "input": "x", "store": True})
    assert kept_not.status_code == 200
    assert "store" in kept_not.headers["x-gigamost-ignored"]
    assert (await office.http.get(f"/v1/responses/{kept_not.json()['id']}", headers=headers)).status_code == 404
    refused = await office.ask(key, "/v1/conversations", {})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "permission_denied")
    within = {"model": "gpt-4o", "input": "x", "conversation": "conv_1"}
    assert (await office.ask(key, "/v1/responses", within)).status_code == 403
    later = {"model": "gpt-4o", "input": "x", "background": True}
    assert (await office.ask(key, "/v1/responses", later)).status_code == 403
    kept = await office.ask(await office.key(), "/v1/responses", {"model": "gpt-4o", "input": "x"})
    assert "x-gigamost-ignored" not in kept.headers


async def test_addresses_and_proxies(tmp_path: Path) -> None:
    async with office_of(tmp_path, server=Server(trusted_proxies=("127.0.0.0/8",))) as office:
        key = await office.key(addresses=["203.0.113.0/24"])
        for forwarded, status in (("203.0.113.5", 200), ("192.0.2.1", 403), ("203.0.113.5, 192.0.2.1", 403)):
            headers = {"x-api-key": key, "x-forwarded-for": forwarded}
            assert (await office.http.get("/v1/models", headers=headers)).status_code == status
        assert (await office.ask(key)).status_code == 403


async def test_the_description_is_for_dev_alone(tmp_path: Path) -> None:
    for mode, status in (("dev", 200), ("prod", 404)):
        async with office_of(tmp_path / mode, mode=mode) as office:
            assert (await office.http.get("/openapi.json")).status_code == status
            page = await office.http.get("/docs")
            assert page.status_code == status
            assert status != 200 or "/admin/api/keys" in page.text
            assert page.headers["x-request-id"]
