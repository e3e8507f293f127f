"""The tools of a Messages request: the client's own, those whose schema Anthropic knows, those that a server runs.

custom, or any with input_schema                    a function
bash, text_editor, memory, computer (+ _<date>)     a function with the documented schema
computer_toolset, browser_toolset                   a function for every member
web_search, web_fetch, code_execution               a built-in tool
any other                                           listed: nobody here could run it
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from gigamost.core.errors import GatewayError, invalid
from gigamost.core.memo import by_identity
from gigamost.core.request import Builtin, BuiltinKind, Function
from gigamost.protocols.anthropic_messages import toolsets, wire
from gigamost.protocols.anthropic_messages.toolsets import TOOLSETS, Member

# The names of the tools that a server runs, as `server_tool_use` blocks have them; Anthropic has no tools that draw, so
# those are called as elsewhere.
BUILTINS: Mapping[str, BuiltinKind] = {
    "web_search": "web_search",
    "web_fetch": "web_fetch",
    "code_execution": "code_interpreter",
    "bash_code_execution": "code_interpreter",
    "text_editor_code_execution": "code_interpreter",
    "image_generation": "image_generation",
    "model_3d_generate": "model_3d",
}
_VERSIONED = re.compile(r"(?P<family>.+?)_(?P<version>\d{8})")
_TOOLSET = "_toolset"
# What a tool may say in vain, and what of it changes nothing.
_IN_VAIN: Mapping[str, tuple[Any, ...]] = {
    "allowed_callers": (["direct"],),
    "allowed_domains": ([],),
    "blocked_domains": ([],),
    "citations": ({}, {"enabled": False}),
    "eager_input_streaming": (False,),
    "max_characters": (),
    "max_content_tokens": (),
    "max_uses": (),
    "response_inclusion": ("full",),
    "url_sources": ({},),
    "use_cache": (True,),
    "user_location": ({},),
}


class Tools(NamedTuple):
    """`members`: a function's name to the toolset and the member it stands for. `builtin_names`: what the client calls
    a built-in tool. `ignored`: what the tools say in vain."""

    functions: tuple[Function, ...] = ()
    builtins: tuple[Builtin, ...] = ()
    members: Mapping[str, tuple[str, str]] = {}
    builtin_names: Mapping[str, BuiltinKind] = {}
    ignored: tuple[str, ...] = ()


def function_name(name: str, toolset: str | None) -> str:
    return f"{toolset}_{name}" if toolset else name


@by_identity
def read_tools(tools: list[wire.Tool]) -> Tools:
    """Raises GatewayError (400) naming `tools[i]`."""
    functions: dict[str, Function] = {}
    members: dict[str, tuple[str, str]] = {}
    builtins: dict[str, Builtin] = {}
    ignored: list[str] = []
    for at, tool in enumerate(tools):
        path = f"tools[{at}]"
        family, version = _versioned(tool.type or "custom")
        toolset = TOOLSETS.get(family.removesuffix(_TOOLSET)) if family.endswith(_TOOLSET) else None
        made: list[Function] = []
        if toolset is not None:
            name = family.removesuffix(_TOOLSET)
            for member in _enabled(tool, toolset, path):
                made.append(_known(function_name(member, name), toolset[member]))
                members[made[-1].name] = name, member
        elif family in BUILTINS:
            builtins[tool.name or family] = Builtin(BUILTINS[family], f"tools.{tool.type}")
        elif (known := _documented(tool, family, version)) is not None:
            made.append(_known(tool.name or family, known))
        elif tool.input_schema is not None or family == "custom":
            made.append(_function(tool, path))
        else:
            ignored.append(f"tools.{tool.type}")
            continue
        ignored += _said_in_vain(tool)
        for function in made:
            if functions.setdefault(function.name, function) != function:
                raise invalid(f"{path}: another tool is called {function.name!r} already.", path)
    return Tools(
        tuple(functions.values()),
        tuple(dict.fromkeys(builtins.values())),
        members,
        {name: each.kind for name, each in builtins.items()},
        tuple(dict.fromkeys(ignored)),
    )


def apply_changes(
    tools: list[wire.Tool], changes: Iterable[wire.ToolAdditionBlock | wire.ToolRemovalBlock]
) -> tuple[list[wire.Tool], list[str]]:
    """The tools that there are after the changes, and what of the changes cannot be made (an MCP server's tools)."""
    known = {tool.name or tool.type or "": tool for tool in tools}
    removed: set[str] = set()
    lost: list[str] = []
    for change in changes:
        asked = change.tool
        if asked.type not in ("tool_reference", "tool_definition"):
            lost.append(f"messages.content.tool.{asked.type}")
            continue
        if asked.definition is not None:
            known[asked.definition.name or asked.definition.type or ""] = asked.definition
        name = (asked.definition.name if asked.definition is not None else asked.name) or ""
        (removed.add if isinstance(change, wire.ToolRemovalBlock) else removed.discard)(name)
    return [tool for name, tool in known.items() if name not in removed], lost


def _versioned(kind: str) -> tuple[str, str]:
    """("computer", "20250124") of `computer_20250124`."""
    found = _VERSIONED.fullmatch(kind)
    return (found["family"], found["version"]) if found else (kind, "")


def _documented(tool: wire.Tool, family: str, version: str) -> Member | None:
    match family:
        case "bash" if version:
            return toolsets.BASH
        case "text_editor" if version:
            return toolsets.OLD_EDITOR if version < "20250429" else toolsets.EDITOR
        case "memory" if version:
            return toolsets.MEMORY
        case "computer" if version:
            width, height = tool.display_width_px, tool.display_height_px
            return toolsets.computer(version, width, height, zooms=bool(tool.enable_zoom))
        case _:
            return None


def _known(name: str, member: Member) -> Function:
    return Function(name, member.description, member.parameters)


def _enabled(tool: wire.Tool, toolset: Mapping[str, Member], path: str) -> list[str]:
    configs = tool.configs or {}
    for name in configs:
        if name not in toolset:
            raise invalid(f"{path}.configs.{name}: the toolset has no such member.", f"{path}.configs.{name}")
    return [name for name in toolset if (configs.get(name) or {}).get("enabled") is not False]


def _function(tool: wire.Tool, path: str) -> Function:
    if not tool.name:
        raise invalid(f"{path}.name is missing.", f"{path}.name")
    description = tool.description or ""
    if tool.input_examples:
        description = f"{description}\nExamples of its input: {_examples(tool, path)}".lstrip("\n")
    return Function(tool.name, description, tool.input_schema, bool(tool.strict))


def _examples(tool: wire.Tool, path: str) -> str:
    try:
        return msgspec.json.encode(tool.input_examples).decode()
    except RecursionError:
        raise _too_deep(f"{path}.input_examples") from None


def _too_deep(path: str) -> GatewayError:
    return invalid(f"{path} is nested too deeply.", path)


def _said_in_vain(tool: wire.Tool) -> list[str]:
    said = ((name, getattr(tool, name), neutral) for name, neutral in _IN_VAIN.items())
    return [f"tools.{name}" for name, value, neutral in said if value is not None and value not in neutral]
