"""Commands that talk to GigaChat, against the emulator: token, doctor, setup, chat, connect --check."""

import base64
import json
import socket
import stat
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.cli.conftest import Command, GigaChat

UNKNOWN_KEY = base64.b64encode(b"nobody:nothing").decode()


def test_token_info_never_shows_the_token(gigamost: Command, gigachat: GigaChat) -> None:
    outcome = gigamost("token", "info", "--format", "json", **gigachat.environ)
    assert outcome.code == 0
    (row,) = json.loads(outcome.out)
    assert (row["credential"], row["scope"], row["state"]) == ("gigachat", "GIGACHAT_API_CORP", "valid")
    assert 1700 < row["expires_in"] <= 1800  # a token lives half an hour
    assert "eyJ" not in outcome.out
    table = gigamost("token", "refresh", **gigachat.environ)
    assert "valid" in table.out
    assert "eyJ" not in table.out


def test_token_info_says_why_there_is_none(gigamost: Command, gigachat: GigaChat) -> None:
    outcome = gigamost("token", "info", **{**gigachat.environ, "GIGACHAT_CREDENTIALS": UNKNOWN_KEY})
    assert outcome.code == 1
    assert "failed" in outcome.out
    assert "gigamost doctor" in outcome.err
    assert UNKNOWN_KEY not in outcome.out + outcome.err


def test_doctor_finds_nothing(gigamost: Command, gigachat: GigaChat) -> None:
    outcome = gigamost("doctor", **gigachat.environ)
    assert outcome.code == 0, outcome.out
    for subject in ("configuration", "state folder", "certificates", "OAuth", "token", "models", "balance"):
        assert subject in outcome.out
    assert "fail" not in outcome.out
    assert "GigaChat-2-Max" in outcome.out


def test_doctor_knows_the_right_scope(gigamost: Command, gigachat: GigaChat) -> None:
    outcome = gigamost("doctor", **{**gigachat.environ, "GIGACHAT_SCOPE": "GIGACHAT_API_PERS"})
    assert outcome.code == 1
    assert "Set GIGACHAT_SCOPE=GIGACHAT_API_CORP" in outcome.out


def test_doctor_says_when_nobody_answers(gigamost: Command, gigachat: GigaChat) -> None:
    outcome = gigamost("doctor", **{**gigachat.environ, "GIGACHAT_AUTH_URL": "http://127.0.0.1:9/oauth"})
    assert outcome.code == 1
    assert "http://127.0.0.1:9/oauth cannot be reached" in outcome.out
    assert "HTTPS_PROXY" in outcome.out


class OneModel(BaseHTTPRequestHandler):
    """An upstream that speaks OpenAI's wire, as far as its list of models."""

    def do_GET(self) -> None:
        is_known = self.headers["Authorization"] == "Bearer right"
        body = b'{"object": "list", "data": [{"id": "a", "object": "model"}]}' if is_known else b"{}"
        self.send_response(200 if is_known else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: the test's output is the command's."""


def test_doctor_looks_at_other_upstreams(gigamost: Command, gigachat: GigaChat, home: Path) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), OneModel)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        base = f"http://127.0.0.1:{server.server_port}"
        rows = (
            f"[{{name: good, base_url: '{base}', api_key: right}}, {{name: bad, base_url: '{base}', api_key: wrong}}]"
        )
        (home / "gigamost.yaml").write_text(f"upstreams: {rows}")
        outcome = gigamost("doctor", **gigachat.environ)
    finally:
        server.shutdown()
        server.server_close()
    assert outcome.code == 1
    assert f"good: {base} answers, 1 models" in outcome.out
    assert f"bad: {base}: the upstream answered 401" in outcome.out
    assert "Check base_url and api_key of bad" in outcome.out


def test_doctor_says_that_a_model_is_missing(gigamost: Command, gigachat: GigaChat) -> None:
    outcome = gigamost("doctor", GIGACHAT_MODEL="GigaChat-9", **gigachat.environ)
    assert outcome.code == 1
    assert "Correct GIGACHAT_MODEL" in outcome.out


def test_doctor_without_a_credential(gigamost: Command) -> None:
    outcome = gigamost("doctor")
    assert outcome.code == 1
    assert "developers.sber.ru" in outcome.out


def test_doctor_says_every_problem_of_the_configuration(gigamost: Command) -> None:
    outcome = gigamost("doctor", GIGAMOST_PROT="1", GIGAMOST_PORT="x")
    assert outcome.code == 1
    assert outcome.out.count("fail") == 2


@pytest.fixture
def redis() -> Iterator[tuple[int, list[bytes]]]:
    """Answers as Redis with a password does: its port, and what it was told."""
    told: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                told.append(connection.recv(1000))
                connection.sendall(b"+OK\r\n" if b"secret" in told[0] else b"-WRONGPASS invalid\r\n")
                told.append(connection.recv(1000))
                connection.sendall(b"+PONG\r\n")

        thread = Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1], told
        thread.join()


def test_doctor_asks_redis(gigamost: Command, redis: tuple[int, list[bytes]]) -> None:
    port, told = redis
    outcome = gigamost("doctor", GIGAMOST_REDIS_URL=f"redis://:secret@127.0.0.1:{port}/0")
    assert f"Redis: 127.0.0.1:{port} answers" in outcome.out
    assert told == [b"*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n", b"*1\r\n$4\r\nPING\r\n"]
    assert "secret@" not in outcome.out


def test_doctor_says_what_redis_refuses(gigamost: Command, redis: tuple[int, list[bytes]]) -> None:
    outcome = gigamost("doctor", GIGAMOST_REDIS_URL=f"redis://:wrong@127.0.0.1:{redis[0]}")
    assert "WRONGPASS" in outcome.out
    assert outcome.code == 1


def test_chat_streams_an_answer(gigamost: Command, gigachat: GigaChat) -> None:
    outcome = gigamost("chat", "Say hello", **gigachat.environ)
    assert outcome.code == 0, outcome.err
    assert outcome.out.strip()
    assert "tokens" in outcome.err


def test_chat_says_what_the_upstream_refuses(gigamost: Command, gigachat: GigaChat) -> None:
    outcome = gigamost("chat", "hello", "--model", "GigaChat-9", **gigachat.environ)
    assert outcome.code == 1
    assert "GigaChat-9" in outcome.err


def test_setup_tries_and_writes(gigamost: Command, gigachat: GigaChat, home: Path) -> None:
    environ = dict(gigachat.environ)
    key = environ.pop("GIGACHAT_CREDENTIALS")
    scope = environ.pop("GIGACHAT_SCOPE")
    (home / ".env").write_text("# mine\nOTHER=1\n")
    outcome = gigamost("setup", "--key", key, "--scope", scope, "--model", "GigaChat-2-Pro", **environ)
    assert outcome.code == 0, outcome.err
    written = (home / ".env").read_text()
    assert written == (
        f"# mine\nOTHER=1\nGIGACHAT_CREDENTIALS={key}\nGIGACHAT_SCOPE={scope}\nGIGACHAT_MODEL=GigaChat-2-Pro\n"
    )
    assert stat.S_IMODE((home / ".env").stat().st_mode) == 0o600
    assert len(list(home.glob(".env.bak-*"))) == 1
    assert key not in outcome.out + outcome.err
    assert gigamost("chat", "hello", **environ).code == 0


def test_setup_makes_the_key_and_finds_the_scope(gigamost: Command, gigachat: GigaChat, home: Path) -> None:
    company = gigachat.app.settings.accounts[2]
    urls = {name: gigachat.environ[name] for name in ("GIGACHAT_BASE_URL", "GIGACHAT_AUTH_URL")}
    outcome = gigamost("setup", "--client-id", company.client_id, "--client-secret", company.secret, **urls)
    assert outcome.code == 0, outcome.err
    written = (home / ".env").read_text()
    assert f"GIGACHAT_CREDENTIALS={company.credentials}\n" in written
    assert "GIGACHAT_SCOPE=GIGACHAT_API_CORP\n" in written


@pytest.mark.parametrize(
    "options",
    [
        ["--key", "0199e210-2f13-744c-8fe5-c9a19fe27db7"],
        ["--key", "not a key"],
        ["--key", UNKNOWN_KEY],
        ["--client-id", "0199e210-2f13-744c-8fe5-c9a19fe27db7"],
        ["--key", UNKNOWN_KEY, "--scope", "GIGACHAT_API_ALL"],
        [],
    ],
)
def test_setup_writes_nothing_that_does_not_work(
    gigamost: Command, gigachat: GigaChat, home: Path, options: list[str]
) -> None:
    urls = {name: gigachat.environ[name] for name in ("GIGACHAT_BASE_URL", "GIGACHAT_AUTH_URL")}
    outcome = gigamost("setup", *options, **urls)
    assert outcome.code == 1
    assert outcome.err
    assert not (home / ".env").exists()
    assert UNKNOWN_KEY not in outcome.out + outcome.err
