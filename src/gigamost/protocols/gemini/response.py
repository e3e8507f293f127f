"""A whole answer in Gemini's form: `GenerateContentResponse`."""

import base64
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple, assert_never

import msgspec

from gigamost.core.codec import Stamp
from gigamost.core.events import FinishReason
from gigamost.core.fold import Reply
from gigamost.core.instant import SECOND, rfc3339
from gigamost.core.messages import BuiltinCall, Citation, Inline, Media, Reasoning, Text, ToolCall
from gigamost.core.usage import Usage
from gigamost.protocols.gemini.generation import VALUE, Unwrap

# Calls end with STOP as well: Gemini has no finish reason of their own.
FINISH: dict[FinishReason, str] = {
    "stop": "STOP",
    "length": "MAX_TOKENS",
    "tool_calls": "STOP",
    "content_filter": "SAFETY",
}
MALFORMED = "MALFORMED_FUNCTION_CALL"
JsonPart = dict[str, Any]


class Form(msgspec.Struct, frozen=True):
    """How a client wants its answer. `unwrap`: the text is the one value of an object that the gateway asked for."""

    include_thoughts: bool = False
    unwrap: Unwrap = ""


def encode(reply: Reply, stamp: Stamp, form: Form) -> bytes:
    parts: list[JsonPart] = []
    grounding = Grounding()
    finish = FINISH[reply.finish]
    for part in reply.parts:
        match part:
            case Text(text=text, citations=citations):
                text = unwrapped(text, form.unwrap)
                grounding.add(text, citations, len(parts))
                parts.append({"text": text})
            case Reasoning(text=text):
                if form.include_thoughts:
                    parts.append({"text": text, "thought": True})
            case ToolCall(id=call_id, name=name, arguments=arguments):
                call = call_part(call_id, name, arguments)
                if call is None:
                    finish = MALFORMED
                else:
                    parts.append(call)
            case Media():
                parts.append(media_part(part))
            case BuiltinCall(kind=kind, log=log, is_failed=is_failed):
                parts += builtin_parts(kind, log, is_failed=is_failed)
            case _:
                assert_never(part)
    return msgspec.json.encode(closing(parts, finish, reply.usage, grounding) | head(stamp))


def head(stamp: Stamp) -> JsonPart:
    """What every chunk of an answer says."""
    created = rfc3339(stamp.created * SECOND, fraction=False)
    return {"modelVersion": stamp.model, "responseId": stamp.id, "createTime": created}


def closing(
    parts: list[JsonPart], finish: str, usage: Usage, grounding: "Grounding", *, is_first: bool = True
) -> dict[str, Any]:
    """The last chunk of an answer, or the only one."""
    candidate: dict[str, Any] = {"index": 0, "finishReason": finish}
    answer: dict[str, Any] = {"candidates": [candidate], "usageMetadata": usage_of(usage)}
    if finish == "SAFETY" and is_first and not parts:
        answer["promptFeedback"] = {"blockReason": "SAFETY"}
    else:
        # Clients that join the texts of all chunks want one here too.
        candidate["content"] = {"parts": parts or [{"text": ""}], "role": "model"}
    if finish == MALFORMED:
        candidate["finishMessage"] = "The model's call of a function has arguments that are no JSON object."
    sources = grounding.metadata()
    if sources is not None:
        candidate["groundingMetadata"] = sources
    return answer


def unwrapped(text: str, unwrap: Unwrap) -> str:
    """The value alone, as JSON, or as bare text for an enum; the text as it is when it is no such object."""
    if not unwrap:
        return text
    try:
        value = msgspec.json.decode(text, type=dict[str, msgspec.Raw])[VALUE]
        said = bytes(value).decode().strip()
        read = msgspec.json.decode(said) if unwrap == "text" else None
    except (msgspec.DecodeError, UnicodeError, KeyError):
        return text
    return read if isinstance(read, str) else said


def call_part(call_id: str, name: str, arguments: str) -> JsonPart | None:
    """None where the arguments are no JSON object: Gemini cannot say them. Numbers keep their spelling."""
    try:
        args = msgspec.json.decode(arguments or "{}", type=dict[str, msgspec.Raw])
        msgspec.json.decode(arguments or "{}")  # what stands inside is whole as well
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return {"functionCall": {"id": call_id, "name": name, "args": args}}


def media_part(media: Media) -> JsonPart:
    if not isinstance(media.source, Inline):
        return {"text": f"[{media.kind}]"}
    return {"inlineData": {"mimeType": media.mime, "data": base64.b64encode(media.source.data).decode()}}


def builtin_parts(kind: str, log: str, *, is_failed: bool) -> list[JsonPart]:
    """Only code that ran has parts of its own; what a search found stands in `groundingMetadata`."""
    if kind != "code_interpreter":
        return []
    outcome: Literal["OUTCOME_OK", "OUTCOME_FAILED"] = "OUTCOME_FAILED" if is_failed else "OUTCOME_OK"
    return [{"codeExecutionResult": {"outcome": outcome, "output": log}}]


def usage_of(usage: Usage) -> dict[str, int]:
    counts = {
        "promptTokenCount": usage.input_tokens,
        "candidatesTokenCount": max(usage.output_tokens - usage.reasoning_tokens, 0),
        "totalTokenCount": usage.total_tokens,
    }
    if usage.cached_tokens:
        counts["cachedContentTokenCount"] = usage.cached_tokens
    if usage.reasoning_tokens:
        counts["thoughtsTokenCount"] = usage.reasoning_tokens
    return counts


class _Support(NamedTuple):
    part: int
    start: int
    end: int
    text: str


class Grounding:
    """The sources that an answer names, gathered over its texts. Gemini counts in bytes of UTF-8, not in characters."""

    def __init__(self) -> None:
        self._titles: dict[str, str] = {}
        self._supports: dict[_Support, list[int]] = {}

    def add(self, text: str, citations: Iterable[Citation], part: int = 0, offset: int = 0) -> None:
        """`offset`: bytes of the part that stand before `text`."""
        for citation in citations:
            self._titles.setdefault(citation.url, citation.title)
            if citation.end > citation.start:
                said = text[citation.start : citation.end]
                start = offset + len(text[: citation.start].encode())
                support = _Support(part, start, start + len(said.encode()), said)
                chunk = list(self._titles).index(citation.url)
                self._supports.setdefault(support, []).append(chunk)

    def metadata(self) -> dict[str, Any] | None:
        if not self._titles:
            return None
        chunks = [{"web": {"uri": url, "title": title or url}} for url, title in self._titles.items()]
        supports = [_support(support, chunk) for support, chunk in self._supports.items()]
        return {"groundingChunks": chunks, "groundingSupports": supports}


def _support(support: _Support, chunks: Sequence[int]) -> dict[str, Any]:
    part, start, end, text = support
    segment = {"partIndex": part, "startIndex": start, "endIndex": end, "text": text}
    return {"segment": segment, "groundingChunkIndices": list(dict.fromkeys(chunks))}
