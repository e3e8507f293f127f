"""Whatever a Gemini client sends, GigaChat gets a request that it accepts, or the client a 4xx in Google's form.

Judged as the bodies of OpenAI's clients are, by the emulator's validator.
"""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gigamost.core.errors import GatewayError
from gigamost.core.face import Incoming
from gigamost.core.models import Model
from gigamost.emulator.validator import judge, parse
from gigamost.protocols.gemini import Exchange, encode_error
from gigamost.protocols.gigachat.v1 import WIRE
from tests.gateway.bodies import NAMES, NASTY
from tests.gateway.test_properties import FACTS, FILES, MODELS, uploaded, written

TEXTS = st.sampled_from(NASTY) | st.text(max_size=20)
NAMED = st.sampled_from(NAMES)
VALUES = st.sampled_from([{}, {"a": [1, None]}, {"error": "no"}, {"a": {"b": "\ud800"}}]) | st.dictionaries(
    TEXTS, TEXTS | st.integers(), max_size=3
)
BLOB = st.sampled_from(["image/png", "audio/wav", "application/pdf", "video/mp4", ""]).map(
    lambda mime: {"inlineData": {"mimeType": mime, "data": "eA=="}}
)
CALLED = st.sampled_from(["", "1", "call_2", "run-3"])
CALL = st.builds(
    lambda name, call_id, args: {"functionCall": {"name": name, "id": call_id, "args": args}}, NAMED, CALLED, VALUES
)
RESULT = st.builds(
    lambda name, call_id, response, media: {
        "functionResponse": {"name": name, "id": call_id, "response": response, "parts": media}
    },
    NAMED,
    CALLED,
    VALUES,
    st.lists(BLOB, max_size=1),
)
SAID = TEXTS.map(lambda text: {"text": text})
PART = SAID | BLOB | RESULT
MODEL_PART = SAID | CALL | BLOB | TEXTS.map(lambda text: {"text": text, "thought": True, "thoughtSignature": "x"})
CONTENT = st.builds(
    lambda role, parts: {"role": role, "parts": parts},
    st.sampled_from(["user", "function"]),
    st.lists(PART, max_size=4),
) | st.builds(lambda parts: {"role": "model", "parts": parts}, st.lists(MODEL_PART, max_size=4))
TYPES = st.sampled_from(["STRING", "INTEGER", "NUMBER", "BOOLEAN", "string", "TYPE_UNSPECIFIED"])
SCHEMA: st.SearchStrategy[Any] = st.recursive(
    st.fixed_dictionaries(
        {"type": TYPES}, optional={"nullable": st.booleans(), "enum": st.lists(TEXTS, max_size=3), "format": TEXTS}
    ),
    lambda inner: (
        st.fixed_dictionaries(
            {"type": st.just("OBJECT"), "properties": st.dictionaries(TEXTS, inner, max_size=3)},
            optional={"required": st.lists(TEXTS, max_size=2), "propertyOrdering": st.lists(TEXTS, max_size=2)},
        )
        | st.fixed_dictionaries({"type": st.just("ARRAY"), "items": inner})
        | st.lists(inner, min_size=1, max_size=3).map(lambda options: {"any_of": options})
    ),
    max_leaves=6,
)
DECLARED = st.fixed_dictionaries(
    {"name": NAMED}, optional={"description": TEXTS, "parameters": SCHEMA, "parameters_json_schema": SCHEMA}
)
TOOL = st.lists(DECLARED, max_size=4).map(lambda declared: {"functionDeclarations": declared})
MODE = st.sampled_from(["AUTO", "ANY", "NONE", "VALIDATED"]).map(lambda mode: {"functionCallingConfig": {"mode": mode}})
CONFIG = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.floats(0, 2),
        "topP": st.floats(0, 1),
        "maxOutputTokens": st.integers(1, 2**31 - 1),
        "stopSequences": st.lists(TEXTS, max_size=5),
        "responseMimeType": st.sampled_from(["application/json", "text/plain", "text/x.enum"]),
        "responseSchema": SCHEMA,
        "responseModalities": st.sampled_from([["TEXT"], ["TEXT", "IMAGE"], ["IMAGE"]]),
        "thinkingConfig": st.fixed_dictionaries({}, optional={"thinkingBudget": st.integers(-1, 30_000)}),
    },
)
BODY: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {"contents": st.lists(CONTENT, min_size=1, max_size=6)},
    optional={
        "systemInstruction": TEXTS,
        "tools": st.lists(TOOL | st.just({"googleSearch": {}}), max_size=2),
        "tool_config": MODE,
        "generation_config": CONFIG,
    },
)


@settings(max_examples=500, deadline=None)
@given(BODY, st.sampled_from(MODELS), st.booleans())
def test_a_documented_body_becomes_what_gigachat_accepts(body: Any, to: Model, ascii_only: bool) -> None:
    try:
        asked = Exchange(Incoming(written(body, ascii_only=ascii_only), {"model": to.id}, {}, {})).request
        out = WIRE.encode(uploaded(asked, to), to, frozenset()).body
    except GatewayError as refused:
        problem = refused.problem
        assert 400 <= problem.status < 500, problem
        assert json.loads(encode_error(problem, "r"))["error"]["status"] == "INVALID_ARGUMENT"
        return
    judge(parse(out), FACTS, FILES.get, strict_fields=True)
