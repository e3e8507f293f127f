"""S3: every route for everybody, as the checked-in table `authorisation.txt` says. A new route needs a row there.

A row is the route, its condition if it has one, and what becomes of: nobody, a client whose the thing in the path is,
a client of another tenant, logins of a viewer, of an operator and of an admin, that of an admin who is confined to
another tenant, and the master key. `in`: they are let in, whatever is wrong with the request itself.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from gigamost import protocols
from gigamost.admin.application import PREFIX
from gigamost.core.secret import Secret
from tests.gateway.conftest import KEY, OTHER_KEY, world_of

TABLE = Path(__file__).with_name("authorisation.txt")
MASTER = "the master key of the tests"
LOGINS = {
    "viewer": ("viewer", None),
    "operator": ("operator", None),
    "admin": ("admin", None),
    "confined": ("admin", "somewhere else"),
}
ORDER = ("nobody", "client", "other", *LOGINS, "master")
# Whoever may delete what is in the path comes after those who may not, the owner last.
ASKED = ("nobody", "other", "confined", "viewer", "operator", "admin", "master", "client")
PASSWORD = "the password of all of them"
ENTER = "/admin/enter"
SYSTEM = ("/health", "/health/live", "/health/ready", "/metrics", "/openapi.json", "/docs")
FIXED = {"model": "GigaChat-2", "name": "account-0", "project": "p", "location": "l", "digest": "sha256:0"}
# What a request must say to come as far as the thing in its path.
BODIES: Mapping[str, Any] = {
    "/conversations/{conversation}/items": {"items": [{"type": "message", "role": "user", "content": "x"}]},
    "/conversations/{conversation}": {"metadata": {}},
}
ASK = {"model": "GigaChat-2", "messages": [{"role": "user", "content": "hi"}]}


class Route(NamedTuple):
    """`header` is one that the route wants, "" for none."""

    face: str
    method: str
    path: str
    header: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.path}" + (f" [{self.header}]" if self.header else "")


def routes(admin: Any) -> Iterator[Route]:
    for face in protocols.ALL:
        for endpoint in face.endpoints:
            yield Route(face.name, endpoint.method, endpoint.path, next(iter(endpoint.headers), ""))
    yield from (Route("admin", route.method, PREFIX + route.path) for route in admin.routes)
    yield from (Route("system", "GET", path) for path in (*SYSTEM, ENTER))


class Owner:
    """Makes what routes have in their paths, as the first tenant or as the administrator."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._makers: Mapping[str, Callable[[str], Awaitable[str]]] = {
            "file": self._file,
            "response": self._response,
            "conversation": self._conversation,
            "batch": self._batch,
        }
        self._numbers = count()

    async def path(self, route: Route) -> str:
        path = route.path
        for name, value in (await self.parameters(route)).items():
            path = re.sub(rf"\{{{name}(:path)?\}}", value, path)
        return path

    async def parameters(self, route: Route) -> dict[str, str]:
        names = re.findall(r"\{(\w+)", route.path)
        found = {name: FIXED[name] for name in names if name in FIXED}
        for name in names:
            if name in self._makers:
                found[name] = await self._makers[name](route.face)
        if "item" in names:
            found["item"] = await self._item(found["conversation"])
        if "id" in names:
            found["id"] = await self._administered(route.path.removeprefix(PREFIX).split("/")[1])
        return found

    async def _post(self, path: str, key: str = KEY, **request: Any) -> Any:
        answer = await self._http.post(path, headers={"x-api-key": key}, **request)
        assert answer.status_code < 300, f"{path}: {answer.text}"
        return answer.json()

    async def _file(self, face: str) -> str:
        given = {"file": ("a.txt", b"text", "text/plain")}
        made: str = (await self._post("/v1/files", files=given, data={"purpose": "assistants"}))["id"]
        return made

    async def _response(self, face: str) -> str:
        made: str = (await self._post("/v1/responses", json={"model": "GigaChat-2", "input": "hi"}))["id"]
        return made

    async def _conversation(self, face: str) -> str:
        made: str = (await self._post("/v1/conversations", json=BODIES["/conversations/{conversation}/items"]))["id"]
        return made

    async def _item(self, conversation: str) -> str:
        path = f"/v1/conversations/{conversation}/items"
        listed = await self._http.get(path, headers={"x-api-key": KEY})
        found: str = listed.json()["data"][0]["id"]
        return found

    async def _batch(self, face: str) -> str:
        if face == "anthropic":
            one = {"custom_id": "a", "params": ASK | {"max_tokens": 5}}
            made: str = (await self._post("/v1/messages/batches", json={"requests": [one]}))["id"]
        elif face == "gemini":
            one = {"request": {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}}
            body = {"batch": {"display_name": "a", "input_config": {"requests": {"requests": [one]}}}}
            named = await self._post("/v1beta/models/GigaChat-2:batchGenerateContent", json=body)
            made = named["name"].removeprefix("batches/")
        else:
            line = b'{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"model":"GigaChat-2"}}'
            given = {"file": ("a.jsonl", line, "application/jsonl")}
            file = (await self._post("/v1/files", files=given, data={"purpose": "batch"}))["id"]
            batch = {"input_file_id": file, "endpoint": "/v1/chat/completions", "completion_window": "24h"}
            made = (await self._post("/v1/batches", json=batch))["id"]
        return made

    async def _talk(self) -> str:
        """In the history of prompts, written behind the request that it is about."""
        keeping = {"name": "first", "defaults": {"keeps_prompts": True}}
        await self._http.post(f"{PREFIX}/tenants", headers={"x-api-key": MASTER}, json=keeping)
        await self._post(f"{PREFIX}/upstreams/account-0/drain", MASTER, json={"resume": True})
        await self._post("/v1/chat/completions", json=ASK)
        while True:
            listed = await self._http.get(f"{PREFIX}/conversations", headers={"x-api-key": MASTER})
            if listed.json()["data"]:
                made: str = listed.json()["data"][0]["id"]
                return made

    async def _administered(self, kind: str) -> str:
        if kind == "batches":
            return await self._batch("openai")
        named = {"name": f"name-{next(self._numbers)}"}
        bodies = {
            "keys": named,
            "tenants": named,
            "administrators": named | {"password": PASSWORD, "role": "viewer"},
            "webhooks": {"url": "https://a.invalid/"},
        }
        if kind == "conversations":
            return await self._talk()
        if kind not in bodies:
            return "there is none"
        made: str = (await self._post(f"{PREFIX}/{kind}", MASTER, json=bodies[kind]))["id"]
        return made


class Everybody:
    """Who they are, as what they send: keys, and tokens of logins."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self.keys = {"nobody": "", "client": KEY, "other": OTHER_KEY, "master": MASTER}

    async def hire(self) -> None:
        await self._post("tenants", {"name": "somewhere else"})
        for name, (role, tenant) in LOGINS.items():
            body = {"name": name, "password": PASSWORD, "role": role, "tenant": tenant}
            await self._post("administrators", body)
        await self.log_in()

    async def log_in(self) -> None:
        for name in LOGINS:
            self.keys[name] = (await self._post("login", {"name": name, "password": PASSWORD}))["token"]
        self._http.cookies.clear()

    async def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        answer = await self._http.post(f"{PREFIX}/{path}", headers={"x-api-key": MASTER}, json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[tuple[httpx.AsyncClient, Any]]:
    async with (
        world_of(tmp_path, master_key=Secret(MASTER)) as world,
        httpx.AsyncClient(base_url=world.base, timeout=20) as http,
    ):
        yield http, world.asgi.mounted[PREFIX]


async def verdict(http: httpx.AsyncClient, route: Route, path: str, key: str) -> str:
    headers = {"x-api-key": key} if key else {}
    if route.header:
        headers[route.header] = key if route.header == "x-goog-api-key" and key else "1"
        if route.header == "x-goog-api-key" and not key:
            headers[route.header] = "wrong"
    tail = re.sub(r"^(/v1|/openai/v1|/openai)", "", route.path)
    body = BODIES.get(tail, {}) if route.method in ("POST", "PUT", "PATCH") else None
    answer = await http.request(route.method, path, headers=headers, json=body)
    status = answer.status_code
    return str(status) if status in (401, 403, 404) else "in"


async def test_the_table(gateway: tuple[httpx.AsyncClient, Any]) -> None:
    http, admin = gateway
    owner, everybody = Owner(http), Everybody(http)
    await everybody.hire()
    found: dict[str, tuple[str, ...]] = {}
    for route in routes(admin):
        path, verdicts = "", {}
        for who in ASKED:
            if not path or (route.method == "DELETE" and route.face == "admin"):  # what one of them deletes comes anew
                path = await owner.path(route)
            verdicts[who] = await verdict(http, route, path, everybody.keys[who])
        found[str(route)] = tuple(verdicts[who] for who in ORDER)
        if path.endswith("/logout"):
            await everybody.log_in()
    rows = [line.rsplit(maxsplit=len(ORDER)) for line in TABLE.read_text().splitlines() if line.strip()]
    expected = {row[0]: tuple(row[1:]) for row in rows[1:]}
    assert {name: row for name, row in found.items() if expected.get(name) != row} == {}
    assert set(expected) == set(found)


def test_the_table_itself_lets_nobody_in() -> None:
    """Whatever is checked in: these rules hold for every row of it."""
    rows = [line.rsplit(maxsplit=len(ORDER)) for line in TABLE.read_text().splitlines()[1:]]
    open_to_all = {name for name, *verdicts in rows if verdicts[0] == "in"}
    assert open_to_all == {
        "HEAD /api/hello",
        "GET /api/version",
        "GET /",
        f"POST {PREFIX}/login",
        *(f"GET {path}" for path in SYSTEM),
    }
    for name, nobody, client, other, viewer, operator, admin, confined, master in rows:
        if name in open_to_all or ENTER in name:
            continue
        assert nobody == "401", name
        if PREFIX in name:
            assert (client, other, admin, master) == ("403", "403", "in", "in"), name
            assert (viewer, operator) in (("in", "in"), ("403", "in"), ("403", "403")), name
            assert viewer == "403" or name.startswith("GET ") or name.endswith(("/logout", "/me/password")), name
            assert confined in ("403", "404") or "{" not in name, name  # what is in the path is another tenant's
        else:
            assert (viewer, operator, admin, confined, master) == ("401", "401", "401", "401", "403"), name
            assert client != "403" or name.endswith("/balance"), (
                name
            )  # GigaChat's own 403: only prepaid accounts have one
        if any(part in name for part in ("{file}", "{response}", "{conversation}", "{item}", "{batch}")):
            assert (client, other) == ("in", "404"), name
