"""Answers checked against a client's schema: what fits, what does not, and what must never happen."""

import json
import socket
import threading
import time
from contextlib import suppress
from typing import Any

import pytest

from gigamost.core.errors import GatewayError, Kind
from gigamost.core.schema import check, validate

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "tags": {"type": "array", "items": {"type": "string"}}},
    "required": ["name"],
}


@pytest.mark.parametrize("text", ['{"name":"Анна"}', ' {"name":"a","tags":[]}\n'])
def test_what_fits_is_none(text: str) -> None:
    assert validate(text, PERSON) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"name":5}', ["/name", "5", "string"]),
        ('{"name":"a","tags":["x",7]}', ["/tags/1", "7", "string"]),
        ("{}", ["the top", "name", "required"]),
        ("[]", ["the top", "object"]),
        ('{"name":', ["not valid JSON"]),
        ("", ["not valid JSON"]),
        ('"\ud800"', ["not valid JSON"]),
    ],
)
def test_a_misfit_is_one_sentence_with_its_place(text: str, words: list[str]) -> None:
    why = validate(text, PERSON)
    assert why is not None
    assert all(word in why for word in words), why
    assert "\n" not in why
    assert why.endswith(".")


def test_a_misfit_inside_a_union_names_the_innermost_place() -> None:
    schema = {"properties": {"p": {"anyOf": [PERSON, {"type": "null"}]}}}
    why = validate('{"p":{"name":1}}', schema)
    assert why is not None
    assert "/p/name" in why


def test_a_long_value_does_not_make_a_long_sentence() -> None:
    why = validate(json.dumps({"name": ["x" * 100_000]}), PERSON)
    assert why is not None
    assert len(why) < 600


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "text"},
        {"required": True},
        {"pattern": "("},
        {"properties": {"a": {"$ref": "#/$defs/none"}}},
        {"$ref": "file:///etc/passwd"},
        {"minimum": "x"},
    ],
)
def test_an_invalid_schema_is_a_400_that_names_the_field(schema: dict[str, Any]) -> None:
    param = "tools[0].parameters"
    with pytest.raises(GatewayError) as checked:
        check(schema, param=param)
    with pytest.raises(GatewayError) as validated:
        validate("{}", schema, param=param)
    for caught in (checked, validated):
        assert caught.value.problem.kind is Kind.INVALID_REQUEST
        assert caught.value.problem.param == param


def test_the_same_schema_names_the_field_of_each_caller() -> None:
    for param in ("response_format", "text.format"):
        with pytest.raises(GatewayError) as caught:
            check({"type": "text"}, param=param)
        assert caught.value.problem.param == param


@pytest.mark.parametrize("key", ["$ref", "$schema", "$dynamicRef", "$recursiveRef"])
def test_no_reference_reaches_the_network(key: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        calls: list[object] = []

        def accept() -> None:
            try:
                calls.append(listener.accept())
            except TimeoutError:
                return

        waiting = threading.Thread(target=accept)
        waiting.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/s.json"
        with suppress(GatewayError):
            validate("{}", {key: url})
        waiting.join()
    assert calls == []


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "OBJECT", "properties": {"a": {"type": "INTEGER", "nullable": True, "minimum": 1}}},
        {"type": "object", "properties": {"a": {"enum": ["x"], "type": "STRING", "nullable": True}}},
        {"$schema": "https://spec.openapis.org/oas/3.1/dialect/base", "type": "object"},
        {"$id": "https://example.com/x", "type": ["object"]},
        {"type": "array", "minItems": "1", "items": {"properties": {"type": {"type": "STRING"}}}},
    ],
)
def test_foreign_dialects_are_read(schema: dict[str, Any]) -> None:
    text = '[{"type":"STRING"}]' if str(schema.get("type")).lower() == "array" else '{"a":null}'
    assert validate(text, schema) is None


def test_google_types_are_enforced_and_data_is_not_rewritten() -> None:
    assert validate('{"a":"x"}', {"type": "OBJECT", "properties": {"a": {"type": "INTEGER"}}}) is not None
    assert validate('{"type":"STRING"}', {"const": {"type": "STRING"}}) is None


def test_recursive_schemas_are_checked_to_the_bottom() -> None:
    tree = {"$ref": "#/$defs/t", "$defs": {"t": {"type": "object", "properties": {"c": {"$ref": "#/$defs/t"}}}}}
    assert validate('{"c":{"c":{"c":{}}}}', tree) is None
    why = validate('{"c":{"c":{"c":5}}}', tree)
    assert why is not None
    assert "/c/c/c" in why


@pytest.mark.parametrize(
    ("pattern", "text"),
    [(r"^(a*)*\1b$", "a" * 5000), (r"(?:(a|aa)+)\1b", "a" * 20_000), (r"^(a+)+$", "a" * 5000 + "b")],
)
def test_a_regular_expression_cannot_hang(pattern: str, text: str) -> None:
    started = time.perf_counter()
    assert validate(json.dumps(text), {"pattern": pattern}) is not None
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize("union", ["anyOf", "oneOf", "allOf"])
@pytest.mark.parametrize("depth", [12, 30, 60])
def test_recursive_unions_cannot_hang(union: str, depth: int) -> None:
    variant = {"type": "object", "properties": {"c": {"$ref": "#/$defs/n"}}, "required": ["c"]}
    schema = {"$ref": "#/$defs/n", "$defs": {"n": {union: [variant, {**variant, "minProperties": 1}]}}}
    value: Any = 5
    for _ in range(depth):
        value = {"c": value}
    started = time.perf_counter()
    with suppress(GatewayError):  # too much work is a 400
        assert validate(json.dumps(value), schema) is not None
    assert time.perf_counter() - started < 2


def test_references_that_multiply_cannot_hang() -> None:
    levels: dict[str, Any] = {f"l{n}": {"anyOf": [{"$ref": f"#/$defs/l{n + 1}"}] * 2} for n in range(40)}
    with pytest.raises(GatewayError):
        validate("5", {"$ref": "#/$defs/l0", "$defs": {**levels, "l40": {"type": "string"}}})


def test_hostile_depth_is_an_answer_or_a_400() -> None:
    schema: Any = {"type": "string"}
    for _ in range(10_000):
        schema = {"items": schema}
    with pytest.raises(GatewayError):
        validate("[]", schema)
    assert validate("[" * 100_000 + "]" * 100_000, {"type": "object"}) is not None
