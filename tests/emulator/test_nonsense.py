"""Whatever comes, the emulator answers or refuses: it never breaks."""

import contextlib
import copy
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigamost.emulator import COMPANY, EmulatorSettings, assistant_endpoints, chat_v1, chat_v2, thread_endpoints
from gigamost.emulator.assistants import Assistant
from gigamost.emulator.http import HttpRequest
from gigamost.emulator.personalities import Directives, in_messages
from gigamost.emulator.refusal import RefusalError
from gigamost.emulator.routes import Endpoint
from gigamost.emulator.state import Call, State
from gigamost.emulator.validator import parse
from tests.emulator import examples, examples_v2
from tests.emulator.conftest import Api
from tests.emulator.test_v2 import origin

COMPLETE = {"v1": chat_v1.complete, "v2": chat_v2.complete}
ACCEPTED = {
    "v1": [accepted for accepted, _, _ in examples.EXAMPLES.values() if isinstance(accepted, dict)],
    "v2": [accepted for accepted, _, _ in examples_v2.EXAMPLES.values() if isinstance(accepted, dict)],
}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=5,
)
PATHS = (
    *("v1/chat/completions", "v2/chat/completions", "v1/embeddings", "v1/tokens/count", "v1/filter/check"),
    *("v1/ai/check", "v1/functions/convert", "v1/assistants", "v1/assistants/modify", "v1/assistants/delete"),
    *("v1/assistants/files/delete", "v1/threads/retrieve", "v1/threads/delete", "v1/threads/messages"),
    *("v1/threads/run", "v1/threads/messages/run", "v1/threads/messages/rerun"),
)
WORDS = st.sampled_from(
    [
        "object",
        "array",
        "string",
        "$ref",
        "f",
        "user",
        "auto",
        "{}",
        "weather",
        "[[emulator: cut=x]]",
        "(a+)+$",
        "2**9**9",
    ]
)


@st.composite
def mutated(draw: st.DrawFn, accepted: list[Any]) -> Any:
    """An accepted body with one value somewhere in it replaced, added or taken away."""
    body: Any = copy.deepcopy(draw(st.sampled_from(accepted)))
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


@pytest.mark.parametrize("version", ["v1", "v2"])
@settings(max_examples=300, deadline=None)
@given(st.data(), st.booleans())
def test_a_mutated_request_is_answered_or_refused(version: str, data: st.DataObject, strict: bool) -> None:
    body = data.draw(mutated(ACCEPTED[version]))
    state = State(EmulatorSettings(strict_fields=strict), lambda: 1e9)
    request = HttpRequest("POST", f"/api/{version}/chat/completions", {}, {"x-session-id": "s"})
    try:
        raw = parse(msgspec.json.encode(body))
        status = COMPLETE[version](state, Call(request, COMPANY, raw, in_messages(raw))).status
    except RefusalError as refusal:
        status = refusal.status
    assert status == 200 or 400 <= status < 500


FULL: dict[str, Any] = {
    **dict.fromkeys(("temperature", "top_p", "max_tokens", "functions", "function_call")),
    "thread_id": "t",
    "threads_ids": ["t"],
    "assistant_id": "a",
    "file_id": "f",
    "model": "GigaChat",
    "name": "Ann",
    "instructions": "Be kind",
    "messages": [{"role": "user", "content": "Hi", "attachments": [], "function_call": None}],
    "limit": 3,
    "stream": True,
    "metadata": {},
}
KEPT = [
    *(assistant_endpoints.create, assistant_endpoints.modify, assistant_endpoints.delete_file),
    *(thread_endpoints.add_messages, thread_endpoints.run, thread_endpoints.run_messages),
    *(thread_endpoints.rerun_messages, thread_endpoints.retrieve),
]


@pytest.mark.parametrize("endpoint", KEPT)
@settings(max_examples=100, deadline=None)
@given(mutated([FULL, {key: FULL[key] for key in ("model", "name", "messages")}]))
def test_mutated_threads_and_assistants(endpoint: Endpoint, body: Any) -> None:
    state = State(EmulatorSettings(), lambda: 1e9)
    owner = COMPANY.client_id
    thread = state.threads.create(owner, 0)
    state.assistants.put(Assistant("a", owner, 0, 0, "GigaChat", "Ann", instructions="Be kind", files=(("f", "f"),)))
    request = HttpRequest("POST", "/api/v1/threads", {}, {})
    if isinstance(body, dict) and body.get("thread_id") == "t":
        body["thread_id"] = thread.id
    with contextlib.suppress(RefusalError):
        assert endpoint(state, Call(request, COMPANY, body, Directives())).status == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"{", b"\xff", b"1e999", b'{"model":null}', b'{"model":"GigaChat","messages":{},"input":{}}'],
)
async def test_malformed_bodies_are_4xx(api: Api, path: str, body: bytes) -> None:
    response = await api.http.post(f"{origin(api)}/{path}", content=body)
    assert 400 <= response.status_code < 500
    assert list(response.json()) == ["status", "message"]
