"""A request as GigaChat v2 accepts it, and how its answer is read.

What v2 cannot say and how it is said instead: `formats`, `sampling`, `conversation`, and

    any tool, one offered      that tool forced
    a built-in tool refused    left out and listed as ignored
"""

import re
from typing import Any, Final, assert_never

import msgspec

from gigamost.core.errors import Problem
from gigamost.core.events import Event
from gigamost.core.models import Model
from gigamost.core.request import AnyTool, AutoTool, ChatRequest, JsonObject, NoTool, OneBuiltin, OneTool
from gigamost.protocols.gigachat.conversation import arrange, past_calls, state_id
from gigamost.protocols.gigachat.decoding import Decoder
from gigamost.protocols.gigachat.formats import Asked, ask_for
from gigamost.protocols.gigachat.functions.offer import RESPOND, named_tool, names_of, offer, responder
from gigamost.protocols.gigachat.sampling import effort_of, sample
from gigamost.protocols.gigachat.v2 import wire
from gigamost.protocols.gigachat.v2.errors import NO_REGEX, NO_STATE_ID, RESULTS_OF_TOOL, correction, without
from gigamost.protocols.gigachat.v2.history import messages_of
from gigamost.protocols.gigachat.v2.reading import AnswerReader, decode
from gigamost.protocols.gigachat.v2.tools import BUILTINS
from gigamost.protocols.gigachat.vocabulary import JSON_HEADERS, ORIGIN, SSE_HEADERS

_VERSION: Final = re.compile(r"/v\d+$")
_KEPT: Final = ("limit", "thread_id", "metadata")  # the fields of `storage` that v2 has
_encode = msgspec.json.Encoder().encode


class Call:
    """One chat request for `POST {host}/v2/chat/completions`. Implements `core.codec.Call`."""

    def __init__(self, request: ChatRequest, model: Model, dialect: frozenset[str]) -> None:
        calls = past_calls(request.messages)
        self._dialect = dialect
        self._echoes = NO_STATE_ID not in dialect and any(map(state_id, calls))
        self._mentioned = [call.name for call in calls]
        self._names = names_of(request.tools).joined(self._mentioned)
        self._structured: str | None = None
        self._lost: list[str] = []
        self._tools: list[str] = []
        self.headers = SSE_HEADERS if request.stream else JSON_HEADERS
        self.body = _encode(self._chat(request, model))
        self.ignored = tuple(self._lost)

    def url(self, base: str) -> str:
        """On the same host: the version at the end of the base gives way to v2 (`/api/v1` -> `/api/v2`); a base without
        one is taken for the place that holds the versions."""
        return _VERSION.sub("", base) + "/v2/chat/completions"

    def decode(self, body: bytes) -> list[Event]:
        return decode(body, self._reader())

    def decoder(self) -> Decoder:
        return Decoder(self._reader())

    def correct(self, problem: Problem) -> str | None:
        return correction(
            problem, self._dialect, tools=self._tools, has_results=bool(self._mentioned), echoes=self._echoes
        )

    def _reader(self) -> AnswerReader:
        return AnswerReader(self._names, self._structured)

    def _chat(self, request: ChatRequest, model: Model) -> wire.Chat:
        asked = ask_for(request, model, has_regex=NO_REGEX not in self._dialect)
        turns = arrange(asked.added_to(request.messages), self._names)
        role: Any = "tool" if RESULTS_OF_TOOL in self._dialect else "function"
        chat = wire.Chat(model.id, messages_of(turns, result_role=role, echo_state=self._echoes))
        if request.stream:
            chat.stream = True
        own = request.extra.get(ORIGIN, {})
        options = self._options(request, model, asked, own)
        if options != wire.ModelOptions():
            chat.model_options = options
        if request.tools or request.builtins or self._mentioned or asked.forced is not None:
            self._offer(chat, request, model, asked)
        self._own(chat, own)
        return chat

    def _options(self, request: ChatRequest, model: Model, asked: Asked, own: JsonObject) -> wire.ModelOptions:
        options = wire.ModelOptions()
        self._lost += sample(options, request, model)
        if asked.schema is not None:
            options.response_format = wire.ResponseFormat("json_schema", asked.schema, asked.strict)
        elif asked.regex:
            options.response_format = wire.ResponseFormat("regex", regex=asked.regex)
        effort = effort_of(request, model)
        if effort is not None:
            options.reasoning = wire.Reasoning(effort)
        elif request.effort == "none" and model.capabilities.reasoning:
            options.reasoning = wire.Reasoning("off")
        if "repetition_penalty" in own:
            options.repetition_penalty = own["repetition_penalty"]
        if "update_interval" in own:
            options.update_interval = own["update_interval"]
        return options

    def _own(self, chat: wire.Chat, own: JsonObject) -> None:
        """GigaChat's own fields, under v1's names because clients know those."""
        for name, value in own.items():
            match name:
                case "profanity_check":
                    chat.disable_filter = not value
                case "storage":
                    self._keep(chat, value)
                case "function_ranker":
                    chat.ranker_options = value
                case "flags":
                    chat.flags = value
                case "user_info":
                    chat.user_info = value
                case "repetition_penalty" | "update_interval":
                    pass  # among the options
                case _:
                    self._lost.append(name)

    def _keep(self, chat: wire.Chat, storage: object) -> None:
        """`{}` asks for a kept conversation; v1 says `is_stateful` for it."""
        given: JsonObject = storage if isinstance(storage, dict) else {"is_stateful": bool(storage)}
        if given.get("is_stateful") is False:
            return
        chat.storage = {name: given[name] for name in _KEPT if given.get(name) is not None}

    def _offer(self, chat: wire.Chat, request: ChatRequest, model: Model, asked: Asked) -> None:
        for each in request.builtins:
            name = BUILTINS[each.kind]
            if without(name) in self._dialect:
                self._lost.append(each.spelled)
            elif name not in self._tools:
                self._tools.append(name)
        functions = offer(request, model, self._names, self._mentioned)
        if asked.forced is not None:
            self._structured = self._names.wire(RESPOND)
            mentioned = [each for each in functions if getattr(each, "name", None) != self._structured]
            functions = [responder(asked.forced, self._structured, model), *mentioned]
        tools: list[wire.Functions | JsonObject] = [{name: {}} for name in self._tools]
        if functions:
            tools.insert(0, wire.Functions(wire.Specifications(functions)))
        if tools:
            chat.tools = tools
            chat.tool_config = self._choice(request)

    def _choice(self, request: ChatRequest) -> wire.ToolConfig:
        if self._structured is not None:
            return wire.ToolConfig("forced", function_name=self._structured)
        match request.tool_choice:
            case NoTool():
                return wire.ToolConfig("none")
            case OneTool(name=name):
                return wire.ToolConfig("forced", function_name=named_tool(request, name, self._names))
            case OneBuiltin(kind=kind) if BUILTINS[kind] in self._tools:
                return wire.ToolConfig("forced", tool_name=BUILTINS[kind])
            case AnyTool() if len(request.tools) == 1:
                return wire.ToolConfig("forced", function_name=self._names.wire(request.tools[0].name))
            case AnyTool() if len(self._tools) == 1 and not request.tools:
                return wire.ToolConfig("forced", tool_name=self._tools[0])
            case AnyTool() | AutoTool() | OneBuiltin():
                # Functions that only the history mentions are not to be called again.
                return wire.ToolConfig("auto" if request.tools or self._tools else "none")
            case _:
                assert_never(request.tool_choice)
