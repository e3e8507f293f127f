"""An administrator who is confined to a tenant sees nothing of another one, on any route that there is (S4)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gigamost.admin.application import PREFIX
from gigamost.core.secret import Secret
from tests.gateway.conftest import IN_MEMORY, World, world_of

MASTER = "the master key of the tests"
PASSWORD = "the password of all of them"


class Office:
    """`tenants` are two that have everything that a tenant can have, by name: the id, and the id of a key."""

    def __init__(self, world: World, http: httpx.AsyncClient) -> None:
        self.routes = world.asgi.mounted[PREFIX].routes
        self.tenants: dict[str, tuple[str, str]] = {}
        self._world = world
        self._http = http

    async def ask(self, method: str, path: str, token: str = MASTER, body: Any = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return await self._http.request(method, PREFIX + path, json=body, headers=headers)

    async def make(self, path: str, body: Any) -> Any:
        answer = await self.ask("POST", path, body=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def open_tenant(self, name: str) -> None:
        """With a key that has been used; what was said with it is kept."""
        tenant = await self.make("/tenants", {"name": name, "defaults": {"keeps_prompts": True}})
        key = await self.make("/keys", {"name": f"key of {name}", "tenant": name})
        await self.make("/administrators", {"name": f"boss-of-{name}", "role": "admin", "tenant": name, **SECRET})
        async with self._world.client(key["key"]) as client:
            said = [{"role": "user", "content": f"the secret of {name}"}]
            await client.chat.completions.create(model="GigaChat-2", messages=said)  # type: ignore[arg-type]  # a dict
        self.tenants[name] = tenant["id"], key["id"]

    async def login(self, name: str) -> str:
        token: str = (await self.make("/login", {"name": name, **SECRET}))["token"]
        self._http.cookies.clear()
        return token

    async def settled(self) -> None:
        """Until the ledger has what was asked: it is written behind the answers."""
        async with asyncio.timeout(10):
            while True:
                found = (await self.ask("GET", "/requests")).json()["data"]
                if len(found) == len(self.tenants) and all(row["state"] == "done" for row in found):
                    return


SECRET = {"password": PASSWORD}


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with (
        world_of(tmp_path, master_key=Secret(MASTER), database_url=IN_MEMORY) as world,
        httpx.AsyncClient(base_url=world.base, timeout=20) as http,
    ):
        made = Office(world, http)
        for name in ("acme", "umbra"):
            await made.open_tenant(name)
        await made.settled()
        yield made


async def test_no_list_has_anything_of_another_tenant(office: Office) -> None:
    """Every GET without a parameter, and what can be asked of some of them."""
    acme, key = office.tenants["acme"]
    umbra, foreign = office.tenants["umbra"]
    boss = await office.login("boss-of-acme")
    paths = [route.path for route in office.routes if route.method == "GET" and "{" not in route.path]
    paths += [f"/usage?group_by={by}" for by in ("key", "tenant", "model", "day")]
    paths += [f"/requests?key={foreign}", f"/requests?key={key}"]
    seen: dict[str, str] = {}
    for path in paths:
        answer = await office.ask("GET", path, boss)
        assert answer.status_code in (200, 400, 403), f"{path}: {answer.text}"
        for canary in ("umbra", umbra, foreign):
            assert canary not in answer.text, path
        seen[path] = answer.text
    for path in ("/keys", "/tenants", "/administrators", "/audit", "/requests", f"/requests?key={key}"):
        assert acme in seen[path] or key in seen[path], path
    assert key in seen["/usage?group_by=key"]
    assert '"requests":1,' in seen["/usage"]
    assert '"data":[]' in seen[f"/requests?key={foreign}"]
    everything = (await office.ask("GET", "/audit?limit=500")).text
    assert umbra in everything
    assert foreign in everything


async def test_what_another_tenant_has_is_not_there(office: Office) -> None:
    """By every route with an id in its path: the same answer as for an id that nobody has."""
    umbra, foreign = office.tenants["umbra"]
    boss = await office.login("boss-of-acme")
    ids = {"keys": foreign, "tenants": umbra, "administrators": "boss-of-umbra"}
    for route in office.routes:
        kind = route.path.split("/")[1]
        if "{id}" not in route.path or kind not in ids:
            continue
        theirs, nobodys = [
            await office.ask(route.method, route.path.replace("{id}", id_), boss, {}) for id_ in (ids[kind], "nobody")
        ]
        assert theirs.status_code == nobodys.status_code in (403, 404), route.path
        assert theirs.text.replace(ids[kind], "nobody") == nobodys.text
    assert (await office.ask("GET", f"/keys/{foreign}")).json()["state"] == "active"


async def test_a_route_is_for_the_whole_gateway_unless_it_says_how_it_keeps_to_a_tenant(office: Office) -> None:
    boss = await office.login("boss-of-acme")
    refused = 0
    for route in office.routes:
        if route.within is not None or route.is_open:
            continue
        answer = await office.ask(route.method, route.path.replace("{id}", "x").replace("{name}", "account-0"), boss)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "confined_to_tenant"), route.path
        refused += 1
    assert refused > 5
