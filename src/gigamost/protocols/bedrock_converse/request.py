"""A Converse request, decoded; also the one inside a CountTokens request."""

from urllib.parse import unquote

import msgspec
from msgspec import UNSET, UnsetType

from gigamost.core.body import BodyReader
from gigamost.core.errors import invalid
from gigamost.core.request import ChatRequest, Format, JsonObject, JsonSchema, PlainText
from gigamost.protocols.bedrock_converse import wire
from gigamost.protocols.bedrock_converse.additional import inside, read_sampling
from gigamost.protocols.bedrock_converse.messages import read_messages
from gigamost.protocols.bedrock_converse.response import Form
from gigamost.protocols.bedrock_converse.rules import COUNT, RULES
from gigamost.protocols.bedrock_converse.tools import Tools, read_choice, read_tools

GIGACHAT = "gigachat"  # the origin of the fields that are its own
_PATHS = "additionalModelResponseFieldPaths"
_SCHEMA = "outputConfig.textFormat.structure.jsonSchema"
_reader = BodyReader(wire.Converse, RULES, cached=("toolConfig",))
_count_reader = BodyReader(wire.CountTokens, COUNT)


def model_of(identifier: str) -> str:
    """The model that a `modelId` names: of an ARN its last component. An id may still be percent-encoded.

    `arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.anthropic.claude-x` -> `eu.anthropic.claude-x`
    """
    if "%" in identifier:
        identifier = unquote(identifier)
    return identifier.rpartition("/")[2] if identifier.startswith("arn:") else identifier


def decode(identifier: str, body: bytes, *, stream: bool) -> tuple[ChatRequest, Form]:
    """The request, and the form in which this client wants its answer. Raises GatewayError (400)."""
    chat, ignored = _reader.read(body)
    return _request(identifier, chat, ignored, stream=stream)


def decode_count(identifier: str, body: bytes) -> ChatRequest:
    """What a CountTokens request asks about. Raises GatewayError (400)."""
    given, ignored = _count_reader.read(body)
    if given.input.invoke_model is not None:
        raise invalid(
            "input.invokeModel is not supported: the gateway has no InvokeModel; send input.converse.",
            "input.invokeModel",
        )
    if given.input.converse is UNSET:
        raise invalid("input.converse is missing.", "input.converse")
    chat, lost = inside(_reader, given.input.converse, "input.converse")
    request, _ = _request(identifier, chat, lost, stream=False)
    return msgspec.structs.replace(request, ignored=(*ignored, *request.ignored))


def _request(identifier: str, chat: wire.Converse, ignored: list[str], *, stream: bool) -> tuple[ChatRequest, Form]:
    system = chat.system if chat.system is not UNSET else []
    messages, removed = read_messages(chat.messages, system, ignored)
    config = chat.tool_config if chat.tool_config is not UNSET else None
    tools = read_tools(config, removed) if config is not None else Tools()
    ignored += tools.ignored
    sampling = read_sampling(chat, ignored)
    form = _form(chat, ignored)
    request = ChatRequest(
        model=model_of(identifier),
        messages=messages,
        tools=tools.functions,
        builtins=tools.builtins,
        tool_choice=read_choice(config.tool_choice if config is not None else None, tools.functions),
        parallel_tool_calls=sampling.parallel_tool_calls,
        format=_format(chat.output_config, ignored),
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        max_tokens=sampling.max_tokens,
        stop=sampling.stop,
        effort=sampling.effort,
        stream=stream,
        extra={GIGACHAT: sampling.own} if sampling.own else {},
        ignored=tuple(ignored),
        spelled={**sampling.spelled, "format": f"{_SCHEMA}.schema"},
    )
    return request, form


def _form(chat: wire.Converse, ignored: list[str]) -> Form:
    if chat.additional_model_response_field_paths is UNSET:
        return Form()
    kept: list[str] = []
    for at, path in enumerate(chat.additional_model_response_field_paths):
        if not path.startswith("/"):
            raise invalid(f"{_PATHS}[{at}] is no JSON Pointer: it begins with a slash.", f"{_PATHS}[{at}]")
        if path.rpartition("/")[2] == "stop_sequence":
            kept.append(path)
        else:
            ignored.append(f"{_PATHS}.{path}")
    return Form(tuple(kept))


def _format(output: wire.OutputConfig | UnsetType, ignored: list[str]) -> Format:
    if output is UNSET or output.text_format is None:
        return PlainText()
    structure = output.text_format.structure
    given = structure.json_schema if structure is not None else None
    if given is None or not given.schema:
        raise invalid(f"{_SCHEMA}.schema is missing.", f"{_SCHEMA}.schema")
    try:
        schema = msgspec.json.decode(given.schema, type=JsonObject)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise invalid(f"{_SCHEMA}.schema is not the JSON text of an object.", f"{_SCHEMA}.schema") from None
    if given.name:
        ignored.append(f"{_SCHEMA}.name")
    if given.description and "description" not in schema:
        schema = {**schema, "description": given.description}
    # Bedrock lets the model write nothing else than what fits the schema.
    return JsonSchema(schema, given.name or "response", strict=True)
