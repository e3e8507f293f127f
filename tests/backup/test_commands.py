"""`backup`, `restore` and `secret` as people use them, with gateways at work and ends in the middle."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from io import StringIO
from pathlib import Path
from threading import Event, Thread
from urllib.parse import urlsplit

import pytest

from gigamost.auth.root import FILE_NAME, mark, read
from gigamost.store.place import Postgres
from tests.backup.conftest import Place
from tests.backup.filled import everything, fill, ready
from tests.cli.conftest import Command, GigaChat, gigachat, gigamost, home
from tests.cli.test_serving import _MAIN, Process
from tests.store.servers import empty

__all__ = ["gigachat", "gigamost", "home"]
CHAT = {"model": "GigaChat-2", "messages": [{"role": "user", "content": "a canary of what people say"}]}
MASTER = "canary-of-the-master-key"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def state(home: Path) -> Path:
    return home / ".local" / "share" / "gigamost"


def environ_of(place: Place) -> dict[str, str]:
    url = place.url.reveal() if isinstance(place, Postgres) else f"sqlite:///{place}"
    return {"GIGAMOST_DATABASE_URL": url}


def ask(base: str, key: str) -> int:
    connection = HTTPConnection(urlsplit(base).netloc, timeout=30)
    try:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        connection.request("POST", "/v1/chat/completions", json.dumps(CHAT), headers)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def made_key(gigamost: Command, **environ: str) -> str:
    made = gigamost("keys", "create", "--name", "ci", "--format", "json", **environ)
    assert made.code == 0, made.err
    key: str = json.loads(made.out)["key"]
    return key


def test_from_one_machine_to_postgresql_and_back_under_traffic(
    gigamost: Command, gigachat: GigaChat, home: Path, state: Path, bare: Postgres
) -> None:
    """The road of docs/backup.md: the backup is made while requests run, the keys work there with the same secret."""
    environ = {**gigachat.environ, "GIGAMOST_REQUIRE_KEY": "true", "GIGAMOST_MASTER_KEY": MASTER}
    key = made_key(gigamost)
    with served(**environ) as base, traffic(base, key) as answers:
        answers.wait_for(20)
        outcome = gigamost("backup", "archive.zip")
        assert outcome.code == 0, outcome.err
        answers.wait_for(len(answers.statuses) + 5)
    assert set(answers.statuses) == {200}
    root = (state / FILE_NAME).read_text().strip()
    assert_no_secrets(home / "archive.zip", key, root, MASTER, gigachat.environ["GIGACHAT_CREDENTIALS"])
    there = environ_of(bare)
    back = gigamost("restore", "archive.zip", **there)
    assert back.code == 0, back.err
    with served(**environ, **there) as base:
        assert ask(base, key) == 200
    outcome = gigamost("backup", "back.zip", **there)
    assert outcome.code == 0, outcome.err
    assert rows(home / "back.zip", "requests") > rows(home / "archive.zip", "requests") - 1 >= 20
    (home / "elsewhere").mkdir()
    here = environ_of(home / "elsewhere" / "state.db")
    outcome = gigamost("restore", "back.zip", **here)
    assert outcome.code == 0, outcome.err
    assert ask_with(environ | here, key) == 200


@contextmanager
def served(**environ: str) -> Iterator[str]:
    """A gateway as a process of its own, by its address."""
    process = Process(("serve", "--port", "0"), environ)
    try:
        base = process.until(r"at (http://127\.0\.0\.1:\d+)$")[1]
        yield base
        assert process.end() == 0
    finally:
        process.kill()


def ask_with(environ: dict[str, str], key: str) -> int:
    with served(**environ) as base:
        return ask(base, key)


class Answers:
    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.ended = Event()
        self._some = Event()

    def add(self, status: int) -> None:
        self.statuses.append(status)
        self._some.set()

    def wait_for(self, count: int) -> None:
        while len(self.statuses) < count:
            self._some.clear()
            assert self._some.wait(30)


@contextmanager
def traffic(base: str, key: str) -> Iterator[Answers]:
    answers = Answers()

    def client() -> None:
        while not answers.ended.is_set():
            answers.add(ask(base, key))

    threads = [Thread(target=client) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        answers.ended.set()
        for thread in threads:
            thread.join()


def rows(file: Path, table: str) -> int:
    with zipfile.ZipFile(file) as archive:
        return len(archive.read(f"tables/{table}.ndjson").splitlines())


def assert_no_secrets(file: Path, *secrets: str) -> None:
    with zipfile.ZipFile(file) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
    everything += file.read_bytes()
    assert [each for each in secrets if each.encode() in everything] == []


def test_another_root_secret_is_refused_and_says_what_is_lost(gigamost: Command, home: Path, state: Path) -> None:
    made_key(gigamost)
    assert gigamost("backup", "archive.zip").code == 0
    secret = (state / FILE_NAME).read_text().strip()
    other = {"GIGAMOST_STATE_DIR": str(home / "other")}
    refused = gigamost("restore", "archive.zip", **other)
    assert refused.code == 1
    assert "keys that hang on it will not be recognised" in refused.err
    assert "--force" in refused.err
    assert not (home / "other").exists()
    assert gigamost("restore", "archive.zip", GIGAMOST_SECRET_KEY="x" * 40, **other).code == 1
    forced = gigamost("restore", "archive.zip", "--force", **other)
    assert forced.code == 0
    assert "will not be recognised" in forced.out
    assert (
        "1 key hangs on root secrets that are not known here"
        in gigamost("secret", "status", GIGAMOST_SECRET_KEY="x" * 40, **other).out
    )
    again = {"GIGAMOST_STATE_DIR": str(home / "again"), "GIGAMOST_SECRET_KEY": secret}
    assert gigamost("restore", "archive.zip", **again).code == 0
    assert secret not in refused.err + forced.out


def test_the_secret_travels_in_the_archive_only_when_it_was_asked_for(
    gigamost: Command, gigachat: GigaChat, home: Path, state: Path
) -> None:
    key = made_key(gigamost)
    said = gigamost("backup", "archive.zip", "--with-secret")
    assert "whoever has this file" in said.err
    other = home / "other"
    made_key(gigamost, GIGAMOST_STATE_DIR=str(other))
    (other / "gigamost.db").unlink()
    its_own = read(other / FILE_NAME)
    outcome = gigamost("restore", "archive.zip", GIGAMOST_STATE_DIR=str(other))
    assert outcome.code == 0, outcome.err
    assert read(other / FILE_NAME) == (*read(state / FILE_NAME), *its_own)
    assert stat.S_IMODE((other / FILE_NAME).stat().st_mode) == 0o600
    environ = gigachat.environ | {"GIGAMOST_STATE_DIR": str(other)}
    assert ask_with(environ, key) == 200
    refused = gigamost("restore", "archive.zip", GIGAMOST_STATE_DIR=str(home / "third"), GIGAMOST_SECRET_KEY="y" * 40)
    assert refused.code == 1
    assert "unzip -p" in refused.err
    assert read(state / FILE_NAME)[0].reveal() not in refused.err + outcome.out + outcome.err + said.out + said.err


def test_what_is_there_is_replaced_only_when_somebody_says_so(gigamost: Command, home: Path) -> None:
    made_key(gigamost)
    assert gigamost("backup", "archive.zip").code == 0
    made_key(gigamost)
    refused = gigamost("restore", "archive.zip")
    assert refused.code == 1
    assert "not empty (2 keys, 2 audit)" in refused.err
    assert "say --yes" in gigamost("restore", "archive.zip", "--replace").err.replace("\n", " ")
    assert len(json.loads(gigamost("keys", "list", "--format", "json").out)) == 2
    assert gigamost("restore", "archive.zip", "--replace", "--yes").code == 0
    assert len(json.loads(gigamost("keys", "list", "--format", "json").out)) == 1


def test_a_gateway_at_work_is_not_replaced_under_its_feet(gigamost: Command, gigachat: GigaChat, home: Path) -> None:
    made_key(gigamost)
    with served(**gigachat.environ):
        assert gigamost("backup", "archive.zip").code == 0
        refused = gigamost("restore", "archive.zip", "--replace", "--yes")
    assert refused.code == 1
    assert "A gateway is at work" in refused.err


def test_errors_are_a_line_each(gigamost: Command, home: Path) -> None:
    (home / "text.zip").write_text("no archive")
    for arguments, line in (
        (("backup", "a.zip"), "There is no database at"),
        (("restore", "text.zip"), "cannot be restored: it is no zip file"),
        (("secret", "status"), "There is no root secret"),
        (("secret", "rotate"), "There is no root secret"),
    ):
        outcome = gigamost(*arguments)
        assert outcome.code == 1
        assert line in outcome.err
    assert gigamost("restore", "nowhere.zip").code == 2
    assert gigamost("backup", "a.zip", GIGAMOST_DATABASE_URL="sqlite://").code == 1
    assert not list(home.glob("a.zip*"))


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_restore_that_is_killed_leaves_the_database_as_it_was(home: Path, kind: str) -> None:
    """At five moments of it, the last ones just before its end."""
    big = home / "big.db"
    ready(big)
    fill(big, rows=1500)
    subprocess.run(
        command("backup", "archive.zip"),
        env=environ(home, big),
        check=True,
        capture_output=True,
    )
    with target(home, kind) as place:
        fill(place, seed=5, rows=30)
        before, url = everything(place), environ_of(place)["GIGAMOST_DATABASE_URL"]
        for share in (0.0, 0.2, 0.5, 0.8, 0.95):
            process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "tests.backup.slowly",
                    str(home / "archive.zip"),
                    url,
                    str(share),
                ],
                cwd=ROOT,
                stdout=subprocess.PIPE,
            )
            assert process.stdout is not None
            assert process.stdout.readline() == b"there\n"
            process.send_signal(signal.SIGKILL)
            process.wait()
            process.stdout.close()
            assert everything(place) == before


@contextmanager
def target(folder: Path, kind: str) -> Iterator[Place]:
    if kind == "sqlite":
        ready(folder / "target.db")
        yield folder / "target.db"
        return
    with empty() as made:
        ready(made)
        yield made


def command(*arguments: str) -> list[str]:
    return [*_MAIN, *arguments]


def environ(home: Path, place: Place) -> dict[str, str]:
    return {**os.environ, **environ_of(place), "GIGAMOST_SECRET_KEY": "z" * 40, "HOME": str(home)}


def test_a_disk_that_is_full_leaves_no_half_archive(home: Path) -> None:
    ready(home / "state.db")
    fill(home / "state.db", rows=2000)
    limited = ["bash", "-c", 'ulimit -f 64; exec "$@"', "-", *command("backup", "archive.zip")]
    outcome = subprocess.run(limited, env=environ(home, home / "state.db"), capture_output=True, check=False)
    assert outcome.returncode == 1
    assert b"archive.zip cannot be written: File too large." in outcome.stderr
    assert sorted(each.name for each in home.glob("*archive*")) == []
    assert sorted(each.name for each in home.glob(".archive*")) == []


def test_what_the_ledger_has_on_the_disk_is_said(gigamost: Command, home: Path, state: Path, bare: Postgres) -> None:
    from gigamost.store.ledger.opening import SPOOL
    from gigamost.store.ledger.spool import Spool
    from tests.store.ledgers import intent

    ready(bare)
    made_key(gigamost, **environ_of(bare))
    spool = Spool(state / SPOOL)
    spool.append([intent("r1"), intent("r2")], [])
    spool.close()
    assert "2 entries of the ledger wait on this machine" in gigamost("backup", "a.zip", **environ_of(bare)).err
    outcome = gigamost("restore", "a.zip", "--replace", "--yes", **environ_of(bare))
    assert "2 entries of the ledger wait on this machine" in outcome.err


def test_the_secret_in_the_file_is_rotated_and_forgotten(gigamost: Command, gigachat: GigaChat, state: Path) -> None:
    key, idle = made_key(gigamost), made_key(gigamost)
    before = read(state / FILE_NAME)
    rotated = gigamost("secret", "rotate")
    assert rotated.code == 0, rotated.err
    after = read(state / FILE_NAME)
    assert after[1:] == before
    assert stat.S_IMODE((state / FILE_NAME).stat().st_mode) == 0o600
    counted = gigamost("secret", "status").out
    assert "2 keys hang on it" in counted
    with served(**gigachat.environ) as base:
        assert ask(base, key) == 200
        while "1 key hangs on it" not in (counted := gigamost("secret", "status").out):
            assert "2 keys hang" in counted
    refused = gigamost("secret", "forget")
    assert refused.code == 1
    assert idle[:10] in refused.err
    assert key[:10] not in refused.err
    assert read(state / FILE_NAME) == after
    forced = gigamost("secret", "forget", "--force")
    assert forced.code == 0
    assert f"{idle[:10]}" in forced.err
    assert read(state / FILE_NAME) == after[:1]
    with served(**gigachat.environ) as base:
        assert ask(base, key) == 200
        assert ask(base, idle) == 401
    said = "".join(each.out + each.err for each in (rotated, refused, forced)) + counted
    assert not any(secret.reveal() in said for secret in after)
    assert mark(after[0]) in counted
    assert "nothing to forget" in gigamost("secret", "forget").out


def test_nobody_is_locked_out_unasked(gigamost: Command, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An administrator's password hangs on the root secret of the last login."""
    monkeypatch.setattr("sys.stdin", StringIO("a long enough password\n"))
    assert gigamost("admins", "create", "--name", "anna", "--role", "admin", "--password-stdin").code == 0
    assert "Administrators" not in gigamost("secret", "status").out
    gigamost("secret", "rotate")
    assert "Administrators who did not log in since: anna" in gigamost("secret", "status").out
    refused = gigamost("secret", "forget")
    assert refused.code == 1
    assert "1 administrator's password hangs on a former root secret" in refused.err
    assert "administrator anna" in refused.err
    assert "administrator anna" in gigamost("secret", "forget", "--force").err
    assert len(read(state / FILE_NAME)) == 1


def test_a_secret_of_the_environment_is_changed_by_whoever_set_it(gigamost: Command, state: Path) -> None:
    old = "the secret that somebody put into the environment"
    environ = {"GIGAMOST_SECRET_KEY": old}
    made_key(gigamost, **environ)
    said = gigamost("secret", "rotate", **environ)
    assert said.code == 0
    assert old not in said.out + said.err
    first, current, former = re.findall(r"^(GIGAMOST_\w+=.*)$", said.out, re.MULTILINE)
    assert first.replace("FORMER_SECRET_KEYS", "SECRET_KEY") == current
    assert former == "GIGAMOST_FORMER_SECRET_KEYS=<what GIGAMOST_SECRET_KEY was>"
    new = current.partition("=")[2]
    step = {"GIGAMOST_SECRET_KEY": old, "GIGAMOST_FORMER_SECRET_KEYS": new}
    assert "0 keys hang on it" in gigamost("secret", "status", **step).out
    step = {"GIGAMOST_SECRET_KEY": new, "GIGAMOST_FORMER_SECRET_KEYS": old}
    assert "1 key hangs on it" in gigamost("secret", "status", **step).out
    assert gigamost("secret", "forget", **step).code == 1
    forced = gigamost("secret", "forget", "--force", **step)
    assert "Remove GIGAMOST_FORMER_SECRET_KEYS" in forced.out
    assert not (state / FILE_NAME).exists()
    shown = gigamost("config", "show", **step)
    assert old not in shown.out
    assert new not in shown.out


def test_former_secrets_are_read_from_yaml_and_lists(gigamost: Command, home: Path) -> None:
    from gigamost.config import load

    (home / "gigamost.yaml").write_text('secret_key: a\nformer_secret_keys: ["b", "${THIRD}"]\n')
    settings = load(environ={"HOME": str(home), "THIRD": "c"}, folder=home)
    assert [each.reveal() for each in settings.former_secret_keys] == ["b", "c"]
    settings = load(environ={"HOME": str(home), "THIRD": "c", "GIGAMOST_FORMER_SECRET_KEYS": "d, e"}, folder=home)
    assert [each.reveal() for each in settings.former_secret_keys] == ["d", "e"]
