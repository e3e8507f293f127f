"""Sealed ids: opened by their owner alone, however a client rewrites them."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from gigamost.core.messages import Opaque
from gigamost.objects.ids import Owner, Seal
from gigamost.pipeline.context import Ids

SEAL = Seal(b"k" * 32)
OWNER = Owner("tenant", "credential")
owners = st.builds(Owner, st.text(max_size=8), st.text(max_size=8))


@given(st.uuids(), owners)
def test_what_was_sealed_is_opened_by_its_owner(uuid: UUID, owner: Owner) -> None:
    sealed = SEAL.close("call", str(uuid), owner, "call")
    assert sealed is not None
    assert sealed.isalnum()
    assert len(sealed) == 37
    assert SEAL.open("call", sealed, owner) == str(uuid)
    # OpenClaw drops `_` and `-`; others put a prefix of their own in front.
    assert SEAL.open("call", f"call_{sealed[4:]}", owner) == str(uuid)
    assert SEAL.open("call", f"toolu-{sealed}", owner) == str(uuid)


@given(st.uuids(), owners, owners)
def test_nobody_else_opens_it(uuid: UUID, owner: Owner, other: Owner) -> None:
    sealed = SEAL.close("file", str(uuid), owner) or ""
    assert SEAL.open("call", sealed, owner) is None
    assert Seal(b"j" * 32).open("file", sealed, owner) is None
    if other != owner:
        assert SEAL.open("file", sealed, other) is None


@given(st.uuids(), st.integers(0, 32), st.sampled_from("0aZ"))
def test_a_changed_id_is_nobodys(uuid: UUID, at: int, digit: str) -> None:
    sealed = SEAL.close("file", str(uuid), OWNER) or ""
    changed = sealed[:at] + digit + sealed[at + 1 :]
    assert SEAL.open("file", changed, OWNER) == (str(uuid) if changed == sealed else None)


@given(st.text(max_size=60))
def test_any_text_may_be_tried(text: str) -> None:
    assert SEAL.open("file", text, OWNER) is None


def test_an_id_that_is_no_uuid_is_not_sealed() -> None:
    assert SEAL.close("call", "state-1", OWNER) is None


def test_names_for_private_texts_are_stable_and_their_own() -> None:
    assert SEAL.tag("client", "ann") == SEAL.tag("client", "ann")
    assert SEAL.tag("client", "ann") != SEAL.tag("files", "ann")
    assert len(SEAL.tag("client", "ann")) == 22
    assert SEAL.uuid("session", "a", "bc") != SEAL.uuid("session", "ab", "c")
    assert UUID(SEAL.uuid("session", "a")).version == 4


def test_a_calls_id_carries_its_state_for_its_owner() -> None:
    ids = Ids(SEAL, OWNER, lambda: "0123456789abcdef")
    state = Opaque("gigachat", "0199e210-2f13-744c-8fe5-c9a19fe27db7")
    assert ids.state(ids.call(state)) == state
    assert ids.call(None) == "call0123456789abcdef"
    assert ids.state(ids.call(None)) is None
    assert Ids(SEAL, Owner("other", "credential"), lambda: "").state(ids.call(state)) is None
