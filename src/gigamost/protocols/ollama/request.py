"""`/api/chat` and `/api/generate` to the neutral request. Both stream unless they are told not to."""

from collections.abc import Mapping

import msgspec
from msgspec import UNSET

from gigamost.core.body import BodyReader
from gigamost.core.errors import invalid
from gigamost.core.infill import infill
from gigamost.core.messages import Message, Text
from gigamost.core.request import AnyJson, ChatRequest, Effort, Format, JsonSchema, PlainText
from gigamost.protocols.ollama import wire
from gigamost.protocols.ollama.messages import read_images, read_messages, read_tools
from gigamost.protocols.ollama.options import limit_of, read_options, stop_of
from gigamost.protocols.ollama.rules import CHAT, GENERATE

_GIGACHAT = "gigachat"  # whose own field takes Ollama's repeat_penalty
_SPELLED = {
    "effort": "think",
    "max_tokens": "options.num_predict",
    "temperature": "options.temperature",
    "top_p": "options.top_p",
}
_EFFORTS: Mapping[bool | str, Effort] = {
    False: "none",
    True: "medium",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "max": "xhigh",
}
_AT_ONCE = (0, "0", "0s", "0m")  # values of keep_alive that mean: unload now
_chats = BodyReader(wire.Chat, CHAT, cached=("tools",))
_prompts = BodyReader(wire.Generate, GENERATE)


class Load(msgspec.Struct, frozen=True):
    """No prompt: the client wants the model loaded into memory, as `ollama run` does first, or out of it."""

    is_unload: bool = False


def decode_chat(body: bytes) -> ChatRequest:
    """Raises GatewayError (400)."""
    chat, ignored = _chats.read(body)
    tools, unknown = read_tools(chat.tools) if chat.tools else ((), ())
    request = _request(chat, read_messages(chat.messages), [*ignored, *unknown])
    return msgspec.structs.replace(request, tools=tools)


def decode_generate(body: bytes) -> ChatRequest | Load:
    """Raises GatewayError (400)."""
    asked, ignored = _prompts.read(body)
    if not asked.prompt and not asked.suffix:
        return Load(is_unload=asked.keep_alive in _AT_ONCE)
    messages: tuple[Message, ...] = (Message("system", (Text(asked.system),)),) if asked.system else ()
    if asked.suffix:
        messages += infill(asked.prompt, asked.suffix)
    else:
        messages += (Message("user", (Text(asked.prompt),)),)
    if asked.images:
        last = messages[-1]
        messages = (*messages[:-1], Message("user", last.parts + read_images(asked.images, "images")))
    return _request(asked, messages, ignored)


def _request(asked: wire.Asked, messages: tuple[Message, ...], ignored: list[str]) -> ChatRequest:
    options = read_options(asked.options, ignored)
    penalty = options.repeat_penalty
    return ChatRequest(
        model=asked.model,
        messages=messages,
        format=_format(asked),
        temperature=options.temperature if options.temperature is not UNSET else None,
        top_p=options.top_p if options.top_p is not UNSET else None,
        max_tokens=limit_of(options),
        stop=stop_of(options),
        effort=_EFFORTS[asked.think] if asked.think is not UNSET and asked.think != "" else None,
        stream=asked.stream is not False,
        extra={_GIGACHAT: {"repetition_penalty": penalty}} if penalty is not UNSET else {},
        ignored=tuple(ignored),
        spelled=_SPELLED,
    )


def _format(asked: wire.Asked) -> Format:
    """Ollama promises an answer that fits the schema, hence `strict`."""
    wanted = asked.format
    if wanted is UNSET or wanted == "":
        return PlainText()
    if wanted == "json":
        return AnyJson()
    if isinstance(wanted, str):
        raise invalid('format must be "json" or a JSON schema.', "format")
    return JsonSchema(wanted, strict=True) if wanted else AnyJson()
