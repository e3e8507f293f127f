"""Whatever a client of Messages sends, GigaChat gets what it accepts, or the client a 4xx in Anthropic's form."""

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gigamost.emulator.picture import draw
from tests.gateway.bodies import NASTY
from tests.gateway.conftest import KEY, World

PICTURE = base64.b64encode(draw("a cat")).decode()
texts = st.sampled_from(NASTY) | st.text(max_size=8)
ids = st.sampled_from(["toolu1", "toolu_1", "toolu2", "", "x" * 70])
names = st.sampled_from(["time", "get weather", "web_search", "погода", "x" * 80])
inputs = st.sampled_from([{}, {"a": [1, None]}, "", "{}", "[1]", "no JSON", {"a": {"b": "\ud800"}}])


def block(kind: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({"type": st.just(kind), **fields})


words = block("text", text=texts)
pictures = st.just({"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": PICTURE}})
documents = block(
    "document",
    source=block("text", data=texts) | block("content", content=texts | st.lists(words | pictures, max_size=2)),
    title=texts | st.none(),
)
shown = st.one_of(
    words, words, pictures, documents, block("search_result", source=texts, title=texts, content=st.just([]))
)
results = block(
    "tool_result",
    tool_use_id=ids,
    content=texts | st.none() | st.lists(shown, max_size=2),
    is_error=st.booleans(),
)
said = st.one_of(
    words,
    block("thinking", thinking=texts, signature=texts),
    block("tool_use", id=ids, name=names, input=inputs),
    block("tool_use", id=ids, name=names, input=inputs),
    block("server_tool_use", id=ids, name=names, input=st.just({})),
    block("web_search_tool_result", tool_use_id=ids, content=st.sampled_from([[], [{"url": "https://x"}]])),
    block("mcp_tool_result", tool_use_id=ids, content=texts),
    block("compaction", content=texts),
)
messages = st.one_of(
    st.fixed_dictionaries({"role": st.just("user"), "content": texts | st.lists(shown | results, max_size=4)}),
    st.fixed_dictionaries({"role": st.just("assistant"), "content": texts | st.lists(said, max_size=4)}),
    st.fixed_dictionaries({"role": st.just("system"), "content": texts | st.lists(words, max_size=2)}),
)
SCHEMAS: tuple[Any, ...] = (
    {},
    {"type": "object", "properties": {"a": {"anyOf": [{"type": "string"}, {"type": "null"}]}}},
    {"type": "object", "properties": {"a": {"const": 1}, "b": {"enum": [1, "2", None]}}, "required": ["a"]},
    {"$ref": "#/$defs/a", "$defs": {"a": {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}}}},
)
tools = st.one_of(
    st.fixed_dictionaries({"name": names, "input_schema": st.sampled_from(SCHEMAS), "description": texts}),
    st.sampled_from(
        [
            {"type": "bash_20250124", "name": "bash"},
            {"type": "text_editor_20250728", "name": "str_replace_based_edit_tool"},
            {"type": "computer_20251124", "name": "computer", "display_width_px": 800, "display_height_px": 600},
            {"type": "computer_toolset_20260801"},
            {"type": "browser_toolset_20260801"},
            {"type": "web_search_20250305", "name": "web_search"},
            {"type": "code_execution_20250825", "name": "code_execution"},
            {"type": "advisor_20260301", "name": "advisor"},
        ]
    ),
)
bodies = st.fixed_dictionaries(
    {
        "model": st.sampled_from(["GigaChat-2-Max", "GigaChat-3-Ultra", "claude-opus-5"]),
        "max_tokens": st.sampled_from([1, 4096, 64_000]),
        "messages": st.lists(messages, min_size=1, max_size=5),
    },
    optional={
        "system": texts | st.lists(words, max_size=2),
        "tools": st.lists(tools, max_size=3),
        "tool_choice": st.sampled_from([{"type": "auto"}, {"type": "any"}, {"type": "none"}]),
        "thinking": st.sampled_from([{"type": "adaptive"}, {"type": "disabled"}]),
        "temperature": st.sampled_from([0, 0.5, 1]),
        "stop_sequences": st.lists(texts, max_size=2),
        "stream": st.booleans(),
        "output_config": st.just({"format": {"type": "json_schema", "schema": SCHEMAS[1]}}),
    },
)


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"x-api-key": KEY, "content-type": "application/json"}
    async with httpx.AsyncClient(base_url=world.base, headers=headers, timeout=20) as client:
        yield client


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=bodies, ascii_only=st.booleans())
async def test_a_body_is_answered_or_refused(
    world: World, http: httpx.AsyncClient, body: Any, ascii_only: bool
) -> None:
    world.gigachat.app.log.clear()
    written = json.dumps(body, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    answer = await http.post("/v1/messages", content=written)
    assert [(seen.status, seen.error) for seen in world.seen if seen.status != 200] == []
    if answer.status_code == 200:
        streamed = answer.headers["content-type"].startswith("text/event-stream")
        ended = "event: message_stop" in answer.text or "event: error" in answer.text
        assert ended if streamed else answer.json()["type"] == "message"
        return
    error = answer.json()
    assert (error["type"], set(error["error"])) == ("error", {"type", "message"})
    assert error["error"]["message"]
    # A model that will not call, or will not fit a schema, is the upstream's failure and no fault of the request.
    assert answer.status_code < 500 or answer.status_code == 502, answer.text
