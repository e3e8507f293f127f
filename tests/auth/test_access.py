"""Who is let in: stored and configured keys by one look-up, and what is said to the others."""

from typing import Any

import msgspec
import pytest

from gigamost.auth import keys, scopes
from gigamost.auth.access import Access, Peer
from gigamost.auth.digests import Digests
from gigamost.auth.ring import FRESH, KEPT, Ring
from gigamost.auth.tokens import Tokens
from gigamost.core.errors import GatewayError, Kind, Problem
from gigamost.core.secret import Secret
from gigamost.core.tenancy import Defaults, Former, Key, Roll, Scope, Tenant

PEPPER = bytes(range(32))
MASTER = "the master key of the tests"
TEXT = keys.make(bytes(24))
OTHER = keys.make(b"\1" * 24)
NOW = 1_700_000_000.0


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def stored(text: str = TEXT, **changes: Any) -> Key:
    made = Key("key_1", "one", "acme", keys.digest(PEPPER, text), keys.prefix(text), created=1)
    return msgspec.structs.replace(made, **changes)


class Door:
    """`clock` is both the monotonic one and that of the day."""

    def __init__(
        self, *all_keys: Key, tenant: Tenant | None = None, configured: tuple[Key, ...] = (), open_mode: bool = False
    ) -> None:
        self.clock = Clock()
        self.ring = Ring(configured, self.clock)
        self.access = Access(
            self.ring,
            digests=Digests(PEPPER),
            master_key=Secret(MASTER),
            open_mode=open_mode,
            tokens=Tokens(PEPPER, self.clock),
            trusted_proxies=scopes.networks(("10.0.0.0/8",)),
            now=self.clock,
        )
        self.ring.load(Roll(1, all_keys, (tenant or Tenant("acme", "ACME", created=1),)))

    def refused(self, text: str, address: str = "", **headers: str) -> Problem:
        with pytest.raises(GatewayError) as caught:
            self.access.admit(Peer({"x-api-key": text, **headers}, {}, address))
        return caught.value.problem


def bearer(text: str) -> Peer:
    return Peer({"authorization": f"Bearer {text}"}, {})


def test_a_stored_key_comes_with_its_terms_and_its_tenant() -> None:
    tenant = Tenant("acme", "ACME", created=1, defaults=Defaults(system="T"))
    door = Door(stored(defaults=Defaults(system="K")), tenant=tenant)
    found = door.access.admit(bearer(TEXT))
    assert (found.key.id, found.key_id, found.name) == ("key_1", "key_1", "one")
    assert (found.owner, found.tenant) == (tenant, "acme")
    assert found.defaults.system == "T\n\nK"
    assert door.access.admit(bearer(TEXT)) is found


@pytest.mark.parametrize(
    ("changes", "kind", "code"),
    [
        ({"revoked": 1}, Kind.UNAUTHENTICATED, "key_revoked"),
        ({"expires": int(NOW)}, Kind.UNAUTHENTICATED, "key_expired"),
    ],
)
def test_a_key_that_ended_says_so(changes: dict[str, Any], kind: Kind, code: str) -> None:
    problem = Door(stored(**changes)).refused(TEXT)
    assert (problem.kind, problem.code) == (kind, code)


def test_a_key_ends_by_itself_when_its_time_comes() -> None:
    door = Door(stored(expires=int(NOW) + 10))
    door.access.admit(bearer(TEXT))
    door.clock.now += 10
    assert door.refused(TEXT).code == "key_expired"


def test_the_keys_of_a_disabled_tenant() -> None:
    door = Door(stored(), tenant=Tenant("acme", "ACME", created=1, is_disabled=True))
    assert (door.refused(TEXT).kind, door.refused(TEXT).code) == (Kind.FORBIDDEN, "tenant_disabled")


def test_a_former_text_is_good_until_its_grace_ends() -> None:
    door = Door(stored(OTHER, former=(Former(keys.digest(PEPPER, TEXT), int(NOW) + 10),)))
    assert door.access.admit(bearer(TEXT)).key_id == door.access.admit(bearer(OTHER)).key_id
    door.clock.now += 10
    assert door.refused(TEXT).code == "key_rotated"
    door.access.admit(bearer(OTHER))


def test_a_token_lives_no_longer_than_its_key() -> None:
    door = Door(stored())
    token = door.access.issue(bearer(TEXT)).text
    assert door.access.admit(bearer(token)).key_id == "key_1"
    door.ring.load(Roll(2, (stored(revoked=1),)))
    assert door.refused(token).code == "key_revoked"


def test_a_typing_error_is_told_apart_from_an_unknown_key() -> None:
    door = Door()
    assert door.refused(TEXT[:-1] + ("a" if TEXT[-1] != "a" else "b")).code == "key_mistyped"
    assert door.refused(TEXT).code is None
    assert "not known" in door.refused("sk-something").message


def test_no_problem_shows_a_key() -> None:
    door = Door(stored(revoked=1))
    for text in (TEXT, OTHER, OTHER[:-2], MASTER, "x" * 50):
        said = msgspec.json.encode(door.refused(text).message).decode() + door.refused(text).detail
        assert text[12:] not in said


def test_a_configured_key_belongs_to_the_stored_tenant_of_its_name() -> None:
    mine = keys.configured("laptop", "gm-mine", "ACME", PEPPER, pass_token=False)
    door = Door(configured=(mine,))
    assert door.access.admit(bearer("gm-mine")).tenant == "acme"
    nobody = Door(configured=(msgspec.structs.replace(mine, tenant="other"),))
    assert nobody.access.admit(bearer("gm-mine")).tenant == "other"


def test_where_a_key_may_be_used() -> None:
    door = Door(stored(scope=Scope(addresses=("203.0.113.0/24",))))
    assert door.access.admit(Peer({"x-api-key": TEXT}, {}, "203.0.113.5")).key_id == "key_1"
    forwarded = {"x-api-key": TEXT, "x-forwarded-for": "203.0.113.5"}
    assert door.access.admit(Peer(forwarded, {}, "10.0.0.1")).key_id == "key_1"
    assert door.refused(TEXT, "192.0.2.1").code == "address_not_allowed"
    assert door.refused(TEXT, "192.0.2.1", **{"x-forwarded-for": "203.0.113.5"}).code == "address_not_allowed"
    assert door.refused(TEXT, "").kind is Kind.FORBIDDEN


def test_stored_keys_outlive_the_store_for_an_hour() -> None:
    door = Door(stored(), configured=(keys.configured("laptop", "gm-mine", "default", PEPPER, pass_token=False),))
    door.clock.now += KEPT - 1
    door.access.admit(bearer(TEXT))
    door.clock.now += 1
    assert (door.refused(TEXT).kind, door.refused(TEXT).retry_after) == (Kind.UNAVAILABLE, 1)
    door.access.admit(bearer("gm-mine"))
    door.ring.confirm()
    door.access.admit(bearer(TEXT))


def test_while_the_store_is_away_an_unknown_key_may_be_a_new_one() -> None:
    door = Door(stored())
    assert door.refused(OTHER).kind is Kind.UNAUTHENTICATED
    door.clock.now += FRESH
    assert door.refused(OTHER).kind is Kind.UNAVAILABLE
    assert door.refused("sk-of-somebody-else").kind is Kind.UNAUTHENTICATED


def test_open_mode_ends_with_the_first_key_and_does_not_come_back() -> None:
    local = Peer({"host": "127.0.0.1"}, {})
    door = Door(open_mode=True)
    assert door.access.admit(local).tenant == "default"
    for key in (stored(), stored(revoked=1)):
        door.ring.load(Roll(2, (key,)))
        with pytest.raises(GatewayError):
            door.access.admit(local)


def test_open_mode_waits_until_it_is_known_that_there_is_no_key() -> None:
    clock = Clock()
    ring = Ring((), clock)
    access = Access(
        ring, digests=Digests(PEPPER), master_key=None, open_mode=True, tokens=Tokens(PEPPER, clock), now=clock
    )
    assert not access.open_mode
    ring.confirm()
    assert access.open_mode


def test_administration() -> None:
    door = Door(stored())
    door.access.administer(bearer(MASTER))
    door.access.administer(Peer({"x-api-key": MASTER}, {}))
    for peer, kind in (
        (bearer(TEXT), Kind.FORBIDDEN),
        (bearer(OTHER), Kind.UNAUTHENTICATED),
        (bearer(MASTER + " "), None),
        (Peer({}, {"key": MASTER}), Kind.UNAUTHENTICATED),
        (Peer({}, {}), Kind.UNAUTHENTICATED),
        (bearer(door.access.issue(bearer(TEXT)).text), Kind.FORBIDDEN),
    ):
        if kind is None:
            door.access.administer(peer)
            continue
        with pytest.raises(GatewayError) as caught:
            door.access.administer(peer)
        assert caught.value.problem.kind is kind
    assert door.refused(MASTER).code == "master_key_refused"
