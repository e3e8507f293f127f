"""A request in the shape that Claude Code sends: the fields and schema keywords that were seen, with little text."""

from typing import Any

_CACHED = {"type": "ephemeral", "ttl": "1h"}


def _schema(**properties: Any) -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "required": list(properties)[:1],
        "additionalProperties": False,
    }


def _tool(name: str, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "description": f"What {name} does, at length.", "input_schema": schema, **more}


TOOLS = [
    _tool(
        "Bash",
        _schema(
            command={"type": "string", "description": "The command"},
            timeout={"type": "number", "exclusiveMinimum": 0, "maximum": 600_000},
            env={"type": "object", "propertyNames": {"type": "string"}, "additionalProperties": {"type": "string"}},
        ),
    ),
    _tool(
        "Read",
        _schema(
            file_path={"type": "string", "pattern": "^/"},
            pages={"anyOf": [{"type": "string"}, {"type": "null"}]},
            url={"type": "string", "format": "uri"},
        ),
    ),
    _tool(
        "Choose", _schema(kind={"const": "single"}, options={"type": "array", "minItems": 1, "items": {"enum": [1, 2]}})
    ),
    _tool("ToolSearch", {"type": "object", "properties": {}}, defer_loading=True, cache_control=_CACHED),
]


def claude_code(*, stream: bool) -> dict[str, Any]:
    """The second turn: one tool was called, and its result is there."""
    return {
        "model": "claude-opus-5",
        "max_tokens": 32_000,
        "stream": stream,
        "system": [
            {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.329"},
            {"type": "text", "text": "You are Claude Code.", "cache_control": _CACHED},
            {"type": "text", "text": "You help with software.", "cache_control": _CACHED},
        ],
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "<system-reminder>\nToday is Saturday.\n</system-reminder>"},
                    {"type": "text", "text": "List the files", "cache_control": _CACHED},
                ],
            },
            {"role": "system", "content": "The following skills are available."},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "", "signature": "Z2lnYW1vc3Q="},
                    {"type": "text", "text": "I look."},
                    {"type": "tool_use", "id": "tooluabc123", "name": "Bash", "input": {"command": "ls"}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "tooluabc123",
                        "content": "a.txt\nb.txt",
                        "is_error": False,
                        "cache_control": _CACHED,
                    }
                ],
            },
            {"role": "system", "content": [{"type": "text", "text": "The user is away.", "cache_control": _CACHED}]},
        ],
        "tools": TOOLS,
        "thinking": {"type": "adaptive", "display": "omitted"},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "output_config": {"effort": "high"},
        "metadata": {"user_id": '{"device_id":"d","account_uuid":"","session_id":"s"}'},
    }
