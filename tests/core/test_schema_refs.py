"""References inlined inside one schema, bounded whatever a client sends."""

import copy
import time
from typing import Any

import msgspec
import pytest

from gigamost.core.schema import inline_refs

OPEN = {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    "pointer",
    [
        "#/$defs/a",
        "#/definitions/a~1b",
        "#/definitions/a%7E1b",
        "#/definitions/c~0d",
        "#/x-any/0/deep",
        "#/$defs/%D1%8F",
    ],
)
def test_any_local_pointer_is_followed(pointer: str) -> None:
    target = {"type": "integer"}
    schema = {
        "properties": {"p": {"$ref": pointer}},
        "$defs": {"a": target, "я": target},
        "definitions": {"a/b": target, "c~d": target},
        "x-any": [{"deep": target}],
    }
    inlined = inline_refs(schema)
    assert inlined["properties"] == {"p": target}
    assert "$defs" not in inlined
    assert "definitions" not in inlined


def test_words_beside_a_reference_win_over_the_target() -> None:
    schema = {
        "properties": {"p": {"$ref": "#/$defs/a", "description": "mine", "default": 1}},
        "$defs": {"a": {"type": "integer", "description": "theirs"}},
    }
    assert inline_refs(schema)["properties"]["p"] == {"type": "integer", "description": "mine", "default": 1}


def test_two_schemas_that_both_constrain_are_kept_both() -> None:
    own = {"properties": {"b": {"type": "string"}}, "required": ["b"]}
    base = {"type": "object", "properties": {"a": {"type": "string"}}}
    assert inline_refs({"$ref": "#/$defs/base", **own, "$defs": {"base": base}}) == {"allOf": [base], **own}


def test_a_property_named_ref_or_definitions_is_a_property() -> None:
    schema = {"type": "object", "properties": {"$ref": {"type": "string"}, "definitions": {"type": "string"}}}
    assert inline_refs(schema) == schema


def test_data_that_looks_like_a_reference_stays() -> None:
    schema = {"enum": [{"$ref": "#/nowhere"}], "default": {"$ref": "#"}}
    assert inline_refs(schema) == schema


def test_recursion_ends_in_an_open_object_at_the_second_visit() -> None:
    node: dict[str, Any] = {
        "type": "object",
        "description": "a node",
        "properties": {"next": {"$ref": "#/$defs/node"}},
    }
    inlined = inline_refs({"$ref": "#/$defs/node", "$defs": {"node": node}})
    assert inlined == {
        "type": "object",
        "description": "a node",
        "properties": {"next": {**OPEN, "description": "a node"}},
    }


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
        {"properties": {"self": {"$ref": "#"}}},
    ],
)
def test_circles_end(schema: dict[str, Any]) -> None:
    assert "$ref" not in msgspec.json.encode(inline_refs(schema)).decode()


@pytest.mark.parametrize(
    "ref", ["https://example.com/s.json", "file:///etc/passwd", "#/$defs/none", "#/$defs/a/enum/7", "other", ""]
)
def test_what_cannot_be_resolved_becomes_an_open_object_that_says_so(ref: str) -> None:
    inlined = inline_refs({"properties": {"p": {"$ref": ref, "description": "Place"}}, "$defs": {"a": {"enum": [1]}}})
    assert inlined["properties"]["p"] == {**OPEN, "description": f"Place (unresolved reference: {ref})"}


def test_the_input_is_never_changed() -> None:
    schema = {"properties": {"p": {"$ref": "#/$defs/a", "title": "T"}}, "$defs": {"a": {"items": {"$ref": "#"}}}}
    before = copy.deepcopy(schema)
    inline_refs(schema)
    assert schema == before


def test_references_that_multiply_are_cut() -> None:
    levels: dict[str, Any] = {
        f"l{n}": {"properties": {f"p{k}": {"$ref": f"#/$defs/l{n + 1}"} for k in range(10)}} for n in range(30)
    }
    started = time.perf_counter()
    inlined = inline_refs({"$ref": "#/$defs/l0", "$defs": {**levels, "l30": {"type": "string"}}})
    assert len(msgspec.json.encode(inlined)) < 2 * 1024 * 1024
    assert time.perf_counter() - started < 2


def test_one_big_target_named_many_times_is_cut() -> None:
    big = {"enum": [f"option {n}" for n in range(5000)]}
    schema = {"properties": {f"p{n}": {"$ref": "#/$defs/big"} for n in range(1000)}, "$defs": {"big": big}}
    assert len(msgspec.json.encode(inline_refs(schema))) < 1024 * 1024


@pytest.mark.parametrize("key", ["properties", "items", "anyOf", "not"])
def test_hostile_depth_is_bounded(key: str) -> None:
    schema: Any = {"type": "string"}
    for _ in range(10_000):
        schema = {key: {"a": schema} if key == "properties" else [schema] if key == "anyOf" else schema}
    assert len(msgspec.json.encode(inline_refs(schema))) < 2000
