"""Credentials come, go and change their keys while requests are under way: none of them fails."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from gigamost.config import Credential, Upstream
from gigamost.core.errors import GatewayError
from gigamost.core.secret import Secret
from gigamost.emulator import COMPANY, PERSON, TRADER, Account, EmulatorSettings
from tests.gateway.conftest import KEY, World, world_of
from tests.gateway.routing import ask, two_worlds

NEW = Account("00000000-0000-4000-8000-00000000000d", "emulated-newcomer", "GIGACHAT_API_CORP")
AGAIN = msgspec.structs.replace(COMPANY, secret="another secret of the same project")
EMULATOR = EmulatorSettings(accounts=(PERSON, TRADER, COMPANY, NEW))


class Traffic:
    """Requests, whole and streamed, from many conversations until it is stopped."""

    def __init__(self, world: World, parallel: int = 8) -> None:
        self._world = world
        self._stopped = False
        self._tasks = [asyncio.create_task(self._talk(at)) for at in range(parallel)]
        self.answers = 0

    async def _talk(self, at: int) -> None:
        turn = 0
        while not self._stopped:
            turn += 1
            await ask(self._world, stream=turn % 2 == 0, text=f"talk {at}, turn {turn}")
            self.answers += 1

    async def until(self, more: int) -> None:
        goal = self.answers + more
        while self.answers < goal:
            done, _ = await asyncio.wait(self._tasks, timeout=0.01, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()

    async def stop(self) -> None:
        """Raises what any of them met."""
        self._stopped = True
        await asyncio.gather(*self._tasks)


def accounts_of(world: World) -> Any:
    return world.gateway.gateway.accounts


def names(world: World) -> list[str]:
    return [standing.name for standing in accounts_of(world).standings()]


def clients(world: World, since: int) -> set[str | None]:
    return {seen.client_id for seen in world.seen[since:]}


async def test_a_drained_credential_ends_what_it_has_and_gets_nothing_new(tmp_path: Path) -> None:
    async with world_of(tmp_path, COMPANY, TRADER) as world:
        accounts = accounts_of(world)
        world.script("long=100; delay=0.005")
        stream: Any = await world.openai.chat.completions.create(
            model="GigaChat-2", messages=[{"role": "user", "content": "hi"}], stream=True
        )
        busy = next(each for each in accounts.standings() if each.in_flight)
        assert accounts.drain(busy.name).is_draining
        chunks = [chunk async for chunk in stream]
        assert chunks[-1].choices[0].finish_reason == "stop"
        since = len(world.seen)
        for at in range(10):
            await ask(world, text=f"talk {at}")
        assert len(clients(world, since)) == 1
        assert clients(world, since).isdisjoint(clients(world, since - 1) - clients(world, since))
        assert not accounts.drain(busy.name, resume=True).is_draining
        since = len(world.seen)
        for at in range(10):
            await ask(world, text=f"talk {at}")
        assert len(clients(world, since)) == 2


async def test_a_key_is_rotated_under_traffic(tmp_path: Path) -> None:
    async with world_of(tmp_path, COMPANY, emulator=EMULATOR) as world:
        traffic = Traffic(world)
        await traffic.until(20)
        await accounts_of(world).rotate("account-0", Secret(NEW.credentials))
        await traffic.until(20)
        since = len(world.seen)
        await traffic.until(20)
        await traffic.stop()
        assert clients(world, since) == {NEW.client_id}
        assert all(seen.status == 200 for seen in world.seen)


async def test_a_key_that_is_refused_changes_nothing(tmp_path: Path) -> None:
    async with world_of(tmp_path, COMPANY) as world:
        for wrong in (NEW.credentials, "no key at all"):
            with pytest.raises(GatewayError):
                await accounts_of(world).rotate("account-0", Secret(wrong))
        await ask(world)
        assert names(world) == ["account-0"]
        with pytest.raises(GatewayError, match="no upstream"):
            accounts_of(world).drain("account-7")


async def test_a_new_secret_of_the_same_project_finds_its_files(tmp_path: Path) -> None:
    async with world_of(tmp_path, COMPANY) as world:
        file = await world.openai.files.create(file=("a.txt", b"text"), purpose="assistants")
        accounts = accounts_of(world)
        before = accounts.operator[0].id
        row = accounts._rows["account-0"]
        account = accounts._maker.of_row(msgspec.structs.replace(row, key=Secret(AGAIN.credentials)))
        assert account.id == before
        assert (await world.openai.files.retrieve(file.id)).id == file.id


async def test_credentials_are_added_and_removed_under_traffic(tmp_path: Path) -> None:
    async with world_of(tmp_path, COMPANY, emulator=EMULATOR) as world:
        accounts = accounts_of(world)
        (first,) = accounts._rows.values()
        added = msgspec.structs.replace(first, name="added", key=Secret(NEW.credentials))
        traffic = Traffic(world)
        await traffic.until(10)
        accounts.adopt([first, added])
        await traffic.until(40)
        accounts.adopt([added])
        since = len(world.seen) + len(traffic._tasks)
        await traffic.until(40)
        await traffic.stop()
        assert all(seen.status == 200 for seen in world.seen)
        assert clients(world, since) == {NEW.client_id}
        async with asyncio.timeout(5):
            while names(world) != ["added"]:  # noqa: ASYNC110 - nobody tells when it is forgotten
                await asyncio.sleep(0.02)


async def test_what_did_not_change_stays_as_it_is(tmp_path: Path) -> None:
    async with world_of(tmp_path, COMPANY, TRADER) as world:
        accounts = accounts_of(world)
        before = accounts.operator
        accounts.adopt(list(accounts._rows.values())[::-1])
        assert accounts.operator == before[::-1]
        broken = Credential(name="broken", cert_file=tmp_path / "none.pem", scope="GIGACHAT_API_CORP")
        with pytest.raises((ValueError, OSError)):
            accounts.adopt([broken])
        assert accounts.operator == before[::-1]


async def test_every_upstream_tells_how_it_stands(tmp_path: Path) -> None:
    async with two_worlds(tmp_path) as (near, _):
        await ask(near)
        own, far = accounts_of(near).standings()
        assert (own.name, own.upstream, own.breaker, own.token) == ("account-0", "gigachat", "closed", "valid")
        assert own.token_age is not None
        assert own.token_age < 60
        assert own.token_left is not None
        assert 1700 < own.token_left <= 1800
        assert (far.name, far.upstream, far.limit, far.token_left) == ("far", "far", 100, None)
        async with httpx.AsyncClient() as http:
            health = (await http.get(f"{near.base}/health")).json()
        assert health["gigachat_available"] is True
        assert health["credentials"][1] == {
            "name": "far",
            "upstream": "far",
            "token": "valid",
            "breaker": "closed",
            "draining": False,
            "in_flight": 0,
            "waiting": 0,
        }
        assert KEY not in str(health)


async def test_a_trial_says_what_is_wrong(tmp_path: Path) -> None:
    async with two_worlds(tmp_path, COMPANY, TRADER) as (near, _):
        accounts = accounts_of(near)
        own, far = await accounts.test("account-0"), await accounts.test("far")
        assert (own.ok, far.ok) == (True, True)
        assert own.models
        assert own.balance is None  # who pays as they go has no packages
        assert (await accounts.test("account-1")).balance
        assert {each.name: bool(each.balance) for each in accounts.standings()}["account-1"]
        near.gigachat.app.script.next("status=503", path="/models")
        assert "503" in (await accounts.test("account-0")).problem
        await near.gigachat.stop()
        assert "connect" in (await accounts.test("account-0")).problem
        wrong = Upstream(name="far", base_url=accounts._rows["far"].base_url, api_key=Secret("gm-wrong"))
        accounts.adopt([accounts._rows["account-0"], wrong])
        assert "401" in (await accounts.test("far")).problem


async def test_an_administrator_sees_and_changes_them(tmp_path: Path) -> None:
    master = "the master key of the tests"
    async with (
        two_worlds(tmp_path, COMPANY, emulator=EMULATOR, master_key=Secret(master)) as (near, _),
        httpx.AsyncClient(base_url=f"{near.base}/admin/api", headers={"Authorization": f"Bearer {master}"}) as http,
    ):
        listed = (await http.get("/upstreams")).json()
        assert [(each["name"], each["breaker"]) for each in listed["data"]] == [
            ("account-0", "closed"),
            ("far", "closed"),
        ]
        assert (await http.post("/upstreams/far/test")).json()["ok"] is True
        assert (await http.post("/upstreams/far/drain")).json()["is_draining"] is True
        assert (await http.post("/upstreams/far/drain", json={"resume": True})).json()["is_draining"] is False
        assert (await http.post("/upstreams/none/drain")).status_code == 404
        refused = await http.post("/upstreams/account-0/rotate", json={"key": "no key at all"})
        assert refused.status_code == 400
        assert "no key at all" not in refused.text
        rotated = await http.post("/upstreams/account-0/rotate", json={"key": NEW.credentials})
        assert (rotated.status_code, rotated.json()["token"]) == (200, "valid")
        await ask(near)
        assert near.seen[-1].client_id == NEW.client_id
        audit = (await http.get("/audit")).json()["data"]
        assert [each["action"] for each in audit] == ["upstream.rotate", "upstream.resume", "upstream.drain"]
        assert NEW.credentials not in str(audit)
