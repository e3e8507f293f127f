"""`/metrics`: what Prometheus reads, who may read it, and what is never in it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families

from gigamost.config.settings import Server
from gigamost.core.secret import Secret
from tests.gateway.conftest import IN_MEMORY, KEY, World, world_of

MASTER = "the master key of the tests"
METRICS_KEY = "a key for metrics alone"
MODEL = "GigaChat-2-Max"
MESSAGES: Any = [{"role": "user", "content": "Say 'Hello' and nothing else"}]


class Scraped:
    def __init__(self, text: str) -> None:
        self.samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]

    def sum(self, name: str, **labels: str) -> float:
        """Of all samples of this name with these labels."""
        fits = [each for each in self.samples if each.name == name and labels.items() <= each.labels.items()]
        return sum(each.value for each in fits)

    def values(self, label: str) -> set[str]:
        return {each.labels[label] for each in self.samples if label in each.labels}


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=world.base, timeout=20) as made:
        yield made


async def scrape(http: httpx.AsyncClient, **headers: str) -> Scraped:
    answer = await http.get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    return Scraped(answer.text)


async def chat(world: World, **more: Any) -> Any:
    answer: Any = await world.openai.chat.completions.create(model=MODEL, messages=MESSAGES, **more)
    return [chunk async for chunk in answer] if more.get("stream") else answer


async def test_requests_are_counted_by_what_became_of_them(world: World, http: httpx.AsyncClient) -> None:
    before = await scrape(http)
    assert before.sum("gigamost_requests_total") == 0
    answer = await chat(world)
    await chat(world, stream=True)
    world.script("status=422; message=no")
    with pytest.raises(openai.BadRequestError):
        await chat(world)
    await http.post("/v1/messages", json={}, headers={"x-api-key": "wrong"})
    await http.post("/v1/messages", json={}, headers={"x-api-key": KEY})
    seen = await scrape(http)
    of_model = {"face": "openai", "model": MODEL, "credential": "account-0"}
    assert seen.sum("gigamost_requests_total", status="2xx", **of_model) == 2
    assert seen.sum("gigamost_requests_total", status="4xx", **of_model) == 1
    assert seen.sum("gigamost_requests_total", status="4xx", face="anthropic", model="", credential="") == 2
    assert seen.sum("gigamost_tokens_total", kind="output", **of_model) == 2 * answer.usage.completion_tokens
    assert seen.sum("gigamost_tokens_total", kind="input", **of_model) >= answer.usage.prompt_tokens
    assert seen.sum("gigamost_cost_roubles_total", **of_model) > 0
    assert seen.sum("gigamost_request_duration_seconds_count", **of_model) == 3
    assert seen.sum("gigamost_request_duration_seconds_bucket", le="+Inf", **of_model) == 3
    assert seen.sum("gigamost_first_content_seconds_count", **of_model) == 2
    assert 0 < seen.sum("gigamost_request_duration_seconds_sum") < 60
    assert seen.sum("gigamost_stream_breaks_total") == 0


async def test_streams_that_break_and_clients_that_leave(world: World, http: httpx.AsyncClient) -> None:
    world.script("cut=900; long=200; delay=0.01")
    with pytest.raises(openai.APIError):
        await chat(world, stream=True)
    world.script("stall_before=60")
    leaving = asyncio.create_task(chat(world))
    while len(world.seen) < 2:  # noqa: ASYNC110 - the emulator has no event for it
        await asyncio.sleep(0.01)
    assert (await scrape(http)).sum("gigamost_in_flight") == 2  # this scrape as well
    assert (await scrape(http)).sum("gigamost_credential_in_flight") == 1
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    while not (seen := await scrape(http)).sum("gigamost_requests_total", status="gone"):  # noqa: ASYNC110 - nobody tells when Prometheus would see it
        await asyncio.sleep(0.01)
    assert seen.sum("gigamost_stream_breaks_total", model=MODEL) == 1
    assert seen.sum("gigamost_requests_total", status="gone") == 1
    assert seen.sum("gigamost_credential_in_flight") == 0


async def test_how_the_gateway_stands(world: World, http: httpx.AsyncClient) -> None:
    await chat(world)
    seen = await scrape(http)
    credential = {"credential": "account-0", "upstream": "gigachat"}
    assert seen.sum("gigamost_credential_token", state="valid", **credential) == 1
    assert seen.sum("gigamost_credential_token", **credential) == 1
    assert seen.sum("gigamost_credential_breaker", state="closed", **credential) == 1
    assert seen.sum("gigamost_credential_places", **credential) == 10
    assert seen.sum("gigamost_credential_token_left_seconds", **credential) > 0
    assert seen.sum("gigamost_limits_mode", mode="alone") == 1
    assert seen.sum("gigamost_limits_mode") == 1
    assert seen.sum("gigamost_ledger_spooling") == 0
    assert seen.sum("gigamost_info", replica=world.gateway.gateway.front_desk.replica) == 1
    assert seen.sum("process_resident_memory_bytes") > 0


async def test_openmetrics_for_those_who_ask_for_it(world: World, http: httpx.AsyncClient) -> None:
    await chat(world)
    accept = "application/openmetrics-text; version=1.0.0, text/plain; version=0.0.4; q=0.5"
    answer = await http.get("/metrics", headers={"accept": accept})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    families = openmetrics_families(answer.text)  # type: ignore[no-untyped-call]  # the library says no types here
    names = {family.name for family in families}
    assert {"gigamost_requests", "gigamost_request_duration_seconds"} <= names
    strange = await http.get("/metrics", headers={"accept": "text/plain; version=strange, x;;;="})
    assert strange.headers["content-type"].startswith("text/plain")


async def test_nothing_that_a_client_makes_up_is_a_label(tmp_path: Path) -> None:
    """Models, keys, tenants, users, paths: whatever a client sends, the number of series stays as it is."""
    key = {"Authorization": f"Bearer {KEY}"}
    models: Any = {"database_url": IN_MEMORY, "routes": {}}
    async with (
        world_of(tmp_path, **models) as world,
        httpx.AsyncClient(base_url=world.base, timeout=20, headers=key) as http,
    ):
        for at in range(20):
            canary = f"canary{at}"
            body = {"model": canary, "messages": MESSAGES, "user": canary}
            assert (await http.post("/v1/chat/completions", json=body)).status_code == 404
            await http.post("/v1/embeddings", json={"model": canary, "input": canary})
            await http.get(f"/v1/{canary}")
            await http.get(f"/v1/models/{canary}")
            await http.post(f"/v1beta/models/{canary}:generateContent", json={})
        text = (await http.get("/metrics")).text
        assert "canary" not in text
        assert "first" not in Scraped(text).values("credential") | Scraped(text).values("upstream")
        assert KEY not in text
        assert Scraped(text).values("model") <= {"", "other", MODEL, "GigaChat-2", "GigaChat-2-Pro"}


async def test_refusals_are_counted_by_their_reason(tmp_path: Path) -> None:
    changes: Any = {"database_url": IN_MEMORY, "master_key": Secret(MASTER)}
    async with (
        world_of(tmp_path, **changes) as world,
        httpx.AsyncClient(base_url=world.base, timeout=20) as http,
    ):
        admin = {"Authorization": f"Bearer {MASTER}"}
        for terms in ({"limits": {"rpm": 1}}, {"budget": {"amount": "0.000001"}}):
            made = (await http.post("/admin/api/keys", json={"name": "k", **terms}, headers=admin)).json()["key"]
            for _ in range(2):
                body = {"model": MODEL, "messages": MESSAGES}
                await http.post("/v1/chat/completions", json=body, headers={"x-api-key": made})
        seen = await scrape(http)
        assert seen.sum("gigamost_refusals_total", reason="rate") == 1
        assert seen.sum("gigamost_refusals_total", reason="key_budget") == 2
        assert seen.sum("gigamost_requests_total", model="", status="4xx") == 3


async def test_processes_that_listen_together_say_which_one_they_are(tmp_path: Path) -> None:
    async with (
        world_of(tmp_path, server=Server(workers=2)) as world,
        httpx.AsyncClient(base_url=world.base, timeout=20) as http,
    ):
        await chat(world)
        seen = await scrape(http)
        (worker,) = seen.values("worker")
        assert world.gateway.gateway.front_desk.replica.startswith(worker)
        assert {each.name for each in seen.samples if "worker" not in each.labels} == set()
        assert seen.sum("process_resident_memory_bytes", worker=worker) > 0


async def test_prod_wants_a_key(tmp_path: Path) -> None:
    changes: Any = {"mode": "prod", "master_key": Secret(MASTER), "metrics_key": Secret(METRICS_KEY)}
    async with (
        world_of(tmp_path, **changes) as world,
        httpx.AsyncClient(base_url=world.base, timeout=20) as http,
    ):
        for path in ("/metrics", "/health"):
            for given, status in (("", 401), (KEY, 401), ("wrong", 401), (MASTER, 200), (METRICS_KEY, 200)):
                headers = {"Authorization": f"Bearer {given}"} if given else {}
                answer = await http.get(path, headers=headers)
                assert answer.status_code == status, (path, given, answer.text)
        for path in ("/v1/models", "/admin/api/keys"):
            answer = await http.get(path, headers={"Authorization": f"Bearer {METRICS_KEY}"})
            assert answer.status_code == 401


async def test_dev_shows_them_to_this_machine_alone(world: World, http: httpx.AsyncClient) -> None:
    assert (await http.get("/metrics")).status_code == 200
    assert (await http.get("/metrics", headers={"host": "gateway.example.com"})).status_code == 401
    assert (await http.post("/metrics")).status_code == 404
    assert (await http.head("/metrics")).content == b""
