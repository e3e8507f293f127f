"""The functions of a request as GigaChat wants them described. What agents send with every turn is described once."""

from collections.abc import Iterable

import msgspec

from gigamost.core.errors import invalid
from gigamost.core.memo import by_identity
from gigamost.core.models import Model
from gigamost.core.request import ChatRequest, Function, JsonObject
from gigamost.core.text import clean_text
from gigamost.protocols.gigachat.functions import wire
from gigamost.protocols.gigachat.functions.names import Names
from gigamost.protocols.gigachat.functions.schema import reduce_parameters

RESPOND = "respond"
Offered = list[wire.Function | msgspec.Raw]  # Raw: a Function in JSON


@by_identity
def names_of(tools: tuple[Function, ...]) -> Names:
    return Names(tool.name for tool in tools)


def offer(
    request: ChatRequest, model: Model, names: Names, mentioned: Iterable[str], builtins: Iterable[str] = ()
) -> Offered:
    """The client's functions, v1's built-in ones by name, and stubs of those that only the history still mentions: the
    API refuses a history with functions that the request does not describe (quirk 15).

    Raises GatewayError (400) for a model without functions.
    """
    functions: Offered = [*_described(request.tools, model.capabilities.strict_objects)]
    functions += [wire.Function(name) for name in builtins]
    offered = {tool.name for tool in request.tools}
    stubs = dict.fromkeys(names.wire(name) for name in mentioned if name not in offered)
    if functions and not model.capabilities.functions:
        raise invalid(f"The model {model.id} cannot call tools: choose another model or send no tools.", "tools")
    return [*functions, *(wire.Function(name, parameters={"type": "object", "properties": {}}) for name in stubs)]


def responder(schema: JsonObject, name: str, model: Model) -> wire.Function:
    """The function whose arguments are the answer, for a model that has no mode for a schema."""
    function = Function(RESPOND, "Gives the final answer to the user.", schema)
    return _function(function, name, model.capabilities.strict_objects)


def named_tool(request: ChatRequest, name: str, names: Names) -> str:
    """The function that the client forces. Raises GatewayError (400) when the request has no such tool."""
    if all(tool.name != name for tool in request.tools):
        raise invalid(f"tool_choice names {name!r}, which is not among the tools.", "tool_choice")
    return names.wire(name)


@by_identity
def _described(tools: tuple[Function, ...], strict_objects: bool) -> tuple[msgspec.Raw, ...]:
    names = names_of(tools)
    return tuple(
        msgspec.Raw(msgspec.json.encode(_function(tool, names.wire(tool.name), strict_objects))) for tool in tools
    )


def _function(tool: Function, name: str, strict_objects: bool) -> wire.Function:
    function = wire.Function(name, parameters=reduce_parameters(tool.parameters, strict_objects=strict_objects))
    if tool.description:
        function.description = clean_text(tool.description)
    return function
