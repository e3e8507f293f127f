"""What a response repeats of its request: the members of the response object that are the same from its first event to
its last. Fields that are not in force are shown with the value that is."""

from typing import Any, Final

import msgspec
from msgspec import UNSET

from gigamost.core.history import Refers
from gigamost.protocols.openai_responses import wire

JsonObject = dict[str, Any]

# In the order of the schema (openresponses.org). GigaChat has no such settings, so these are always so.
_FIXED: Final[JsonObject] = {
    "frequency_penalty": 0.0,
    "max_tool_calls": None,
    "presence_penalty": 0.0,
    "service_tier": "default",
    "top_logprobs": 0,
    "truncation": "disabled",
}


def echo(body: wire.Create, refers: Refers, tools: bytes) -> bytes:
    """The members of a JSON object, without its braces. `tools` is a JSON array."""
    reasoning = body.reasoning or wire.Reasoning()
    repeated = {
        **_FIXED,
        "background": body.background is True,
        "instructions": body.instructions or None,
        "max_output_tokens": body.max_output_tokens or None,
        "metadata": body.metadata or {},
        "parallel_tool_calls": body.parallel_tool_calls is not False,
        "previous_response_id": refers.response or None,
        "prompt_cache_key": body.prompt_cache_key or None,
        "reasoning": {"effort": reasoning.effort, "summary": reasoning.summary or reasoning.generate_summary},
        "safety_identifier": body.safety_identifier or None,
        "store": body.store is not False,
        "temperature": body.temperature if body.temperature is not UNSET else 1.0,
        "text": _text(body.text or wire.TextConfig()),
        "tool_choice": _choice(body.tool_choice),
        "tools": msgspec.Raw(tools),
        "top_p": body.top_p if body.top_p is not UNSET else 1.0,
        "user": body.user or None,
    }
    if refers.conversation:
        repeated["conversation"] = {"id": refers.conversation}
    return msgspec.json.encode(repeated)[1:-1]


def _text(text: wire.TextConfig) -> JsonObject:
    wanted = text.format or wire.Format()
    shown: JsonObject = {"type": wanted.type}
    if wanted.type == "json_schema":
        shown |= {
            "name": wanted.name or "response",
            "description": wanted.description,
            "schema": wanted.schema,
            "strict": bool(wanted.strict),
        }
    return {"format": shown, "verbosity": "medium"}


def _choice(choice: Any) -> Any:
    if not isinstance(choice, wire.ToolChoice):
        return choice or "auto"
    if choice.type == "allowed_tools":
        return {"type": choice.type, "mode": choice.mode, "tools": [_choice(each) for each in choice.tools]}
    named = {"name": choice.name, "namespace": choice.namespace}
    return {"type": choice.type, **{name: value for name, value in named.items() if value}}
