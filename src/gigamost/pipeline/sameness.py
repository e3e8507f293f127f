"""Which requests are the same question: a full digest of everything in them that may change the answer.

A field of the request counts unless it is named here. A request whose answer hangs on more than what it says has no
digest: media that stand elsewhere, tools that run upstream, a thread that GigaChat keeps.
"""

import hmac
from collections.abc import Sequence
from typing import Final

import msgspec

from gigamost import __version__
from gigamost.core.messages import Inline, Media, Message, Part, Text, ToolResult
from gigamost.core.request import ChatRequest
from gigamost.pipeline.context import ORIGIN

# How it is delivered, for whom it is asked, and how the client wrote it.
UNCOUNTED: Final = {"stream": False, "user": "", "ignored": (), "spelled": {}}
LARGEST: Final = 4 * 2**20  # bytes of texts and media in a question; a digest of more would hold up other requests


class Sameness:
    """`key` is 32 bytes, derived from the root secret for this purpose alone. `setting` is what the operator has set
    that changes answers; it may be replaced."""

    def __init__(self, key: bytes, setting: bytes = b"") -> None:
        self._key = key
        self.setting = setting

    def of_chat(self, request: ChatRequest, tenant: str, models: Sequence[str]) -> bytes | None:
        """`models` are those that may answer."""
        if request.builtins or "storage" in request.extra.get(ORIGIN, {}):
            return None
        size, has_media = 0, False
        for message in request.messages:
            for part in message.parts:
                if type(part) is Text:
                    size += len(part.text)
                    continue
                for item in part.content if isinstance(part, ToolResult) else (part,):
                    if isinstance(item, Media):
                        if not isinstance(item.source, Inline):
                            return None
                        has_media = True
                        size += len(item.source.data)
                    elif isinstance(item, Text):
                        size += len(item.text)
        if size > LARGEST:
            return None
        messages = tuple(map(_without_places, request.messages)) if has_media else request.messages
        counted = msgspec.structs.replace(request, messages=messages, **UNCOUNTED)
        return self._digest("chat", tenant, models, counted)

    def of_text(self, text: str, tenant: str, model: str, dimensions: int | None) -> bytes | None:
        """Of a text that is to become a vector."""
        return self._digest("vector", tenant, model, dimensions, text) if len(text) <= LARGEST else None

    def _digest(self, *parts: object) -> bytes | None:
        """None for what cannot be written down in one way alone, such as half a surrogate pair."""
        try:
            written = msgspec.msgpack.encode((__version__, self.setting, *parts))
        except (UnicodeEncodeError, OverflowError, RecursionError):
            return None
        return hmac.digest(self._key, written, "sha256")


def _without_places(message: Message) -> Message:
    """Where in its body a client put a picture is no part of what it is."""
    return msgspec.structs.replace(message, parts=tuple(map(_without_place, message.parts)))


def _without_place(part: Part) -> Part:
    match part:
        case Media():
            return msgspec.structs.replace(part, place="")
        case ToolResult(content=content):
            bare = (msgspec.structs.replace(item, place="") if isinstance(item, Media) else item for item in content)
            return msgspec.structs.replace(part, content=tuple(bare))
        case _:
            return part
