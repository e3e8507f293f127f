"""Bodies: what is wrong is said with its place, and what cannot be honoured is listed."""

import msgspec
import pytest
from msgspec import UNSET, UnsetType

from gigamost.core.body import BodyReader, Rule
from gigamost.core.errors import GatewayError


class Inner(msgspec.Struct, frozen=True):
    n: int


class Body(msgspec.Struct, frozen=True):
    name: str = ""
    items: list[Inner] = []
    seed: int | UnsetType = UNSET
    count: int | UnsetType = UNSET


READER = BodyReader(
    Body,
    {
        "name": Rule("exact"),
        "items": Rule("exact"),
        "seed": Rule("ignored", neutral=(0,)),
        "count": Rule("refused", "send one.", neutral=(1,)),
    },
)


def test_exact_fields_are_typed_and_ignored_ones_listed() -> None:
    body, ignored = READER.read(b'{"name":"a","items":[{"n":1}],"seed":7,"future":true}')
    assert body == Body("a", [Inner(1)])
    assert ignored == ["seed", "future"]


def test_null_and_neutral_values_say_nothing() -> None:
    body, ignored = READER.read(b'{"name":null,"seed":0,"count":1,"future":null}')
    assert body == Body()
    assert ignored == []


@pytest.mark.parametrize(
    ("body", "message", "param"),
    [
        (b"", "The request body is not valid JSON", None),
        (b"[]", "must be a JSON object", None),
        (b"{", "not valid JSON", None),
        (b'{"a":NaN}', "not valid JSON", None),
        (b'{"name":"\xff"}', "not valid UTF-8", "name"),
        (b'{"name":5}', "name: Expected str, got int.", "name"),
        (b'{"items":[{"n":1},{"n":"x"}]}', "items[1].n: Expected int, got str.", "items[1].n"),
        (b'{"count":2}', "count is not supported: send one.", "count"),
        (b'{"items":' + b"[" * 100_000, "nested too deeply", None),
    ],
)
def test_bad_bodies_are_refused_with_their_place(body: bytes, message: str, param: str | None) -> None:
    with pytest.raises(GatewayError) as caught:
        READER.read(body)
    assert caught.value.problem.status == 400
    assert message in caught.value.problem.message
    assert caught.value.problem.param in (param, None)


def test_lone_surrogates_become_the_replacement_character() -> None:
    """JavaScript's JSON.stringify writes them when a string was cut inside an emoji."""
    body, _ = READER.read(rb'{"name":"\ud83d\ude00 \ud83d \\ud83d \ude00"}')
    assert body.name == "😀 � \\ud83d �"


def test_cached_fields_are_decoded_once_and_errors_are_not_kept() -> None:
    reader = BodyReader(Body, READER.rules, cached=("items",))
    first, _ = reader.read(b'{"items":[{"n":1}]}')
    second, _ = reader.read(b'{"items":[{"n":1}]}')
    assert first.items is second.items
    for _ in range(2):
        with pytest.raises(GatewayError, match="Expected int"):
            reader.read(b'{"items":[{"n":null}]}')


def test_a_field_without_a_rule_and_a_rule_without_a_field_cannot_be_loaded() -> None:
    rules = {"name": Rule("exact"), "items": Rule("exact"), "seed": Rule("ignored"), "counts": Rule("refused")}
    with pytest.raises(TypeError, match=r"\['count', 'counts'\]"):
        BodyReader(Body, rules)
