"""Arguments made to fit the client's own schema, and left alone wherever that is not safe."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigamost.core.errors import GatewayError
from gigamost.core.schema import coerce, validate


def an_object(a: dict[str, Any] | bool, **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": a}, **more}


@pytest.mark.parametrize(
    ("schema", "given_text", "wanted"),
    [
        ({"type": "integer"}, '"5"', "5"),
        ({"type": "integer"}, '"-12"', "-12"),
        ({"type": "integer"}, "5.0", "5"),
        ({"type": "integer"}, '"12345678901234567890123"', "12345678901234567890123"),
        ({"type": "number"}, '"1.50"', "1.50"),
        ({"type": "number"}, '"5"', "5"),
        ({"type": "boolean"}, '"true"', "true"),
        ({"type": "boolean"}, '"False"', "false"),
        ({"type": "string"}, "5", '"5"'),
        ({"type": "string"}, "1.10", '"1.10"'),
        ({"type": "string"}, "12345678901234567890123", '"12345678901234567890123"'),
        ({"type": "array", "items": {"type": "integer"}}, '"[1, \\"2\\"]"', "[1,2]"),
        ({"type": "array", "items": {"type": "integer"}}, '"5"', "[5]"),
        ({"type": "array", "items": {"type": "string"}}, '"один"', '["один"]'),
        ({"type": "object", "properties": {"b": {"type": "integer"}}}, '"{\\"b\\":\\"1\\"}"', '{"b":1}'),
        ({"enum": ["red", "green"]}, '"RED"', '"red"'),
        ({"enum": [1, 2]}, '"2"', "2"),
        ({"type": "integer", "enum": [1, 2]}, '"2"', "2"),
        ({"enum": ["1", "2"]}, "2", '"2"'),
        ({"const": "Exact"}, '"exact"', '"Exact"'),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, '"5"', "5"),
        ({"oneOf": [{"type": "boolean"}, {"type": "integer"}]}, '"5"', "5"),
        ({"anyOf": [{"type": "integer"}, {"enum": ["auto"]}]}, '"5"', "5"),
        ({"anyOf": [{"type": "integer"}, {"enum": ["auto"]}]}, '"AUTO"', '"auto"'),
        ({"allOf": [{"type": "integer"}, {"minimum": 1}]}, '"5"', "5"),
        ({"type": ["integer", "null"]}, '"5"', "5"),
        ({"type": "INTEGER", "nullable": True}, '"5"', "5"),
        ({"$ref": "#/$defs/n"}, '"5"', "5"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, '{"k":"5"}', '{"k":5}'),
        ({"prefixItems": [{"type": "integer"}, {"type": "string"}]}, '["1",2]', '[1,"2"]'),
        ({"items": [{"type": "integer"}, {"type": "string"}]}, '["1",2]', '[1,"2"]'),
    ],
)
def test_one_value_is_made_to_fit(schema: dict[str, Any], given_text: str, wanted: str) -> None:
    whole = an_object(schema, **{"$defs": {"n": {"type": "integer"}}})
    assert coerce(f'{{"a":{given_text}}}', whole) == f'{{"a":{wanted}}}'


@pytest.mark.parametrize(
    ("schema", "given_text"),
    [
        ({"type": "integer"}, '"five"'),
        ({"type": "integer"}, '"007"'),
        ({"type": "integer"}, "1.5"),
        ({"type": "integer"}, '"1.5"'),
        ({"type": "boolean"}, '"да"'),
        ({"type": "boolean"}, "1"),
        ({"type": "string"}, '{"x": 1}'),
        ({"type": "string"}, "null"),
        ({"enum": ["a", "A"]}, '"á"'),
        ({"enum": ["Ab", "aB"]}, '"ab"'),
        ({"type": ["string", "integer"]}, '"5"'),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, '"5"'),
        ({"type": "array", "items": {"type": "object"}}, '"x"'),
        ({}, '"5"'),
        (True, '"5"'),
        ({"type": "any"}, '"5"'),
    ],
)
def test_what_has_no_safe_way_is_the_same_text(schema: Any, given_text: str) -> None:
    text = f'{{ "a": {given_text} }}'
    assert coerce(text, an_object(schema, required=["a"])) is text


def test_null_for_an_optional_property_is_left_out() -> None:
    schema = {
        "properties": {"a": {"type": "string"}, "b": {"type": ["string", "null"]}, "c": {"type": "integer"}},
        "required": ["c"],
    }
    assert coerce('{"a":null,"b":null,"c":null}', schema) == '{"b":null,"c":null}'


def test_what_can_be_one_thing_only_is_filled_in() -> None:
    properties = {
        "kind": {"const": "circle"},
        "unit": {"enum": ["m"]},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "size": {"type": "integer"},
        "extra": {"const": 1},
    }
    schema = {"type": "object", "properties": properties, "required": ["kind", "unit", "note", "size"]}
    assert json.loads(coerce("{}", schema)) == {"kind": "circle", "unit": "m", "note": None}


def test_a_variant_is_not_chosen_by_filling_it_in() -> None:
    shapes = [
        {"type": "object", "properties": {"kind": {"const": kind}}, "required": ["kind"]}
        for kind in ("circle", "square")
    ]
    text = '{"a":{}}'
    assert coerce(text, an_object({"oneOf": shapes})) is text


def test_order_and_spelling_of_everything_else_is_kept() -> None:
    text = '{"z":1.10,"a":"5","big":123456789012345678901234567890,"e":1e400,"я":"\\u044f"}'
    assert coerce(text, an_object({"type": "integer"})) == (
        '{"z":1.10,"a":5,"big":123456789012345678901234567890,"e":1e400,"я":"я"}'
    )


@pytest.mark.parametrize("text", ["", "{", "not json", '{"a": NaN}', '{"a":"\ud800"}', "[" * 50_000])
def test_text_that_is_not_json_comes_back(text: str) -> None:
    assert coerce(text, an_object({"type": "integer"})) is text


@pytest.mark.parametrize("key", ["anyOf", "oneOf", "allOf"])
def test_recursive_unions_cannot_hang(key: str) -> None:
    variant = {"type": "object", "properties": {"c": {"$ref": "#/$defs/n"}}, "required": ["c"]}
    schema = {"$ref": "#/$defs/n", "$defs": {"n": {key: [variant, {**variant, "minProperties": 1}]}}}
    started = time.perf_counter()
    coerce('{"c":' * 30 + '"5"' + "}" * 30, schema)
    coerce("5", {"$ref": "#"})
    assert time.perf_counter() - started < 2


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from([0.5, 2.0, "1", "true", "A", "a", "[1]", "{}"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3),
    max_leaves=8,
)
TYPES = st.sampled_from(["object", "array", "string", "integer", "number", "boolean", "null"])
SCHEMAS = st.recursive(
    st.one_of(
        st.booleans(),
        st.fixed_dictionaries({}, optional={"type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True)}),
        st.fixed_dictionaries({"enum": st.lists(SCALARS, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"const": SCALARS}),
        st.just({"$ref": "#/$defs/d"}),
    ),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "type": TYPES,
            "properties": st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3),
            "required": st.lists(st.sampled_from(["a", "b", "c"]), max_size=2, unique=True),
            "additionalProperties": inner,
            "items": inner,
            "prefixItems": st.lists(inner, min_size=1, max_size=2),
            "anyOf": st.lists(inner, min_size=1, max_size=3),
            "oneOf": st.lists(inner, min_size=1, max_size=3),
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
        },
    ),
    max_leaves=8,
)


def normal(value: Any) -> Any:
    """JSON Schema's equality: 5.0 is 5, True is not 1."""
    match value:
        case bool():
            return ("bool", value)
        case list():
            return [normal(part) for part in value]
        case dict():
            return {name: normal(part) for name, part in value.items()}
        case _:
            return value


@given(value=VALUES, schema=SCHEMAS, definition=SCHEMAS)
def test_what_fits_keeps_its_bytes_and_twice_is_once(value: Any, schema: Any, definition: Any) -> None:
    whole = {"allOf": [schema], "$defs": {"d": definition}}
    text = json.dumps(value)
    once = coerce(text, whole)
    assert coerce(once, whole) == once
    try:
        fits = validate(text, whole) is None
    except GatewayError:  # a reference in a circle
        return
    if fits and once is not text:  # only 5.0 where an integer is wanted may become 5
        assert normal(json.loads(once)) == normal(value)
        assert any(f"{whole_number}.0" in text for whole_number in (0, 2))
