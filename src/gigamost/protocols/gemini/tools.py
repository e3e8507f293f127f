"""Tools and how they may be called, to core values; each error with the path of its field."""

from collections.abc import Mapping
from typing import NamedTuple

from gigamost.core.errors import invalid
from gigamost.core.memo import by_identity
from gigamost.core.request import (
    AnyTool,
    AutoTool,
    Builtin,
    BuiltinKind,
    Function,
    JsonObject,
    NoTool,
    OneTool,
    ToolChoice,
)
from gigamost.protocols.gemini import wire
from gigamost.protocols.gemini.schema import json_schema

# The tools that Google runs itself, where GigaChat may have one of the same kind.
BUILTINS: Mapping[str, BuiltinKind] = {
    "googleSearch": "web_search",
    "googleSearchRetrieval": "web_search",
    "enterpriseWebSearch": "web_search",
    "urlContext": "web_fetch",
    "codeExecution": "code_interpreter",
}
_OWN = {
    name: encoded
    for name, encoded in zip(wire.Tool.__struct_fields__, wire.Tool.__struct_encode_fields__, strict=True)
    if name != "function_declarations"
}
_CONFIG = "toolConfig.functionCallingConfig"


class Tools(NamedTuple):
    """`ignored` names what is said in vain."""

    functions: tuple[Function, ...] = ()
    builtins: tuple[Builtin, ...] = ()
    ignored: tuple[str, ...] = ()


@by_identity
def read_tools(given: list[wire.Tool] | wire.Tool) -> Tools:
    """Raises GatewayError (400)."""
    functions: dict[str, Function] = {}
    builtins: dict[BuiltinKind, Builtin] = {}
    ignored: list[str] = []
    for at, tool in enumerate(given if isinstance(given, list) else [given]):
        path = f"tools[{at}]" if isinstance(given, list) else "tools"
        for number, declared in enumerate(tool.function_declarations or ()):
            place = f"{path}.functionDeclarations[{number}]"
            function = _function(declared, place, ignored)
            if functions.setdefault(function.name, function) != function:
                raise invalid(f"{place}: another function is called {function.name!r} already.", place)
        asked = [encoded for name, encoded in _OWN.items() if getattr(tool, name) is not None]
        for name in asked:
            kind = BUILTINS.get(name)
            if kind is None:
                ignored.append(f"tools.{name}")
            else:
                builtins.setdefault(kind, Builtin(kind, f"tools.{name}"))
        if not asked and tool.function_declarations is None:
            ignored.append(path)  # a tool that is not known here
    return Tools(tuple(functions.values()), tuple(builtins.values()), tuple(dict.fromkeys(ignored)))


def _function(declared: wire.FunctionDeclaration, path: str, ignored: list[str]) -> Function:
    if not declared.name:
        raise invalid(f"{path}.name is missing.", f"{path}.name")
    if declared.response is not None or declared.response_json_schema is not None:
        ignored.append("tools.functionDeclarations.response")
    if declared.behavior and declared.behavior.upper() == "NON_BLOCKING":
        ignored.append("tools.functionDeclarations.behavior")
    return Function(declared.name, declared.description or "", _parameters(declared, path))


def _parameters(declared: wire.FunctionDeclaration, path: str) -> JsonObject | None:
    if declared.parameters is not None:
        return json_schema(declared.parameters, f"{path}.parameters")
    plain = declared.parameters_json_schema
    if plain is not None and not isinstance(plain, dict):
        raise invalid(f"{path}.parametersJsonSchema must be an object.", f"{path}.parametersJsonSchema")
    return plain


def read_choice(
    given: wire.ToolConfig, functions: tuple[Function, ...], ignored: list[str]
) -> tuple[tuple[Function, ...], ToolChoice]:
    """The functions that may be called, and how. Raises GatewayError (400)."""
    if given.retrieval_config:
        ignored.append("toolConfig.retrievalConfig")
    if given.include_server_side_tool_invocations:
        ignored.append("toolConfig.includeServerSideToolInvocations")
    config = given.function_calling_config or wire.FunctionCallingConfig()
    if config.stream_function_call_arguments:
        ignored.append(f"{_CONFIG}.streamFunctionCallArguments")
    allowed = tuple(dict.fromkeys(config.allowed_function_names or ()))
    unknown = set(allowed) - {function.name for function in functions}
    if unknown:
        place = f"{_CONFIG}.allowedFunctionNames"
        raise invalid(f"{place} has {min(unknown)!r}, which is not among the functions.", place)
    match (config.mode or "AUTO").upper():
        case "NONE":
            return functions, NoTool()
        case "ANY" if not functions:
            raise invalid(f"{_CONFIG}.mode demands a call, but the request has no functions.", f"{_CONFIG}.mode")
        case "ANY" if len(allowed) == 1:
            return functions, OneTool(allowed[0])
        case "ANY":
            return _narrowed(functions, allowed), AnyTool()
        case "AUTO" | "VALIDATED" | "MODE_UNSPECIFIED":
            return _narrowed(functions, allowed), AutoTool()
        case _:
            raise invalid(f"{_CONFIG}.mode must be AUTO, ANY, NONE or VALIDATED.", f"{_CONFIG}.mode")


@by_identity
def _narrowed(functions: tuple[Function, ...], allowed: tuple[str, ...]) -> tuple[Function, ...]:
    """Those that are allowed; all where nothing is said. The same tuple for the same request: caches live on it."""
    return tuple(function for function in functions if function.name in allowed) if allowed else functions
