"""Messages and tools of `/api/chat` to core values, each error with the path of its field.

A result is told to its call by id where the history has one, else by the tool's name, else by order: Ollama's own
clients send neither.
"""

from collections.abc import Sequence

import msgspec

from gigamost.core.dataurl import decode_base64, decode_data_url
from gigamost.core.errors import invalid
from gigamost.core.memo import by_identity
from gigamost.core.messages import Inline, Media, Message, Part, Reasoning, Text, ToolCall, ToolResult
from gigamost.core.request import Function
from gigamost.protocols.ollama import wire


def read_messages(messages: Sequence[wire.Message]) -> tuple[Message, ...]:
    """Raises GatewayError (400) naming `messages[i]...`."""
    if not messages:
        # Ollama loads the model at this; there is nothing to load, and nothing that could be asked.
        raise invalid("messages is missing or empty: send at least one message.", "messages")
    known = {_bare(call.id) for message in messages for call in message.tool_calls or () if call.id}
    return tuple(_message(message, f"messages[{at}]", known) for at, message in enumerate(messages))


def _message(message: wire.Message, path: str, known: set[str]) -> Message:
    text: tuple[Text, ...] = (Text(message.content),) if message.content else ()
    if message.images and message.role not in ("user", "tool"):
        raise invalid(f"{path}: only a user's or a tool's message may hold images.", f"{path}.images")
    images = read_images(message.images or (), f"{path}.images")
    if message.role == "tool":
        call_id = message.tool_call_id or ""
        # An id that no call has would hide the name and the order, by which the result can still be placed.
        call_id = call_id if _bare(call_id) in known else ""
        return Message("tool", (ToolResult(call_id, text + images, message.tool_name or message.name or ""),))
    if message.role != "assistant":
        return Message(message.role, text + images)
    thoughts: tuple[Part, ...] = (Reasoning(message.thinking),) if message.thinking else ()
    return Message("assistant", thoughts + text + _calls(message.tool_calls or (), f"{path}.tool_calls"))


def read_images(images: Sequence[str], path: str) -> tuple[Media, ...]:
    """Base64, with or without the `data:` in front that browsers put there. Raises GatewayError (400)."""
    return tuple(_image(image, f"{path}[{at}]") for at, image in enumerate(images))


def _image(image: str, path: str) -> Media:
    if image[:5].lower() == "data:":
        mime, data = decode_data_url(image, path)
        return Media("image", Inline(data), mime, place=path)
    return Media("image", Inline(decode_base64(image, path)), place=path)


def _calls(calls: Sequence[wire.ToolCall], path: str) -> tuple[ToolCall, ...]:
    read: list[ToolCall] = []
    for at, call in enumerate(calls):
        if not call.function.name:
            raise invalid(f"{path}[{at}] has no function name.", f"{path}[{at}].function.name")
        arguments = call.function.arguments
        text = arguments if isinstance(arguments, str) else msgspec.json.encode(arguments or {}).decode()
        read.append(ToolCall(call.id or "", call.function.name, text))
    return tuple(read)


@by_identity
def read_tools(tools: list[wire.Tool]) -> tuple[tuple[Function, ...], tuple[str, ...]]:
    """The functions, and what is listed as ignored: tools of a kind that Ollama does not have."""
    functions: dict[str, Function] = {}
    ignored: list[str] = []
    for at, tool in enumerate(tools):
        path = f"tools[{at}]"
        if tool.function is None:
            if tool.type == "function":
                raise invalid(f"{path}.function is missing.", f"{path}.function")
            ignored.append(f"tools.{tool.type}")
            continue
        given = tool.function
        function = Function(given.name, given.description or "", given.parameters)
        if functions.setdefault(function.name, function) != function:
            raise invalid(f"{path}: another tool is called {function.name!r} already.", path)
    return tuple(functions.values()), tuple(ignored)


def _bare(call_id: str) -> str:
    """Letters and digits alone: clients drop the rest."""
    return "".join(filter(str.isalnum, call_id))
