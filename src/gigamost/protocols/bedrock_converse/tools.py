"""Tools of Converse to core values."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from gigamost.core.errors import invalid
from gigamost.core.memo import by_identity
from gigamost.core.messages import BuiltinCall
from gigamost.core.request import AnyTool, AutoTool, Builtin, BuiltinKind, Function, OneTool, ToolChoice
from gigamost.protocols.bedrock_converse import wire

# The names of Amazon's system tools, and ours.
SYSTEM_TOOLS: Final[Mapping[str, BuiltinKind]] = {
    "nova_grounding": "web_search",
    "nova_code_interpreter": "code_interpreter",
    "web_search": "web_search",
    "web_fetch": "web_fetch",
    "code_interpreter": "code_interpreter",
    "image_generation": "image_generation",
    "model_3d": "model_3d",
}


class Tools(NamedTuple):
    """`ignored`: what a tool says in vain."""

    functions: tuple[Function, ...] = ()
    builtins: tuple[Builtin, ...] = ()
    ignored: tuple[str, ...] = ()


@by_identity
def read_tools(config: wire.ToolConfiguration, removed: frozenset[str]) -> Tools:
    """Without the tools that the conversation has removed. Raises GatewayError (400)."""
    functions: dict[str, Function] = {}
    builtins: list[Builtin] = []
    ignored: list[str] = []
    for at, tool in enumerate(config.tools or ()):
        path = f"toolConfig.tools[{at}]"
        if tool.tool_spec is not None:
            function = _function(tool.tool_spec)
            if function.name in functions:
                raise invalid(f"{path}: another tool is called {function.name!r} already.", path)
            functions[function.name] = function
        elif tool.system_tool is not None:
            spelled = f"toolConfig.tools.{tool.system_tool.name}"
            kind = SYSTEM_TOOLS.get(tool.system_tool.name)
            if kind is None:
                ignored.append(spelled)
            else:
                builtins.append(Builtin(kind, spelled))
        elif tool.cache_point is None:
            raise invalid(f"{path} needs toolSpec, systemTool or cachePoint.", path)
    kept = tuple(function for function in functions.values() if function.name not in removed)
    return Tools(kept, tuple(dict.fromkeys(builtins)), tuple(ignored))


def read_choice(choice: wire.ToolChoice | None, tools: tuple[Function, ...]) -> ToolChoice:
    """Raises GatewayError (400) for a demand that cannot be met."""
    path = "toolConfig.toolChoice"
    if choice is None:
        return AutoTool()
    if choice.tool is not None:
        if choice.tool.name not in {tool.name for tool in tools}:
            raise invalid(f"{path} names {choice.tool.name!r}, which is not among the tools.", f"{path}.tool.name")
        return OneTool(choice.tool.name)
    if choice.any is not None:
        if not tools:
            raise invalid(f"{path} demands a tool call, but the request has no tools.", path)
        return AnyTool()
    return AutoTool()


def builtin_call(call: wire.ToolUseBlock, result: wire.ToolResultBlock | None) -> BuiltinCall:
    """A tool that the model's own side ran in an earlier turn."""
    texts = [content.text for content in (result.content or () if result is not None else ()) if content.text]
    failed = result is not None and result.status == "error"
    return BuiltinCall(SYSTEM_TOOLS.get(call.name, call.name), call.tool_use_id or "", "\n".join(texts), failed)


def _function(spec: wire.ToolSpecification) -> Function:
    schema = spec.input_schema.json if spec.input_schema is not None else None
    return Function(spec.name, spec.description or "", schema, bool(spec.strict))
