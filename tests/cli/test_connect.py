"""`connect`: what it prints for each client, and what it says when something is wrong."""

import re
from pathlib import Path
from typing import Any

import pytest

from gigamost.cli.connect.client import Place
from gigamost.cli.connect.clients import CLIENTS
from gigamost.cli.connect.instructions import instructions, quick
from gigamost.config.fields import paths_by_variable
from tests.cli.conftest import Command

PLACE = Place("http://127.0.0.1:8090", "gm-key", "GigaChat-2-Max")
WANTED = (
    "claude-code codex gemini-cli qwen-code opencode cline roo kilo continue cursor zed aider copilot-cli vscode "
    "openclaw pi llm open-webui librechat n8n dify home-assistant langchain llama-index pydantic-ai "
    "openai-agents vercel-ai"
)


def test_the_clients_that_there_are(gigamost: Command) -> None:
    names = [client.name for client in CLIENTS]
    assert sorted(names) == sorted(WANTED.split())
    outcome = gigamost("connect")
    assert outcome.code == 0
    assert [name for name in names if name not in outcome.out] == []


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_instructions_have_address_key_and_model(gigamost: Command, client: Any) -> None:
    outcome = gigamost("connect", client.name, "--url", "http://gw:1/", "--key", "gm-key", "--model", "GigaChat-2-Pro")
    assert outcome.code == 0
    for text in ("http://gw:1", "gm-key", "GigaChat-2-Pro"):
        if client.name == "open-webui" and text == "GigaChat-2-Pro":
            continue  # it asks the gateway for its models
        assert text in outcome.out
    assert "$" not in outcome.out.replace("$schema", "")


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_addresses_end_where_the_clients_protocol_wants(client: Any) -> None:
    """SDKs of OpenAI's protocols take an address with /v1, the others one without."""
    printed = instructions(client, PLACE)
    ends = set(re.findall(r"(?:127\.0\.0\.1|host\.docker\.internal):8090([\w/]*)", printed))
    if client.wire in ("chat", "responses"):
        assert ends <= {"/v1", "/v1/chat/completions", ""}
        assert "/v1" in "".join(ends)
    else:
        assert ends == {""}


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_every_client_is_told_how_to_be_used(client: Any) -> None:
    assert client.files or client.variables or client.setup or client.fields
    assert client.task or client.fields or client.code or client.name == "librechat"
    assert bool(client.fields) == bool(client.dialog)
    assert len(quick(client, PLACE).splitlines()) == 1


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_no_variable_is_one_that_the_gateway_reads(client: Any) -> None:
    """A user has them in the shell that the gateway is started from, too."""
    names = [name for name, _ in (*client.variables, *client.instead)]
    assert [name for name in names if name.startswith("GIGAMOST_") or name in paths_by_variable()] == []


def test_address_key_and_model_come_from_the_configuration(gigamost: Command, home: Path) -> None:
    (home / "gigamost.yaml").write_text("server: {host: 0.0.0.0, port: 81}\nkeys: [{name: a, key: gm-configured}]\n")
    out = gigamost("connect", "cline", GIGACHAT_MODEL="GigaChat-2-Pro").out
    assert "cline auth -p openai -k gm-configured -m GigaChat-2-Pro -b http://127.0.0.1:81/v1" in out


def test_containers_get_an_address_that_they_reach() -> None:
    assert PLACE.fill("$docker/v1") == "http://host.docker.internal:8090/v1"
    assert Place("http://localhost", "k", "m").fill("$docker") == "http://host.docker.internal"
    assert Place("https://localhost.example:1", "k", "m").fill("$docker") == "https://localhost.example:1"


def test_values_are_quoted_for_the_shell(gigamost: Command) -> None:
    out = gigamost("connect", "claude-code", "--key", "gm $(x)'", "--model", "a b").out
    assert "export ANTHROPIC_AUTH_TOKEN='gm $(x)'\"'\"''" in out
    assert "export ANTHROPIC_MODEL='a b'" in out


def test_without_keys_dev_has_one_and_prod_has_none(gigamost: Command) -> None:
    assert "-k gm-" in gigamost("connect", "cline").out
    prod = {"GIGAMOST_MODE": "prod", "GIGAMOST_MASTER_KEY": "0123456789abcdef"}
    outcome = gigamost("connect", "cline", **prod)
    assert outcome.code == 1
    assert "--key" in outcome.err


def test_an_unknown_client_is_told_the_known_ones(gigamost: Command) -> None:
    outcome = gigamost("connect", "opencod")
    assert outcome.code == 1
    assert "did you mean opencode?" in outcome.err
    assert "aider" in outcome.err


def test_a_client_without_a_file_says_what_to_do(gigamost: Command) -> None:
    outcome = gigamost("connect", "cline", "--write", "--key", "gm-key")
    assert outcome.code == 1
    assert "cline auth -p openai -k gm-key" in outcome.err


def test_write_and_check_are_two_steps(gigamost: Command) -> None:
    assert gigamost("connect", "cline", "--write", "--check").code == 2


def test_an_address_has_a_scheme(gigamost: Command) -> None:
    outcome = gigamost("connect", "aider", "--url", "localhost:8090")
    assert outcome.code == 1
    assert "http://" in outcome.err
