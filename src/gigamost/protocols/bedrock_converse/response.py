"""A whole answer in Converse's form."""

import base64
from collections.abc import Iterable, Iterator
from typing import Any, assert_never
from urllib.parse import urlsplit

import msgspec

from gigamost.core.codec import Stamp
from gigamost.core.events import FinishReason
from gigamost.core.fold import Content, Reply
from gigamost.core.messages import BuiltinCall, Citation, Inline, Media, Reasoning, Text, ToolCall
from gigamost.core.usage import Usage

JsonObject = dict[str, Any]
FINISH: dict[FinishReason, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "content_filtered",
}
IMAGES = {"image/png": "png", "image/jpeg": "jpeg", "image/gif": "gif", "image/webp": "webp"}


class Form(msgspec.Struct, frozen=True):
    """How a client wants its answer. `stop_paths` are JSON Pointers at which it looks for the stop sequence."""

    stop_paths: tuple[str, ...] = ()


def encode(reply: Reply, stamp: Stamp, form: Form) -> bytes:
    content = [block for part in reply.parts for block in _blocks(part)]
    answer: JsonObject = {
        "output": {"message": {"role": "assistant", "content": content or [{"text": ""}]}},
        "stopReason": stop_reason(reply.finish, reply.stop_sequence),
        "usage": usage_of(reply.usage),
        "metrics": metrics(stamp),
    }
    more = additional_fields(form, reply.stop_sequence, reply.thread)
    if more:
        answer["additionalModelResponseFields"] = more
    return msgspec.json.encode(answer)


def _blocks(part: Content) -> Iterator[JsonObject]:
    match part:
        case Text(text=text, citations=citations):
            if text:
                yield {"text": text}
            if citations:
                yield {"citationsContent": {"citations": [citation(each) for each in citations]}}
        case Reasoning(text=text):
            if text:
                yield {"reasoningContent": {"reasoningText": {"text": text}}}
        case ToolCall(id=call_id, name=name, arguments=arguments):
            yield {"toolUse": {"toolUseId": call_id, "name": name, "input": _document(arguments)}}
        case Media():
            picture = image(part)
            yield {"image": picture} if picture is not None else {"text": shown(part)}
        case BuiltinCall():
            return  # clients take every toolUse for one of their own tools
        case _:
            assert_never(part)


def _document(arguments: str) -> Any:
    """Arguments as the JSON document they are; what is none is not hidden."""
    try:
        return msgspec.json.decode(arguments) if arguments else {}
    except msgspec.DecodeError:
        return {"arguments": arguments}


def image(media: Media) -> JsonObject | None:
    """A picture in Converse's form, None when it is none that has one."""
    if media.kind != "image" or not isinstance(media.source, Inline) or media.mime not in IMAGES:
        return None
    return {"format": IMAGES[media.mime], "source": {"bytes": base64.b64encode(media.source.data).decode()}}


def shown(media: Media) -> str:
    if isinstance(media.source, Inline):
        data = base64.b64encode(media.source.data).decode()
        return f"[{media.name or media.kind}](data:{media.mime};base64,{data})"
    return f"[{media.kind}]"


def citation(found: Citation) -> JsonObject:
    web = {"url": found.url, "domain": _domain(found.url)}
    return {"title": found.title or found.url, "location": {"web": web}}


def _domain(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def stop_reason(finish: FinishReason, stop_sequence: str | None) -> str:
    return "stop_sequence" if finish == "stop" and stop_sequence is not None else FINISH[finish]


def usage_of(usage: Usage) -> JsonObject:
    """Bedrock's `inputTokens` are those that were not read from the cache; `totalTokens` are all."""
    return {
        "inputTokens": max(usage.input_tokens - usage.cached_tokens, 0),
        "outputTokens": usage.output_tokens,
        "totalTokens": usage.total_tokens,
        "cacheReadInputTokens": usage.cached_tokens,
        "cacheWriteInputTokens": 0,
    }


def metrics(stamp: Stamp) -> dict[str, int]:
    return {"latencyMs": stamp.elapsed() // 1_000_000}


def additional_fields(form: Form, stop_sequence: str | None, thread: str) -> JsonObject:
    """`additionalModelResponseFields`: the stop sequence where it was asked for, and the conversation that GigaChat
    keeps, for a client that sent `storage`."""
    fields: JsonObject = {"thread_id": thread} if thread else {}
    if stop_sequence is not None:
        for path in form.stop_paths:
            _put(fields, path[1:].split("/"), stop_sequence)
    return fields


def _put(fields: JsonObject, names: Iterable[str], value: str) -> None:
    *parents, last = names
    for name in parents:
        inner = fields.setdefault(name, {})
        if not isinstance(inner, dict):
            return  # two paths that cannot both be: the first one stands
        fields = inner
    fields[last] = value
