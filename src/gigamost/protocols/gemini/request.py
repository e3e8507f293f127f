"""A `generateContent` request, decoded."""

import msgspec

from gigamost.core.body import BodyReader
from gigamost.core.errors import GatewayError
from gigamost.core.request import AutoTool, Builtin, ChatRequest, OneBuiltin
from gigamost.protocols.gemini import wire
from gigamost.protocols.gemini.contents import read_contents, read_system
from gigamost.protocols.gemini.generation import PATH, effort_of, format_of, read_config, wants_image
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
    return msgspec.structs.replace(
        request,
        builtins=tuple(Builtin(each.kind, written.text(each.spelled)) for each in request.builtins),
        ignored=tuple(dict.fromkeys(map(written.text, request.ignored))),
        spelled={ours: written.text(name) for ours, name in request.spelled.items()},
    )


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
        spelled={"max_tokens": f"{PATH}.maxOutputTokens", "effort": effort_spelled},
    )
    return request, Form(include_thoughts=config.thinking_config.include_thoughts is True, unwrap=unwrap)
