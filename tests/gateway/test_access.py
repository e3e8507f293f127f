"""Who may ask: keys in every place, open mode, clients' own credentials, and what is open to all."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from gigamost.config import Server
from gigamost.core.secret import Secret
from gigamost.emulator import COMPANY, PERSON
from tests.gateway.conftest import KEY, PASS_KEY, World, world_of

CHAT = {"model": "GigaChat-2", "messages": [{"role": "user", "content": "hi"}]}
MASTER = "the master key of the tests"


async def post(world: World, headers: dict[str, str], query: str = "", body: Any = CHAT) -> httpx.Response:
    async with httpx.AsyncClient() as http:
        return await http.post(f"{world.base}/v1/chat/completions{query}", json=body, headers=headers, timeout=20)


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"Authorization": f"Bearer {KEY}"}, ""),
        ({"Authorization": f"bearer {KEY}"}, ""),
        ({"x-api-key": KEY}, ""),
        ({"api-key": KEY}, ""),
        ({"x-goog-api-key": KEY}, ""),
        ({}, f"?key={KEY}"),
        (
            {"Authorization": f"AWS4-HMAC-SHA256 Credential={KEY}/20261121/us-east-1/x, Signature=x"},
            "",
        ),
        ({"Authorization": "Bearer something else", "x-api-key": KEY}, ""),
    ],
)
async def test_a_key_is_taken_from_every_place(world: World, headers: dict[str, str], query: str) -> None:
    assert (await post(world, headers, query)).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"x-api-key": KEY[:-1]}])
async def test_without_a_good_key_nothing_is_read(world: World, headers: dict[str, str]) -> None:
    answer = await post(world, headers, body="not even an object")
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "authentication_error"
    assert not world.seen


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/chat/completions", 401),
        ("GET", "/v1/models", 401),
        ("GET", "/v1/files/x/content", 401),
        ("DELETE", "/v1/nonsense", 404),
        ("GET", "/health/live", 200),
        ("GET", "/health/ready", 200),
        ("GET", "/health", 200),
        ("OPTIONS", "/v1/chat/completions", 204),
    ],
)
async def test_authentication_comes_before_everything_else(world: World, method: str, path: str, status: int) -> None:
    async with httpx.AsyncClient() as http:
        assert (await http.request(method, world.base + path)).status_code == status


async def test_methods_and_routes_with_a_key(world: World) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(headers=headers) as http:
        wrong = await http.get(f"{world.base}/v1/chat/completions")
        assert (wrong.status_code, wrong.json()["error"]["message"]) == (405, "GET is not possible here: use POST.")
        assert (await http.post(f"{world.base}/chat/completions", json=CHAT)).status_code == 200
        assert (await http.post(f"{world.base}//v1//chat/completions/", json=CHAT)).status_code == 200


async def test_the_master_key_is_for_administration(tmp_path: Path) -> None:
    async with world_of(tmp_path, master_key=Secret(MASTER)) as world:
        answer = await post(world, {"Authorization": f"Bearer {MASTER}"})
        assert answer.status_code == 403
        assert "create a key" in answer.json()["error"]["message"]


async def test_open_mode_is_for_this_machine_alone(tmp_path: Path) -> None:
    async with world_of(tmp_path, keys=()) as world:
        assert (await post(world, {})).status_code == 200
        assert (await post(world, {"Authorization": "Bearer whatever-the-client-sends"})).status_code == 200
        for name, value in (
            ("Host", "gateway.example.com"),
            ("Host", "127.0.0.1.example.com"),
            ("X-Forwarded-For", "10.0.0.1"),
            ("Forwarded", "for=10.0.0.1"),
            ("Origin", "https://evil.example"),
        ):
            assert (await post(world, {name: value})).status_code == 401, name


async def test_open_mode_ends_with_the_first_key_or_by_demand(tmp_path: Path) -> None:
    async with world_of(tmp_path, keys=(), require_key=True) as world:
        assert (await post(world, {})).status_code == 401
        key = world.gateway.gateway.generated_key
        assert key is not None
        assert (await post(world, {"x-api-key": key.reveal()})).status_code == 200


async def test_prod_has_no_open_mode_and_no_open_health(tmp_path: Path) -> None:
    async with world_of(tmp_path, mode="prod", keys=(), master_key=Secret(MASTER)) as world:
        assert (await post(world, {})).status_code == 401
        async with httpx.AsyncClient() as http:
            assert (await http.get(f"{world.base}/health")).status_code == 401
            assert (await http.get(f"{world.base}/health", headers={"x-api-key": MASTER})).status_code == 200
            assert (await http.get(f"{world.base}/health/live")).status_code == 200


@pytest.mark.parametrize(
    "form",
    [
        f"giga-cred-{PERSON.credentials}:{PERSON.scope}",
        f"Bearer giga-cred-{PERSON.credentials}:{PERSON.scope}",
        f"Bearer giga-user-{PERSON.client_id}:{PERSON.secret}",
    ],
)
async def test_a_clients_own_credential_is_used_and_only_it(world: World, form: str) -> None:
    answer = await post(world, {"x-api-key": PASS_KEY, "Authorization": form})
    assert answer.status_code == 200, answer.text
    assert world.seen[-1].client_id == PERSON.client_id


async def test_a_clients_own_credential_that_is_wrong_is_its_own_401(world: World) -> None:
    for authorization in ("Bearer nonsense", "Bearer giga-auth-expired-token", ""):
        answer = await post(
            world, {"x-api-key": PASS_KEY} | ({"Authorization": authorization} if authorization else {})
        )
        assert answer.status_code == 401, answer.text
    assert all(seen.client_id != COMPANY.client_id for seen in world.seen)


async def test_cross_origin_pages_need_permission(tmp_path: Path) -> None:
    async with world_of(tmp_path, server=Server(cors_origins=("https://chat.example",))) as world:
        async with httpx.AsyncClient() as http:
            asked = {"Origin": "https://chat.example", "Access-Control-Request-Headers": "authorization"}
            allowed = await http.options(f"{world.base}/v1/chat/completions", headers=asked)
            assert allowed.headers["access-control-allow-origin"] == "https://chat.example"
            assert allowed.headers["access-control-allow-headers"] == "authorization"
            other = await http.options(f"{world.base}/v1/chat/completions", headers={"Origin": "https://evil.example"})
            assert "access-control-allow-origin" not in other.headers
        answer = await post(world, {"x-api-key": KEY, "Origin": "https://chat.example"})
        assert answer.headers["access-control-allow-origin"] == "https://chat.example"


async def test_health_tells_the_state(world: World) -> None:
    await post(world, {"x-api-key": KEY})
    async with httpx.AsyncClient() as http:
        health = (await http.get(f"{world.base}/health")).json()
    assert health["status"] == "healthy"
    assert health["provider"] == "gigachat"
    assert health["gigachat_available"] is True
