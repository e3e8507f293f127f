"""A request as GigaChat v1 accepts it, and how its answer is read.

What v1 cannot say and how it is said instead: `formats`, `sampling`, `conversation`, and

    any tool, one offered      that function forced
    a picture, a 3D model      a built-in function, named among the client's
    any other built-in tool    listed as ignored: v2 has them
"""

from collections.abc import Mapping
from typing import Final, assert_never

import msgspec

from gigamost.core.errors import Problem
from gigamost.core.events import Event
from gigamost.core.models import Model
from gigamost.core.request import (
    AnyTool,
    AutoTool,
    BuiltinKind,
    ChatRequest,
    NoTool,
    OneBuiltin,
    OneTool,
)
from gigamost.protocols.gigachat.conversation import arrange, past_calls, state_id
from gigamost.protocols.gigachat.decoding import Decoder
from gigamost.protocols.gigachat.formats import Asked, ask_for
from gigamost.protocols.gigachat.functions.offer import RESPOND, named_tool, names_of, offer, responder
from gigamost.protocols.gigachat.sampling import effort_of, sample
from gigamost.protocols.gigachat.v1 import wire
from gigamost.protocols.gigachat.v1.errors import NO_STATE_ID, correction
from gigamost.protocols.gigachat.v1.history import messages_of
from gigamost.protocols.gigachat.v1.response import AnswerReader, decode
from gigamost.protocols.gigachat.vocabulary import JSON_HEADERS, ORIGIN, SSE_HEADERS

# GigaChat's own fields that a client may send beside its protocol's; they go through as they came.
OWN_FIELDS: Final = (
    "repetition_penalty",
    "update_interval",
    "profanity_check",
    "flags",
    "storage",
    "function_ranker",
)
# Built-in functions of v1 (section 4.6).
BUILTINS: Final[Mapping[BuiltinKind, str]] = {"image_generation": "text2image", "model_3d": "text2model3d"}

_encode = msgspec.json.Encoder().encode


class Call:
    """One chat request for `POST {base}/chat/completions`. Implements `core.codec.Call`."""

    def __init__(self, request: ChatRequest, model: Model, dialect: frozenset[str]) -> None:
        calls = past_calls(request.messages)
        self._echoes = NO_STATE_ID not in dialect and any(map(state_id, calls))
        self._mentioned = [call.name for call in calls]
        self._names = names_of(request.tools).joined(self._mentioned)
        self._structured: str | None = None
        self._lost: list[str] = []
        self.headers = SSE_HEADERS if request.stream else JSON_HEADERS
        self.body = _encode(self._chat(request, model))
        self.ignored = tuple(self._lost)

    def url(self, base: str) -> str:
        return base + "/chat/completions"

    def decode(self, body: bytes) -> list[Event]:
        return decode(body, self._reader())

    def decoder(self) -> Decoder:
        return Decoder(self._reader())

    def correct(self, problem: Problem) -> str | None:
        return correction(problem, echoes=self._echoes)

    def _reader(self) -> AnswerReader:
        return AnswerReader(self._names, self._structured)

    def _chat(self, request: ChatRequest, model: Model) -> wire.Chat:
        asked = ask_for(request, model, has_regex=False)
        turns = arrange(asked.added_to(request.messages), self._names)
        chat = wire.Chat(model.id, messages_of(turns, echo_state=self._echoes))
        if asked.schema is not None:
            chat.response_format = wire.ResponseFormat("json_schema", asked.schema, asked.strict)
        if request.stream:
            chat.stream = True
        self._lost += sample(chat, request, model)
        effort = effort_of(request, model)
        if effort is not None:
            chat.reasoning_effort = effort
        if request.tools or request.builtins or self._mentioned or asked.forced is not None:
            self._offer(chat, request, model, asked)
        for name, value in request.extra.get(ORIGIN, {}).items():
            if name in OWN_FIELDS:
                setattr(chat, name, value)
            else:
                self._lost.append(name)
        return chat

    def _offer(self, chat: wire.Chat, request: ChatRequest, model: Model, asked: Asked) -> None:
        builtins = dict.fromkeys(BUILTINS[each.kind] for each in request.builtins if each.kind in BUILTINS)
        self._lost += [each.spelled for each in request.builtins if each.kind not in BUILTINS]
        functions = offer(request, model, self._names, self._mentioned, builtins)
        if asked.forced is not None:
            self._structured = self._names.wire(RESPOND)
            mentioned = [each for each in functions if getattr(each, "name", None) != self._structured]
            chat.functions = [responder(asked.forced, self._structured, model), *mentioned]
            chat.function_call = wire.FunctionName(self._structured)
        elif functions:
            chat.functions = functions
            chat.function_call = self._choice(request) if request.tools or builtins else "none"

    def _choice(self, request: ChatRequest) -> wire.CallMode:
        match request.tool_choice:
            case NoTool():
                return "none"
            case OneTool(name=name):
                return wire.FunctionName(named_tool(request, name, self._names))
            case AnyTool() if len(request.tools) == 1:
                return wire.FunctionName(self._names.wire(request.tools[0].name))
            case OneBuiltin(kind=kind) if kind in BUILTINS and any(each.kind == kind for each in request.builtins):
                return wire.FunctionName(BUILTINS[kind])
            case AnyTool() | AutoTool() | OneBuiltin():
                return "auto"
            case _:
                assert_never(request.tool_choice)
