"""What a running gateway takes over, what waits for a restart, and how files that change are noticed."""

from pathlib import Path

import msgspec
import pytest

from gigamost.config import ConfigError, Settings, load
from gigamost.config.fields import leaves
from gigamost.config.reloading import LIVE, RESTART, changed, pending, settled
from gigamost.config.shown import in_json, without_secrets
from gigamost.config.source import Source
from gigamost.core.secret import Secret

YAML = "keys: [{name: one, key: gm-the-first-key}]\nserver: {port: 8091}\n"


def source_in(folder: Path, text: str = YAML) -> Source:
    (folder / "gigamost.yaml").write_text(text)
    return Source({"server.host": "127.0.0.2"}, environ={"HOME": str(folder)}, folder=folder)


def settings_in(folder: Path, text: str) -> Settings:
    (folder / "gigamost.yaml").write_text(text)
    return load(environ={"HOME": str(folder)}, folder=folder)


def test_every_setting_is_in_one_of_the_lists() -> None:
    every = {path for path, _ in leaves()}
    assert every - LIVE - RESTART == set(), "say in config/reloading.py whether a running gateway can take it over"
    assert (LIVE | RESTART) - every == set()
    assert set() == LIVE & RESTART


def test_what_needs_a_restart_stays_as_it_runs_with_its_origin(tmp_path: Path) -> None:
    running = settings_in(tmp_path, "mode: dev\nserver: {port: 8091}\nqueue_timeout: 5\n")
    wanted = settings_in(tmp_path, "\n\nqueue_timeout: 6\nserver: {port: 8092, cors_origins: [https://a.example]}\n")
    found = settled(running, wanted)
    assert (found.server.port, found.queue_timeout, found.server.cors_origins) == (8091, 6, ("https://a.example",))
    assert changed(running, found) == ["queue_timeout", "server.cors_origins"]
    assert pending(running, wanted) == ["server.port"]
    assert found.origins["server.port"] == running.origins["server.port"]
    assert found.origins["queue_timeout"].line == 3


def test_a_mode_that_waits_does_not_bring_its_defaults(tmp_path: Path) -> None:
    running = settings_in(tmp_path, "mode: dev\n")
    wanted = settings_in(tmp_path, "mode: prod\nmaster_key: 0123456789abcdef\n")
    assert wanted.require_key is True
    found = settled(running, wanted)
    assert (found.mode, found.require_key) == ("dev", None)
    assert found.master_key == Secret("0123456789abcdef")


def test_flags_go_before_files_when_they_are_read_again(tmp_path: Path) -> None:
    source = source_in(tmp_path)
    assert source.load().server.host == "127.0.0.2"
    (tmp_path / "gigamost.yaml").write_text("server: {host: 127.0.0.3, port: 8093}\n")
    assert (source.load().server.host, source.load().server.port) == ("127.0.0.2", 8093)


@pytest.mark.parametrize("name", ["gigamost.yaml", ".env"])
def test_a_change_is_noticed_until_it_is_loaded(tmp_path: Path, name: str) -> None:
    source = source_in(tmp_path)
    source.load()
    assert source.news() is None
    text = {"gigamost.yaml": f"{YAML}# more\n", ".env": "GIGAMOST_QUEUE_TIMEOUT=7\n"}[name]
    (tmp_path / name).write_text(text)
    seen = source.news()
    assert seen is not None
    assert source.news() == seen
    source.load()
    assert source.news() is None


def test_a_file_with_a_mistake_is_not_news_twice(tmp_path: Path) -> None:
    source = source_in(tmp_path)
    source.load()
    (tmp_path / "gigamost.yaml").write_text("no_such: 1\n")
    with pytest.raises(ConfigError, match=r"gigamost\.yaml:1: no_such"):
        source.load()
    assert source.news() is None


@pytest.mark.parametrize("name", ["gigamost.yaml", ".env"])
def test_a_file_that_is_gone_is_a_mistake(tmp_path: Path, name: str) -> None:
    source = source_in(tmp_path)
    (tmp_path / ".env").write_text("GIGAMOST_QUEUE_TIMEOUT=7\n")
    source.load()
    (tmp_path / name).write_text("")
    with pytest.raises(ConfigError, match="is gone, or empty: put it back"):
        source.load()
    (tmp_path / name).unlink()
    with pytest.raises(ConfigError, match="is gone, or empty: put it back"):
        source.load()


def test_another_file_that_the_dotenv_names_is_watched(tmp_path: Path) -> None:
    source = source_in(tmp_path)
    (tmp_path / "other.yaml").write_text("queue_timeout: 9\n")
    (tmp_path / ".env").write_text(f"GIGAMOST_CONFIG={tmp_path / 'other.yaml'}\n")
    assert source.load().queue_timeout == 9
    (tmp_path / "other.yaml").write_text("queue_timeout: 10.5\n")
    assert source.news() is not None
    assert source.load().queue_timeout == 10.5


def test_secrets_are_taken_out_of_problems(tmp_path: Path) -> None:
    known = source_in(tmp_path).load()
    (tmp_path / "gigamost.yaml").write_text("server: {port: gm-the-first-key}\nlog: {level: 'gm-a-key-that-is-new'}\n")
    with pytest.raises(ConfigError) as caught:
        load(environ={"HOME": str(tmp_path)}, folder=tmp_path)
    told = "\n".join(without_secrets(caught.value.problems, known))
    assert "gm-" not in told
    assert "gigamost.yaml:1" in told
    assert "gigamost.yaml:2" in told


def test_shown_settings_have_no_secrets(tmp_path: Path) -> None:
    settings = source_in(tmp_path).load()
    shown = in_json(msgspec.structs.asdict(settings)).decode()
    assert "gm-the-first-key" not in shown
    assert '"name":"one"' in shown
