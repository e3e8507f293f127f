"""A `generateContent` request, decoded."""

import msgspec

from gigamost.core.body import BodyReader
from gigamost.core.errors import GatewayError
from gigamost.core.messages import Media, Message, Part, Text, ToolResult
from gigamost.core.request import AutoTool, Builtin, ChatRequest, OneBuiltin
from gigamost.protocols.gemini import wire
from gigamost.protocols.gemini.contents import read_contents, read_system
from gigamost.protocols.gemini.generation import PATH, effort_of, format_of, read_config, schema_field, wants_image
from gigamost.protocols.gemini.names import Spelling, Written
from gigamost.protocols.gemini.response import Form
from gigamost.protocols.gemini.rules import TOP_RULES
from gigamost.protocols.gemini.tools import Tools, read_choice, read_tools

_spelling = Spelling(wire.GenerateContent, {"generationConfig": wire.GenerationConfig})
_reader = BodyReader(wire.GenerateContent, TOP_RULES, cached=("tools",))


def decode(body: bytes, model: str, *, stream: bool = False) -> tuple[ChatRequest, Form]:
    """The request, and the form in which this client wants its answer. `model` is the path's.

    Raises GatewayError (400).
    """
    body, written = _spelling.camel(body)
    try:
        request, form = _decode(body, model, stream=stream)
    except GatewayError as error:
        raise written.error(error) from None
    return _as_written(request, written), form


def _as_written(request: ChatRequest, written: Written) -> ChatRequest:
    messages = request.messages
    if written:
        messages = tuple(_message_as_written(message, written) for message in messages)
    return msgspec.structs.replace(
        request,
        messages=messages,
        builtins=tuple(Builtin(each.kind, written.text(each.spelled)) for each in request.builtins),
        ignored=tuple(dict.fromkeys(map(written.text, request.ignored))),
        spelled={ours: written.text(name) for ours, name in request.spelled.items()},
    )


def _message_as_written(message: Message, written: Written) -> Message:
    return msgspec.structs.replace(message, parts=tuple(_part_as_written(part, written) for part in message.parts))


def _part_as_written(part: Part, written: Written) -> Part:
    if isinstance(part, ToolResult):
        return msgspec.structs.replace(part, content=tuple(_shown_as_written(each, written) for each in part.content))
    return _shown_as_written(part, written) if isinstance(part, Media) else part


def _shown_as_written(part: Text | Media, written: Written) -> Text | Media:
    return msgspec.structs.replace(part, place=written.text(part.place)) if isinstance(part, Media) else part


def _decode(body: bytes, model: str, *, stream: bool) -> tuple[ChatRequest, Form]:
    asked, ignored = _reader.read(body)
    given = read_tools(asked.tools) if asked.tools else Tools()
    ignored += given.ignored
    tools, choice = read_choice(asked.tool_config, given.functions, ignored)
    config = read_config(bytes(asked.generation_config), ignored)
    shape, unwrap = format_of(config)
    builtins = given.builtins
    may_draw, must_draw = wants_image(config.response_modalities)
    if may_draw:
        builtins += (Builtin("image_generation", f"{PATH}.responseModalities"),)
        if must_draw and isinstance(choice, AutoTool) and not tools:
            choice = OneBuiltin("image_generation")
    effort, effort_spelled = effort_of(config.thinking_config)
    request = ChatRequest(
        model=model,
        messages=read_system(asked.system_instruction, ignored) + read_contents(asked.contents, ignored),
        tools=tools,
        builtins=builtins,
        tool_choice=choice,
        format=shape,
        temperature=config.temperature,
        top_p=config.top_p,
        max_tokens=config.max_output_tokens,
        stop=tuple(filter(None, config.stop_sequences)),
        effort=effort,
        stream=stream,
        ignored=tuple(ignored),
        spelled={
            "max_tokens": f"{PATH}.maxOutputTokens",
            "effort": effort_spelled,
            "format": schema_field(config),
            "messages": "contents",
        },
    )
    return request, Form(include_thoughts=config.thinking_config.include_thoughts is True, unwrap=unwrap)
