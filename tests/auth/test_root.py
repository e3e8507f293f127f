"""The root secret: made once, for its owner only; keys derived by label."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gigamost.auth.root import FILE_NAME, base62, derive, dev_key, root_secret
from gigamost.core.errors import GatewayError
from gigamost.core.secret import Secret


def test_it_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "gigamost"
    first = root_secret(None, folder)
    assert root_secret(None, folder) == first
    assert len(first.reveal()) >= 32
    assert stat.S_IMODE((folder / FILE_NAME).stat().st_mode) == 0o600
    assert [file.name for file in folder.iterdir()] == [FILE_NAME]


def test_many_that_start_at_once_get_the_same_one(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        secrets = set(threads.map(lambda _: root_secret(None, tmp_path), range(32)))
    assert len(secrets) == 1


def test_the_configured_one_goes_first_and_nothing_is_written(tmp_path: Path) -> None:
    assert root_secret(Secret("mine"), tmp_path / "state").reveal() == "mine"
    assert not (tmp_path / "state").exists()


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    root_secret(None, tmp_path)
    (tmp_path / FILE_NAME).chmod(0o644)
    with pytest.raises(GatewayError, match="chmod 600"):
        root_secret(None, tmp_path)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("short")
    (tmp_path / FILE_NAME).chmod(0o600)
    with pytest.raises(GatewayError, match="damaged"):
        root_secret(None, tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(GatewayError, match="GIGAMOST_STATE_DIR"):
        root_secret(None, tmp_path / "file" / "state")


def test_every_label_has_its_own_key() -> None:
    secret = Secret("root")
    assert derive(secret, "a") == derive(secret, "a")
    assert len({derive(secret, "a"), derive(secret, "b"), derive(Secret("other"), "a")}) == 3
    assert len(derive(secret, "a", 64)) == 64


def test_the_dev_key_is_stable_and_shaped_like_a_client_key() -> None:
    key = dev_key(Secret("root")).reveal()
    assert key == dev_key(Secret("root")).reveal()
    assert key.startswith("gm-")
    assert key[3:].isalnum()
    assert len(key) > 30
    assert key != dev_key(Secret("other")).reveal()


def test_base62_has_one_length_for_one_number_of_bytes() -> None:
    assert len(base62(bytes(24))) == len(base62(b"\xff" * 24)) == 33
    assert base62(b"\x3e") == "10"
