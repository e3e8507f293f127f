"""Tools of the vendor's own making that the client runs (a shell, patches, a search for tools): each has its own kinds
of items. The model sees a function; its arguments become the item, and an item in the history its arguments again."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from gigamost.core.request import Function
from gigamost.protocols.openai_responses import wire

JsonObject = dict[str, Any]


class Native(msgspec.Struct, frozen=True):
    """`function` is what the model sees, `item` the type of a call's item, `fields` what of it the arguments say."""

    function: Function
    item: str
    fields: Callable[[JsonObject], JsonObject]


def _object(required: tuple[str, ...], **properties: JsonObject) -> JsonObject:
    return {"type": "object", "properties": properties, "required": list(required)}


_STRINGS: Final = {"type": "array", "items": {"type": "string"}}
_TIMEOUT: Final = {"type": "integer", "description": "How long it may take, in milliseconds."}

_SHELL: Final = Function(
    "shell",
    "Runs shell commands on the user's machine, each in a new shell, and returns what they print and their exit codes.",
    _object(
        ("commands",),
        commands=_STRINGS | {"description": "The commands, each one line of shell."},
        timeout_ms=_TIMEOUT,
        max_output_length={"type": "integer", "description": "How many characters of output to return at most."},
    ),
)
_LOCAL_SHELL: Final = Function(
    "local_shell",
    "Runs one command on the user's machine and returns what it prints.",
    _object(
        ("command",),
        command=_STRINGS | {"description": 'The program and its arguments, such as ["bash", "-lc", "ls"].'},
        working_directory={"type": "string", "description": "Where to run it."},
        timeout_ms=_TIMEOUT,
    ),
)
_APPLY_PATCH: Final = Function(
    "apply_patch",
    "Creates, updates or deletes one file of the user's workspace.",
    _object(
        ("type", "path", "diff"),
        type={"type": "string", "enum": ["create_file", "update_file", "delete_file"]},
        path={"type": "string", "description": "The file, relative to the workspace."},
        diff={
            "type": "string",
            "description": (
                "What changes. A new file: every line of it with + before it. An update: hunks, each begun by a line "
                "@@ with, if need be, the function or class it is in; then lines with a space (kept), - (removed) or "
                "+ (added) before them, three kept lines around each change. Empty for a deletion."
            ),
        },
    ),
)
_TOOL_SEARCH: Final = Function(
    "tool_search",
    "Searches for tools that can be used after it.",
    _object(("query",), query={"type": "string", "description": "What the tool should do."}),
)


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [str(each) for each in value] if isinstance(value, list) else []


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _given(action: JsonObject) -> JsonObject:
    """Without what was not said: some clients accept no null here."""
    return {name: value for name, value in action.items() if value is not None}


def _shell(arguments: JsonObject) -> JsonObject:
    action = {
        "commands": _strings(arguments.get("commands")),
        "timeout_ms": _whole(arguments.get("timeout_ms")),
        "max_output_length": _whole(arguments.get("max_output_length")),
    }
    return {"action": _given(action), "environment": {"type": "local"}}


def _local_shell(arguments: JsonObject) -> JsonObject:
    command = arguments.get("command")
    action: JsonObject = {
        "type": "exec",
        "command": ["bash", "-lc", command] if isinstance(command, str) else _strings(command),
        "env": {},
        "timeout_ms": _whole(arguments.get("timeout_ms")),
        "working_directory": _text(arguments.get("working_directory")) or None,
    }
    return {"action": _given(action)}


def _apply_patch(arguments: JsonObject) -> JsonObject:
    kind = _text(arguments.get("type"))
    operation = {"type": kind if kind in ("create_file", "delete_file") else "update_file"}
    operation["path"] = _text(arguments.get("path"))
    if operation["type"] != "delete_file":
        operation["diff"] = _text(arguments.get("diff"))
    return {"operation": operation}


def _tool_search(arguments: JsonObject) -> JsonObject:
    return {"arguments": arguments, "execution": "client"}


NATIVE: Final[Mapping[str, Native]] = {
    "shell": Native(_SHELL, "shell_call", _shell),
    "local_shell": Native(_LOCAL_SHELL, "local_shell_call", _local_shell),
    "apply_patch": Native(_APPLY_PATCH, "apply_patch_call", _apply_patch),
    "tool_search": Native(_TOOL_SEARCH, "tool_search_call", _tool_search),
}


def native_function(tool: wire.Tool) -> Function | None:
    """The function that stands for this tool; None where the client does not run it itself."""
    native = NATIVE.get(tool.type)
    if native is None:
        return None
    if tool.type == "shell":
        return native.function if tool.environment is None or tool.environment.type == "local" else None
    if tool.type == "tool_search":
        if tool.execution != "client":
            return None
        description = tool.description or native.function.description
        return Function("tool_search", description, tool.parameters or native.function.parameters)
    return native.function


def arguments_of(said: wire.ShellAction | wire.LocalShellAction | wire.PatchOperation) -> str:
    """The arguments that an item in the history came from."""
    return msgspec.json.encode(_given(msgspec.structs.asdict(said))).decode()
