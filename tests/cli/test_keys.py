"""`keys` and `tenants`: what they print, and that running gateways know within two seconds what they changed."""

import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.cli.conftest import Command, GigaChat
from tests.cli.test_serving import Process
from tests.store.postgres import database

SOON = 2.0  # seconds: the contract
Run = Callable[..., Any]


@pytest.fixture
def run(gigamost: Command) -> Run:
    """The JSON that a command prints."""

    def command(*arguments: str, **environ: str) -> Any:
        outcome = gigamost(*arguments, "--format", "json", **environ)
        assert outcome.code == 0, outcome.err
        return json.loads(outcome.out)

    return command


def test_a_key_from_its_making_to_its_end(run: Run, home: Path) -> None:
    terms = ("--rpm", "60", "--tpm", "10000", "--concurrency", "2", "--budget", "1000", "--period", "month")
    made = run(
        "keys", "create", "--name", "ci", *terms, "--model", "gpt-*", "--model", "GigaChat-2", "--expires", "30d"
    )
    assert made["key"].startswith(made["prefix"])
    assert made["limits"] == {"rpm": 60, "tpm": 10_000, "concurrency": 2}
    assert made["budget"] == {"amount": "1000.00", "currency": "RUB", "period": "month", "soft": None}
    assert made["models"] == ["gpt-*", "GigaChat-2"]
    assert made["expires_at"] > made["created_at"]
    (listed,) = run("keys", "list")
    assert listed | {"key": made["key"]} == made
    rotated = run("keys", "rotate", made["id"], "--grace", "1h")
    assert rotated["id"] == made["id"]
    assert rotated["key"] != made["key"]
    assert run("keys", "revoke", "ci")["state"] == "revoked"
    assert run("keys", "list")[0]["state"] == "revoked"


def test_tenants(run: Run) -> None:
    made = run("tenants", "create", "--name", "acme", "--budget", "5", "--period", "day")
    assert made["budget"]["period"] == "day"
    key = run("keys", "create", "--name", "k", "--tenant", "acme")
    assert key["tenant_id"] == made["id"]
    changed = run("tenants", "update", "acme", "--rpm", "7", "--disable")
    assert (changed["limits"], changed["disabled"], changed["budget"]) == ({"rpm": 7}, True, made["budget"])
    assert run("tenants", "update", "acme", "--enable")["disabled"] is False
    assert [each["name"] for each in run("tenants", "list")] == ["acme", "default"]


def test_for_people_a_key_stands_alone_on_its_line(gigamost: Command) -> None:
    made = gigamost("keys", "create", "--name", "laptop")
    assert made.out.startswith("gm-")
    assert len(made.out.split()) == 1
    assert "not shown again" in made.err
    listed = gigamost("keys", "list")
    assert "laptop" in listed.out
    assert made.out.strip() not in listed.out
    assert "revoked" in gigamost("keys", "revoke", made.out[:10]).out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("keys", "create", "--name", "k", "--tenant", "nobody"), "there is no tenant 'nobody'"),
        (("keys", "create", "--name", "k", "--budget", "much"), "budget.amount: 'much' is no amount"),
        (("keys", "create", "--name", "k", "--budget", "1", "--period", "year"), "budget.period"),
        (("keys", "create", "--name", "k", "--face", "opnai"), "did you mean openai?"),
        (("keys", "create", "--name", "k", "--expires", "soon"), "expires_at: 'soon'"),
        (("keys", "create", "--name", ""), "name"),
        (("keys", "revoke", "nobody"), "There is no key 'nobody'"),
        (("keys", "rotate", "key_1", "--grace", "long"), "'long' is no time like 90s"),
        (("tenants", "update", "nobody", "--rpm", "1"), "There is no tenant 'nobody'"),
        (("tenants", "update", "default"), "Nothing to change"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(gigamost: Command, arguments: tuple[str, ...], says: str) -> None:
    outcome = gigamost(*arguments)
    assert outcome.code == 1
    log_lines = [line for line in outcome.err.splitlines() if " info " in line]  # another test may have set the log up
    assert len(outcome.err.splitlines()) == len(log_lines) + 1
    assert says in outcome.err.splitlines()[-1]


def test_two_keys_of_one_name_are_told_apart(run: Run, gigamost: Command) -> None:
    ids = [run("keys", "create", "--name", "twin")["id"] for _ in range(2)]
    refused = gigamost("keys", "revoke", "twin")
    assert refused.code == 1
    assert all(id_ in refused.err for id_ in ids)
    run("keys", "revoke", ids[0])
    assert run("keys", "revoke", "twin")["id"] == ids[1]


def test_nothing_in_the_database_opens_anything(run: Run, home: Path) -> None:
    """S6: a dump has neither the key nor anything that it can be had from without the root secret."""
    key = run("keys", "create", "--name", "canary")["key"]
    (file,) = home.rglob("gigamost.db")
    with closing(sqlite3.connect(file)) as connection:
        dump = "\n".join(connection.iterdump())
        (digest,) = connection.execute("SELECT digest FROM keys").fetchone()
    raw = b"".join(each.read_bytes() for each in home.rglob("gigamost.db*"))
    assert "canary" in dump
    for text in (key, key[3:], key[len("gm-abcdefg") :]):
        assert text not in dump
        assert text.encode() not in raw
    assert len(digest) == 32
    import hashlib

    assert digest not in {
        made(form).digest() for made in (hashlib.sha256, hashlib.sha3_256) for form in (key.encode(), key[3:].encode())
    }


class Replica:
    """A gateway as a process of its own."""

    def __init__(self, environ: dict[str, str]) -> None:
        self._process = Process(("serve", "--port", "0"), environ)
        self._address = urlsplit(self._process.until(r"at (http://127\.0\.0\.1:\d+)$")[1])

    def status(self, key: str) -> int:
        connection = HTTPConnection(self._address.hostname or "", self._address.port, timeout=10)
        with closing(connection):
            connection.request("GET", "/v1/models", headers={"x-api-key": key})
            return connection.getresponse().status

    def end(self) -> None:
        assert self._process.end() == 0

    def kill(self) -> None:
        self._process.kill()


def soon(replicas: list[Replica], key: str, status: int) -> None:
    """Every one of them says so, within two seconds from now."""
    began = monotonic()
    waiting = list(replicas)
    while waiting:
        waiting = [each for each in waiting if each.status(key) != status]
        assert monotonic() - began < SOON, f"{len(waiting)} replicas do not answer {status}"
        sleep(0.05)


@pytest.fixture(params=["sqlite", "postgres"])
async def place(request: pytest.FixtureRequest, home: Path) -> AsyncIterator[dict[str, str]]:
    """The environment of gateways that share a database."""
    environ = {"GIGAMOST_SECRET_KEY": "the root secret that all replicas share", "GIGAMOST_REQUIRE_KEY": "true"}
    if request.param == "postgres":
        async with database() as made:
            yield environ | {"GIGAMOST_DATABASE_URL": made.url.reveal()}
    else:
        yield environ | {"GIGAMOST_DATABASE_URL": f"sqlite:///{home / 'shared.db'}"}


@pytest.fixture
def replicas(place: dict[str, str], gigachat: GigaChat, home: Path) -> Iterator[list[Replica]]:
    made: list[Replica] = []
    try:
        for name in ("left", "right"):
            own = {"HOME": str(home / name), "GIGAMOST_STATE_DIR": str(home / name)}
            made.append(Replica(gigachat.environ | place | own))
        yield made
    finally:
        for each in made:
            each.kill()


def test_every_replica_knows_within_two_seconds(run: Run, place: dict[str, str], replicas: list[Replica]) -> None:
    made = run("keys", "create", "--name", "k", **place)
    soon(replicas, made["key"], 200)
    rotated = run("keys", "rotate", made["id"], "--grace", "3s", **place)
    soon(replicas, rotated["key"], 200)
    assert [each.status(made["key"]) for each in replicas] == [200, 200]
    sleep(3)
    soon(replicas, made["key"], 401)
    run("tenants", "update", "default", "--disable", **place)
    soon(replicas, rotated["key"], 403)
    run("tenants", "update", "default", "--enable", **place)
    soon(replicas, rotated["key"], 200)
    run("keys", "revoke", made["id"], **place)
    soon(replicas, rotated["key"], 401)
    brief = run("keys", "create", "--name", "brief", "--expires", "2s", **place)
    sleep(2)
    soon(replicas, brief["key"], 401)
    for each in replicas:
        each.end()


def test_a_gateway_knows_its_keys_when_it_starts(
    run: Run, place: dict[str, str], gigachat: GigaChat, home: Path
) -> None:
    key = run("keys", "create", "--name", "k", **place)["key"]
    replica = Replica(gigachat.environ | place | {"HOME": str(home)})
    try:
        assert replica.status(key) == 200
        replica.end()
    finally:
        replica.kill()
