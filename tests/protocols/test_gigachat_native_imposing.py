"""What a key's defaults make of a chat in GigaChat's own words, in both versions of them."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigamost.core.errors import GatewayError
from gigamost.core.tenancy import Defaults
from gigamost.protocols.gigachat.native.imposing import impose_v1, impose_v2

HI: dict[str, Any] = {"role": "user", "content": "hi"}
HI_V2: dict[str, Any] = {"role": "user", "content": [{"text": "hi"}]}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda items: st.lists(items, max_size=3) | st.dictionaries(st.text(max_size=8), items, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(["model", "messages", "role", "content", "profanity_check"])
BODY = st.dictionaries(FIELDS | st.text(max_size=3), JSON, max_size=4)


@pytest.mark.parametrize(
    ("defaults", "given", "model"),
    [
        (Defaults(model="d"), {}, "d"),
        (Defaults(model="d"), {"model": "own"}, "own"),
        (Defaults(forced_model="f"), {"model": "own"}, "f"),
        (Defaults(model="d", forced_model="f"), {}, "f"),
        (Defaults(model="d"), {"model": None}, "d"),
    ],
)
def test_the_model(defaults: Defaults, given: dict[str, Any], model: str) -> None:
    for impose in (impose_v1, impose_v2):
        assert impose(given, defaults) == given | {"model": model}


def test_the_filter_has_another_name_in_each_version() -> None:
    for check in (True, False):
        defaults = Defaults(profanity_check=check)
        assert impose_v1({"profanity_check": not check}, defaults) == {"profanity_check": check}
        assert impose_v2({"disable_filter": check}, defaults) == {"disable_filter": not check}


def test_system_text_comes_first_and_stays_one_message() -> None:
    defaults = Defaults(system="Ours.")
    assert impose_v1({"messages": [HI]}, defaults) == {"messages": [{"role": "system", "content": "Ours."}, HI]}
    own = {"role": "system", "content": "Theirs."}
    assert impose_v1({"messages": [own, HI]}, defaults) == {
        "messages": [{"role": "system", "content": "Ours.\n\nTheirs."}, HI]
    }
    assert impose_v2({"messages": [HI_V2]}, defaults) == {
        "messages": [{"role": "system", "content": [{"text": "Ours."}]}, HI_V2]
    }
    own_v2 = {"role": "system", "content": [{"text": "Theirs."}]}
    assert impose_v2({"messages": [own_v2, HI_V2]}, defaults) == {
        "messages": [{"role": "system", "content": [{"text": "Ours.\n\n"}, {"text": "Theirs."}]}, HI_V2]
    }


@given(BODY, st.sampled_from([impose_v1, impose_v2]))
def test_any_body_is_read_or_refused_and_stays_as_it_was(body: dict[str, Any], impose: Any) -> None:
    before = repr(body)
    with suppress(GatewayError):
        made = impose(body, Defaults(forced_model="f", system="Ours.", profanity_check=True))
        assert made["model"] == "f"
        assert made["messages"][0]["role"] == "system"
    assert repr(body) == before
