"""What was said: messages made of typed parts. Frozen; a transform returns new ones."""

from typing import Literal

import msgspec

Role = Literal["system", "user", "assistant", "tool"]
MediaKind = Literal["image", "audio", "document", "video", "model3d"]


class Opaque(msgspec.Struct, frozen=True):
    """A token that a wire wants echoed (`functions_state_id`, a signature). Sent back only to `origin`."""

    origin: str
    token: str


class Citation(msgspec.Struct, frozen=True):
    """A source that an answer names. `start` and `end` are character positions in the text of its part."""

    url: str
    title: str = ""
    start: int = 0
    end: int = 0


class Text(msgspec.Struct, frozen=True, tag=True):
    text: str
    citations: tuple[Citation, ...] = ()


class Reasoning(msgspec.Struct, frozen=True, tag=True):
    text: str
    opaque: Opaque | None = None


class Inline(msgspec.Struct, frozen=True, tag=True):
    """Bytes that came in the request itself."""

    data: bytes


class Url(msgspec.Struct, frozen=True, tag=True):
    """An address that the client named; only `upstreams.fetch` may follow it."""

    url: str


class FileRef(msgspec.Struct, frozen=True, tag=True):
    """A file that an upstream keeps. `id` is the upstream's own id (never what a client sees)."""

    id: str


class ClientFile(msgspec.Struct, frozen=True, tag=True):
    """A file id as a client wrote it; the pipeline verifies its owner and turns it into a `FileRef`."""

    id: str


Source = Inline | Url | FileRef | ClientFile


class Media(msgspec.Struct, frozen=True, tag=True, eq=False):
    """An image, a recording or a document. `mime` and `name` are what the client said, "" when it said nothing.

    `place` is the path of the field where it stood in the client's body, for errors; it is no part of what it is.
    """

    kind: MediaKind
    source: Source
    mime: str = ""
    name: str = ""
    place: str = ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Media) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    @property
    def _value(self) -> tuple[str, Source, str, str]:
        return self.kind, self.source, self.mime, self.name


class ToolCall(msgspec.Struct, frozen=True, tag=True):
    """A function the model wants called. `arguments` is JSON text, as the model or the client wrote it."""

    id: str
    name: str
    arguments: str
    opaque: Opaque | None = None


class ToolResult(msgspec.Struct, frozen=True, tag=True):
    """What a tool answered. `name` is "" where the client's protocol names only the call."""

    call_id: str
    content: tuple[Text | Media, ...]
    name: str = ""
    is_error: bool = False


class BuiltinCall(msgspec.Struct, frozen=True, tag=True):
    """A tool that the upstream ran itself while it answered. `kind` is a `core.request.BuiltinKind`, or the upstream's
    own word where it is none of them; `log` what it reported of its progress."""

    kind: str
    id: str = ""
    log: str = ""
    is_failed: bool = False


Part = Text | Reasoning | Media | ToolCall | ToolResult | BuiltinCall


class Message(msgspec.Struct, frozen=True):
    """One turn. A `tool` message holds `ToolResult` parts only; a `ToolCall` stands only in an assistant's."""

    role: Role
    parts: tuple[Part, ...]
    name: str = ""


def text_of(parts: tuple[Part, ...], separator: str = "\n") -> str:
    """The text parts joined: what is left of a message where only text can go."""
    if len(parts) == 1 and type(parts[0]) is Text:
        return parts[0].text  # the usual message, on the request path
    return separator.join([part.text for part in parts if type(part) is Text])
