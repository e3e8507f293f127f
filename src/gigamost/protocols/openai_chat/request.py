"""A Chat Completions request, decoded (server role) and encoded (client role)."""

from typing import Any, Literal

from msgspec import UNSET, UnsetType

from gigamost.core.body import BodyReader
from gigamost.core.errors import invalid
from gigamost.core.request import (
    AnyJson,
    AnyTool,
    AutoTool,
    Builtin,
    ChatRequest,
    Format,
    Function,
    JsonObject,
    JsonSchema,
    NoTool,
    OneTool,
    PlainText,
    Regex,
    ToolChoice,
)
from gigamost.protocols.openai_chat import wire
from gigamost.protocols.openai_chat.messages import GIGACHAT, Tools, read_functions, read_messages, read_tools
from gigamost.protocols.openai_chat.response import Form
from gigamost.protocols.openai_chat.rules import RULES

_OWN = ("repetition_penalty", "update_interval", "profanity_check", "flags", "function_ranker", "storage", "user_info")
_reader = BodyReader(wire.Chat, RULES, cached=("tools", "functions"))


def decode(body: bytes) -> tuple[ChatRequest, Form]:
    """The request, and the form in which this client wants its answer. Raises GatewayError (400)."""
    chat, ignored = _reader.read(body)
    given = read_tools(chat.tools) if chat.tools else Tools()
    ignored += given.ignored
    tools = given.functions
    legacy = not tools and bool(chat.functions)
    if legacy and chat.functions:
        tools = read_functions(chat.functions)
    choice = _legacy_choice(chat.function_call) if legacy else _choice(chat.tool_choice)
    if isinstance(chat.tool_choice, wire.ToolChoice) and chat.tool_choice.allowed_tools is not None:
        tools, choice = _allowed(chat.tool_choice.allowed_tools, tools)
    builtins = given.builtins + _search(chat.web_search_options, given.builtins, ignored)
    _check_choice(choice, tools, bool(builtins), "function_call" if legacy else "tool_choice")
    limit, spelled = _limit(chat)
    options = chat.stream_options or wire.StreamOptions()
    request = ChatRequest(
        model=chat.model,
        messages=read_messages(chat.messages, ignored),
        tools=tools,
        builtins=builtins,
        tool_choice=choice,
        parallel_tool_calls=chat.parallel_tool_calls is not False,
        format=_format(chat.response_format, ignored),
        temperature=chat.temperature if chat.temperature is not UNSET else None,
        top_p=chat.top_p if chat.top_p is not UNSET else None,
        max_tokens=limit,
        stop=_stop(chat.stop),
        effort=_effort(chat.reasoning_effort),
        user=chat.user or chat.safety_identifier or "",
        stream=bool(chat.stream),
        extra=_own(chat),
        ignored=tuple(ignored),
        spelled=spelled,
    )
    return request, Form(include_usage=bool(options.include_usage), legacy_functions=legacy, customs=given.customs)


def _limit(chat: wire.Chat) -> tuple[int | None, dict[str, str]]:
    spelled = {"effort": "reasoning_effort", "format": "response_format"}
    if chat.max_completion_tokens is not UNSET:
        return chat.max_completion_tokens, spelled | {"max_tokens": "max_completion_tokens"}
    return (chat.max_tokens if chat.max_tokens is not UNSET else None), spelled


def _stop(stop: Any) -> tuple[str, ...]:
    if stop is UNSET:
        return ()
    return tuple(filter(None, [stop] if isinstance(stop, str) else stop))


def _effort(effort: Any) -> Any:
    if effort is UNSET:
        return None
    return "xhigh" if effort == "max" else effort


def _own(chat: wire.Chat) -> dict[str, JsonObject]:
    own = {name: value for name in _OWN if (value := getattr(chat, name)) is not UNSET}
    options = chat.web_search_options
    if options is not UNSET and options.user_location is not None and "user_info" not in own:
        timezone = options.user_location.approximate.timezone
        own |= {"user_info": {"timezone": timezone}} if timezone else {}
    return {GIGACHAT: own} if own else {}


def _search(
    options: wire.WebSearchOptions | UnsetType, builtins: tuple[Builtin, ...], ignored: list[str]
) -> tuple[Builtin, ...]:
    """OpenAI's way to ask for a search without a tool. What GigaChat's search does not take is listed."""
    if options is UNSET:
        return ()
    if options.search_context_size not in (None, "medium"):
        ignored.append("web_search_options.search_context_size")
    place = options.user_location.approximate if options.user_location is not None else wire.Approximate()
    if place.city or place.country or place.region:
        ignored.append("web_search_options.user_location")
    if any(each.kind == "web_search" for each in builtins):
        return ()
    return (Builtin("web_search", "web_search_options"),)


def _choice(choice: Any) -> ToolChoice:
    match choice:
        case "none":
            return NoTool()
        case "required":
            return AnyTool()
        case wire.ToolChoice(function=wire.Named(name=name)) | wire.ToolChoice(custom=wire.Named(name=name)):
            return OneTool(name)
        case wire.ToolChoice(allowed_tools=None):
            raise invalid(
                'tool_choice names no function: send {"type":"function","function":{"name":...}}.', "tool_choice"
            )
        case _:
            return AutoTool()


def _legacy_choice(choice: Any) -> ToolChoice:
    match choice:
        case "none":
            return NoTool()
        case wire.Named(name=name):
            return OneTool(name)
        case _:
            return AutoTool()


def _allowed(allowed: wire.AllowedTools, tools: tuple[Function, ...]) -> tuple[tuple[Function, ...], ToolChoice]:
    """`allowed_tools` narrows what may be called; the tools that are left out stay known from the history."""
    names = {(tool.function or tool.custom).name for tool in allowed.tools if tool.function or tool.custom}  # type: ignore[union-attr]  # one of the two is set
    unknown = names - {tool.name for tool in tools}
    if unknown:
        raise invalid(f"tool_choice allows {min(unknown)!r}, which is not among the tools.", "tool_choice")
    kept = tuple(tool for tool in tools if tool.name in names)
    return kept, AnyTool() if allowed.mode == "required" else AutoTool()


def _check_choice(
    choice: ToolChoice,
    tools: tuple[Function, ...],
    has_builtins: bool,
    param: Literal["tool_choice", "function_call"],
) -> None:
    names = {tool.name for tool in tools}
    if isinstance(choice, OneTool) and choice.name not in names:
        raise invalid(f"{param} names {choice.name!r}, which is not among the tools.", param)
    if isinstance(choice, AnyTool) and not (names or has_builtins):
        raise invalid(f"{param} demands a tool call, but the request has no tools.", param)


def _format(response_format: Any, ignored: list[str]) -> Format:
    if response_format is UNSET or response_format.type == "text":
        return PlainText()
    if response_format.type == "json_object":
        return AnyJson()
    if response_format.type == "regex":
        if not response_format.regex:
            raise invalid("response_format.regex is missing: give the expression.", "response_format.regex")
        return Regex(response_format.regex)
    given = response_format.json_schema
    if given is None or given.schema is None:
        raise invalid("response_format.json_schema.schema is missing.", "response_format.json_schema.schema")
    ignored.append("response_format.json_schema.name")
    schema = given.schema
    if given.description and "description" not in schema:
        schema = {**schema, "description": given.description}
    return JsonSchema(schema, given.name, bool(given.strict))
