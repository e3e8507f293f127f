"""Tokens that stand for keys: what opens them, until when, and for whom."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigamost.auth import keys as key_rules
from gigamost.auth.access import Access, Peer
from gigamost.auth.digests import Digests
from gigamost.auth.ring import Ring
from gigamost.auth.tokens import LIFETIME, PREFIX, Tokens
from gigamost.core.errors import GatewayError, Kind
from gigamost.core.tenancy import Key

SECRET = bytes(range(32))
DIGEST = bytes(range(100, 132))
KEY = "gm-the-key"


class Clock:
    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def test_a_token_says_its_digest_and_its_end() -> None:
    clock = Clock()
    token = Tokens(SECRET, clock).issue(DIGEST)
    again = Tokens(SECRET, clock)  # nothing is kept: another process opens it
    holder = again.read(token.text)
    assert holder is not None
    assert (holder.digest, holder.expires_at) == (DIGEST, token.expires_at)
    assert token.expires_at == int((clock.now + LIFETIME) * 1000)
    assert not again.is_expired(holder)
    clock.now += LIFETIME
    assert again.is_expired(holder)


def test_no_two_tokens_are_alike_and_none_shows_the_digest() -> None:
    tokens = Tokens(SECRET, Clock())
    first, second = tokens.issue(DIGEST).text, tokens.issue(DIGEST).text
    assert first != second
    assert DIGEST not in base64.urlsafe_b64decode(first.removeprefix(PREFIX) + "==")


@given(st.data())
def test_a_changed_token_is_none(data: Any) -> None:
    tokens = Tokens(SECRET, Clock())
    text = tokens.issue(DIGEST).text
    at = data.draw(st.integers(len(PREFIX), len(text) - 2))  # the last letter has bits that say nothing
    letter = data.draw(st.characters(categories=["L", "N", "P"]).filter(lambda letter: letter != text[at]))
    assert tokens.read(text[:at] + letter + text[at + 1 :]) is None


@given(st.text())
def test_any_text_is_read_or_none(text: str) -> None:
    assert Tokens(SECRET, Clock()).read(PREFIX + text) is None
    assert Tokens(b"x" * 32, Clock()).read(Tokens(SECRET, Clock()).issue(DIGEST).text) is None


def key(text: str, tenant: str = "default", *, pass_token: bool = False) -> Key:
    return key_rules.configured("k", text, tenant, SECRET, pass_token=pass_token)


def access(clock: Clock, *keys: Key, open_mode: bool = False) -> Access:
    ring = Ring(keys, clock)
    ring.confirm()
    return Access(
        ring, digests=Digests(SECRET), master_key=None, open_mode=open_mode, tokens=Tokens(SECRET, clock), now=clock
    )


def peer(authorization: str = "", **headers: str) -> Peer:
    return Peer({"authorization": authorization, **headers}, {})


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize("sent", [f"Basic {KEY}", basic("anything", KEY), f"Bearer {KEY}"])
def test_a_key_is_exchanged_for_a_token(sent: str) -> None:
    clock = Clock()
    door = access(clock, key(KEY, "tenant"))
    token = door.issue(peer(sent))
    assert door.admit(peer(f"Bearer {token.text}")).tenant == "tenant"
    assert door.admit(peer(f"Bearer {token.text}")).key_id == door.admit(peer(sent)).key_id
    revoked = access(clock, key("gm-other"))
    with pytest.raises(GatewayError) as caught:
        revoked.admit(peer(f"Bearer {token.text}"))
    assert caught.value.problem.kind is Kind.UNAUTHENTICATED
    clock.now += LIFETIME + 1
    with pytest.raises(GatewayError, match="Token has expired"):
        door.admit(peer(f"Bearer {token.text}"))


def test_a_token_is_not_exchanged() -> None:
    door = access(Clock(), key(KEY))
    token = door.issue(peer(f"Basic {KEY}")).text
    for sent in (f"Bearer {token}", f"Basic {token}", "Basic x", ""):
        with pytest.raises(GatewayError):
            door.issue(peer(sent))


def test_a_token_passes_no_credential_on() -> None:
    """The key of a `pass_token` client must stand beside a credential of GigaChat, not in its place."""
    door = access(Clock(), key(KEY, pass_token=True))
    token = door.issue(peer(f"Basic {KEY}")).text
    for sent in (f"Bearer {token}", f"Basic {KEY}", basic("a", KEY), f"Bearer {KEY}"):
        with pytest.raises(GatewayError, match="GigaChat credential"):
            door.admit(peer(sent))
    passed = door.admit(peer(basic("client", "secret"), **{"x-api-key": KEY}))
    assert passed.authorization is not None
    assert passed.authorization.reveal() == basic("client", "secret")


def test_in_open_mode_a_token_stands_for_nobody() -> None:
    clock = Clock()
    door = access(clock, open_mode=True)
    token = door.issue(peer("Basic anything", host="127.0.0.1"))
    assert door.admit(peer(f"Bearer {token.text}", host="127.0.0.1")).tenant == "default"
    closed = access(clock, key(KEY))
    with pytest.raises(GatewayError):
        closed.admit(peer(f"Bearer {token.text}", host="127.0.0.1"))
