"""The root secret: made once, for its owner only; keys derived by label."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gigamost.auth.root import (
    FILE_NAME,
    Roots,
    base62,
    born,
    derive,
    dev_key,
    known_roots,
    mark,
    new_secret,
    rewrite,
    roots_of,
)
from gigamost.core.errors import GatewayError
from gigamost.core.secret import Secret


def test_it_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "gigamost"
    first = roots_of(None, (), folder).current
    assert roots_of(None, (), folder).current == first
    assert len(first.reveal()) >= 32
    assert stat.S_IMODE((folder / FILE_NAME).stat().st_mode) == 0o600
    assert [file.name for file in folder.iterdir()] == [FILE_NAME]


def test_many_that_start_at_once_get_the_same_one(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        secrets = {found.current for found in threads.map(lambda _: roots_of(None, (), tmp_path), range(32))}
    assert len(secrets) == 1


def test_the_configured_one_goes_first_and_nothing_is_written(tmp_path: Path) -> None:
    assert roots_of(Secret("mine"), (), tmp_path / "state") == Roots(Secret("mine"))
    assert not (tmp_path / "state").exists()


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    roots_of(None, (), tmp_path)
    (tmp_path / FILE_NAME).chmod(0o644)
    with pytest.raises(GatewayError, match="chmod 600"):
        roots_of(None, (), tmp_path)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("short")
    (tmp_path / FILE_NAME).chmod(0o600)
    with pytest.raises(GatewayError, match="damaged"):
        roots_of(None, (), tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(GatewayError, match="GIGAMOST_STATE_DIR"):
        roots_of(None, (), tmp_path / "file" / "state")


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


def test_the_newest_makes_and_all_of_them_open() -> None:
    roots = Roots(Secret("new"), (Secret("old"), Secret("older")))
    assert roots.derive("a") == derive(Secret("new"), "a")
    assert roots.derive_all("a", 16) == tuple(derive(Secret(each), "a", 16) for each in ("new", "old", "older"))


def test_the_file_has_a_secret_in_each_line_and_the_configuration_may_add_former_ones(tmp_path: Path) -> None:
    assert known_roots(None, (), tmp_path) is None
    first = roots_of(None, (), tmp_path).current
    second = new_secret()
    rewrite(tmp_path / FILE_NAME, lambda there: (second, *there))
    assert roots_of(None, (Secret("else"), first), tmp_path) == Roots(second, (first, Secret("else")))
    assert roots_of(Secret("mine"), (Secret("else"),), tmp_path) == Roots(Secret("mine"), (Secret("else"),))
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == [FILE_NAME]


def test_two_changes_at_once_lose_nothing(tmp_path: Path) -> None:
    roots_of(None, (), tmp_path)

    def inner(there: tuple[Secret, ...]) -> tuple[Secret, ...]:
        with pytest.raises(GatewayError, match="Another command"):
            rewrite(tmp_path / FILE_NAME, lambda _: (new_secret(),))
        return there

    before = roots_of(None, (), tmp_path)
    rewrite(tmp_path / FILE_NAME, inner)
    assert roots_of(None, (), tmp_path) == before


def test_gateways_with_the_same_secrets_agree_on_the_oldest_and_those_made_here_have_a_date() -> None:
    old, new = Secret("made by somebody"), new_secret()
    assert born(old) == 0 < born(new)
    assert Roots(old, (new,)).oldest == Roots(new, (old,)).oldest == old
    other = Secret("made by somebody else")
    assert Roots(old, (other,)).oldest == Roots(other, (old,)).oldest
    assert len({mark(old), mark(new), mark(other)}) == 3
