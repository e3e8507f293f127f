"""Bodies of chat completions that clients could send: valid ones in every form, and the same with random damage."""

import copy
from typing import Any

from hypothesis import strategies as st

# What a text may be besides words: empty, JSON, half of JSON, control characters, surrogates, GigaChat's own markup.
NASTY = (
    "",
    " ",
    "\x00\x01\x1f\x7f",
    "\ud800",
    "\udc00\ud83d",
    "привет, мир",
    "{}",
    '{"a": 1}',
    '{"a": 1',
    "null",
    "[1, 2]",
    '"text"',
    '"{\\"a\\": 1}"',
    "NaN",
    "\ufeff{}",
    '<img src="1" fuse="true"/>',
    "function call<|role_sep|>\n{",
    "\u2028\u2029",
    "🙂" * 3,
)
# Names of tools: legal, illegal, built into GigaChat, and pairs that look alike once they are made legal.
NAMES = (
    "weather",
    "get weather",
    "get/weather",
    "get_weather",
    "Get-Weather",
    "погода",
    "функция.поиска",
    "1st",
    "_",
    "-",
    "a.b",
    "x" * 64,
    "x" * 65,
    "y" * 500,
    "web_search",
    "text2image",
    "get_datetime",
    "memory",
    "respond",
    "choose_function",
    "functions.weather",
    "\ud800",
    "名",
)
# What models and clients write where JSON text of an object belongs.
ARGUMENTS = (
    '{"city": "Omsk", "days": 3}',
    "",
    "  ",
    "{",
    "[1, [2]]",
    '"{\\"city\\": \\"Omsk\\"}"',
    '"\\"{}\\""',
    "null",
    "5",
    "NaN",
    '{"a": NaN, "b": 1e999, "c": -Infinity}',
    '{"a": "\\u0000\\b\\ud800"}',
    '{"a": "line\nbreak"}',
    '{"a": 1, "a": 2}',
    "\ufeff{}",
    '{"n": ' + "9" * 400 + "}",
    '{"a":' * 120 + "1" + "}" * 120,
    "[" * 3000,
    '{"' + "k" * 300 + '": {"": {"\x7f": []}}}',
)
LEAVES: tuple[Any, ...] = (
    {},
    True,
    False,
    None,
    5,
    "string",
    [],
    {"type": "string"},
    {"type": "integer", "minimum": 1, "maximum": 2**70},
    {"type": "number", "exclusiveMinimum": True, "minimum": 0},
    {"type": ["string", "null"], "default": None},
    {"type": ["object", "array"]},
    {"type": "STRING", "nullable": True},
    {"type": "null"},
    {"type": "wat"},
    {"type": 5},
    {"type": []},
    {"type": "object"},
    {"type": "array"},
    {"type": "array", "items": [{"type": "string"}, {"type": "integer"}]},
    {"type": "array", "items": True, "minItems": -1},
    {"enum": [1, "a", None, {"b": []}]},
    {"enum": []},
    {"enum": ["a", "a", "\ud800"]},
    {"enum": "a"},
    {"type": "integer", "enum": [1, 2]},
    {"const": "x"},
    {"const": None},
    {"$ref": "#"},
    {"$ref": "#/$defs/node"},
    {"$ref": "#/nowhere", "description": "lost"},
    {"$ref": "https://example.com/schema.json"},
    {"$ref": 5},
    {"$dynamicRef": "#node"},
    {"type": "string", "format": "date"},
    {"type": "string", "format": "uuid", "pattern": "[", "minLength": "x"},
    {"format": 5, "title": 5, "description": 5},
    {"required": "x"},
    {"type": "object", "required": ["gone", 5, "gone"], "properties": []},
    {"additionalProperties": False, "type": "object", "properties": {}},
    {"not": {}},
    {"if": {}, "then": False},
    {"properties": {"$ref": {"type": "string"}, "type": {"type": "integer"}, "properties": {"enum": ["x"]}}},
    {"default": "x" * 700, "examples": [1, {"a": "\ud800"}]},
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, -1, 1, 2**31, 2**63, 2**64, 10**400, 1e308, -0.0, 1e-320]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(NASTY + NAMES),
    st.text(st.characters(), max_size=8),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NASTY + NAMES), inner, max_size=3),
    max_leaves=6,
)

texts = st.sampled_from(NASTY) | st.text(st.characters(), max_size=12) | st.just("What is the weather in Omsk?")
names = st.sampled_from(NAMES)
ids = st.sampled_from(["", "call_1", "call1", "call_2", "3", "погода", "x" * 200])


def record(always: dict[str, st.SearchStrategy[Any]], /, **optional: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(always, optional=optional)


def _wider(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    named = st.dictionaries(st.sampled_from(["city", "days", "", "погода", "$ref", "type"]), inner, max_size=3)
    several = st.lists(inner, max_size=3)
    return st.one_of(
        record({"type": st.just("object"), "properties": named}, required=st.lists(names | st.just("city"))),
        record({"type": st.just("array"), "items": inner}, description=texts, uniqueItems=st.just(True)),
        record({"anyOf": several}, description=texts),
        record({"oneOf": several}, type=st.sampled_from(["object", "string"])),
        record({"allOf": several}, properties=named),
        record({"type": st.just("object"), "additionalProperties": inner}, propertyNames=inner),
        record({"$defs": st.fixed_dictionaries({"node": inner}), "$ref": st.just("#/$defs/node")}),
        record({"patternProperties": named}, prefixItems=several),
    )


schemas = st.recursive(st.sampled_from(LEAVES), _wider, max_leaves=6)
objects = schemas.filter(lambda schema: isinstance(schema, dict))


def pictures(url: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.one_of(
        record(
            {"type": st.just("image_url"), "image_url": record({"url": url}, detail=st.sampled_from(["low", None]))}
        ),
        record({"type": st.just("image_url"), "image_url": url}),
    )


data_urls = st.sampled_from(
    [
        "data:image/png;base64,iVBORw0KGgo=",
        "data:,hello",
        "data:text/plain;base64,aGVsbG8",
        "data:image/png;base64,",
        "data:",
        "http://127.0.0.1/x.png",
        "ftp://x",
        "",
    ]
)
media = st.one_of(
    pictures(data_urls),
    record(
        {"type": st.just("input_audio"), "input_audio": record({"data": st.just("UklGRg==")}, format=st.just("wav"))}
    ),
    record({"type": st.just("file"), "file": record({}, file_data=data_urls, filename=texts, file_id=ids)}),
)
parts = record({"type": st.just("text"), "text": texts}) | record({"type": st.just("refusal"), "refusal": texts})
said = st.none() | texts | st.lists(parts, max_size=3)
shown = said | st.lists(parts | media, max_size=3)
functions = record(
    {"name": names}, arguments=st.sampled_from(ARGUMENTS) | st.just({"city": "Omsk", "deep": {"a": [None]}}) | st.none()
)
calls = st.one_of(
    record({"type": st.just("function"), "function": functions}, id=ids),
    record({"type": st.just("custom"), "custom": record({"name": names}, input=texts)}, id=ids),
)
messages = st.one_of(
    record({"role": st.sampled_from(["system", "developer"]), "content": said}, name=texts),
    record({"role": st.just("user"), "content": shown}, name=texts),
    record({"role": st.just("user"), "content": texts}),
    record({"role": st.just("assistant")}, content=said, refusal=texts, name=texts),
    record(
        {"role": st.just("assistant"), "tool_calls": st.lists(calls, max_size=3)},
        content=said,
        functions_state_id=st.just("0199e210-2f13-744c-8fe5-c9a19fe27db7"),
    ),
    record({"role": st.just("assistant"), "function_call": functions}, content=said),
    record({"role": st.just("tool"), "content": shown | st.sampled_from(ARGUMENTS), "tool_call_id": ids}, name=names),
    record({"role": st.just("function"), "content": said | st.sampled_from(ARGUMENTS)}, name=names),
)
declared = record({"name": names}, description=texts, parameters=objects | st.none(), strict=st.booleans())
tools = st.one_of(
    record({"type": st.just("function"), "function": declared}),
    record({"type": st.just("function"), "function": declared}),
    record({"type": st.just("custom"), "custom": record({"name": names}, description=texts)}),
    record({"type": st.sampled_from(["web_search", "image_generation", "text2model3d", "mcp"])}),
)
named = record({"name": names})
choices = st.one_of(
    st.sampled_from(["none", "auto", "required"]),
    record({"type": st.just("function"), "function": named}),
    record({"type": st.just("custom"), "custom": named}),
    record(
        {
            "type": st.just("allowed_tools"),
            "allowed_tools": record({"mode": st.sampled_from(["auto", "required"]), "tools": st.lists(tools)}),
        }
    ),
)
formats = st.one_of(
    st.sampled_from([{"type": "text"}, {"type": "json_object"}, {"type": "json_schema"}]),
    record(
        {
            "type": st.just("json_schema"),
            "json_schema": record({"name": texts, "schema": objects}, strict=st.booleans(), description=texts),
        }
    ),
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "temperature": st.sampled_from([0, 0.0, -0.0, 1e-12, 1, 2, 0.7]),
    "top_p": st.sampled_from([0, 1, 0.5]),
    "max_tokens": st.sampled_from([1, 100, 2**31 - 1]),
    "max_completion_tokens": st.sampled_from([5, 2**31 - 1]),
    "stop": texts | st.lists(texts, max_size=4),
    "stream": st.booleans(),
    "stream_options": st.just({"include_usage": True}),
    "tools": st.lists(tools, max_size=4),
    "tool_choice": choices,
    "parallel_tool_calls": st.booleans(),
    "functions": st.lists(declared, max_size=3),
    "function_call": st.sampled_from(["none", "auto"]) | named,
    "response_format": formats,
    "reasoning_effort": st.sampled_from(["none", "minimal", "low", "medium", "high", "xhigh", "max"]),
    "user": texts,
    "seed": st.integers(),
    "n": st.just(1),
    "frequency_penalty": st.sampled_from([0, 1.5]),
    "logit_bias": st.just({"50256": -100}),
    "metadata": st.just({"a": "b"}),
    "repetition_penalty": st.sampled_from([1, 1.1, 1e-9]),
    "update_interval": st.sampled_from([0, 0.5]),
    "profanity_check": st.booleans(),
    "flags": st.lists(texts, max_size=2),
    "function_ranker": st.sampled_from([{"enabled": True, "top_n": 3}, {}]),
    "storage": st.sampled_from([{}, {"is_stateful": True}, {"thread_id": "0199e210-2f13-744c-8fe5-c9a19fe27db7"}]),
}
_usual = ("tools", "tool_choice", "temperature", "response_format", "stream", "max_tokens")


@st.composite
def valid(draw: st.DrawFn) -> Any:
    """A body as OpenAI documents it, with anything in the places where anything may stand."""
    body: dict[str, Any] = {"model": "GigaChat-2-Max", "messages": draw(st.lists(messages, min_size=1, max_size=6))}
    rare = st.lists(st.sampled_from(sorted(FIELDS)), max_size=3)
    for field in dict.fromkeys([*draw(st.lists(st.sampled_from(_usual), max_size=4)), *draw(rare)]):
        body[field] = draw(FIELDS[field])
    if body.get("tools") and "tool_choice" in body and draw(st.booleans()):
        body["tool_choice"] = _choice_of(draw(st.sampled_from(body["tools"])), draw(st.booleans()))
    return body


def _choice_of(tool: Any, allowed: bool) -> Any:
    """A choice of a tool that the request has."""
    if allowed:
        return {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [tool]}}
    kind = tool["type"]
    return {"type": kind, kind: {"name": tool[kind]["name"]}} if kind in ("function", "custom") else "auto"


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """A valid body with up to three values somewhere in it taken away or replaced by anything."""
    body: Any = copy.deepcopy(draw(valid()))
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(body))
        if not places:
            break
        node, key = draw(st.sampled_from(places))
        if isinstance(node, dict) and draw(st.booleans()):
            del node[key]
        else:
            node[key] = draw(ANYTHING)
    return body


def _places(body: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    queue: list[Any] = [body]
    while queue:
        node = queue.pop()
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        found += [(node, key) for key in keys]
        queue += [node[key] for key in keys if isinstance(node[key], dict | list)]
    return found
