"""Every schema that goes to GigaChat is in its subset, says what the client's said, and is the same every time."""

import copy
import json
from contextlib import suppress
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from gigamost.core.errors import GatewayError, Kind
from gigamost.core.schema import coerce, validate
from gigamost.protocols.gigachat.functions.schema import reduce_parameters, reduce_response_schema

OPEN: dict[str, Any] = {"type": "object", "properties": {}}

# --- the subset, written from the table in gigachat-api.md 4.4.1 ---

NODE = {"type", "description", "enum", "format", "items", "properties", "required"}


def refuse_outside_subset(schema: Any, *, more: frozenset[str] = frozenset(), where: str = "parameters") -> None:
    assert type(schema) is dict, where
    assert schema.keys() <= NODE | more, (where, schema.keys())
    kind = schema.get("type")
    assert kind in ("object", "array", "string", "integer", "number", "boolean"), (where, kind)
    assert isinstance(schema.get("description", ""), str), where
    assert schema.get("description") != "", where
    if "enum" in schema:
        assert kind == "string", where
        assert schema["enum"], where
        assert all(isinstance(option, str) for option in schema["enum"]), where
        assert len(set(schema["enum"])) == len(schema["enum"]), where
    if "format" in schema:
        assert schema["format"] in ("date", "date-time", "time"), where
    assert ("items" in schema) == (kind == "array"), where
    assert ("properties" in schema) == (kind == "object"), where
    if kind == "array":
        refuse_outside_subset(schema["items"], more=more, where=f"{where}.items")
    if kind == "object":
        for name, part in schema["properties"].items():
            assert isinstance(name, str)
            refuse_outside_subset(part, more=more, where=f"{where}.{name}")
    if "required" in schema:
        assert kind == "object", where
        assert schema["required"], where
        assert set(schema["required"]) <= schema["properties"].keys(), where
        assert len(set(schema["required"])) == len(schema["required"]), where


def reduced(schema: Any) -> dict[str, Any]:
    parameters = reduce_parameters(schema, strict_objects=True)
    refuse_outside_subset(parameters)
    assert parameters["type"] == "object"
    return parameters


def one(schema: Any, **more: Any) -> dict[str, Any]:
    """What becomes of one property."""
    properties: dict[str, Any] = reduced({"type": "object", "properties": {"p": schema}, **more})["properties"]
    found: dict[str, Any] = properties["p"]
    return found


# --- the named cases ---


@pytest.mark.parametrize("schema", [None, {}, {"type": "object"}, {"type": "string"}, {"type": "array"}, {"$ref": "#"}])
def test_the_top_is_always_an_object_with_properties(schema: Any) -> None:
    assert reduced(schema) == OPEN


@pytest.mark.parametrize(
    ("schema", "wanted"),
    [
        # $ref
        ({"$ref": "#/$defs/a"}, {"type": "integer", "description": "A"}),
        ({"$ref": "#/definitions/b"}, {"type": "boolean"}),
        ({"$ref": "#/$defs/a", "description": "Mine"}, {"type": "integer", "description": "Mine"}),
        ({"$ref": "#/$defs/node"}, {**OPEN, "properties": {"next": OPEN}}),
        ({"$ref": "https://example.com/x"}, {**OPEN, "description": "(unresolved reference: https://example.com/x)"}),
        # allOf
        ({"allOf": [{"$ref": "#/$defs/a"}], "description": "Mine"}, {"type": "integer", "description": "Mine"}),
        (
            {
                "allOf": [
                    {"properties": {"x": {"type": "string"}}, "required": ["x"]},
                    {"properties": {"y": {"type": "integer"}}, "required": ["y"]},
                ]
            },
            {
                "type": "object",
                "properties": {"x": {"type": "string"}, "y": {"type": "integer"}},
                "required": ["x", "y"],
            },
        ),
        ({"allOf": [{"enum": ["a", "b"]}, {"enum": ["b", "c"]}]}, {"type": "string", "enum": ["b"]}),
        # anyOf, oneOf, type arrays, nullable
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, {"type": "integer"}),
        ({"anyOf": [{"type": "null"}, {"type": "string", "enum": ["a"]}]}, {"type": "string", "enum": ["a"]}),
        (
            {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}], "description": "Paths"},
            {"type": "string", "description": "Paths (or array of string)"},
        ),
        ({"oneOf": [{"const": "a"}, {"const": "b"}]}, {"type": "string", "enum": ["a", "b"]}),
        (
            {"oneOf": [{"const": "a", "description": "first"}, {"const": "b", "description": "second"}]},
            {"type": "string", "description": '("a": first; "b": second)', "enum": ["a", "b"]},
        ),
        ({"anyOf": [{"enum": ["a", "b"]}, {"type": "string"}]}, {"type": "string", "description": '(e.g. "a", "b")'}),
        ({"type": ["string", "null"]}, {"type": "string"}),
        ({"type": ["null", "integer", "string"]}, {"type": "integer", "description": "(or string)"}),
        ({"type": "STRING", "nullable": True}, {"type": "string"}),
        ({"type": "ARRAY", "items": {"type": "NUMBER"}}, {"type": "array", "items": {"type": "number"}}),
        # const and enum
        ({"const": "x"}, {"type": "string", "enum": ["x"]}),
        ({"const": 7}, {"type": "integer", "description": "(one of: 7)"}),
        ({"enum": ["a", "b", "a", None]}, {"type": "string", "enum": ["a", "b"]}),
        ({"type": "integer", "enum": [1, 2, 3]}, {"type": "integer", "description": "(one of: 1, 2, 3)"}),
        ({"enum": [True, False]}, {"type": "boolean", "description": "(one of: true, false)"}),
        ({"enum": ["a", 1]}, {"type": "string", "description": '(one of: "a", 1)'}),
        # arrays
        ({"type": "array"}, {"type": "array", "items": {"type": "string"}}),
        ({"type": "array", "items": {}}, {"type": "array", "items": {"type": "string"}}),
        ({"type": "array", "items": True}, {"type": "array", "items": {"type": "string"}}),
        ({"items": {"type": "array"}}, {"type": "array", "items": {"type": "array", "items": {"type": "string"}}}),
        (
            {"prefixItems": [{"type": "number"}, {"type": "number"}]},
            {"type": "array", "description": "(in order: number, number)", "items": {"type": "number"}},
        ),
        # objects
        ({"type": "object"}, OPEN),
        ({"type": "object", "additionalProperties": True}, OPEN),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, {**OPEN, "description": "(values: integer)"}),
        ({"type": "object", "properties": {"x": {"type": "object"}}}, {"type": "object", "properties": {"x": OPEN}}),
        (
            {"properties": {"x": {"type": "string"}}, "required": ["x", "gone", 5, "x"]},
            {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]},
        ),
        (
            {"properties": {"x": {"type": "string"}}, "required": []},
            {"type": "object", "properties": {"x": {"type": "string"}}},
        ),
        (
            {"type": "object", "propertyNames": {"enum": ["a", "b"]}, "additionalProperties": {"type": "string"}},
            {**OPEN, "description": '(keys: "a", "b"; values: string)'},
        ),
        ({"patternProperties": {"^x": {}}}, {**OPEN, "description": "(keys like ^x: any)"}),
        # what is lost is said
        (
            {"type": "integer", "default": 5, "description": "Days"},
            {"type": "integer", "description": "Days (default: 5)"},
        ),
        ({"type": "string", "pattern": "^a$"}, {"type": "string", "description": "(pattern: ^a$)"}),
        ({"type": "string", "format": "uri"}, {"type": "string", "description": "(format: uri)"}),
        ({"type": "string", "format": "date-time"}, {"type": "string", "format": "date-time"}),
        ({"type": "integer", "format": "int32"}, {"type": "integer"}),
        ({"type": "integer", "minimum": 0, "maximum": 9007199254740991}, {"type": "integer", "description": "(>= 0)"}),
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 1.5}, {"type": "number", "description": "(> 0; <= 1.5)"}),
        ({"type": "string", "examples": ["a", "b"]}, {"type": "string", "description": '(e.g. "a", "b")'}),
        # nothing said, or nonsense
        ({}, {"type": "string"}),
        (True, {"type": "string"}),
        (None, {"type": "string"}),
        ("string", {"type": "string"}),
        ({"type": "any"}, {"type": "string"}),
        ({"type": 5, "enum": "x", "properties": [], "items": 3, "description": {}}, OPEN),
        ({"default": 5}, {"type": "integer", "description": "(default: 5)"}),
    ],
)
def test_a_property(schema: Any, wanted: dict[str, Any]) -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}
    defs = {"a": {"type": "integer", "description": "A"}, "node": node}
    assert one(schema, **{"$defs": defs, "definitions": {"b": {"type": "boolean"}}}) == wanted


@pytest.mark.parametrize("schema", [False, {"type": "null"}, {"const": None}, {"anyOf": [{"type": "null"}, False]}])
def test_a_property_that_can_have_no_value_is_left_out(schema: Any) -> None:
    whole = {"type": "object", "properties": {"p": schema, "q": {"type": "string"}}, "required": ["p", "q"]}
    assert reduced(whole) == {"type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]}


def test_variants_that_are_objects_are_merged() -> None:
    circle = {"properties": {"kind": {"const": "circle"}, "radius": {"type": "number"}}, "required": ["kind", "radius"]}
    square = {"properties": {"kind": {"const": "square"}, "side": {"type": "number"}}, "required": ["kind", "side"]}
    assert one({"oneOf": [circle, square]}) == {
        "type": "object",
        "description": "(either {kind, radius} or {kind, side})",
        "properties": {
            "kind": {"type": "string", "enum": ["circle", "square"]},
            "radius": {"type": "number"},
            "side": {"type": "number"},
        },
        "required": ["kind"],
    }


def test_variants_that_only_require_keep_the_properties_beside_them() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}, "c": {"type": "string"}},
        "required": ["c"],
        "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
    }
    parameters = reduced(schema)
    assert list(parameters["properties"]) == ["a", "b", "c"]
    assert parameters["required"] == ["c"]
    assert parameters["description"] == "(either {a} or {b})"


def test_a_property_that_may_be_null_need_not_be_given_and_comes_back_as_null() -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "unit": {"type": ["string", "null"]}},
        "required": ["city", "unit"],
        "additionalProperties": False,
    }
    assert reduced(schema)["required"] == ["city"]
    arguments = coerce('{"city":"Москва"}', schema)
    assert json.loads(arguments) == {"city": "Москва", "unit": None}
    assert validate(arguments, schema) is None


def test_integer_options_come_back_as_integers() -> None:
    schema = {"type": "object", "properties": {"level": {"enum": [1, 2, 3]}}, "required": ["level"]}
    assert one(schema["properties"]["level"])["type"] == "integer"  # type: ignore[index]  # a literal of mixed values
    assert coerce('{"level":"2"}', schema) == '{"level":2}'


def test_a_lenient_model_gets_open_objects_open() -> None:
    schema = {"type": "object", "properties": {"p": {"type": "object"}}}
    assert reduce_parameters(schema, strict_objects=False) == {
        "type": "object",
        "properties": {"p": {"type": "object"}},
    }
    assert reduce_parameters({"type": "object"}, strict_objects=False) == OPEN


def test_cyrillic_names_and_the_order_of_properties_stay() -> None:
    schema = {"type": "object", "properties": {"я": {"type": "string"}, "а": {"type": "string"}}, "required": ["я"]}
    parameters = reduced(schema)
    assert list(parameters["properties"]) == ["я", "а"]
    assert parameters["required"] == ["я"]


def test_lone_surrogates_become_the_replacement_character() -> None:
    schema = {
        "type": "object",
        "properties": {"p\ud800": {"enum": ["a\udfff"], "description": "b\ud800", "default": "\ud800"}},
    }
    text = json.dumps(reduced(schema), ensure_ascii=False)
    assert "\ufffd" in text
    text.encode()


# --- schemas that clients send ---


class Colour(Enum):
    RED = "red"
    GREEN = "green"


class Level(Enum):
    LOW = 1
    HIGH = 2


class Point(BaseModel):
    """A place on the plane."""

    x: int = Field(ge=0, le=10, description="Right")
    y: float = 1.5


class Circle(BaseModel):
    kind: Literal["circle"]
    radius: float


class Square(BaseModel):
    kind: Literal["square"]
    side: float


class Tree(BaseModel):
    value: str
    children: list["Tree"] = []


class Drawing(BaseModel):
    origin: Point
    points: list[Point]
    shape: Annotated[Circle | Square, Field(discriminator="kind")]
    tree: Tree
    weights: dict[str, int]
    pair: tuple[int, str]
    anything: Any
    colour: Colour = Colour.RED
    level: Level | None = None
    mixed: int | str | None = None


def test_pydantic_models_survive() -> None:
    parameters = reduced(Drawing.model_json_schema())
    properties = parameters["properties"]
    assert list(properties) == list(Drawing.model_fields)
    assert parameters["required"] == ["origin", "points", "shape", "tree", "weights", "pair", "anything"]
    assert properties["origin"] == {
        "type": "object",
        "description": "A place on the plane.",
        "properties": {
            "x": {"type": "integer", "description": "Right (>= 0; <= 10)"},
            "y": {"type": "number", "description": "(default: 1.5)"},
        },
        "required": ["x"],
    }
    assert properties["shape"]["properties"]["kind"]["enum"] == ["circle", "square"]
    assert properties["tree"]["properties"]["children"]["items"] == OPEN
    assert properties["colour"]["enum"] == ["red", "green"]
    assert properties["level"] == {"type": "integer", "description": "(one of: 1, 2)"}


def test_what_a_model_says_to_the_reduced_schema_parses_in_pydantic() -> None:
    said = {
        "origin": {"x": "3"},
        "points": {"x": 1},
        "shape": '{"kind": "Circle", "radius": "1.5"}',
        "tree": {"value": "root", "children": [{"value": 5}]},
        "weights": {"a": "1"},
        "pair": ["1", 2],
        "anything": {},
        "colour": "GREEN",
        "level": "2",
    }
    text = coerce(json.dumps(said), Drawing.model_json_schema())
    drawing = Drawing.model_validate_json(text, strict=False)
    assert drawing.points == [Point(x=1)]
    assert drawing.shape == Circle(kind="circle", radius=1.5)
    assert drawing.level is Level.HIGH
    assert validate(text, Drawing.model_json_schema()) is None


CLIENTS: list[dict[str, Any]] = [
    {  # Cline: a null variant, the largest safe integer
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "Where"},
            "timeout": {
                "anyOf": [{"type": "integer", "exclusiveMinimum": 0, "maximum": 9007199254740991}, {"type": "null"}]
            },
        },
        "required": ["path", "timeout"],
        "additionalProperties": False,
        "$schema": "http://json-schema.org/draft-07/schema#",
    },
    {  # Claude Code: 2020-12 words
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "answers": {
                "type": "object",
                "propertyNames": {"type": "string"},
                "additionalProperties": {"type": "string"},
            },
            "mode": {"const": "edit"},
            "url": {"type": "string", "format": "uri"},
            "limit": {"type": "number", "exclusiveMinimum": 0},
        },
        "additionalProperties": False,
    },
    {  # OpenClaw: patterns with an empty schema
        "type": "object",
        "properties": {"env": {"type": "object", "patternProperties": {"^(.*)$": {}}}},
    },
    {  # Google's own SDKs
        "type": "OBJECT",
        "properties": {"city": {"type": "STRING", "nullable": True}, "days": {"type": "INTEGER", "format": "int32"}},
        "required": ["city"],
        "property_ordering": ["days", "city"],
    },
    {  # Copilot CLI, Qwen Code
        "type": "object",
        "properties": {
            "paths": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
            "line": {"type": ["integer", "string"]},
            "range": {
                "oneOf": [{"type": "array", "items": {"type": "integer"}}, {"type": "string", "pattern": "^[0-9]+$"}]
            },
        },
    },
    {"type": "object", "properties": {}},  # a deferred tool
]


@pytest.mark.parametrize("schema", CLIENTS)
def test_schemas_of_real_clients_fit(schema: dict[str, Any]) -> None:
    before = copy.deepcopy(schema)
    parameters = reduced(schema)
    assert list(parameters["properties"]) == list(schema["properties"])
    assert schema == before


def test_googles_types_are_lower_case() -> None:
    assert reduced(CLIENTS[3]) == {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    }


# --- response_format ---


def test_a_response_schema_keeps_what_was_recorded_as_accepted() -> None:
    schema = {
        "title": "Out",
        "description": "An answer",
        "type": "object",
        "properties": {
            "answer": {"title": "Answer", "type": "string"},
            "n": {"title": "N", "type": "integer", "minimum": 0, "maximum": 10},
        },
        "required": ["answer", "n"],
        "additionalProperties": False,
    }
    assert reduce_response_schema(schema) == schema


def test_a_response_schema_is_mended_like_parameters() -> None:
    schema = reduce_response_schema(
        {
            "type": "object",
            "properties": {"a": {"$ref": "#/$defs/a"}, "l": {"type": "array"}},
            "$defs": {"a": {"type": "object"}},
        }
    )
    assert schema == {"type": "object", "properties": {"a": OPEN, "l": {"type": "array", "items": {"type": "string"}}}}
    whole = reduce_response_schema(Drawing.model_json_schema())
    refuse_outside_subset(whole, more=frozenset({"title", "minimum", "maximum", "additionalProperties"}))


@pytest.mark.parametrize("schema", [{"type": "array"}, {"type": "string"}, {"enum": ["a"]}, {"type": "null"}])
def test_a_response_that_is_no_object_is_refused(schema: dict[str, Any]) -> None:
    for _ in range(2):
        with pytest.raises(GatewayError) as caught:
            reduce_response_schema(schema)
        assert caught.value.problem.kind is Kind.INVALID_REQUEST
        assert "object" in caught.value.problem.message


def test_an_empty_response_schema_is_an_open_object() -> None:
    assert reduce_response_schema({}) == OPEN


# --- anything at all ---

NAMES = st.sampled_from(["a", "b", "имя", "$ref", "type", "properties"])
GARBAGE = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=3)
)
TYPES = st.sampled_from(
    ["object", "array", "string", "integer", "number", "boolean", "null", "OBJECT", "STRING", "any"]
)
REFS = st.sampled_from(["#", "#/$defs/a", "#/$defs/b", "#/definitions/a", "#/properties/a", "#/nowhere", "http://x/y"])


def schemas() -> st.SearchStrategy[Any]:
    keyed = {
        "type": TYPES | st.lists(TYPES, max_size=3),
        "description": st.text(max_size=5) | GARBAGE,
        "enum": st.lists(GARBAGE, max_size=4),
        "const": GARBAGE,
        "default": GARBAGE,
        "format": st.sampled_from(["date", "uri", "int32"]),
        "nullable": st.booleans(),
        "minimum": GARBAGE,
        "pattern": st.text(max_size=3),
        "required": st.lists(NAMES | GARBAGE, max_size=3),
        "title": GARBAGE,
    }
    leaf = st.fixed_dictionaries({}, optional=keyed) | st.fixed_dictionaries({"$ref": REFS}, optional=keyed) | GARBAGE

    def grow(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        named, several = st.dictionaries(NAMES, inner, max_size=3), st.lists(inner, max_size=3)
        return st.fixed_dictionaries(
            {},
            optional=keyed
            | {"properties": named | GARBAGE, "patternProperties": named, "$defs": named, "definitions": named}
            | {"anyOf": several, "oneOf": several | GARBAGE, "allOf": several, "prefixItems": several}
            | {"items": inner | several, "additionalProperties": inner, "propertyNames": inner, "not": inner},
        )

    return st.recursive(leaf, grow, max_leaves=12)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(body=schemas(), defs=st.dictionaries(st.sampled_from(["a", "b"]), schemas(), max_size=2))
def test_any_schema_is_reduced_into_the_subset(body: Any, defs: dict[str, Any]) -> None:
    schema = {**(body if isinstance(body, dict) else {"properties": {"a": body}}), "$defs": defs}
    before = copy.deepcopy(schema)
    first = json.dumps(reduced(schema))
    assert schema == before
    assert json.dumps(reduced(json.loads(json.dumps(schema)))) == first
    assert len(first) < 2 * 1024 * 1024
    again = reduced(reduce_parameters(schema, strict_objects=True))
    assert json.dumps(again) == first  # what is reduced stays as it is


@pytest.mark.parametrize("key", ["items", "allOf", "anyOf", "properties"])
@pytest.mark.parametrize("depth", [39, 45, 300, 10_000])
def test_hostile_depth_is_bounded(key: str, depth: int) -> None:
    schema: Any = {"type": "string"}
    for _ in range(depth):
        schema = {key: {"a": schema} if key == "properties" else schema if key == "items" else [schema]}
    whole = {"type": "object", "properties": {"p": schema}}
    if depth < 10_000:
        assert len(json.dumps(reduced(whole))) < 5000
    else:  # some versions of Python can read it
        with suppress(GatewayError):
            assert len(json.dumps(reduced(whole))) < 5000


def test_references_that_multiply_are_bounded() -> None:
    levels = {f"l{n}": {"properties": {f"p{k}": {"$ref": f"#/$defs/l{n + 1}"} for k in range(10)}} for n in range(30)}
    parameters = reduced({"$ref": "#/$defs/l0", "$defs": levels})
    assert len(json.dumps(parameters)) < 2 * 1024 * 1024


def test_many_variants_and_parts_are_bounded() -> None:
    variants = [{"type": "object", "properties": {"a": {"const": f"v{n}"}}, "required": ["a"]} for n in range(3000)]
    found = one({"anyOf": variants})["properties"]["a"]
    assert len(found["enum"]) == 3000
    reduced({"allOf": [{"properties": {"a": {"minimum": n}}} for n in range(3000)]})
