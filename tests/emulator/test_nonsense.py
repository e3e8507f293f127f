"""Whatever comes, the emulator answers or refuses: it never breaks."""

import copy
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigamost.emulator import COMPANY, EmulatorSettings
from gigamost.emulator.chat import complete
from gigamost.emulator.http import HttpRequest
from gigamost.emulator.personalities import in_messages
from gigamost.emulator.refusal import RefusalError
from gigamost.emulator.state import Call, State
from gigamost.emulator.validator import parse
from tests.emulator.conftest import Api
from tests.emulator.examples import EXAMPLES

ACCEPTED = [accepted for accepted, _, _ in EXAMPLES.values() if isinstance(accepted, dict)]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=5,
)
WORDS = st.sampled_from(
    ["object", "array", "string", "$ref", "f", "user", "auto", "{}", "weather", "[[emulator: cut=x]]"]
)


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """An accepted body with one value somewhere in it replaced, added or taken away."""
    body: Any = copy.deepcopy(draw(st.sampled_from(ACCEPTED)))
    places: list[tuple[Any, Any]] = []
    queue: list[Any] = [body]
    while queue:
        node = queue.pop()
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        places += [(node, key) for key in keys]
        queue += [node[key] for key in keys if isinstance(node[key], dict | list)]
    for _ in range(draw(st.integers(1, 3))):
        node, key = draw(st.sampled_from(places))
        if isinstance(node, dict) and draw(st.booleans()):
            node.pop(key, None)
        elif isinstance(node, dict) or key < len(node):
            node[key] = draw(ANYTHING | WORDS)
    return body


@settings(max_examples=300, deadline=None)
@given(mutated(), st.booleans())
def test_a_mutated_request_is_answered_or_refused(body: Any, strict: bool) -> None:
    state = State(EmulatorSettings(strict_fields=strict), lambda: 1e9)
    request = HttpRequest("POST", "/api/v1/chat/completions", {}, {"x-session-id": "s"})
    try:
        raw = parse(msgspec.json.encode(body))
        status = complete(state, Call(request, COMPANY, raw, in_messages(raw))).status
    except RefusalError as refusal:
        status = refusal.status
    assert status == 200 or 400 <= status < 500


@pytest.mark.parametrize("path", ["/chat/completions", "/embeddings", "/tokens/count", "/filter/check", "/ai/check"])
@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"{", b"\xff", b"1e999", b'{"model":null}', b'{"model":"GigaChat","messages":{},"input":{}}'],
)
async def test_malformed_bodies_are_4xx(api: Api, path: str, body: bytes) -> None:
    response = await api.http.post(path, content=body)
    assert 400 <= response.status_code < 500
    assert list(response.json()) == ["status", "message"]
