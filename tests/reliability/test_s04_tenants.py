"""S4: what one tenant says, names and makes is nowhere in what another one, or who is confined to it, is ever told.

Ids on every route are S3's; the cache, the history of prompts and administration have tests of their own beside these.
"""

import json
import logging
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gigamost import protocols
from gigamost.admin.application import PREFIX
from gigamost.core.secret import Secret
from gigamost.server import logs
from tests.gateway.conftest import IN_MEMORY, World, world_of
from tests.hazards.asking import WEATHER, ask, said
from tests.hazards.dialects import ALL
from tests.hazards.dialects.talk import Ask, Call, Dialect, Result, Turn

MASTER = "the master key of the tests"
PASSWORD = "the password of the other one"
CANARY = "kanarek"  # the beginning of all words of the tenant whose they are
MODEL = "GigaChat-2"
FORMS: tuple[logs.Form, ...] = ("json", "console")


def word(place: str) -> str:
    return f"{CANARY}-{place}"


class Tenant:
    """A client with the key of its own."""

    def __init__(self, world: World, http: httpx.AsyncClient, name: str, key: str) -> None:
        self.world = world
        self.name = name
        self.key = key
        self._http = http

    async def send(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        headers = {"x-api-key": self.key, "anthropic-version": "2023-06-01", **more.pop("headers", {})}
        return await self._http.request(method, path, json=body, headers=headers, **more)

    async def make(self, path: str, body: Any = None, **more: Any) -> Any:
        answer = await self.send("POST", path, body, **more)
        assert answer.status_code < 300, answer.text
        return answer.json()


class Town:
    """Two tenants that keep everything, and the administrator of the second one."""

    def __init__(self, world: World, http: httpx.AsyncClient) -> None:
        self.world = world
        self.http = http
        self.boss = ""

    async def open(self) -> None:
        for name in ("acme", "umbra"):
            terms = {"keeps_prompts": True, "cache_seconds": 600}
            await self._administer("/tenants", {"name": name, "defaults": terms})
        self.mine, self.theirs = [
            Tenant(
                self.world, self.http, name, (await self._administer("/keys", {"name": name, "tenant": name}))["key"]
            )
            for name in ("acme", "umbra")
        ]

    async def hire(self) -> None:
        named = {"name": "boss", "password": PASSWORD}
        await self._administer("/administrators", {**named, "role": "admin", "tenant": "umbra"})
        self.boss = (await self._administer("/login", named))["token"]
        self.http.cookies.clear()

    async def _administer(self, path: str, body: Any) -> Any:
        answer = await self.http.post(PREFIX + path, json=body, headers={"x-api-key": MASTER})
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def look(self, path: str, key: str = MASTER) -> httpx.Response:
        return await self.http.get(PREFIX + path, headers={"authorization": f"Bearer {key}"})

    async def written(self) -> None:
        await self.world.gateway.gateway.asgi.idle()
        await self.world.gateway.gateway.front_desk.opening.ledger.drain()
        assert await self.world.gateway.gateway.remembering.recorder.drain(20)


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with (
        world_of(tmp_path, database_url=IN_MEMORY, master_key=Secret(MASTER)) as world,
        httpx.AsyncClient(base_url=world.base, timeout=20) as http,
    ):
        made = Town(world, http)
        await made.open()
        yield made


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    """Of the log, as `serve` writes it, on standard error."""
    yield capsys
    for handler in logging.getLogger().handlers[:]:
        if isinstance(handler, logs.Lines):
            logging.getLogger().removeHandler(handler)
    logs._access = None


CALL = Call(word("call-id"), "get_weather", {"city": word("argument")})
TALK = Ask(
    (
        Turn("user", word("prompt")),
        Turn("assistant", word("said"), (CALL,)),
        Turn("tool", results=(Result(CALL.id, CALL.name, json.dumps({"t": word("result")})),)),
        Turn("user", f"Say '{word('answer')}' and nothing else"),
    ),
    system=word("system"),
    tools=(WEATHER,),
)


async def talk(tenant: Tenant, dialect: Dialect, *, stream: bool) -> None:
    heard = await ask(tenant.world, dialect, TALK, stream=stream, key=tenant.key)
    assert heard.status == 200, heard.body
    broken = said(f"[[emulator: status=500]] {word('failed')}")
    assert (await ask(tenant.world, dialect, broken, stream=stream, key=tenant.key)).status >= 500


async def file_of(tenant: Tenant, name: str, content: str, purpose: str) -> str:
    given = {"file": (f"{name}.jsonl", content.encode(), "text/plain")}
    made: str = (await tenant.make("/v1/files", files=given, data={"purpose": purpose}))["id"]
    return made


async def belongings(tenant: Tenant, text: str) -> dict[str, list[str]]:
    """Everything that a client can have, with `text` in each place that is its own to fill: ids by name in paths."""
    named = {"user": f"{text}-user", "metadata": {"note": f"{text}-metadata"}}
    headers = {"x-session-id": f"{text}-session", "x-request-id": f"{text}-request"}
    chat = {"model": MODEL, "messages": [{"role": "user", "content": f"{text}-chat"}]}
    await tenant.make("/v1/chat/completions", {**chat, **named}, headers=headers)
    item = {"type": "message", "role": "user", "content": f"{text}-item"}
    conversation = await tenant.make("/v1/conversations", {"items": [item], "metadata": named["metadata"]})
    listed = (await tenant.send("GET", f"/v1/conversations/{conversation['id']}/items")).json()["data"]
    asked = {"model": MODEL, "input": f"{text}-input", "instructions": f"{text}-instructions", **named}
    response = await tenant.make("/v1/responses", asked)
    later = await tenant.make("/v1/responses", {**asked, "background": True})
    line = {"custom_id": f"{text}-custom", "method": "POST", "url": "/v1/chat/completions", "body": chat}
    input_file = await file_of(tenant, f"{text}-lines", json.dumps(line), "batch")
    plain = await file_of(tenant, f"{text}-file", f"{text}-content", "assistants")
    ordered = {"input_file_id": input_file, "endpoint": line["url"], "completion_window": "24h"}
    batch = await tenant.make("/v1/batches", {**ordered, "metadata": named["metadata"]})
    one = {"custom_id": "of-anthropic", "params": {**chat, "max_tokens": 5}}
    messages = await tenant.make("/v1/messages/batches", {"requests": [one]})
    inline = {"request": {"contents": [{"role": "user", "parts": [{"text": f"{text}-inline"}]}]}}
    wanted = {"batch": {"display_name": f"{text}-display", "input_config": {"requests": {"requests": [inline]}}}}
    gemini = await tenant.make(f"/v1beta/models/{MODEL}:batchGenerateContent", wanted)
    return {
        "file": [input_file, plain],
        "response": [response["id"], later["id"]],
        "conversation": [conversation["id"]],
        "item": [listed[0]["id"]],
        "batch": [batch["id"], messages["id"], gemini["name"].removeprefix("batches/")],
    }


def endpoints() -> Iterator[tuple[str, str, dict[str, str]]]:
    for face in protocols.ALL:
        for endpoint in face.endpoints:
            headers = dict.fromkeys(endpoint.headers, "1")
            if endpoint.method in ("GET", "HEAD", "DELETE"):
                yield endpoint.method, endpoint.path, headers


LISTS = {"files": "file", "batches": "batch"}  # and what is in them


async def told(town: Town, ids: dict[str, list[str]]) -> dict[str, str]:
    """All that the other tenant is told by lists, by their filters, and by routes with an id that is not its own."""
    found: dict[str, str] = {}
    for method, path, headers in endpoints():
        names = re.findall(r"\{(\w+)", path)
        ways = [path]
        if names and names[0] in ids:
            ways = [re.sub(rf"\{{{names[0]}(:path)?\}}", each, path) for each in ids[names[0]]]
            ways = [re.sub(r"\{item\}", ids["item"][0], way) for way in ways]
        elif names:
            ways = [re.sub(r"\{\w+(:path)?\}", word("model"), path)]
        elif (kind := LISTS.get(path.rsplit("/")[-1])) is not None:
            ways += [f"{path}?limit=100&{name}={ids[kind][0]}" for name in ("after", "after_id", "before_id")]
        for way in ways:
            given = {name: town.theirs.key if "key" in name else value for name, value in headers.items()}
            answer = await town.theirs.send(method, way, headers=given)
            found[f"{method} {way}"] = str(answer.headers) + answer.text
    return found


async def refused(town: Town, ids: dict[str, list[str]]) -> dict[str, str]:
    """What the other tenant is told when its requests name what is not its own."""
    part = {"type": "input_file", "file_id": ids["file"][1]}
    chat = {"type": "file", "file": {"file_id": ids["file"][1]}}
    bodies = [
        ("/v1/responses", {"model": MODEL, "input": "hi", "previous_response_id": ids["response"][0]}),
        ("/v1/responses", {"model": MODEL, "input": "hi", "conversation": ids["conversation"][0]}),
        ("/v1/responses", {"model": MODEL, "input": [{"type": "item_reference", "id": ids["item"][0]}]}),
        ("/v1/responses", {"model": MODEL, "input": [{"role": "user", "content": [part]}]}),
        ("/v1/chat/completions", {"model": MODEL, "messages": [{"role": "user", "content": [chat]}]}),
        (
            "/v1/batches",
            {"input_file_id": ids["file"][0], "endpoint": "/v1/chat/completions", "completion_window": "24h"},
        ),
    ]
    found = {}
    for path, body in bodies:
        answer = await town.theirs.send("POST", path, body)
        assert 400 <= answer.status_code < 500, (path, body, answer.text)
        found[f"POST {path} {body}"] = answer.text
    return found


async def administered(town: Town, talks: list[str]) -> dict[str, str]:
    """All that the administrator of the other tenant is told."""
    routes = town.world.asgi.mounted[PREFIX].routes
    paths = [route.path for route in routes if route.method == "GET" and "{" not in route.path]
    paths += [
        f"/conversations?q={CANARY}",
        f"/conversations?user={CANARY}-user",
        "/conversations?tenant=acme",
        "/conversations/export?tenant=acme",
    ]
    paths += [f"/conversations/{each}" for each in talks]
    found = {}
    for path in paths:
        found[f"GET {PREFIX}{path}"] = (await town.look(path, town.boss)).text
    return found


async def test_nothing_of_one_tenant_is_told_to_another(town: Town) -> None:
    await town.hire()
    for dialect in ALL:
        await talk(town.mine, dialect, stream=False)
    ids = await belongings(town.mine, CANARY)
    own = await belongings(town.theirs, "umbras")
    await town.written()
    talks = (await town.look("/conversations?tenant=acme&limit=100")).json()["data"]
    kept = (await town.look("/conversations/export?tenant=acme")).text
    assert all(word(place) in kept for place in ("prompt", "system", "result", "argument"))
    assert len(talks) > len(ALL)
    places = {
        **await told(town, ids),
        **await refused(town, ids),
        **await administered(town, [each["id"] for each in talks]),
        "metrics": (await town.http.get("/metrics")).text,
        "health": (await town.http.get("/health")).text,
    }
    made = {*(each["id"] for each in talks), *(each for several in ids.values() for each in several)}
    assert len(places) > 100
    leaks = []
    for place, text in places.items():
        # What was asked for may be repeated in an answer: it is the asker who wrote it.
        rest = text
        for asked in (*made, word("model"), "acme"):
            rest = rest.replace(asked, "") if asked in place else rest
        leaks += [(place, each) for each in {CANARY, "acme", town.mine.key, *made} if each in rest]
    assert leaks == [], leaks[:5]
    for path in ("/conversations", "/conversations/export"):
        nobodys = (await town.look(f"{path}?tenant=nobody", town.boss)).text
        assert places[f"GET {PREFIX}{path}?tenant=acme"].replace("acme", "nobody") == nobodys
    everything = str(places)
    for kind in LISTS.values():  # the lists are no empty ones
        assert all(each in everything for each in own[kind]), kind


async def test_the_same_question_is_another_one_in_every_protocol(town: Town) -> None:
    for at, dialect in enumerate(ALL):
        asked = said(f"Say '{word(str(at))}' and nothing else")
        heard = [
            (await ask(town.world, dialect, asked, key=tenant.key)).headers.get("x-gigamost-cache")
            for tenant in (town.mine, town.mine, town.theirs, town.theirs)
        ]
        assert heard == ["miss", "hit", "miss", "hit"], dialect.face


async def test_words_are_in_no_line_of_a_log(town: Town, lines: pytest.CaptureFixture[str]) -> None:
    """Ids that the gateway made stand in the paths of their owner's requests, and nowhere else."""
    for form in FORMS:
        logs.configure("info", form)
        for dialect in ALL:
            await talk(town.mine, dialect, stream=form == "json")
        await belongings(town.mine, CANARY)
        for path in ("/v1/chat/completions", "/v1/responses", "/v1/messages"):
            for body in ({"model": word("model"), "messages": word("wrong")}, {word("field"): word("wrong")}):
                await town.mine.send("POST", f"{path}?note={word('query')}", body)
        await town.written()
        for handler in logging.getLogger().handlers:
            handler.flush()
        written = lines.readouterr().err
        assert written.count("/v1/chat/completions") >= 4
        assert ('"logger"' in written) is (form == "json")
        assert [line for line in written.splitlines() if CANARY in line] == []
