"""S7: SQL, LIKE and path corpora in every string parameter of both APIs, over PostgreSQL: nothing comes of it.

The routes come from the tables that serve them, so a new one is tried as soon as it is there.
"""

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import quote

import asyncpg
import httpx
import pytest

from gigamost.core.secret import Secret
from gigamost.store.place import Postgres
from tests.gateway.conftest import KEY, OTHER_KEY, World, world_of
from tests.gateway.test_authorisation import FIXED, MASTER, Owner, Route
from tests.reliability.books import until
from tests.reliability.corpora import ALL, LIKE
from tests.reliability.parameters import Spot, admin_spots, client_spots, replaced
from tests.reliability.sizes import Sizes

NOT_SERVED = 501  # what GigaChat has not, said on purpose: whatever is in the request
SLOW = 4.0  # seconds: less than the sleep that the corpus asks the database for


@pytest.fixture
async def world(tmp_path: Path, database: Postgres) -> AsyncIterator[World]:
    async with world_of(tmp_path, database_url=database.url, master_key=Secret(MASTER)) as made:
        yield made


async def rows_of(connection: Any) -> dict[str, dict[str, str]]:
    """Every row of every table, as digests, by its text: those of before must all be there afterwards."""
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    found: dict[str, dict[str, str]] = {}
    for (table,) in map(tuple, tables):
        rows = await connection.fetch(f'SELECT md5(t::text) AS digest FROM "{table}" t')
        found[table] = {row["digest"]: table for row in rows}
    return found


async def all_ended(connection: Any) -> bool:
    return not await connection.fetchval("SELECT count(*) FROM jobs WHERE state <> 'ended'")


# Rows that go on living by themselves: beats of gateways, claims of workers, counters and sums.
LIVING = frozenset({"replicas", "rollups", "budget_periods", "budget_leases", "alembic_version"})


def chosen(at: int, sizes: Sizes) -> Sequence[str]:
    """All of the corpus, or one of it: another for each parameter, so that a run has tried each many times."""
    return ALL if sizes.every_offset else (ALL[at % len(ALL)],)


async def send(http: httpx.AsyncClient, spot: Spot, text: str, filling: Mapping[str, str]) -> httpx.Response:
    values = dict(filling)
    headers = {"x-api-key": MASTER if spot.is_admin else KEY, "anthropic-version": "2023-06-01"}
    query: dict[str, str] = {}
    body = spot.body
    match spot.kind:
        case "path":
            values[spot.name] = text
        case "query":
            query[spot.name] = text
        case "header":
            headers[spot.name] = re.sub(r"[^\x20-\x7e]", "", text)[:4000] or "-"
        case "body":
            body = replaced(body, spot.name, text)
        case _:
            raise ValueError(spot.kind)
    path = re.sub(r"\{(\w+)(?::path)?\}", lambda found: quote(values.get(found[1], "none"), safe=""), spot.path)
    content = None
    if spot.method in ("POST", "PUT", "PATCH"):
        content = json.dumps({} if body is None else body).encode("utf-8", "surrogatepass")
        headers["content-type"] = "application/json"
    return await http.request(spot.method, path, params=query, content=content, headers=headers)


async def owned(http: httpx.AsyncClient, key: str) -> None:
    """One of everything that a client can have."""
    owner = Owner(http)
    for face in ("openai", "anthropic", "gemini"):
        await owner.parameters(Route(face, "GET", "/{batch}"))
    for name in ("file", "response", "conversation"):
        await owner.parameters(Route("openai", "GET", f"/{{{name}}}"))
    await http.post("/v1/responses", headers={"x-api-key": key}, json={"model": "GigaChat-2", "input": "hi"})


def spots(world: World, sizes: Sizes) -> Iterator[Spot]:
    yield from admin_spots(world.asgi.mounted["/admin/api"].routes)
    yield from client_spots(all_paths=sizes.every_offset)


async def test_nothing_comes_of_it(world: World, database: Postgres, sizes: Sizes) -> None:
    connection = await asyncpg.connect(database.url.reveal())
    tried, wrong, slowest = 0, [], 0.0
    async with httpx.AsyncClient(base_url=world.base, timeout=30) as http:
        await owned(http, OTHER_KEY)
        await world.gateway.gateway.front_desk.opening.ledger.drain()
        await until(lambda: all_ended(connection), "the batches have ended: they go on by themselves")
        before = await rows_of(connection)
        assert sum(map(len, before.values())) > 10
        for at, spot in enumerate(spots(world, sizes)):
            for text in chosen(at, sizes):
                began = monotonic()
                answer = await send(http, spot, text, FIXED)
                took = monotonic() - began
                slowest = max(slowest, took)
                tried += 1
                if (answer.status_code >= 500 and answer.status_code != NOT_SERVED) or took > SLOW:
                    wrong.append((str(spot), text[:40], answer.status_code, round(took, 2), answer.text[:160]))
    print(f"{tried} requests, the slowest took {slowest:.2f} s")
    after = await rows_of(connection)
    await connection.close()
    assert wrong == []
    assert set(after) == set(before)  # no table is gone, none is new
    gone = {name: len(set(rows) - set(after[name])) for name, rows in before.items() if name not in LIVING}
    assert {name: count for name, count in gone.items() if count} == {}


async def test_a_wildcard_is_only_a_character(world: World, sizes: Sizes) -> None:
    """Filters of lists find nothing by it."""
    async with httpx.AsyncClient(base_url=world.base, timeout=30) as http:
        await owned(http, OTHER_KEY)
        filters = [
            spot
            for spot in admin_spots(world.asgi.mounted["/admin/api"].routes)
            if spot.kind == "query" and spot.method == "GET" and spot.name not in ("limit", "cursor")
        ]
        assert filters
        for spot in filters:
            for text in LIKE:
                answer = await send(http, spot, text, FIXED)
                is_list = answer.status_code == 200 and answer.headers["content-type"].startswith("application/json")
                found = answer.json().get("data", []) if is_list else []
                assert found == [], (str(spot), text)
