"""`connect --write`: the gateway's settings merged into what is there, never at the cost of anything else."""

import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gigamost.cli.connect import env_text, json_text, toml_text, yaml_text
from gigamost.cli.connect.client import File, Place
from gigamost.cli.connect.clients import CLIENTS
from gigamost.cli.connect.merge import Format, filled, merged, merged_text, rendered
from tests.cli.conftest import Command
from tests.cli.existing import FILES as EXISTING

PLACE = Place("http://127.0.0.1:8090", "gm-key", "GigaChat-2-Max")
OTHER = Place("https://gw.example", "gm-new", "GigaChat-2-Max")
OPTIONS = ("--key", "gm-key")
FORMATS: dict[str, Format] = {"json": json_text, "yaml": yaml_text, "toml": toml_text, "env": env_text}
FILES: dict[tuple[str, str], File] = {
    (client.name, Path(file.path).name): file for client in CLIENTS for file in client.files
}
WRITABLE = [client for client in CLIENTS if client.files]
COMMENT = re.compile(r"(?:^|[ \t])((?:#|//).*|/\*.*?\*/)$|(/\*.*?\*/)", re.MULTILINE)


def test_every_file_has_an_example_of_what_users_have() -> None:
    assert set(EXISTING) == set(FILES)


@pytest.mark.parametrize("name", FILES, ids="/".join)
def test_what_is_there_stays(name: tuple[str, str]) -> None:
    file, before = FILES[name], EXISTING[name]
    form = FORMATS[file.format]
    after = merged_text(file, PLACE, before)
    settings = filled(file.settings, PLACE)
    assert lost(form.parsed(before), form.parsed(after), settings) == []
    assert missing(settings, form.parsed(after)) == []
    comments = [found.group().strip() for found in COMMENT.finditer(before)]
    if file.format == "env":
        comments = [comment for comment in comments if comment != "# from AI Studio"]  # stood behind the old key
    assert [comment for comment in comments if comment not in after] == []


@pytest.mark.parametrize("name", FILES, ids="/".join)
def test_lines_that_say_the_same_stay_as_they_are(name: tuple[str, str]) -> None:
    """At most the lines that hold another value now, and those that get a comma, are new."""
    file, before = FILES[name], EXISTING[name]
    after = merged_text(file, PLACE, before).splitlines()
    changed = [line for line in before.splitlines() if line not in after and f"{line}," not in after]
    assert len(changed) <= 2, changed


@pytest.mark.parametrize("name", FILES, ids="/".join)
def test_a_second_time_changes_nothing(name: tuple[str, str]) -> None:
    file = FILES[name]
    for before in ("", EXISTING[name], rendered(file, PLACE)):
        once = merged_text(file, PLACE, before)
        assert merged_text(file, PLACE, once) == once


@pytest.mark.parametrize("name", FILES, ids="/".join)
def test_another_gateway_takes_the_place_of_the_first(name: tuple[str, str]) -> None:
    file = FILES[name]
    moved = merged_text(file, OTHER, merged_text(file, PLACE, EXISTING[name]))
    form = FORMATS[file.format]
    assert "127.0.0.1:8090" not in moved
    assert "host.docker.internal" not in moved
    assert form.parsed(moved) == form.parsed(merged_text(file, OTHER, EXISTING[name]))


@pytest.mark.parametrize("client", WRITABLE, ids=lambda client: client.name)
def test_new_files_are_whole_and_for_their_owner_only(gigamost: Command, home: Path, client: Any) -> None:
    outcome = gigamost("connect", client.name, "--write", *OPTIONS)
    assert outcome.code == 0, outcome.err
    paths = [home / file.here.removeprefix("~/") for file in client.files]
    before = [path.read_bytes() for path in paths]
    for file, path in zip(client.files, paths, strict=True):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.read_text().rstrip() == rendered(file, PLACE)
    again = gigamost("connect", client.name, "--write", *OPTIONS)
    assert again.out.count("has it already.") == len(paths)
    assert [path.read_bytes() for path in paths] == before
    assert [other.name for path in paths for other in path.parent.glob(f"{path.name}.bak*")] == []


def test_a_backup_is_kept_and_the_mode_too(gigamost: Command, home: Path) -> None:
    file = home / ".codex" / "config.toml"
    file.parent.mkdir()
    file.write_text(EXISTING["codex", "config.toml"])
    file.chmod(0o640)
    outcome = gigamost("connect", "codex", "--write", *OPTIONS)
    assert outcome.code == 0
    assert "export GATEWAY_KEY=gm-key" in outcome.out
    (backup,) = file.parent.glob("config.toml.bak-*")
    assert backup.read_text() == EXISTING["codex", "config.toml"]
    assert stat.S_IMODE(file.stat().st_mode) == stat.S_IMODE(backup.stat().st_mode) == 0o640


def test_line_ends_of_windows_stay(gigamost: Command, home: Path) -> None:
    file = home / ".codex" / "config.toml"
    file.parent.mkdir()
    file.write_bytes(EXISTING["codex", "config.toml"].replace("\n", "\r\n").encode())
    for said in ("Written", "has it already"):
        assert said in gigamost("connect", "codex", "--write", *OPTIONS).out
        written = file.read_bytes()
        assert written.count(b"\n") == written.count(b"\r\n") > 20


def test_files_are_where_the_platform_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    zed, llm = FILES["zed", "settings.json"], FILES["llm", "extra-openai-models.yaml"]
    found = {}
    for platform in ("linux", "darwin", "win32"):
        monkeypatch.setattr("sys.platform", platform)
        found[platform] = (zed.here, llm.here.partition("/io.")[0])
    assert found == {
        "linux": ("~/.config/zed/settings.json", "~/.config"),
        "darwin": ("~/.config/zed/settings.json", "~/Library/Application Support"),
        "win32": ("~/AppData/Roaming/Zed/settings.json", "~/AppData/Roaming"),
    }


def test_other_files_go_beside_the_one_that_is_named(gigamost: Command, home: Path) -> None:
    named = home / "project" / "settings.json"
    assert gigamost("connect", "gemini-cli", "--write", "--file", str(named), *OPTIONS).code == 0
    assert {path.name for path in named.parent.iterdir()} == {"settings.json", ".env"}


def test_all_files_are_written_or_none(gigamost: Command, home: Path) -> None:
    folder = home / ".gemini"
    (folder / ".env").mkdir(parents=True)
    outcome = gigamost("connect", "gemini-cli", "--write", *OPTIONS)
    assert outcome.code == 1
    assert not (folder / "settings.json").exists()


def test_a_choice_of_their_own_stays_and_no_choice_gets_the_model() -> None:
    file = FILES["openclaw", "openclaw.json"]
    assert json_text.parsed(merged_text(file, PLACE, EXISTING["openclaw", "openclaw.json"]))["agents"]["defaults"] == {
        "model": {"primary": "other/big"},
        "sandbox": True,
    }
    new = json_text.parsed(merged_text(file, PLACE, ""))
    assert new["agents"]["defaults"]["model"]["primary"] == "gigamost/GigaChat-2-Max"


def test_our_entry_of_a_list_goes_first_and_is_changed_in_place() -> None:
    file, before = FILES["continue", "config.yaml"], EXISTING["continue", "config.yaml"]
    first = merged_text(file, PLACE, before)
    assert [model["name"] for model in yaml.safe_load(first)["models"]] == ["Gigamost GigaChat-2-Max", "Local", "Other"]
    ours, *others = yaml.safe_load(merged_text(file, OTHER, first))["models"]
    assert (ours["apiBase"], ours["apiKey"], len(others)) == ("https://gw.example/v1", "gm-new", 2)


@pytest.mark.parametrize(
    "before",
    [
        "",
        "models: []\n",
        "models:\n",
        "name: x\n",
        "models:\n- name: a\n  provider: b\n",
        "rules: [a]",
        "# only this\n",
    ],
)
def test_yaml_in_every_usual_form(before: str) -> None:
    after = merged_text(FILES["continue", "config.yaml"], PLACE, before)
    content = yaml.safe_load(after)
    assert content["models"][0]["apiBase"] == "http://127.0.0.1:8090/v1"
    assert content["schema"] == "v1"
    assert [line for line in before.splitlines() if line.startswith("#") and line not in after] == []


@pytest.mark.parametrize(
    ("client", "before"),
    [
        ("openclaw", "[]"),
        ("openclaw", '{"models": {"providers": []}}'),
        ("openclaw", '{"models": {}, "models": {}}'),
        ("openclaw", "{ // nothing yet\n}"),
        ("opencode", '{"provider": "none"}'),
        ("opencode", '{"provider": {"a": 1'),
        ("opencode", '{"provider": {}} and more'),
        ("continue", "models: [a, # first\n b]\n"),
        ("continue", "- a\n"),
        ("aider", "a: [\n"),
        ("aider", "model: [a, b]\n"),
        ("qwen-code", '{"model": "qwen3"}'),
        ("llm", "models: []\n"),
        ("codex", 'model = "a"\nmodel = "b"\n'),
        ("codex", 'model_providers = "none"\n'),
    ],
)
def test_what_cannot_be_merged_without_loss_is_left_alone(
    gigamost: Command, home: Path, client: str, before: str
) -> None:
    file = home / "config"
    file.write_text(before)
    outcome = gigamost("connect", client, "--write", "--file", str(file), *OPTIONS)
    assert outcome.code == 1
    assert file.read_text() == before
    assert "Nothing was written" in outcome.err
    assert "127.0.0.1:8090" in outcome.err


def test_a_link_stays_a_link(gigamost: Command, home: Path) -> None:
    (home / "dotfiles").mkdir()
    (home / "dotfiles" / "aider").write_text("dark-mode: true\n")
    (home / ".aider.conf.yml").symlink_to(home / "dotfiles" / "aider")
    assert gigamost("connect", "aider", "--write", *OPTIONS).code == 0
    assert (home / ".aider.conf.yml").is_symlink()
    assert yaml.safe_load((home / "dotfiles" / "aider").read_text())["dark-mode"] is True


NAMES = st.sampled_from(["provider", "models", "gigamost", "other", "a b", "#", "// x", "é"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "a: b", "# c", "x, // y", "multi\nline"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=4)


@given(OBJECTS, OBJECTS, st.sampled_from([None, 2, "\t"]))
def test_json_of_any_layout_gets_any_value(old: dict[str, Any], new: dict[str, Any], indent: int | str | None) -> None:
    text = json.dumps(old, indent=indent)
    wanted = {**old, **new}
    assert json_text.parsed(json_text.changed(text, wanted)) == wanted


@given(OBJECTS, OBJECTS)
def test_yaml_as_it_is_usually_written_gets_any_settings(old: dict[str, Any], settings: dict[str, Any]) -> None:
    text = f"# first\n{yaml.safe_dump(old, allow_unicode=True)}# last\n"
    try:
        wanted = merged(old, settings)
        after = yaml_text.changed(text, wanted)
    except ValueError:
        return  # something of another form is there, or the # of a text inside a flow is taken for a comment
    assert yaml.safe_load(after) == wanted
    assert "# first" in after
    assert "# last" in after


@given(st.text(st.sampled_from('{}[]":,/* \n\tab1.'), max_size=30))
def test_no_json_text_breaks_the_reader(text: str) -> None:
    try:
        value = json_text.parsed(text)
    except ValueError:
        return
    assert json_text.parsed(json_text.dumped(value)) == value


def lost(old: Any, new: Any, settings: Any, path: str = "") -> list[str]:
    """What the user had, we do not set, and is no longer there."""
    if isinstance(old, dict) and isinstance(new, dict):
        inner = settings if isinstance(settings, dict) else {}
        return [
            problem
            for name, value in old.items()
            for problem in (lost(value, new.get(name), inner.get(name), f"{path}.{name}") if name in new else [name])
        ]
    if isinstance(old, list) and isinstance(new, list):
        return [f"{path}: {item}" for item in old if item not in new]
    return [] if old == new or settings is not None else [path]


def missing(settings: Any, new: Any, path: str = "") -> list[str]:
    """What we set and is not there."""
    if isinstance(settings, dict) and isinstance(new, dict):
        return [
            problem for name, value in settings.items() for problem in missing(value, new.get(name), f"{path}.{name}")
        ]
    if isinstance(settings, list) and isinstance(new, list):
        return [f"{path}: {item}" for item in settings if item not in new]
    return [] if settings == new else [f"{path}: {new!r}"]
