"""The edge of every command: exit codes, messages instead of tracebacks, and what loads when."""

import re
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.cli.conftest import Command

KEY = "Y2xpZW50OnNlY3JldA=="
PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_version(gigamost: Command) -> None:
    version = tomllib.loads(PYPROJECT.read_text())["project"]["version"]
    assert gigamost("version").out == f"gigamost {version}\n"


@pytest.mark.parametrize(
    "arguments", [["nosuch"], ["serve", "--port", "many"], ["connect", "--write"], ["token", "info", "--x"]]
)
def test_wrong_usage_is_2(gigamost: Command, arguments: list[str]) -> None:
    assert gigamost(*arguments).code == 2


def test_help_names_every_command(gigamost: Command) -> None:
    out = gigamost("--help").out
    for name in (
        "demo",
        "serve",
        "emulator",
        "setup",
        "chat",
        "doctor",
        "certs",
        "token",
        "connect",
        "config",
        "examples",
    ):
        assert re.search(rf"\b{name}\b", out)


@pytest.mark.parametrize("command", [["serve"], ["chat", "hello"], ["token", "info"]])
def test_without_a_credential_it_says_where_to_get_one(gigamost: Command, command: list[str]) -> None:
    outcome = gigamost(*command)
    assert outcome.code == 1
    for word in ("developers.sber.ru", "Authorization key", "GIGACHAT_CREDENTIALS", "gigamost setup"):
        assert word in outcome.err


def test_a_taken_port_is_one_line(gigamost: Command) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        outcome = gigamost("serve", "--port", str(port), GIGACHAT_CREDENTIALS=KEY)
    assert outcome.code == 1
    (line,) = outcome.err.splitlines()
    assert str(port) in line
    assert "--port" in line


def test_prod_that_is_not_safe_is_at_most_8_lines(gigamost: Command) -> None:
    outcome = gigamost(
        "serve",
        GIGAMOST_MODE="prod",
        GIGACHAT_CREDENTIALS=KEY,
        GIGACHAT_VERIFY_SSL_CERTS="false",
        GIGAMOST_CORS_ORIGINS="*",
        GIGAMOST_REQUIRE_KEY="false",
        GIGAMOST_REPLICAS="2",
        GIGAMOST_PROT="1",
        GIGAMOST_X="1",
        GIGAMOST_Y="1",
        GIGAMOST_Z="1",
    )
    assert outcome.code == 1
    lines = outcome.err.splitlines()
    assert len(lines) == 8
    assert "gigamost config check" in lines[-1]


def test_several_workers_without_redis_are_one_line(gigamost: Command) -> None:
    outcome = gigamost("serve", "--workers", "2", GIGACHAT_CREDENTIALS=KEY)
    assert outcome.code == 1
    (line,) = outcome.err.splitlines()
    assert "--workers" in line
    assert "Redis" in line


def test_a_state_folder_that_cannot_be_used_is_said(gigamost: Command, home: Path) -> None:
    (home / "file").write_text("")
    outcome = gigamost("serve", "--port", "0", GIGACHAT_CREDENTIALS=KEY, GIGAMOST_STATE_DIR=str(home / "file" / "x"))
    assert outcome.code == 1
    assert "GIGAMOST_STATE_DIR" in outcome.err


def test_the_command_line_loads_nothing_heavy() -> None:
    """`gigamost --help` and the start of `serve` would wait for it."""
    code = "import sys, gigamost.cli.commands, gigamost.config; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert loaded.isdisjoint(
        {"rich.console", "yaml", "openai", "pydantic", "uvicorn", "cryptography", "asyncio.runners"}
    )


def test_config_check_says_everything(gigamost: Command, home: Path) -> None:
    assert gigamost("config", "check").code == 0
    (home / "gigamost.yaml").write_text("a: 1\nb: 1\nc: 1\nd: 1\ne: 1\nf: 1\ng: 1\nh: 1\ni: 1\nj: 1\n")
    outcome = gigamost("config", "check")
    assert outcome.code == 1
    assert len(outcome.err.splitlines()) == 10


def test_config_show_has_sources_and_no_secret(gigamost: Command, home: Path) -> None:
    (home / "gigamost.yaml").write_text("keys: [{name: a, key: canary-client}]\nserver: {port: 81}\n")
    (home / ".env").write_text(f"GIGACHAT_CREDENTIALS={KEY}\n")
    for arguments in (["config", "show"], ["config", "show", "--format", "json"]):
        outcome = gigamost(*arguments, GIGAMOST_MASTER_KEY="canary-master")
        assert outcome.code == 0
        assert "canary" not in outcome.out
        assert KEY not in outcome.out
        assert "GIGACHAT_CREDENTIALS (.env:1)" in outcome.out
        assert "gigamost.yaml:2: server.port" in outcome.out


def test_examples_are_listed_and_printed(gigamost: Command) -> None:
    assert "python" in gigamost("examples").out
    text = gigamost("examples", "python", GIGAMOST_PORT="8123").out
    compile(text, "example", "exec")
    assert 'base_url="http://127.0.0.1:8123/v1"' in text
    outcome = gigamost("examples", "pyton")
    assert outcome.code == 1
    assert "did you mean python?" in outcome.err


@pytest.mark.parametrize("name", ["python", "python-tools", "python-json"])
def test_python_examples_are_python(gigamost: Command, name: str) -> None:
    compile(gigamost("examples", name).out, name, "exec")


def test_certs_check_says_what_to_do(gigamost: Command) -> None:
    outcome = gigamost("certs", "check")
    assert outcome.code == 1
    assert "gigamost certs install" in outcome.err


def test_certs_install_that_reaches_nobody_says_so(gigamost: Command) -> None:
    dead = "http://127.0.0.1:9"
    outcome = gigamost("certs", "install", HTTPS_PROXY=dead, HTTP_PROXY=dead)
    assert outcome.code == 1
    assert "was not installed" in outcome.err
    assert "GIGACHAT_CA_BUNDLE_FILE" in outcome.err


def test_a_proxy_that_is_none_is_named(gigamost: Command) -> None:
    outcome = gigamost("config", "check", HTTPS_PROXY="socks5://user:canary@proxy:1")
    assert outcome.code == 1
    assert outcome.err.startswith("HTTPS_PROXY")
    assert "canary" not in outcome.err


def test_an_emulator_needs_a_folder_for_its_certificates(gigamost: Command, home: Path) -> None:
    (home / "file").write_text("")
    outcome = gigamost("emulator", "--tls", "--folder", str(home / "file"))
    assert outcome.code == 1
    assert "--folder" in outcome.err
