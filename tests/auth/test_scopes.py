"""What a key may do: its own scope within its tenant's, and where it may come from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigamost.auth import scopes
from gigamost.auth.principal import Principal
from gigamost.core.errors import GatewayError, Kind
from gigamost.core.tenancy import Defaults, Key, Scope, Tenant


def principal(key: Scope = Scope(), tenant: Scope = Scope(), defaults: Defaults = Defaults()) -> Principal:  # noqa: B008
    return Principal(
        Key("key_1", "one", "t", b"", "", created=0, scope=key), Tenant("t", "t", created=0, scope=tenant), defaults
    )


@pytest.mark.parametrize(
    ("models", "asked", "resolved", "allowed"),
    [
        ((), "anything", "GigaChat-2", True),
        (("GigaChat-2",), "GigaChat-2", "GigaChat-2", True),
        (("GigaChat-2",), "gpt-4o-mini", "GigaChat-2", True),
        (("gpt-*",), "gpt-4o-mini", "GigaChat-2", True),
        (("gpt-*",), "claude-opus", "GigaChat-2-Max", False),
        (("GigaChat-2",), "gpt-4o", "GigaChat-2-Max", False),
        (("GigaChat-2*",), "gpt-4o", "GigaChat-2-Max", True),
        (("*Max",), "x", "GigaChat-2-Max", True),
        (("a", "b*c"), "bXXc", "other", True),
        (("a.b",), "aXb", "other", False),
        (("a?",), "ab", "ab", False),
        (("[ab]",), "a", "a", False),
        (("gigachat-2",), "GigaChat-2", "GigaChat-2", False),
        (("*",), "", "GigaChat-2", True),
        (("gpt",), "", "", False),
        (("*",), "x" * 300, "y" * 300, False),
    ],
)
def test_models_are_matched_by_both_names(models: tuple[str, ...], asked: str, resolved: str, allowed: bool) -> None:
    who = principal(Scope(models=models))
    assert scopes.may_use(who, asked, resolved) == allowed
    if not allowed:
        with pytest.raises(GatewayError) as caught:
            scopes.check_model(who, asked, resolved)
        assert (caught.value.problem.kind, caught.value.problem.param) == (Kind.FORBIDDEN, "model")


@given(st.lists(st.text(min_size=1, max_size=10), max_size=3), st.text(max_size=20))
def test_a_pattern_never_fails(patterns: list[str], name: str) -> None:
    scopes.may_use(principal(Scope(models=tuple(patterns))), name, name)


def test_a_key_never_exceeds_its_tenant() -> None:
    who = principal(Scope(models=("*",), faces=("openai", "gemini")), Scope(models=("GigaChat-2",), faces=("openai",)))
    assert scopes.may_use(who, "GigaChat-2", "GigaChat-2")
    assert not scopes.may_use(who, "GigaChat-2-Max", "GigaChat-2-Max")
    scopes.check_face(who, "openai")
    for face in ("gemini", "ollama"):
        with pytest.raises(GatewayError, match=face):
            scopes.check_face(who, face)


def test_what_can_never_be_used_is_told() -> None:
    parent = Scope(("GigaChat-2*", "gpt-4o"), ("openai",), ("10.0.0.0/8",))
    child = Scope(("GigaChat-2-Pro", "claude", "c*"), ("openai", "ollama"), ("10.1.0.0/16", "192.0.2.1", "::1"))
    assert set(scopes.within(parent, child)) == {
        "models: claude",
        "faces: ollama",
        "addresses: 192.0.2.1",
        "addresses: ::1",
    }
    assert list(scopes.within(Scope(), child)) == []


@pytest.mark.parametrize(
    ("networks", "address", "allowed"),
    [
        ((), "anywhere", True),
        (("10.0.0.0/8",), "10.1.2.3", True),
        (("10.0.0.0/8",), "11.1.2.3", False),
        (("10.0.0.0/8",), "::ffff:10.1.2.3", True),
        (("10.0.0.0/8",), "10.1.2.3:4000", True),
        (("2001:db8::/32",), "[2001:db8::1]:4000", True),
        (("2001:db8::/32",), "2001:db8::1", True),
        (("2001:db8::/32",), "10.0.0.1", False),
        (("192.0.2.7",), "192.0.2.7", True),
        (("0.0.0.0/0",), "", False),
        (("0.0.0.0/0",), "unknown", False),
    ],
)
def test_addresses(networks: tuple[str, ...], address: str, allowed: bool) -> None:
    who = principal(Scope(addresses=networks))
    if allowed:
        scopes.check_address(who, address)
    else:
        with pytest.raises(GatewayError, match="address"):
            scopes.check_address(who, address)


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "found"),
    [
        ("192.0.2.1", "", ("10.0.0.0/8",), "192.0.2.1"),
        ("192.0.2.1", "203.0.113.9", ("10.0.0.0/8",), "192.0.2.1"),
        ("10.0.0.1", "203.0.113.9", ("10.0.0.0/8",), "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9", ("10.0.0.0/8",), "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9, 10.0.0.2", ("10.0.0.0/8",), "203.0.113.9"),
        ("10.0.0.1", "", ("10.0.0.0/8",), "10.0.0.1"),
        ("10.0.0.1", "10.0.0.2", ("10.0.0.0/8",), "10.0.0.2"),
        ("10.0.0.1", "203.0.113.9", (), "10.0.0.1"),
    ],
)
def test_only_our_proxies_are_believed(peer: str, forwarded: str, trusted: tuple[str, ...], found: str) -> None:
    assert scopes.client_address(peer, forwarded, scopes.networks(trusted)) == found


def test_defaults_of_a_key_and_its_tenant() -> None:
    tenant = Defaults("t-model", "", "Tenant.", True, None, None, 5)
    key = Defaults("k-model", "k-forced", "Key.", False, True, True)
    assert scopes.combined(tenant, key) == Defaults("k-model", "k-forced", "Tenant.\n\nKey.", True, True, True, 5)
    assert scopes.combined(Defaults(), Defaults()) == Defaults()
    forced = scopes.combined(Defaults(forced_model="t", keeps_responses=False), Defaults(forced_model="k"))
    assert (forced.forced_model, forced.keeps_responses) == ("t", False)
    assert scopes.combined(Defaults(keeps_responses=True), Defaults(keeps_responses=False)).keeps_responses is False


@pytest.mark.parametrize(
    ("tenant", "key", "both"),
    [(None, None, None), (None, 60, 60), (60, None, 60), (60, 600, 60), (600, 60, 60), (0, 60, 0), (60, 0, 0)],
)
def test_a_key_may_have_no_older_answers_than_its_tenant(tenant: int | None, key: int | None, both: int | None) -> None:
    combined = scopes.combined(Defaults(cache_seconds=tenant), Defaults(cache_seconds=key))
    assert combined.cache_seconds == both


@pytest.mark.parametrize(
    ("defaults", "asked", "gets"),
    [
        (Defaults(), "gpt-4o", "gpt-4o"),
        (Defaults(model="m"), "gpt-4o", "gpt-4o"),
        (Defaults(model="m"), "", "m"),
        (Defaults(model="m", forced_model="f"), "", "f"),
        (Defaults(forced_model="f"), "gpt-4o", "f"),
    ],
)
def test_which_model_a_request_gets(defaults: Defaults, asked: str, gets: str) -> None:
    assert scopes.model_for(principal(defaults=defaults), asked) == gets


def test_a_forced_model_needs_no_scope() -> None:
    scopes.check_chat_model(principal(Scope(models=("gpt-4o",)), defaults=Defaults(forced_model="f")), "x", "f")
