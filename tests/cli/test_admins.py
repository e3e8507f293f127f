"""`admins`: what they print, that no password is shown or kept in clear, and that replicas end sessions at once."""

import json
import os
import pty
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from io import StringIO
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener, urlopen

import pytest

from tests.cli.conftest import Command, GigaChat
from tests.cli.test_serving import Process
from tests.store.postgres import database

PASSWORD, OTHER = "the first password", "the second password"
SOON = 2.0  # seconds: the contract
Run = Callable[..., Any]


@pytest.fixture
def run(gigamost: Command, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The JSON that a command prints; `typed` is its standard input."""

    def command(*arguments: str, typed: str = "", **environ: str) -> Any:
        monkeypatch.setattr(sys, "stdin", StringIO(typed))
        outcome = gigamost(*arguments, "--format", "json", **environ)
        assert outcome.code == 0, outcome.err
        return json.loads(outcome.out)

    return command


def test_an_administrator_from_the_first_to_the_last_day(run: Run, gigamost: Command) -> None:
    terms = ("--name", "Anna", "--role", "operator", "--password-stdin")
    made = run("admins", "create", *terms, typed=f"{PASSWORD}\n")
    assert (made["name"], made["role"], made["tenant_id"], made["disabled"]) == ("anna", "operator", None, False)
    run("tenants", "create", "--name", "acme")
    bert = run(
        "admins", "create", "--name", "bert", "--role", "viewer", "--tenant", "acme", "--password-stdin", typed=PASSWORD
    )
    assert run("admins", "list") == [bert, made]
    assert run("admins", "password", "anna", "--password-stdin", typed=OTHER) == made
    assert run("admins", "disable", made["id"]) == made | {"disabled": True}
    shown = gigamost("admins", "list").out
    assert all(word in shown for word in ("anna", "disabled", "bert", "viewer", bert["tenant_id"]))
    assert PASSWORD not in shown


@pytest.mark.parametrize(
    ("arguments", "typed", "says"),
    [
        (("create", "--name", "anna", "--role", "viewer"), PASSWORD, "use --password-stdin"),
        (("create", "--name", "two words", "--role", "viewer", "--password-stdin"), PASSWORD, "name: up to 64 letters"),
        (("create", "--name", "anna", "--role", "viewer", "--password-stdin"), "short", "12 to 256 characters"),
        (("create", "--name", "anna", "--role", "viewer", "--password-stdin"), "", "12 to 256 characters"),
        (("create", "--name", "a", "--role", "viewer", "--tenant", "x", "--password-stdin"), PASSWORD, "no tenant 'x'"),
        (("password", "nobody", "--password-stdin"), PASSWORD, "There is no administrator 'nobody'"),
        (("disable", "nobody"), "", "There is no administrator 'nobody'"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    gigamost: Command, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], typed: str, says: str
) -> None:
    monkeypatch.setattr(sys, "stdin", StringIO(typed))
    outcome = gigamost("admins", *arguments)
    assert outcome.code == 1
    assert says in outcome.err.splitlines()[-1]


def test_the_terminal_does_not_show_what_is_typed(home: Path) -> None:
    """On a terminal of its own."""
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from gigamost.cli import main; main()",
            "admins",
            "create",
            "--name",
            "a",
            "--role",
            "admin",
        ],
        stdin=child,
        stdout=child,
        stderr=child,
        start_new_session=True,
    )
    os.close(child)
    seen = b""
    for prompt in (b"Password: ", b"Again: "):
        while prompt not in seen:
            seen += os.read(parent, 1024)
        os.write(parent, PASSWORD.encode() + b"\n")
    while True:
        try:
            seen += os.read(parent, 1024)
        except OSError:  # the other end is closed
            break
    assert process.wait(30) == 0, seen
    os.close(parent)
    assert b"admin" in seen
    assert PASSWORD.encode() not in seen


class Replica:
    """A gateway as a process of its own."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.process = Process(("serve", "--port", "0"), environ)
        self.base = self.process.until(r"at (http://127\.0\.0\.1:\d+)$")[1]

    def ask(self, path: str, token: str = "", body: Any = None) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.base}/admin/api{path}", data, {"Authorization": f"Bearer {token}"} if token else {})
        try:
            with urlopen(request, timeout=20) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            with error:
                return error.code, json.load(error)

    def login(self, password: str = PASSWORD) -> str:
        status, told = self.ask("/login", body={"name": "anna", "password": password})
        assert status == 200, told
        token: str = told["token"]
        return token


@pytest.fixture
async def place() -> Any:
    async with database() as made:
        yield {
            "GIGAMOST_SECRET_KEY": "the root secret that all replicas share",
            "GIGAMOST_DATABASE_URL": made.url.reveal(),
        }


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
            each.process.kill()


def gone(replicas: list[Replica], token: str) -> None:
    """Every one of them refuses it, within two seconds from now."""
    began = monotonic()
    while [each.ask("/me", token)[0] for each in replicas] != [401, 401]:
        assert monotonic() - began < SOON
        sleep(0.05)


def test_sessions_end_on_every_replica(run: Run, place: dict[str, str], replicas: list[Replica]) -> None:
    left, right = replicas
    run("admins", "create", "--name", "anna", "--role", "admin", "--password-stdin", typed=PASSWORD, **place)
    token = left.login()
    assert [each.ask("/me", token)[0] for each in replicas] == [200, 200]
    left.ask("/logout", token, {})
    gone(replicas, token)
    token = right.login()
    run("admins", "password", "anna", "--password-stdin", typed=OTHER, **place)
    gone(replicas, token)
    assert left.ask("/login", body={"name": "anna", "password": PASSWORD})[0] == 401
    token, chief = right.login(OTHER), "chief"
    run("admins", "create", "--name", chief, "--role", "admin", "--password-stdin", typed=PASSWORD, **place)
    _, told = left.ask("/login", body={"name": chief, "password": PASSWORD})
    request = Request(
        f"{left.base}/admin/api/administrators/anna",
        json.dumps({"role": "viewer"}).encode(),
        {"Authorization": f"Bearer {told['token']}"},
        method="PATCH",
    )
    with urlopen(request, timeout=20) as answer:
        assert answer.status == 200
    gone(replicas, token)
    token = right.login(OTHER)
    assert left.ask("/me", token)[1]["role"] == "viewer"
    run("admins", "disable", "anna", **place)
    gone(replicas, token)
    assert right.ask("/login", body={"name": "anna", "password": OTHER})[0] == 401


def test_nothing_in_the_database_lets_anybody_in(run: Run, gigachat: GigaChat, home: Path) -> None:
    """S6: a dump has no password, no token, and nothing that can be sent for one."""
    run("admins", "create", "--name", "anna", "--role", "admin", "--password-stdin", typed=PASSWORD)
    replica = Replica(gigachat.environ | {"HOME": str(home)})
    try:
        token = replica.login()
        (file,) = home.rglob("gigamost.db")
        with closing(sqlite3.connect(file)) as connection:
            dump = "\n".join(connection.iterdump())
            (digest,) = connection.execute("SELECT digest FROM sessions").fetchone()
            (kept,) = connection.execute("SELECT password FROM administrators").fetchone()
        raw = b"".join(each.read_bytes() for each in home.rglob("gigamost.db*"))
        assert "anna" in dump
        for text in (PASSWORD, token, token[4:], token[4:30]):
            assert text not in dump
            assert text.encode() not in raw
        assert kept.startswith("scrypt$32768$8$3$")
        assert replica.ask("/me", token)[0] == 200
        for guess in (digest.hex(), f"gms-{digest.hex()}", kept, kept.rpartition("$")[2]):
            assert replica.ask("/me", guess)[0] == 401
            assert replica.ask("/login", body={"name": "anna", "password": guess})[0] == 401
        assert PASSWORD not in replica.process.output
        assert token not in replica.process.output
    finally:
        replica.process.kill()


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *args: Any) -> None:
        """Its address and its cookie are what is looked at."""


def open_(url: str) -> tuple[int, Any]:
    try:
        with build_opener(_NoRedirects).open(url, timeout=20) as answer:
            return answer.status, answer.headers
    except HTTPError as error:
        with error:
            return error.code, error.headers


def test_dev_mode_prints_a_link_that_lets_in_once(gigachat: GigaChat, home: Path) -> None:
    replica = Replica(gigachat.environ | {"HOME": str(home)})
    try:
        link = replica.process.until(r"(http://127\.0\.0\.1:\d+/admin/enter\?token=\S+) \(once, within 10 minutes\)")[1]
        assert open_(link + "x")[0] == 401
        status, headers = open_(link)
        assert (status, headers["location"]) == (303, "/admin")
        cookie = re.fullmatch(r"(gigamost_session=(gms-\S+)); Max-Age=43200; (.*)", headers["set-cookie"])
        assert cookie is not None
        assert cookie[3] == "Path=/admin; HttpOnly; SameSite=Strict"
        assert (headers["cache-control"], headers["referrer-policy"]) == ("no-store", "no-referrer")
        me = {"id": None, "name": "one-time link", "role": "admin", "tenant_id": None}
        told = replica.ask("/me", cookie[2])[1]
        assert told == me | {"expires_at": told["expires_at"]}
        assert open_(link)[0] == 401
        assert replica.process.end() == 0
        assert replica.process.output.count(link.partition("token=")[2]) == 1  # in the summary, and in no log
    finally:
        replica.process.kill()
    closed = {"GIGAMOST_MODE": "prod", "GIGAMOST_MASTER_KEY": "a master key of some length"}
    replica = Replica(gigachat.environ | closed | {"HOME": str(home)})
    try:
        assert replica.ask("/me", cookie[2])[0] == 401  # a session of dev mode is none in prod
        assert open_(link.replace(link.partition("/admin")[0], replica.base))[0] == 404
        assert replica.process.end() == 0
        assert "/admin/enter" not in replica.process.output.partition("configured")[0]
    finally:
        replica.process.kill()
