"""Tools and tool_choice of a Responses request to core values, and how each tool's call is shown to the client.

A namespace's tools are flattened into `<namespace>__<tool>`; the client gets both names back.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from gigamost.core.body import misfit
from gigamost.core.errors import invalid
from gigamost.core.memo import by_identity
from gigamost.core.request import (
    AnyTool,
    AutoTool,
    Builtin,
    BuiltinKind,
    Function,
    NoTool,
    OneBuiltin,
    OneTool,
    ToolChoice,
)
from gigamost.protocols.openai_responses import wire
from gigamost.protocols.openai_responses.native import NATIVE, native_function

JsonObject = dict[str, Any]

# OpenAI's words, its dated and preview forms, and GigaChat's own.
BUILTINS: Final[Mapping[str, BuiltinKind]] = {
    "web_search": "web_search",
    "web_search_2025_08_26": "web_search",
    "web_search_preview": "web_search",
    "web_search_preview_2025_03_11": "web_search",
    "url_content_extraction": "web_fetch",
    "code_interpreter": "code_interpreter",
    "image_generation": "image_generation",
    "image_generate": "image_generation",
    "text2image": "image_generation",
    "model_3d_generate": "model_3d",
    "text2model3d": "model_3d",
}
CUSTOM_PARAMETERS: Final = {
    "type": "object",
    "properties": {"input": {"type": "string", "description": "The input of the tool, as plain text."}},
    "required": ["input"],
}
NO_TOOLS: Final[list[JsonObject]] = []
_SECRET: Final = frozenset({"authorization", "headers"})
# What of a tool changes nothing here: every tool is loaded at once, and only the model calls them.
_HARMLESS: Final[Mapping[str, tuple[Any, ...]]] = {
    "container": ({"type": "auto"},),
    "allowed_callers": (["direct"],),
    "async": (False,),
}
_UNHEARD: Final = ("output_schema", "allowed_callers", "async")


class Shown(msgspec.Struct, frozen=True):
    """A tool as the client knows it. `kind` is "function", "custom", or a key of `native.NATIVE`."""

    kind: str
    name: str
    namespace: str = ""


class Tools(NamedTuple):
    """`shown` has every function by the name that the model sees; `ignored` is what a tool says in vain; `echo` the
    tools as JSON, as the response repeats them."""

    functions: tuple[Function, ...] = ()
    shown: Mapping[str, Shown] = {}
    builtins: tuple[Builtin, ...] = ()
    ignored: tuple[str, ...] = ()
    echo: bytes = b"[]"


def flat_name(namespace: str | None, name: str) -> str:
    return f"{namespace.rstrip('_')}__{name}" if namespace else name


@by_identity
def read_tools(given: list[JsonObject], added: bytes = b"") -> Tools:
    """`added` is a JSON array of tools that came with the input; they replace those of the same name. Raises
    GatewayError (400) naming `tools[i]...`."""
    reading = _Reading("tools")
    reading.read(given, "")
    if added:
        more = _Reading("input.tools")
        more.read(msgspec.json.decode(added, type=list[JsonObject]), "")
        reading.join(more)
    echo = msgspec.json.encode([_echoed(tool) for tool in given])
    return Tools(
        tuple(reading.functions.values()),
        reading.shown,
        tuple(dict.fromkeys(reading.builtins)),
        tuple(dict.fromkeys(reading.ignored)),
        echo,
    )


class _Reading:
    def __init__(self, root: str) -> None:
        self.functions: dict[str, Function] = {}
        self.shown: dict[str, Shown] = {}
        self.builtins: list[Builtin] = []
        self.ignored: list[str] = []
        self._root = root

    def join(self, more: "_Reading") -> None:
        self.functions |= more.functions
        self.shown |= more.shown
        self.builtins += more.builtins
        self.ignored += more.ignored

    def read(self, given: list[JsonObject], namespace: str, about: str = "", root: str = "") -> None:
        for at, raw in enumerate(given):
            path = f"{root or self._root}[{at}]"
            try:
                tool = msgspec.convert(raw, wire.Tool)
            except msgspec.ValidationError as error:
                raise misfit(error, path) from None
            self._tool(tool, raw, namespace, about if at == 0 else "", path)

    def _tool(self, tool: wire.Tool, raw: JsonObject, namespace: str, about: str, path: str) -> None:
        if tool.type in ("function", "custom"):
            self._declare(_function(tool, namespace, about, path), Shown(tool.type, tool.name or "", namespace), path)
            self.ignored += [f"tools.{name}" for name in _UNHEARD if not _is_harmless(name, raw.get(name))]
            if tool.format is not None and tool.format.get("type") != "text":
                self.ignored.append("tools.custom.format")
        elif tool.type == "namespace" and not namespace:
            if not tool.name:
                raise invalid(f"{path}.name is missing: a namespace needs one.", f"{path}.name")
            self.read(tool.tools or [], tool.name, tool.description or "", f"{path}.tools")
        elif tool.type in BUILTINS:
            spelled = f"tools.{tool.type}"
            self.builtins.append(Builtin(BUILTINS[tool.type], spelled))
            self.ignored += [
                f"{spelled}.{name}" for name, value in raw.items() if name != "type" and not _is_harmless(name, value)
            ]
        elif (function := native_function(tool)) is not None:
            self._declare(function, Shown(tool.type, function.name), path)
        elif tool.type != "tool_search":  # nothing is left to be found: all tools are loaded
            self.ignored.append(f"tools.{tool.type}")

    def _declare(self, function: Function, shown: Shown, path: str) -> None:
        if self.functions.setdefault(function.name, function) != function or (
            self.shown.setdefault(function.name, shown) != shown
        ):
            raise invalid(f"{path}: another tool is called {function.name!r} already.", path)


def _is_harmless(name: str, value: object) -> bool:
    return value is None or value in _HARMLESS.get(name, ())


def _function(tool: wire.Tool, namespace: str, about: str, path: str) -> Function:
    if not tool.name:
        raise invalid(f"{path}.name is missing: a {tool.type} tool needs one.", f"{path}.name")
    # The model hears of a namespace once, with the first of its tools.
    description = "\n".join(filter(None, (about, tool.description)))
    parameters = CUSTOM_PARAMETERS if tool.type == "custom" else tool.parameters
    return Function(flat_name(namespace, tool.name), description, parameters, bool(tool.strict))


def _echoed(tool: JsonObject) -> JsonObject:
    """A tool as the response repeats it: functions with every key of the schema, and nobody's credentials."""
    if tool.get("type", "function") == "function":
        return {"type": "function", "name": "", "description": None, "parameters": None, **tool} | {
            "strict": bool(tool.get("strict"))
        }
    return {name: value for name, value in tool.items() if name not in _SECRET}


def read_choice(given: Any, tools: Tools) -> tuple[Tools, ToolChoice]:
    """The tools that may be called, and how. Raises GatewayError (400)."""
    choice: ToolChoice = AutoTool()
    if isinstance(given, wire.ToolChoice):
        if given.type == "allowed_tools":
            tools = _allowed(given.tools, tools)
            choice = AnyTool() if given.mode == "required" else AutoTool()
        else:
            choice = _one(given, tools)
    elif given == "none":
        choice = NoTool()
    elif given == "required":
        choice = AnyTool()
    if isinstance(choice, AnyTool) and not tools.functions and not tools.builtins:
        raise invalid("tool_choice demands a tool call, but the request has no tools.", "tool_choice")
    return tools, choice


def _one(given: wire.ToolChoice, tools: Tools) -> OneTool | OneBuiltin:
    kind = BUILTINS.get(given.type)
    if kind is not None:
        if all(builtin.kind != kind for builtin in tools.builtins):
            raise invalid(f"tool_choice names {given.type}, which is not among the tools.", "tool_choice")
        return OneBuiltin(kind)
    if given.type in ("function", "custom"):
        if not given.name:
            raise invalid('tool_choice names no tool: send {"type":"function","name":...}.', "tool_choice.name")
        for flat, shown in tools.shown.items():
            if given.name in (shown.name, flat) and given.namespace in (None, shown.namespace):
                return OneTool(flat)
        raise invalid(f"tool_choice names {given.name!r}, which is not among the tools.", "tool_choice")
    if given.type in NATIVE and given.type in tools.shown:
        return OneTool(given.type)
    raise invalid(f"tool_choice demands {given.type[:80]}, which this gateway cannot offer.", "tool_choice")


def _allowed(allowed: list[wire.ToolChoice], tools: Tools) -> Tools:
    """`allowed_tools` narrows what may be called; the tools that are left out stay known from the history."""
    # What cannot be offered at all is listed already, where the tools are read.
    known = [
        each for each in allowed if each.type in ("function", "custom") or each.type in BUILTINS or each.type in NATIVE
    ]
    chosen = [_one(each, tools) for each in known]
    spaces = {each.name for each in allowed if each.type == "namespace"}
    names = {each.name for each in chosen if isinstance(each, OneTool)}
    names |= {flat for flat, shown in tools.shown.items() if shown.namespace in spaces}
    kinds = {each.kind for each in chosen if isinstance(each, OneBuiltin)}
    return tools._replace(
        functions=tuple(function for function in tools.functions if function.name in names),
        builtins=tuple(builtin for builtin in tools.builtins if builtin.kind in kinds),
    )
