"""A request as GigaChat v1 accepts it, and the same the other way for the emulator's half.

What v1 cannot say and how it is said instead:

    temperature 0            top_p 0 (the API wants temperature > 0)
    any tool, one offered    that function forced
    schema, no native mode   a function whose parameters are the schema, forced; its arguments are the answer
    schema beside tools      an instruction: the native mode breaks next to functions (quirk 32)
    JSON object              an instruction, and an open schema where the mode is native
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from gigamost.core.errors import Kind, Problem, invalid
from gigamost.core.events import Event
from gigamost.core.memo import by_identity
from gigamost.core.messages import Message, Text, ToolCall
from gigamost.core.models import Model
from gigamost.core.request import (
    AnyJson,
    AnyTool,
    AutoTool,
    BuiltinKind,
    ChatRequest,
    Function,
    JsonSchema,
    NoTool,
    OneBuiltin,
    OneTool,
)
from gigamost.core.text import clean_text
from gigamost.protocols.gigachat.functions.names import Names
from gigamost.protocols.gigachat.functions.schema import reduce_parameters, reduce_response_schema
from gigamost.protocols.gigachat.v1 import wire
from gigamost.protocols.gigachat.v1.history import arrange
from gigamost.protocols.gigachat.v1.response import ORIGIN, AnswerReader, decode
from gigamost.protocols.gigachat.v1.stream import Decoder

# The dialect correction of quirk 16: some deployments refuse the state id that they gave.
NO_STATE_ID = "no_state_id"
RESPOND = "respond"
JSON_ONLY = "Answer with one JSON object and nothing else: no explanation, no Markdown fence."
BY_SCHEMA = "When you answer without calling a function, answer with one JSON object that fits this JSON Schema:\n"
EFFORTS: Mapping[str, Any] = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "high"}
# GigaChat's own fields that a client may send beside its protocol's; they go through as they came.
OWN_FIELDS = ("repetition_penalty", "update_interval", "profanity_check", "flags", "storage", "function_ranker")

# Built-in functions of v1 (section 4.6).
BUILTINS: Mapping[BuiltinKind, str] = {"image_generation": "text2image", "model_3d": "text2model3d"}

_encode = msgspec.json.Encoder().encode
_JSON = {"Content-Type": "application/json", "Accept": "application/json"}
_SSE = {"Content-Type": "application/json", "Accept": "text/event-stream", "Cache-Control": "no-store"}


class Call:
    """One chat request for `POST {base}/chat/completions`. Implements `core.codec.Call`."""

    def __init__(self, request: ChatRequest, model: Model, dialect: frozenset[str]) -> None:
        calls = _calls(request)
        self._echoes = NO_STATE_ID not in dialect and any(
            call.opaque is not None and call.opaque.origin == ORIGIN for call in calls
        )
        self._mentioned = [call.name for call in calls]
        self._names = _names(request.tools).joined(self._mentioned)
        self._structured: str | None = None
        self._lost: list[str] = []
        self.headers = _SSE if request.stream else _JSON
        self.body = _encode(self._chat(request, model))
        self.ignored = tuple(self._lost)

    def url(self, base: str) -> str:
        return base + "/chat/completions"

    def decode(self, body: bytes) -> list[Event]:
        return decode(body, self._reader())

    def decoder(self) -> Decoder:
        return Decoder(self._reader())

    def correct(self, problem: Problem) -> str | None:
        """A refused state id is reported in several ways (422, or the generic 400), so any refusal of a request that
        carried one asks for the correction, once."""
        return NO_STATE_ID if self._echoes and problem.kind is Kind.INVALID_REQUEST else None

    def _reader(self) -> AnswerReader:
        return AnswerReader(self._names, self._structured)

    def _chat(self, request: ChatRequest, model: Model) -> wire.Chat:
        messages, chat_format = self._format(request, model)
        chat = wire.Chat(model.id, arrange(messages, self._names, echo_state=self._echoes))
        if chat_format is not None:
            chat.response_format = chat_format
        if request.stream:
            chat.stream = True
        self._sample(chat, request, model)
        self._offer(chat, request, model)
        for name, value in request.extra.get(ORIGIN, {}).items():
            if name in OWN_FIELDS:
                setattr(chat, name, value)
        return chat

    def _sample(self, chat: wire.Chat, request: ChatRequest, model: Model) -> None:
        if request.temperature == 0:
            chat.top_p = 0
        else:
            if request.temperature is not None:
                chat.temperature = request.temperature
            if request.top_p is not None:
                chat.top_p = request.top_p
        if request.max_tokens is not None:
            chat.max_tokens = min(request.max_tokens, model.capabilities.max_output)
            if chat.max_tokens < request.max_tokens:
                self._lose(request, "max_tokens")
        if request.effort is not None:
            effort = EFFORTS.get(request.effort)
            if effort is not None and model.capabilities.reasoning:
                chat.reasoning_effort = effort
            elif effort is not None:
                self._lose(request, "effort")

    def _lose(self, request: ChatRequest, field: str) -> None:
        self._lost.append(request.spelled.get(field, field))

    def _format(self, request: ChatRequest, model: Model) -> tuple[tuple[Message, ...], wire.ResponseFormat | None]:
        """The messages with what has to be said in words, and the native mode where there is one."""
        native = model.capabilities.structured == "native" and not request.tools
        match request.format:
            case JsonSchema(schema=schema, strict=strict):
                reduced = reduce_response_schema(schema)
                if request.tools:
                    words = BY_SCHEMA + _encode(schema).decode()
                    return _instructed(request.messages, words), None
                if not native:
                    self._structured = self._names.wire(RESPOND)
                    return request.messages, None
                return request.messages, wire.ResponseFormat("json_schema", reduced, strict)
            case AnyJson():
                open_schema = wire.ResponseFormat("json_schema", {"type": "object", "properties": {}})
                return _instructed(request.messages, JSON_ONLY), open_schema if native else None
            case _:
                return request.messages, None

    def _offer(self, chat: wire.Chat, request: ChatRequest, model: Model) -> None:
        strict = model.capabilities.strict_objects
        functions: list[wire.Function | msgspec.Raw] = [*_described(request.tools, strict)]
        builtins = dict.fromkeys(BUILTINS[each.kind] for each in request.builtins if each.kind in BUILTINS)
        self._lost += [each.spelled for each in request.builtins if each.kind not in BUILTINS]
        functions += [wire.Function(name) for name in builtins]
        if self._structured is not None and isinstance(request.format, JsonSchema):
            answer = Function(RESPOND, "Gives the final answer to the user.", request.format.schema)
            chat.functions = [_function(answer, self._structured, strict)]
            chat.function_call = wire.FunctionName(self._structured)
        if functions and not model.capabilities.functions:
            raise invalid(f"The model {model.id} cannot call tools: choose another model or send no tools.", "tools")
        # The API refuses a history with functions that the request does not describe (quirk 15).
        offered = {tool.name for tool in request.tools}
        stubs = dict.fromkeys(self._names.wire(name) for name in self._mentioned if name not in offered)
        functions += [
            wire.Function(name, parameters={"type": "object", "properties": {}})
            for name in stubs
            if name != self._structured
        ]
        if functions and self._structured is not None:
            chat.functions = [*(chat.functions or []), *functions]
        elif functions:
            chat.functions = functions
            chat.function_call = self._choice(request) if request.tools or builtins else "none"

    def _choice(self, request: ChatRequest) -> Any:
        match request.tool_choice:
            case NoTool():
                return "none"
            case OneTool(name=name):
                if all(tool.name != name for tool in request.tools):
                    raise invalid(f"tool_choice names {name!r}, which is not among the tools.", "tool_choice")
                return wire.FunctionName(self._names.wire(name))
            case AnyTool() if len(request.tools) == 1:
                return wire.FunctionName(self._names.wire(request.tools[0].name))
            case OneBuiltin(kind=kind) if kind in BUILTINS:
                return wire.FunctionName(BUILTINS[kind])
            case AnyTool() | AutoTool() | OneBuiltin():
                return "auto"


@by_identity
def _names(tools: tuple[Function, ...]) -> Names:
    return Names(tool.name for tool in tools)


@by_identity
def _described(tools: tuple[Function, ...], strict_objects: bool) -> tuple[msgspec.Raw, ...]:
    names = _names(tools)
    return tuple(msgspec.Raw(_encode(_function(tool, names.wire(tool.name), strict_objects))) for tool in tools)


def _function(tool: Function, name: str, strict_objects: bool) -> wire.Function:
    function = wire.Function(name, parameters=reduce_parameters(tool.parameters, strict_objects=strict_objects))
    if tool.description:
        function.description = clean_text(tool.description)
    return function


def _calls(request: ChatRequest) -> list[ToolCall]:
    """The calls of the history, in order."""
    return [
        part
        for message in request.messages
        if message.role == "assistant"
        for part in message.parts
        if type(part) is ToolCall
    ]


def _instructed(messages: tuple[Message, ...], words: str) -> tuple[Message, ...]:
    """The same conversation with one more leading system text."""
    lead = next((at for at, message in enumerate(messages) if message.role != "system"), len(messages))
    return (*messages[:lead], Message("system", (Text(words),)), *messages[lead:])
