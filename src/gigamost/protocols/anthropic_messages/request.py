"""A Messages request, decoded; and the same for a request that only asks what it would cost."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from gigamost.core.body import BodyReader
from gigamost.core.errors import invalid
from gigamost.core.messages import Message, Text
from gigamost.core.request import (
    AnyTool,
    AutoTool,
    ChatRequest,
    Effort,
    Format,
    JsonSchema,
    NoTool,
    OneBuiltin,
    OneTool,
    PlainText,
    ToolChoice,
)
from gigamost.protocols.anthropic_messages import wire
from gigamost.protocols.anthropic_messages.compaction import ask
from gigamost.protocols.anthropic_messages.messages import Reading
from gigamost.protocols.anthropic_messages.response import Form
from gigamost.protocols.anthropic_messages.rules import RULES
from gigamost.protocols.anthropic_messages.tools import Tools, apply_changes, read_tools

# From how many tokens of thinking on it is more than little, and much. Anthropic recommends 16 thousand and more for
# hard tasks and demands a thousand at least.
MEDIUM_BUDGET, HIGH_BUDGET = 4096, 16_384
# An edit that changes nothing here: thinking of earlier turns never goes back to the model.
_ALWAYS_SO = "clear_thinking_"
_reader = BodyReader(wire.Messages, RULES, cached=("tools",))


def decode(body: bytes, *, needs_limit: bool = True) -> tuple[ChatRequest, Form]:
    """The request, and the form in which this client wants its answer. Raises GatewayError (400).

    `needs_limit`: whether `max_tokens` must be there, as it must for an answer and need not for a count.
    """
    asked, ignored = _reader.read(body)
    if needs_limit and asked.max_tokens is UNSET:
        message = "max_tokens is missing: say how many tokens the answer may have at most, for example 4096."
        raise invalid(message, "max_tokens")
    reading = Reading()
    messages = _system(asked.system) + reading.read(asked.messages)
    given = asked.tools or []
    if reading.changes:
        given, lost = apply_changes(given, reading.changes)
        ignored += lost
    tools = read_tools(given) if given else Tools()
    effort, effort_field = _effort(asked, ignored)
    shape, format_field = _format(asked)
    ignored += (*reading.ignored, *tools.ignored, *_edits(asked.context_management))
    request = ChatRequest(
        model=asked.model,
        messages=messages,
        tools=tools.functions,
        builtins=tools.builtins,
        tool_choice=_choice(asked.tool_choice, tools),
        parallel_tool_calls=not (asked.tool_choice and asked.tool_choice.disable_parallel_tool_use),
        format=shape,
        temperature=_given(asked.temperature),
        top_p=_given(asked.top_p),
        max_tokens=asked.max_tokens if asked.max_tokens is not UNSET else None,
        stop=tuple(filter(None, asked.stop_sequences or ())),
        effort=effort,
        user=(asked.metadata.user_id or "") if asked.metadata else "",
        stream=bool(asked.stream),
        ignored=tuple(ignored),
        spelled={
            "effort": effort_field,
            "format": format_field,
            "parallel_tool_calls": "tool_choice.disable_parallel_tool_use",
        },
    )
    form = Form(False, _shown(asked.thinking), tools.members)
    if asked.compaction and needs_limit:  # a count is of the conversation as it is
        return ask(request, asked.compaction.instructions or ""), msgspec.structs.replace(form, compacts=True)
    return request, form


def _given(value: float | UnsetType) -> float | None:
    return None if value is UNSET else value


def _system(system: str | list[wire.TextBlock] | UnsetType) -> tuple[Message, ...]:
    texts = [system] if isinstance(system, str) else [block.text for block in system or ()]
    parts = tuple(Text(text) for text in texts if text)
    return (Message("system", parts),) if parts else ()


def _effort(asked: wire.Messages, ignored: list[str]) -> tuple[Effort | None, str]:
    """How much to think, and the field that says so. The other fields of `output_config` are seen to as well."""
    config = asked.output_config or wire.OutputConfig()
    thinking = asked.thinking or wire.Thinking("adaptive")
    if config.task_budget is not None:
        ignored.append("output_config.task_budget")
    if thinking.type == "disabled":
        if config.effort is not None:
            ignored.append("output_config.effort")
        return "none", "thinking"
    if config.effort is not None:
        return ("xhigh" if config.effort == "max" else config.effort), "output_config.effort"
    if thinking.type != "enabled":
        return None, "thinking"
    budget = thinking.budget_tokens
    if budget is None:
        raise invalid("thinking.budget_tokens is missing: say how many tokens, 1024 or more.", "thinking.budget_tokens")
    if budget < MEDIUM_BUDGET:
        return "low", "thinking.budget_tokens"
    return ("medium" if budget < HIGH_BUDGET else "high"), "thinking.budget_tokens"


def _shown(thinking: wire.Thinking | UnsetType) -> Any:
    """Who did not ask for thinking often takes the first block for the text, so there is none for them."""
    if thinking is UNSET or thinking.type == "disabled":
        return "hidden"
    return "omitted" if thinking.display == "omitted" else "shown"


def _edits(management: wire.ContextManagement | UnsetType) -> list[str]:
    edits = (management.edits or ()) if management else ()
    return [f"context_management.edits.{edit.type}" for edit in edits if not edit.type.startswith(_ALWAYS_SO)]


def _format(asked: wire.Messages) -> tuple[Format, str]:
    """The form of the answer, and the field that says so."""
    wanted, field = asked.output_config.format if asked.output_config else None, "output_config.format"
    if not wanted:
        wanted, field = asked.output_format or None, "output_format"
    return (JsonSchema(wanted.schema, strict=True) if wanted else PlainText()), field


def _choice(choice: wire.ToolChoice | UnsetType, tools: Tools) -> ToolChoice:
    if choice is UNSET or choice.type == "auto":
        return AutoTool()
    if choice.type == "none":
        return NoTool()
    names = {function.name for function in tools.functions}
    if choice.type == "any":
        if names:
            return AnyTool()
        if not tools.builtins:
            raise invalid("tool_choice demands a tool call, but the request has no tools to call.", "tool_choice")
        return OneBuiltin(tools.builtins[0].kind)
    if not choice.name:
        raise invalid("tool_choice.name is missing: name the tool to call.", "tool_choice.name")
    if choice.name in tools.builtin_names:
        return OneBuiltin(tools.builtin_names[choice.name])
    if choice.name not in names:
        raise invalid(f"tool_choice.name: {choice.name!r} is not among the tools.", "tool_choice.name")
    return OneTool(choice.name)
