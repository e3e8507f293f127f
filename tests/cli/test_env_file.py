"""`.env` as `setup` writes it."""

import stat
from pathlib import Path

import pytest
from dotenv import dotenv_values

from gigamost.cli.env_file import changed, set_names


def test_other_lines_stay_as_they_are() -> None:
    before = "# mine\n\nexport OTHER='a b' # why\nGIGACHAT_SCOPE=old\nTAIL=1"
    after = changed(before, {"GIGACHAT_SCOPE": "new", "GIGACHAT_MODEL": "m"})
    assert after == "# mine\n\nexport OTHER='a b' # why\nGIGACHAT_SCOPE=new\nTAIL=1\nGIGACHAT_MODEL=m\n"


def test_a_name_that_is_there_twice_is_there_once() -> None:
    assert changed("A=1\nB=2\nA=3\n", {"A": "4"}) == "A=4\nB=2\n"


def test_none_removes_a_name() -> None:
    assert changed("A=1\nB=2\n", {"A": None}) == "B=2\n"


@pytest.mark.parametrize(
    "value", ["plain", "a b", "it's", "back\\slash", 'say "x"', "#hash", "$HOME", "MDE=", "таб\tуляция"]
)
def test_every_value_is_read_back(tmp_path: Path, value: str) -> None:
    set_names(tmp_path / ".env", {"A": value})
    assert dotenv_values(tmp_path / ".env", interpolate=False) == {"A": value}


def test_it_is_for_its_owner_only_and_a_backup_is_kept(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    assert set_names(file, {"A": "1"}) is None
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o644)
    backup = set_names(file, {"A": "2"})
    assert backup is not None
    assert backup.read_text() == "A=1\n"
    assert stat.S_IMODE(backup.stat().st_mode) == stat.S_IMODE(file.stat().st_mode) == 0o600
