"""Tokens, headers, limits and the log: what happens before an endpoint is asked."""

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest

from gigamost.emulator import COMPANY, PERSON, TRADER, Account, EmulatorSettings, Running, build
from tests.emulator.conftest import Api, ended, message, serve

BASIC = "Basic " + PERSON.credentials


class Clock:
    """Time that a test moves."""

    now = 1_768_996_171.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("headers", "data", "status", "code", "text"),
    [
        ({}, {"scope": "nonsense"}, 400, 1, "scope data format invalid"),
        ({"RqUID": "1"}, {"scope": "GIGACHAT_API_PERS"}, 400, 2, "header 'RqUID' is invalid"),
        (
            {"RqUID": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"},
            {"scope": "GIGACHAT_API_PERS"},
            400,
            2,
            "header 'RqUID' is invalid",
        ),
        (
            {"Authorization": "Basic not base64"},
            {"scope": "GIGACHAT_API_PERS"},
            400,
            4,
            "Can't decode 'Authorization' header",
        ),
        (
            {"Authorization": "Bearer " + PERSON.credentials},
            {"scope": "GIGACHAT_API_PERS"},
            400,
            4,
            "Can't decode 'Authorization' header",
        ),
        ({}, {}, 400, 5, "scope is empty"),
        ({}, {"scope": ""}, 400, 5, "scope is empty"),
        (
            {"Authorization": "Basic " + base64.b64encode(b"who:what").decode()},
            {"scope": "GIGACHAT_API_PERS"},
            401,
            6,
            "credentials doesn't match db data",
        ),
        ({}, {"scope": "GIGACHAT_API_CORP"}, 400, 7, "scope from db not fully includes consumed scope"),
    ],
)
async def test_oauth_errors(
    api: Api, headers: dict[str, str], data: dict[str, str], status: int, code: int, text: str
) -> None:
    sent = {"Authorization": BASIC, "RqUID": str(uuid4())} | headers
    response = await api.http.post(api.running.auth_url, data=data, headers=sent)
    assert (response.status_code, response.json()) == (status, {"code": code, "message": text})


async def test_oauth_says_milliseconds_and_the_token_lasts_half_an_hour() -> None:
    clock = Clock()
    async with Running(build(EmulatorSettings(), clock)) as running:
        api = Api(running, PERSON)
        async with api.http:
            issued = await api.oauth()
            assert list(issued.json()) == ["access_token", "expires_at"]
            assert issued.json()["expires_at"] == (1_768_996_171 + 1800) * 1000
            assert issued.headers["content-type"] == "application/json"
            token = issued.json()["access_token"]
            assert token.startswith("eyJ")
            assert token.count(".") == 4
            api.http.headers["Authorization"] = f"Bearer {token}"
            clock.now += 1799
            assert (await api.http.get("/models")).status_code == 200
            clock.now += 2
            expired = await api.http.get("/models")
            assert (expired.status_code, expired.json()) == (401, {"status": 401, "message": "Token has expired"})


async def test_user_and_password_get_a_token_in_seconds() -> None:
    clock = Clock()
    async with Running(build(EmulatorSettings(), clock)) as running:
        auth = (PERSON.client_id, PERSON.secret)
        async with httpx.AsyncClient(base_url=running.base_url, verify=False) as http:
            told = (await http.post("/token", auth=auth)).json()
            assert list(told) == ["tok", "exp"]
            assert told["exp"] == 1_768_996_171 + 1800
            answer = await http.get("/models", headers={"Authorization": f"Bearer {told['tok']}"})
            assert answer.status_code == 200
            assert (await http.post("/token", auth=("who", "what"))).status_code == 401


async def test_more_than_ten_tokens_in_a_second_are_too_many() -> None:
    clock = Clock()
    async with Running(build(EmulatorSettings(), clock)) as running:
        api = Api(running, PERSON)
        async with api.http:
            assert [(await api.oauth()).status_code for _ in range(11)] == [200] * 10 + [429]
            clock.now += 1
            assert (await api.oauth()).status_code == 200


@pytest.mark.parametrize("authorization", ["", "Bearer eyJ.nobody", "Basic eyJ"])
async def test_without_a_good_token_there_is_nothing(api: Api, authorization: str) -> None:
    for path in ("/models", "/chat/completions", "/no/such/path"):
        response = await api.http.request("GET", path, headers={"Authorization": authorization})
        assert (response.status_code, response.content) == (401, b'{"status":401,"message":"Unauthorized"}\n')


async def test_a_user_agent_is_mandatory(api: Api) -> None:
    response = await api.http.get("/models", headers={"User-Agent": ""})
    assert (response.status_code, response.json()) == (403, {"message": "Unauthorized"})


async def test_the_user_agent_check_can_be_switched_off() -> None:
    async with serve(EmulatorSettings(require_user_agent=False), COMPANY) as api:
        assert (await api.http.get("/models", headers={"User-Agent": ""})).status_code == 200


@pytest.mark.parametrize("prefix", ["/api/v1", "/v1"])
async def test_both_prefixes_serve_the_same(api: Api, prefix: str) -> None:
    origin = api.running.base_url.removesuffix("/api/v1")
    assert (await api.http.get(f"{origin}{prefix}/models/GigaChat")).json()["id"] == "GigaChat"


async def test_unknown_paths_and_methods(api: Api) -> None:
    assert (await api.http.get("/nothing")).status_code == 404
    assert (await api.http.get(api.running.base_url.removesuffix("/api/v1") + "/")).status_code == 404
    wrong = await api.http.delete("/models")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET")


async def test_headers_are_those_of_the_real_api(api: Api) -> None:
    response = await api.chat("Hi", headers={"X-Session-ID": "session-1"})
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.headers["server"] == "SynGX"
    assert response.headers["allow"] == "GET, POST"
    assert response.headers["x-session-id"] == "session-1"
    assert UUID(response.headers["x-request-id"]).version == 4
    assert {name for name in response.headers if name.startswith("access-control-allow-")}
    assert not [name for name in response.headers if "ratelimit" in name or name == "retry-after"]
    echoed = await api.chat("Hi", headers={"X-Request-ID": "mine"})
    assert echoed.headers["x-request-id"] == "mine"
    assert UUID(echoed.headers["x-session-id"]).version == 4
    sent = datetime.strptime(response.headers["date"], "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    assert abs((datetime.now(UTC) - sent).total_seconds()) < 60


async def test_success_is_compact_and_errors_end_in_a_line_break(api: Api) -> None:
    good = await api.chat("Скажи «Да» и ничего больше")
    assert good.content == msgspec.json.encode(msgspec.json.decode(good.content))
    assert "Да.".encode() in good.content
    missing = await api.chat("Hi", model="NonExistentModel")
    assert missing.status_code == 404
    # 40 characters of JSON are recorded with Content-Length 41.
    assert missing.content == b'{"status":404,"message":"No such model"}\n'
    assert missing.headers["content-length"] == "41"


async def test_a_body_over_the_limit_is_413() -> None:
    async with serve(EmulatorSettings(body_limit=1000), COMPANY) as api:
        assert (await api.chat("x" * 500)).status_code == 200
        large = await api.chat("x" * 2000)
        assert (large.status_code, large.json()) == (413, {"status": 413, "message": "Payload too large"})

        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(20):
                yield b"x" * 100

        chunked = await api.http.post("/chat/completions", content=pieces())
        assert chunked.status_code == 413


@pytest.mark.parametrize(("account", "limit"), [(PERSON, 1), (TRADER, 10), (COMPANY, 10)])
async def test_streams_over_the_limit_are_refused_at_once(account: Account, limit: int) -> None:
    async with serve(EmulatorSettings(), account) as api:
        held = [asyncio.create_task(api.chat("[[emulator: stall_after=1]] Hi", stream=True)) for _ in range(limit)]
        await api.app.log.until(lambda _: sum(bool(seen.status) for seen in api.app.log.at("/completions")) == limit)
        serials = [seen.serial for seen in api.app.log.at("/completions")]
        refused = await api.chat("Hi")
        assert (refused.status_code, refused.json()) == (429, {"status": 429, "message": "Too many requests"})
        assert "retry-after" not in refused.headers
        assert (await api.http.get("/models")).status_code == 200  # listing is no stream
        for task in held:
            task.cancel()
        await asyncio.gather(*held, return_exceptions=True)
        for serial in serials:
            assert (await api.app.log.until(ended(serial))).ending == "disconnected"
        assert (await api.chat("Hi")).status_code == 200


async def test_a_slot_is_free_as_soon_as_the_last_byte_is_out() -> None:
    async with serve(EmulatorSettings(), PERSON) as api:
        for n in range(100):
            assert (await api.chat("Hi", stream=bool(n % 2))).status_code == 200


async def test_a_session_finds_its_prefix_in_the_cache(api: Api) -> None:
    session = {"X-Session-ID": "dialog"}
    first = {"role": "user", "content": "My name is Ann and I like rain."}
    answer = {"role": "assistant", "content": "Noted."}
    then = {"role": "user", "content": "What is my name?"}
    usages = []
    for messages in ([first], [first, answer, then], [then]):
        body = {"model": "GigaChat-2-Max", "messages": messages}
        usages.append((await api.http.post("/chat/completions", json=body, headers=session)).json()["usage"])
    assert [usage["precached_prompt_tokens"] for usage in usages] == [0, 9, 0]
    assert all(usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] for usage in usages)
    other = {"model": "GigaChat-2-Max", "messages": [then]}
    response = await api.http.post("/chat/completions", json=other, headers={"X-Session-ID": "another"})
    assert response.json()["usage"]["precached_prompt_tokens"] == 0


async def test_the_log_says_what_was_seen(api: Api) -> None:
    await api.chat("Hi", headers={"X-Session-ID": "s"})
    await api.chat("Hi", temperature=0)
    good, bad = api.app.log.at("/chat/completions")
    assert (good.method, good.path, good.status, good.error) == ("POST", "/api/v1/chat/completions", 200, "")
    assert (good.client_id, good.headers["x-session-id"]) == (COMPANY.client_id, "s")
    assert good.body["messages"] == [{"role": "user", "content": "Hi"}]
    assert "authorization" not in good.headers
    assert (bad.status, bad.error) == (422, "Invalid params: temperature must be in range (0, +inf)")
    finished = await api.app.log.until(ended(bad.serial))
    assert finished.finished is not None
    assert finished.finished >= finished.started


async def test_the_log_is_bounded() -> None:
    async with serve(EmulatorSettings(log_size=3), COMPANY) as api:
        for _ in range(5):
            await api.http.get("/models")
        assert len(api.app.log) == 3


async def test_waiting_for_what_never_comes_ends(api: Api) -> None:
    with pytest.raises(TimeoutError):
        await api.app.log.until(lambda seen: seen.path == "/never", timeout=0.01)


async def test_expired_and_revoked_tokens(api: Api) -> None:
    api.app.state.tokens.expire()
    assert (await api.chat("Hi")).json()["message"] == "Token has expired"
    await api.authorize()
    assert message(await api.chat("Hi"))
    api.app.state.tokens.revoke()
    assert (await api.chat("Hi")).json()["message"] == "Unauthorized"


async def test_a_package_runs_out() -> None:
    account = Account("poor", "secret", tokens=30)
    async with serve(EmulatorSettings(accounts=(account,)), account) as api:
        assert message(await api.chat("Say 'Hello' and nothing else", model="GigaChat"))
        left = (await api.http.get("/balance")).json()["balance"]
        assert left[0] == {"usage": "GigaChat", "value": 10}
        assert message(await api.chat("Say 'Hello' and nothing else", model="GigaChat"))
        empty = await api.chat("Hi", model="GigaChat")
        assert (empty.status_code, empty.json()) == (402, {"status": 402, "message": "Payment Required"})
        assert message(await api.chat("Hi", model="GigaChat-2-Max"))


async def test_payg_has_no_balance(api: Api) -> None:
    denied = await api.http.get("/balance")
    assert (denied.status_code, denied.json()) == (403, {"status": 403, "message": "Permission denied"})
