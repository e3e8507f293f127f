"""A Responses request, decoded. It is whole once what it builds on was recalled."""

from collections.abc import Sequence
from typing import Any, Final, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from gigamost.core.body import BodyReader
from gigamost.core.errors import invalid
from gigamost.core.history import Item, Refers
from gigamost.core.messages import Message, Text
from gigamost.core.request import AnyJson, ChatRequest, Format, JsonObject, JsonSchema, PlainText
from gigamost.protocols.openai_responses import wire
from gigamost.protocols.openai_responses.compaction import shortened, summing_up
from gigamost.protocols.openai_responses.echo import echo
from gigamost.protocols.openai_responses.items import Reading, kind_of
from gigamost.protocols.openai_responses.output import Form
from gigamost.protocols.openai_responses.rules import RULES
from gigamost.protocols.openai_responses.tools import NO_TOOLS, read_choice, read_tools

Value = TypeVar("Value")

GIGACHAT: Final = "gigachat"
SEALED_REASONING: Final = "reasoning.encrypted_content"
# What is there anyway, or asked for by many clients without a need.
_INCLUDED: Final = frozenset(
    {SEALED_REASONING, "message.input_image.image_url", "computer_call_output.output.image_url"}
)
_OWN: Final = ("repetition_penalty", "update_interval", "profanity_check", "flags", "function_ranker")
_NO_TEXT: Final = wire.TextConfig()
_NO_REASONING: Final = wire.Reasoning()
_SPELLED: Final = {
    "max_tokens": "max_output_tokens",
    "effort": "reasoning.effort",
    "format": "text.format",
    "messages": "input",
}
_read = BodyReader(wire.Create, RULES, cached=("tools",)).read


class Asked(msgspec.Struct, frozen=True):
    """A body that was read. `items` are those of its input, a text as a message; `ignored` names fields of the body."""

    body: wire.Create
    items: tuple[JsonObject, ...]
    ignored: tuple[str, ...]
    refers: Refers


def read(data: bytes) -> Asked:
    """Raises GatewayError (400)."""
    body, ignored = _read(data)
    given = body.input
    if isinstance(given, str):
        items: tuple[JsonObject, ...] = (_spoken(given),) if given else ()
    else:
        items = tuple(given or ())
    builds_on = body.previous_response_id is not UNSET or body.conversation is not UNSET
    if given is UNSET or not (items or builds_on):
        raise invalid("input is missing or empty: send a text or a list of items.", "input")
    given_conversation = body.conversation or ""
    conversation = given_conversation if isinstance(given_conversation, str) else given_conversation.id
    previous = given_or(body.previous_response_id, "")
    if previous and conversation:
        raise invalid("previous_response_id and conversation exclude each other: send one.", "previous_response_id")
    named = [raw.get("id") for at, raw in enumerate(items) if kind_of(raw, f"input[{at}]") == "item_reference"]
    refers = Refers(previous, conversation, tuple(dict.fromkeys(name for name in named if isinstance(name, str))))
    if body.background is True and body.store is False:
        raise invalid("background needs store: a response that nobody waits for has to be kept.", "background")
    return Asked(body, items, tuple(ignored), refers)


def _spoken(text: str) -> JsonObject:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def build(asked: Asked, earlier: Sequence[Item] = ()) -> tuple[ChatRequest, Form]:
    """The request, with `earlier` items before its own, and the form of its answer. Raises GatewayError (400)."""
    body = asked.body
    reading = read_items(asked, earlier)
    ignored = [*asked.ignored, *reading.ignored]
    added = msgspec.json.encode(reading.tools) if reading.tools else b""
    tools = read_tools(body.tools if body.tools is not UNSET else NO_TOOLS, added)
    ignored += tools.ignored
    allowed, choice = read_choice(body.tool_choice, tools)
    reasoning, text = given_or(body.reasoning, _NO_REASONING), given_or(body.text, _NO_TEXT)
    include = given_or(body.include, [])
    ignored += [f"include.{name}" for name in include if name not in _INCLUDED]
    ignored += [f"reasoning.{name}" for name in ("context", "mode") if not _is_usual(getattr(reasoning, name))]
    if text.verbosity not in (None, "medium"):
        ignored.append("text.verbosity")
    wanted = (reading.text or text).format or text.format
    request = ChatRequest(
        model=body.model,
        messages=_instructed(body, reading.messages),
        tools=allowed.functions,
        builtins=allowed.builtins,
        tool_choice=choice,
        parallel_tool_calls=body.parallel_tool_calls is not False,
        format=_format(wanted, ignored),
        temperature=given_or(body.temperature, None),
        top_p=given_or(body.top_p, None),
        max_tokens=given_or(body.max_output_tokens, None),
        effort=_effort((reading.reasoning or reasoning).effort or reasoning.effort),
        user=given_or(body.user, "") or given_or(body.safety_identifier, ""),
        stream=body.stream is True or body.background is True,  # its events are kept as they come
        extra=_own(body),
        ignored=tuple(ignored),
        spelled=_SPELLED,
    )
    form = Form(
        shown=tools.shown,
        summarises=bool(reasoning.summary or reasoning.generate_summary),
        seals=SEALED_REASONING in include,
        compacts=reading.compacts,
        echo=echo(body, asked.refers, tools.echo),
    )
    return (summing_up(request) if reading.compacts else request), form


def read_items(asked: Asked, earlier: Sequence[Item]) -> Reading:
    """Earlier items and those of the input, in this order."""
    before, named = apart(asked, earlier)
    reading = Reading(named)
    reading.read(shortened(before), "previous")
    reading.read(asked.items, "input")
    return reading


def apart(asked: Asked, earlier: Sequence[Item]) -> tuple[list[JsonObject], dict[str, JsonObject]]:
    """What was said before the input, and what the input names of it: that stands where it is named."""
    found = [(item.id, msgspec.json.decode(item.body, type=JsonObject)) for item in earlier]
    named = frozenset(asked.refers.items)
    before = [body for name, body in found if name not in named]
    return before, {name: body for name, body in found if name in named}


def own_items(asked: Asked, earlier: Sequence[Item]) -> list[JsonObject]:
    """What the input itself says, with what it names in its place."""
    _, named = apart(asked, earlier)
    kinds = [(kind_of(raw, "input"), raw) for raw in asked.items]
    return [
        named[raw["id"]] if kind == "item_reference" else raw for kind, raw in kinds if kind != "compaction_trigger"
    ]


def given_or(value: Value | UnsetType, default: Value) -> Value:
    return default if isinstance(value, UnsetType) else value


def _instructed(body: wire.Create, messages: list[Message]) -> tuple[Message, ...]:
    if not body.instructions:
        return tuple(messages)
    return (Message("system", (Text(body.instructions),)), *messages)


def _is_usual(value: str | None) -> bool:
    return value in (None, "auto", "standard")


def _effort(effort: str | None) -> Any:
    return "xhigh" if effort == "max" else effort


def _own(body: wire.Create) -> dict[str, JsonObject]:
    own = {name: value for name in _OWN if (value := getattr(body, name)) is not UNSET}
    return {GIGACHAT: own} if own else {}


def _format(wanted: wire.Format | None, ignored: list[str]) -> Format:
    if wanted is None or wanted.type == "text":
        return PlainText()
    if wanted.type == "json_object":
        return AnyJson()
    if wanted.schema is None:
        raise invalid("text.format.schema is missing.", "text.format.schema")
    schema = wanted.schema
    if wanted.description and "description" not in schema:
        schema = {**schema, "description": wanted.description}
    if wanted.name:
        ignored.append("text.format.name")
    return JsonSchema(schema, wanted.name or "response", bool(wanted.strict))
