"""A whole answer in Messages' form, and the pieces that its stream is made of as well."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, assert_never

import msgspec

from gigamost.core.codec import Stamp
from gigamost.core.events import FinishReason
from gigamost.core.fold import Content, Reply
from gigamost.core.messages import BuiltinCall, Citation, Inline, Media, Reasoning, Text, ToolCall
from gigamost.core.request import JsonObject
from gigamost.core.usage import Usage

STOP: Mapping[FinishReason, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}
# A signature proves to Anthropic that a thinking block is its own. Ours only has to be there: clients drop or refuse
# a block without one, and nobody reads it when it comes back.
SIGNATURE = base64.b64encode(b"gigamost").decode()
_CITED = 150  # characters, as Anthropic documents for cited_text

# The name of a built-in tool in `server_tool_use`, and the key of `usage.server_tool_use` that counts it.
SERVER_TOOLS: Mapping[str, str] = {
    "web_search": "web_search",
    "web_fetch": "web_fetch",
    "code_interpreter": "code_execution",
}
COUNTED: Mapping[str, str] = {"web_search": "web_search_requests", "web_fetch": "web_fetch_requests"}


class Form(msgspec.Struct, frozen=True):
    """How a client wants its answer. `compacts`: as one block with a summary. `thinking`: in full, as empty blocks with
    a signature, or not at all. `members`: a function's name to the toolset and the member it stands for."""

    compacts: bool = False
    thinking: Literal["shown", "omitted", "hidden"] = "hidden"
    members: Mapping[str, tuple[str, str]] = {}


def encode(reply: Reply, stamp: Stamp, form: Form) -> bytes:
    blocks: list[JsonObject] = []
    for number, part in enumerate(reply.parts):
        blocks += _blocks(part, number, stamp, form)
    tools = [part.kind for part in reply.parts if isinstance(part, BuiltinCall)]
    return msgspec.json.encode(
        head_of(stamp)
        | {"content": blocks, **stop_of(reply.finish, reply.stop_sequence), "usage": usage_of(reply.usage, tools)}
    )


def head_of(stamp: Stamp) -> JsonObject:
    return {"id": f"msg_{stamp.id}", "type": "message", "role": "assistant", "model": stamp.model, "content": []}


def stop_of(reason: FinishReason, stop_sequence: str | None) -> JsonObject:
    said = "stop_sequence" if reason == "stop" and stop_sequence is not None else STOP[reason]
    stop: JsonObject = {"stop_reason": said, "stop_sequence": stop_sequence}
    if said == "refusal":
        stop["stop_details"] = {"type": "refusal", "category": None, "explanation": None}
    return stop


def usage_of(usage: Usage, tools: Sequence[str] = ()) -> JsonObject:
    """Anthropic counts the cached tokens of a prompt beside `input_tokens`, not among them."""
    told: JsonObject = {
        "input_tokens": max(usage.input_tokens - usage.cached_tokens, 0),
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": usage.cached_tokens,
        "output_tokens": usage.output_tokens,
    }
    if usage.reasoning_tokens:
        told["output_tokens_details"] = {"thinking_tokens": usage.reasoning_tokens}
    if any(kind in COUNTED for kind in tools):
        told["server_tool_use"] = {key: sum(kind == each for each in tools) for kind, key in COUNTED.items()}
    return told


def _blocks(part: Content, number: int, stamp: Stamp, form: Form) -> Iterator[JsonObject]:
    match part:
        case Text(text=text, citations=citations):
            cited = {"citations": [cite(each, text) for each in citations]} if citations else {}
            yield {"type": "text", "text": text, **cited}
        case Reasoning(text=text):
            if form.thinking != "hidden":
                shown = text if form.thinking == "shown" else ""
                yield {"type": "thinking", "thinking": shown, "signature": SIGNATURE}
        case ToolCall(id=call_id, name=name, arguments=arguments):
            yield tool_use(call_id, name, form) | {"input": _object(arguments)}
        case BuiltinCall(kind=kind, id=call_id, log=log, is_failed=is_failed):
            tool = SERVER_TOOLS.get(kind)
            if tool is not None:
                tool_id = server_tool_id(call_id, stamp, number)
                yield server_tool_use(tool_id, tool)
                yield server_tool_result(tool_id, tool, log, is_failed=is_failed)
        case Media():
            yield {"type": "text", "text": shown_media(part)}
        case _:
            assert_never(part)


def tool_use(call_id: str, name: str, form: Form) -> JsonObject:
    """Without its input. The number behind the prefix of an id tells the calls of one answer apart."""
    toolset, member = form.members.get(name, ("", name))
    own = {"toolset_name": toolset} if toolset else {}
    return {"type": "tool_use", "id": "toolu" + call_id.removeprefix("call"), "name": member, **own}


def _object(arguments: str) -> msgspec.Raw | JsonObject:
    """A call's input is an object in this protocol, whatever the model wrote."""
    try:
        value = msgspec.json.decode(arguments)
    except (msgspec.DecodeError, RecursionError):
        value = arguments
    return msgspec.Raw(arguments.encode()) if isinstance(value, dict) else {"input": value} if value else {}


def server_tool_id(call_id: str, stamp: Stamp, number: int) -> str:
    return "srvtoolu" + ("".join(filter(str.isalnum, call_id)) or f"{stamp.id}{number}")


def server_tool_use(tool_id: str, name: str) -> JsonObject:
    return {"type": "server_tool_use", "id": tool_id, "name": name, "input": {}}


def server_tool_result(tool_id: str, name: str, log: str, *, is_failed: bool) -> JsonObject:
    """GigaChat says no more than how far a tool has got, so what it found is told by the citations of the text."""
    content: Any
    if is_failed:
        content = {"type": f"{name}_tool_result_error", "error_code": "unavailable"}
    elif name == "web_search":
        content = []
    elif name == "web_fetch":
        source = {"type": "text", "media_type": "text/plain", "data": log}
        content = {"type": "web_fetch_result", "url": "", "content": {"type": "document", "source": source}}
    else:
        content = {"type": "code_execution_result", "stdout": log, "stderr": "", "return_code": 0, "content": []}
    return {"type": f"{name}_tool_result", "tool_use_id": tool_id, "content": content}


def cite(citation: Citation, text: str) -> JsonObject:
    return {
        "type": "web_search_result_location",
        "cited_text": text[citation.start : citation.end][:_CITED],
        "encrypted_index": "",
        "title": citation.title or None,
        "url": citation.url,
    }


def shown_media(media: Media) -> str:
    """Answers have no pictures in this protocol: one is a Markdown image in a text."""
    if isinstance(media.source, Inline):
        data = base64.b64encode(media.source.data).decode()
        return f"![{media.name or media.kind}](data:{media.mime};base64,{data})"
    return f"[{media.kind}]"
