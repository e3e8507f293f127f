"""Keys: made, shown, told apart from a mistake, kept as digests, rotated."""

import secrets
import string

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigamost.auth import keys
from gigamost.core.tenancy import Former, Key, Tenant

PEPPER = bytes(range(32))
LETTERS = string.ascii_letters + string.digits
ENTROPY = st.binary(min_size=keys.ENTROPY, max_size=keys.ENTROPY)


def key(**changes: object) -> Key:
    made = Key("key_1", "one", "default", b"d" * 32, "gm-abc", created=1)
    return msgspec.structs.replace(made, **changes)


@given(ENTROPY)
def test_a_key_is_letters_and_digits_of_one_length(entropy: bytes) -> None:
    text = keys.make(entropy)
    assert text.startswith("gm-")
    assert len(text) == 42
    assert set(text[3:]) <= set(LETTERS)
    assert not keys.is_mistyped(text)
    assert keys.is_made_here(text)


def test_the_same_bytes_give_the_same_key_and_others_another() -> None:
    assert keys.make(bytes(24)) == keys.make(bytes(24)) == "gm-" + "0" * 33 + keys.make(bytes(24))[-6:]
    assert len({keys.make(secrets.token_bytes(24)) for _ in range(1000)}) == 1000


@given(ENTROPY, st.data())
def test_one_wrong_letter_is_told_apart(entropy: bytes, data: st.DataObject) -> None:
    text = keys.make(entropy)
    at = data.draw(st.integers(3, len(text) - 1))
    wrong = data.draw(st.sampled_from([letter for letter in LETTERS if letter != text[at]]))
    assert keys.is_mistyped(text[:at] + wrong + text[at + 1 :])


@pytest.mark.parametrize("change", [slice(0, -1), slice(0, -3)])
def test_a_key_that_was_cut_is_told_apart(change: slice) -> None:
    assert keys.is_mistyped(keys.make(secrets.token_bytes(24))[change])


@pytest.mark.parametrize("text", ["", "gm-", "sk-abc", "gm-my-own-key", "gm-" + "a" * 33, "gm-" + "a" * 80, "gmt-x"])
def test_other_texts_are_no_mistyped_keys(text: str) -> None:
    assert not keys.is_mistyped(text)


def test_little_of_a_key_is_shown() -> None:
    text = keys.make(secrets.token_bytes(24))
    assert keys.prefix(text) == text[:10]
    assert keys.prefix("short-key") == "sh"


def test_a_digest_needs_the_pepper() -> None:
    assert keys.digest(PEPPER, "gm-x") == keys.digest(PEPPER, "gm-x")
    assert keys.digest(PEPPER, "gm-x") != keys.digest(bytes(32), "gm-x")
    assert len(keys.digest(PEPPER, "\ud800 any text")) == 32


def test_the_id_of_a_configured_key_is_that_of_its_name() -> None:
    one = keys.configured("laptop", "gm-one", "default", PEPPER, pass_token=False)
    other = keys.configured("laptop", "gm-other", "default", PEPPER, pass_token=False)
    assert one.id == other.id
    assert one.digest != other.digest
    assert one.id != keys.configured("phone", "gm-one", "default", PEPPER, pass_token=False).id


def test_ids_are_ordered_by_time() -> None:
    ids = [keys.made_id("key", at / 1000, secrets.token_bytes(8)) for at in range(1_700_000_000_000, 1_700_000_000_050)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 50


@pytest.mark.parametrize(
    ("changes", "standing"),
    [
        ({}, "good"),
        ({"expires": 101}, "good"),
        ({"expires": 100}, "expired"),
        ({"revoked": 1}, "revoked"),
        ({"revoked": 1, "expires": 1}, "revoked"),
    ],
)
def test_how_a_key_stands(changes: dict[str, int], standing: str) -> None:
    tenant = Tenant("default", "default", created=0)
    assert keys.standing(key(**changes), tenant, 100.0) == standing


def test_the_keys_of_a_disabled_tenant_are_refused() -> None:
    tenant = Tenant("default", "default", created=0, is_disabled=True)
    assert keys.standing(key(), tenant, 100.0) == "disabled"


def test_a_rotated_key_keeps_its_id_and_its_former_text_for_a_while() -> None:
    once = keys.rotated(key(), "gm-second", PEPPER, now=100, grace=50)
    assert (once.id, once.digest) == ("key_1", keys.digest(PEPPER, "gm-second"))
    assert once.former == (Former(b"d" * 32, 150),)
    twice = keys.rotated(once, "gm-third", PEPPER, now=120, grace=0)
    assert twice.former == (Former(b"d" * 32, 150),)
    assert keys.rotated(twice, "gm-fourth", PEPPER, now=150, grace=10).former == (Former(twice.digest, 160),)
