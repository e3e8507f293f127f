"""What is wrong behind the decoder is named as the client wrote it: a path in its own body."""

import base64
from typing import Any

import httpx
import pytest

from gigamost.config import Models
from tests.gateway.conftest import KEY, World, world_of
from tests.hazards.dialects.talk import MODEL

BROKEN = base64.b64encode(b"this is no picture").decode()
URL = f"data:image/png;base64,{BROKEN}"
CHAT, RESPONSES, MESSAGES = "/v1/chat/completions", "/v1/responses", "/v1/messages"
GEMINI, CONVERSE = f"/v1beta/models/{MODEL}:generateContent", f"/model/{MODEL}/converse"


def turn(*content: Any, role: str = "user", key: str = "content") -> Any:
    return {"role": role, key: list(content)}


OPENAI_IMAGE = {"type": "image_url", "image_url": {"url": URL}}
RESPONSES_IMAGE = {"type": "input_image", "image_url": URL}
ANTHROPIC_IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": BROKEN}}
BLOB = {"mimeType": "image/png", "data": BROKEN}
BEDROCK_IMAGE = {"image": {"format": "png", "source": {"bytes": BROKEN}}}

MEDIA: list[tuple[str, Any, str]] = [
    (CHAT, {"messages": [turn({"type": "text", "text": "see"}, OPENAI_IMAGE)]}, "messages[0].content[1]"),
    (RESPONSES, {"input": [turn({"type": "input_text", "text": "see"}, RESPONSES_IMAGE)]}, "input[0].content[1]"),
    (
        RESPONSES,
        {
            "input": [
                {"type": "function_call", "call_id": "c1", "name": "shot", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "c1", "output": [RESPONSES_IMAGE]},
            ]
        },
        "input[1].output[0]",
    ),
    (MESSAGES, {"messages": [turn({"type": "text", "text": "see"}, ANTHROPIC_IMAGE)]}, "messages[0].content[1]"),
    (
        MESSAGES,
        {
            "messages": [
                turn({"type": "text", "text": "look"}),
                turn({"type": "tool_use", "id": "t1", "name": "shot", "input": {}}, role="assistant"),
                turn({"type": "tool_result", "tool_use_id": "t1", "content": [ANTHROPIC_IMAGE]}),
            ]
        },
        "messages[2].content[0].content[0]",
    ),
    (
        GEMINI,
        {"contents": [turn({"text": "see"}, {"inlineData": BLOB}, key="parts")]},
        "contents[0].parts[1].inlineData",
    ),
    (
        GEMINI,
        {"contents": [turn({"text": "see"}, {"inline_data": BLOB}, key="parts")]},
        "contents[0].parts[1].inline_data",
    ),
    ("/api/chat", {"messages": [{"role": "user", "content": "see", "images": [BROKEN]}]}, "messages[0].images[0]"),
    ("/api/generate", {"prompt": "see", "images": [BROKEN]}, "images[0]"),
    (CONVERSE, {"messages": [turn({"text": "see"}, BEDROCK_IMAGE)]}, "messages[0].content[1].image"),
]

WRONG = {"type": "object", "properties": {"a": {"type": "nonsense"}}}
SCHEMA: list[tuple[str, Any, str]] = [
    (
        CHAT,
        {
            "messages": [turn({"type": "text", "text": "x"})],
            "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": WRONG}},
        },
        "response_format",
    ),
    (
        RESPONSES,
        {"input": "x", "text": {"format": {"type": "json_schema", "name": "n", "schema": WRONG}}},
        "text.format",
    ),
    *(
        (MESSAGES, {"messages": [turn({"type": "text", "text": "x"})], **fields}, word)
        for fields, word in (
            ({"output_config": {"format": {"type": "json_schema", "schema": WRONG}}}, "output_config.format"),
            ({"output_format": {"type": "json_schema", "schema": WRONG}}, "output_format"),
        )
    ),
    *(
        (GEMINI, {"contents": [turn({"text": "x"}, key="parts")], config: fields}, f"{config}.{word}")
        for config, fields, word in (
            (
                "generationConfig",
                {"responseMimeType": "application/json", "responseJsonSchema": WRONG},
                "responseJsonSchema",
            ),
            (
                "generation_config",
                {"response_mime_type": "application/json", "response_json_schema": WRONG},
                "response_json_schema",
            ),
        )
    ),
    ("/api/chat", {"messages": [{"role": "user", "content": "x"}], "format": WRONG}, "format"),
    (
        CONVERSE,
        {
            "messages": [turn({"text": "x"})],
            "outputConfig": {
                "textFormat": {
                    "type": "json_schema",
                    "structure": {"jsonSchema": {"name": "n", "schema": '{"type": "nonsense"}'}},
                }
            },
        },
        "outputConfig.textFormat.structure.jsonSchema.schema",
    ),
]


@pytest.mark.parametrize(("path", "body", "named"), MEDIA + SCHEMA)
async def test_an_error_names_the_clients_own_field(world: World, path: str, body: Any, named: str) -> None:
    answer = await post(world, path, body)
    assert answer.status_code == 400
    assert f'"{named}: ' in answer.text
    if path in (CHAT, RESPONSES):
        assert answer.json()["error"]["param"] == named
    assert not world.seen


TOOL = {"type": "object", "properties": {"city": {"type": "string"}}}
TWO_CALLS = "What is the weather in Oslo and Rome?"


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        (
            CHAT,
            {
                "messages": [turn({"type": "text", "text": TWO_CALLS})],
                "tools": [{"type": "function", "function": {"name": "get_weather", "parameters": TOOL}}],
                "parallel_tool_calls": False,
            },
            "parallel_tool_calls",
        ),
        (
            RESPONSES,
            {
                "input": TWO_CALLS,
                "tools": [{"type": "function", "name": "get_weather", "parameters": TOOL}],
                "parallel_tool_calls": False,
            },
            "parallel_tool_calls",
        ),
        (
            MESSAGES,
            {
                "messages": [turn({"type": "text", "text": TWO_CALLS})],
                "tools": [{"name": "get_weather", "input_schema": TOOL}],
                "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
            },
            "tool_choice.disable_parallel_tool_use",
        ),
        (
            CONVERSE,
            {
                "messages": [turn({"text": TWO_CALLS})],
                "toolConfig": {"tools": [{"toolSpec": {"name": "get_weather", "inputSchema": {"json": TOOL}}}]},
                "additionalModelRequestFields": {
                    "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
                },
            },
            "additionalModelRequestFields.tool_choice.disable_parallel_tool_use",
        ),
    ],
)
async def test_a_call_that_was_dropped_is_listed_in_the_clients_own_words(
    tmp_path: Any, path: str, body: Any, named: str
) -> None:
    async with world_of(tmp_path, models=Models(capabilities={MODEL: {"api": "v2"}})) as world:
        answer = await post(world, path, body)
    assert (answer.status_code, answer.text.count("Oslo"), answer.text.count("Rome")) == (200, 1, 0)
    assert named in answer.headers["x-gigamost-ignored"].split(", ")


async def post(world: World, path: str, body: Any) -> httpx.Response:
    async with httpx.AsyncClient(base_url=world.base, timeout=20) as http:
        headers = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
        return await http.post(path, json={"model": MODEL, "max_tokens": 100, "stream": False, **body}, headers=headers)
