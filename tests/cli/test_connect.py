"""Configurations of clients: printed, merged into what is there, never at the cost of anything else."""

import json
import socket
import stat
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from gigamost.cli.connect.clients import CLIENTS, Place
from gigamost.cli.connect.merge import merged_text
from gigamost.cli.connect.shapes import body_of
from tests.cli.conftest import Command

PLACE = Place("http://127.0.0.1:8090", "gm-key", "GigaChat-2-Max")
OPTIONS = ("--key", "gm-key")
FILES = {client.name: client.file for client in CLIENTS if client.file is not None}


@pytest.mark.parametrize("client", [client.name for client in CLIENTS])
def test_instructions_have_address_key_and_model(gigamost: Command, client: str) -> None:
    outcome = gigamost("connect", client, "--url", "http://gw:1/", "--key", "gm-key", "--model", "GigaChat-2-Pro")
    assert outcome.code == 0
    for text in ("http://gw:1/v1", "gm-key", "GigaChat-2-Pro"):
        assert text in outcome.out
    assert "$" not in outcome.out.replace("$schema", "")


def test_address_key_and_model_come_from_the_configuration(gigamost: Command, home: Path) -> None:
    (home / "gigamost.yaml").write_text("server: {host: 0.0.0.0, port: 81}\nkeys: [{name: a, key: gm-configured}]\n")
    out = gigamost("connect", "cline", GIGACHAT_MODEL="GigaChat-2-Pro").out
    assert "cline auth -p openai -k gm-configured -m GigaChat-2-Pro -b http://127.0.0.1:81/v1" in out


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


def test_a_client_without_a_file_says_its_command(gigamost: Command) -> None:
    outcome = gigamost("connect", "cline", "--write", *OPTIONS)
    assert outcome.code == 1
    assert "cline auth -p openai -k gm-key" in outcome.err


def test_write_and_check_are_two_steps(gigamost: Command) -> None:
    assert gigamost("connect", "cline", "--write", "--check").code == 2


@pytest.mark.parametrize("client", FILES)
def test_a_new_file_is_whole_and_for_its_owner_only(gigamost: Command, home: Path, client: str) -> None:
    assert gigamost("connect", client, "--write", *OPTIONS).code == 0
    file = home / FILES[client].path.removeprefix("~/")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    content = parsed(file.read_text(), client)
    assert "http://127.0.0.1:8090/v1" in json.dumps(content)
    before = file.read_bytes()
    again = gigamost("connect", client, "--write", *OPTIONS)
    assert again.out.endswith("has it already.\n")
    assert file.read_bytes() == before
    assert [other.name for other in file.parent.glob(f"{file.name}*")] == [file.name]


def test_openclaw_keeps_everything_else(gigamost: Command, home: Path) -> None:
    file = home / ".openclaw" / "openclaw.json"
    file.parent.mkdir()
    mine = {
        "theme": "dark",
        "models": {"providers": {"other": {"apiKey": "mine"}}},
        "agents": {"defaults": {"model": {"primary": "other/big"}, "sandbox": True}},
    }
    file.write_text(json.dumps(mine))
    file.chmod(0o640)
    assert gigamost("connect", "openclaw", "--write", *OPTIONS).code == 0
    written = json.loads(file.read_text())
    assert written["theme"] == "dark"
    assert written["agents"] == mine["agents"]  # the user's own choice of a model stays
    assert written["models"]["providers"]["other"] == {"apiKey": "mine"}
    assert written["models"]["providers"]["gigamost"]["api"] == "openai-completions"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    (backup,) = file.parent.glob("openclaw.json.bak-*")
    assert json.loads(backup.read_text()) == mine


def test_without_a_choice_of_their_own_users_get_the_model(gigamost: Command, home: Path) -> None:
    gigamost("connect", "openclaw", "--write", *OPTIONS)
    written = json.loads((home / ".openclaw" / "openclaw.json").read_text())
    assert written["agents"]["defaults"]["model"]["primary"] == "gigamost/GigaChat-2-Max"


CONTINUE = """\
# my settings
name: Mine   # a name
version: 1.2.3
schema: v1
models:
  # the local one
  - name: Local
    provider: ollama
    model: qwen

  # another
  - name: Other
    provider: openai
    model: other
rules:
  - Be brief   # please
"""


def test_continue_keeps_comments_and_order() -> None:
    after = merged_text(FILES["continue"], PLACE, CONTINUE)
    assert [line for line in CONTINUE.splitlines() if line not in after.splitlines()] == []
    content = yaml.safe_load(after)
    assert [model["name"] for model in content["models"]] == ["Gigamost GigaChat-2-Max", "Local", "Other"]
    assert (content["name"], content["rules"]) == ("Mine", ["Be brief"])
    assert merged_text(FILES["continue"], PLACE, after) == after


def test_continue_changes_our_own_entry_in_place() -> None:
    first = merged_text(FILES["continue"], PLACE, CONTINUE)
    after = merged_text(FILES["continue"], Place("http://new:1", "gm-new", PLACE.model), first)
    assert [line for line in CONTINUE.splitlines() if line not in after.splitlines()] == []
    ours, *_ = yaml.safe_load(after)["models"]
    assert (ours["apiBase"], ours["apiKey"]) == ("http://new:1/v1", "gm-new")
    assert len(yaml.safe_load(after)["models"]) == 3


@pytest.mark.parametrize(
    "before", ["", "models: []\n", "models:\n", "name: x\n", "models:\n- name: a\n  provider: b\n", "rules: [a]"]
)
def test_continue_in_every_usual_form(before: str) -> None:
    content = yaml.safe_load(merged_text(FILES["continue"], PLACE, before))
    assert content["models"][0]["apiBase"] == "http://127.0.0.1:8090/v1"
    assert content["schema"] == "v1"


def test_aider_keeps_its_other_settings() -> None:
    before = "# mine\nmodel: gpt-4o  # the old one\nauto-commits: false\n"
    after = merged_text(FILES["aider"], PLACE, before)
    assert yaml.safe_load(after) == {
        "model": "openai/GigaChat-2-Max",
        "auto-commits": False,
        "openai-api-base": "http://127.0.0.1:8090/v1",
        "openai-api-key": "gm-key",
        "show-model-warnings": False,
    }
    assert "# mine" in after
    assert "# the old one" in after


def test_opencode_keeps_other_providers() -> None:
    mine = {"model": "x/y", "provider": {"x": {}, "gigamost": {"models": {"old": {}}}}}
    written = json.loads(merged_text(FILES["opencode"], PLACE, json.dumps(mine)))
    assert written["model"] == "x/y"
    assert set(written["provider"]["gigamost"]["models"]) == {"old", "GigaChat-2-Max"}
    assert written["$schema"] == "https://opencode.ai/config.json"


@pytest.mark.parametrize(
    ("client", "before"),
    [
        ("openclaw", '{"a": 1, // a comment\n}'),
        ("openclaw", "[]"),
        ("opencode", '{"provider": "none"'),
        ("continue", "{models: [{name: a}]}"),
        ("continue", "models: [{name: a}]\n"),
        ("continue", "- a\n"),
        ("aider", "a: [\n"),
        ("aider", "model: &m x\nb: *m\n"),
    ],
)
def test_what_cannot_be_merged_without_loss_is_left_alone(
    gigamost: Command, home: Path, client: str, before: str
) -> None:
    file = home / "config"
    file.write_text(before)
    outcome = gigamost("connect", client, "--write", "--file", str(file), *OPTIONS)
    if outcome.code == 0:
        assert set(parsed(before, client)) <= set(parsed(file.read_text(), client))
    else:
        assert file.read_text() == before
        assert "Nothing was written" in outcome.err
        assert "gm-key" in outcome.err


def test_a_link_stays_a_link(gigamost: Command, home: Path) -> None:
    (home / "dotfiles").mkdir()
    (home / "dotfiles" / "aider").write_text("dark-mode: true\n")
    (home / ".aider.conf.yml").symlink_to(home / "dotfiles" / "aider")
    assert gigamost("connect", "aider", "--write", *OPTIONS).code == 0
    assert (home / ".aider.conf.yml").is_symlink()
    assert yaml.safe_load((home / "dotfiles" / "aider").read_text())["dark-mode"] is True


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_requests_have_the_observed_size_and_number_of_tools(client: Any) -> None:
    body = body_of(client.shape, "GigaChat-2-Max")
    assert abs(len(json.dumps(body)) / 1000 - client.shape.size) < client.shape.size * 0.15 + 0.5
    assert len(body.get("tools", [])) == client.shape.tools
    assert body["stream"] is True
    names = [tool["function"]["name"] for tool in body.get("tools", [])]
    assert len(set(names)) == len(names)


def test_check_says_when_nobody_answers(gigamost: Command) -> None:
    outcome = gigamost("connect", "aider", "--check", "--url", "http://127.0.0.1:9", *OPTIONS)
    assert outcome.code == 1
    assert "gigamost serve" in outcome.err


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ('HTTP/1.1 200 OK\r\n\r\ndata: {"choices": [{"delta": {"content": "a"}}]}\n\n', "without its finish"),
        ("HTTP/1.1 200 OK\r\n\r\ndata: <html>\n\n", "none of OpenAI's"),
        ('HTTP/1.1 200 OK\r\n\r\ndata: {"error": {"message": "broke off"}}\n\n', "broke off"),
        ("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\n<html>", "HTTP 502: <html>"),
        ('HTTP/1.1 401 No\r\nContent-Length: 33\r\n\r\n{"error": {"message": "no key!"}}', "HTTP 401: no key!"),
        ("nothing of HTTP\r\n\r\n", "gigamost serve"),
    ],
)
def test_check_says_what_a_client_would_not_survive(gigamost: Command, answer: str, said: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, connection.makefile("rb") as request:
                length = 0
                while (line := request.readline()) != b"\r\n":
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                request.read(length)
                connection.sendall(answer.encode())

        thread = Thread(target=serve)
        thread.start()
        outcome = gigamost("connect", "aider", "--check", "--url", f"http://127.0.0.1:{listener.getsockname()[1]}")
        thread.join()
    assert outcome.code == 1
    assert said in outcome.err


def test_an_address_has_a_scheme(gigamost: Command) -> None:
    outcome = gigamost("connect", "aider", "--url", "localhost:8090")
    assert outcome.code == 1
    assert "http://" in outcome.err


def parsed(text: str, client: str) -> Any:
    return json.loads(text) if FILES[client].format == "json" else yaml.safe_load(text)
