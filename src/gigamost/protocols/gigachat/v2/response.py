"""A whole reply as an answer of GigaChat v2, and the pieces that its stream is made of: the emulator's half.

A text brings its `[sources=[1]]` marks itself; its citations say what the numbers stand for, in their order.
"""

import re
from collections.abc import Iterable
from typing import Any, Final, assert_never

import msgspec

from gigamost.core.codec import Stamp
from gigamost.core.fold import Content, Reply
from gigamost.core.messages import BuiltinCall, Citation, Media, MediaKind, Reasoning, Text, ToolCall
from gigamost.core.usage import Usage
from gigamost.protocols.gigachat.v2.tools import TOOLS
from gigamost.protocols.gigachat.vocabulary import FINISH_OUT

_TARGET: Final[dict[MediaKind, str]] = {"model3d": "3dmodel"}
_MIME: Final[dict[MediaKind, str]] = {"image": "image/jpeg", "audio": "audio/mpeg", "video": "video/mp4"}
_NUMBER: Final = re.compile(r"\d+")


def encode(reply: Reply, stamp: Stamp) -> bytes:
    """The body of a whole answer, keys in the recorded order."""
    thoughts = [{"text": part.text} for part in reply.parts if isinstance(part, Reasoning)]
    said = [spoken for part in reply.parts if (spoken := _spoken(part)) is not None]
    messages = [message_of("reasoning", thoughts)] if thoughts else []
    messages.append(message_of("assistant", said or [{"text": ""}], state_of(reply.calls)))
    end = {"finish_reason": FINISH_OUT[reply.finish], "usage": usage_of(reply.usage)}
    return msgspec.json.encode({**head_of(stamp), "messages": messages, **end, **kept_in(reply.thread)})


def head_of(stamp: Stamp) -> dict[str, Any]:
    return {"model": stamp.model, "created_at": stamp.created}


def message_of(role: str, content: list[dict[str, Any]], state_id: str = "") -> dict[str, Any]:
    """The state id is spelled in the singular in answers. [recorded]"""
    return {"role": role, **({"tool_state_id": state_id} if state_id else {}), "content": content}


def state_of(calls: Iterable[ToolCall]) -> str:
    """One message has one state id, however many calls it has."""
    return next((call.opaque.token for call in calls if call.opaque is not None), "")


def call_of(call: ToolCall) -> dict[str, Any]:
    said: dict[str, Any] = {"name": call.name, "arguments": msgspec.json.decode(call.arguments or "{}")}
    if call.id:
        said["id"] = call.id
    return {"function_call": said}


def files_of(media: Iterable[Media]) -> dict[str, Any]:
    files = [
        {
            "id": getattr(item.source, "id", ""),
            "mime": item.mime or _MIME.get(item.kind, "application/octet-stream"),
            "target": _TARGET.get(item.kind, item.kind),
        }
        for item in media
    ]
    return {"files": files}


def progress_of(kind: str, progress: str) -> dict[str, Any]:
    """A built-in tool that is at work. The wire's progress is the seconds left: the first number in ours."""
    found = _NUMBER.search(progress)
    return {"tool_execution": {"name": TOOLS.get(kind, kind), **({"seconds_left": int(found[0])} if found else {})}}


def result_of(kind: str, *, is_failed: bool) -> dict[str, Any]:
    status = "fail" if is_failed else "success"
    done = {"name": TOOLS.get(kind, kind), "status": status, "seconds_left": 0, "censored": False}
    return {"tool_execution": done}


def sources_of(citations: Iterable[Citation]) -> dict[str, Any]:
    """`inline_data` beside a text; {} without citations."""
    titles = {citation.url: citation.title for citation in citations}
    if not titles:
        return {}
    named = {str(at): {"url": url, "title": title} for at, (url, title) in enumerate(titles.items(), 1)}
    return {"inline_data": {"images": [], "sources": named, "widgets": []}}


def usage_of(usage: Usage) -> dict[str, Any]:
    """Cached tokens are part of the input and of the total. [recorded]"""
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {"prompt_tokens": usage.input_tokens, "cached_tokens": usage.cached_tokens},
        "output_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
    }


def kept_in(thread: str) -> dict[str, str]:
    """The id of the conversation that GigaChat keeps; there only with `storage` in the request."""
    return {"thread_id": thread} if thread else {}


def _spoken(part: Content) -> dict[str, Any] | None:
    match part:
        case Text(text=text, citations=citations):
            return {"text": text, **sources_of(citations)}
        case ToolCall():
            return call_of(part)
        case Media():
            return files_of([part])
        case BuiltinCall(kind=kind, is_failed=is_failed):
            return result_of(kind, is_failed=is_failed)
        case Reasoning():
            return None
        case _:
            assert_never(part)
