"""What clients and models said to each other, for the keys that keep it: as it is heard, as it is kept, as it is found.

PromptLog ─ writes      PromptShelf ─ reads      PromptCare ─ forgets      all of them raise GatewayError (503)
"""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from gigamost.core.errors import Problem
from gigamost.core.events import Event
from gigamost.core.fold import Reply
from gigamost.core.messages import MediaKind, Message, Role
from gigamost.core.usage import Usage


class Heard(msgspec.Struct, frozen=True):
    """One exchange that is over, as it went through. `user` and `session` are the client's own words, "" for none;
    `asked` is everything that it sent; what it was shown is `reply`, or `events` as far as they came. `status` is
    the HTTP status, `problem` what the client was told was wrong. Times are unix seconds."""

    id: str
    tenant: str
    key_id: str
    user: str
    session: str
    face: str
    model: str
    started: float
    finished: float
    status: int
    usage: Usage
    asked: tuple[Message, ...]
    reply: Reply | None = None
    events: tuple[Event, ...] = ()
    problem: Problem | None = None


class Recorder(Protocol):
    def record(self, heard: Heard) -> None:
        """Queued: it neither waits nor fails, whatever becomes of it."""
        ...


class SaidText(msgspec.Struct, frozen=True, tag="text", tag_field="type", omit_defaults=True):
    """`cut`: how many characters it had, when it was too long to be kept whole."""

    text: str
    cut: int = 0


class SaidReasoning(msgspec.Struct, frozen=True, tag="reasoning", tag_field="type", omit_defaults=True):
    text: str
    cut: int = 0


class SaidMedia(msgspec.Struct, frozen=True, tag="media", tag_field="type", omit_defaults=True):
    """Never its bytes: their SHA-256 as hex and how many they are; else the address that the client named, without what
    may be secret in it, or the id of the file."""

    kind: MediaKind
    mime: str = ""
    name: str = ""
    digest: str = ""
    size: int = 0
    address: str = ""
    file: str = ""


class SaidCall(msgspec.Struct, frozen=True, tag="tool_call", tag_field="type", omit_defaults=True):
    """`arguments` is JSON text, as it was written."""

    id: str
    name: str
    arguments: str
    cut: int = 0


class SaidResult(msgspec.Struct, frozen=True, tag="tool_result", tag_field="type", omit_defaults=True):
    call_id: str
    content: tuple[SaidText | SaidMedia, ...]
    name: str = ""
    is_error: bool = False


class SaidBuiltin(msgspec.Struct, frozen=True, tag="builtin_call", tag_field="type", omit_defaults=True):
    """A tool that the upstream ran itself."""

    kind: str
    id: str = ""
    is_failed: bool = False


SaidPart = SaidText | SaidReasoning | SaidMedia | SaidCall | SaidResult | SaidBuiltin


class SaidMessage(msgspec.Struct, frozen=True, omit_defaults=True):
    role: Role
    parts: tuple[SaidPart, ...]
    name: str = ""


class Said(msgspec.Struct, frozen=True):
    """One exchange as it is kept. `asked` is what is new in it: what came before stands in the exchange `previous` ("":
    nothing came before, or nothing of it was kept) and in those before that. `subject` stands for the end user, `talk`
    for the conversation. `finish` is "" where the answer did not end; `code` and `trouble` say what was wrong then."""

    id: str
    tenant: str
    key_id: str
    subject: str
    talk: str
    previous: str
    face: str
    model: str
    started: float
    finished: float
    status: int
    usage: Usage
    asked: tuple[SaidMessage, ...]
    answered: tuple[SaidPart, ...]
    finish: str = ""
    code: str = ""
    trouble: str = ""
    number: int = 0  # its place in the order in which exchanges were written; 0 before that


class Tip(msgspec.Struct, frozen=True):
    """How the next turn of a conversation finds this one: `tip` is the digest of all that was asked, `answer` that of
    the answer, `system` that of the instructions at the beginning."""

    tip: bytes
    id: str
    talk: str
    answer: bytes
    system: bytes


class Entry(msgspec.Struct, frozen=True):
    """What is written of one exchange. `words` are those that it is found by."""

    said: Said
    tip: Tip
    words: tuple[str, ...]


class Sought(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which exchanges; what is left out is not asked about. `since` is included, `until` is not, both are about the
    start. Every one of `words` has to be the beginning of a word of the exchange."""

    tenant: str = ""
    key_id: str = ""
    subjects: tuple[str, ...] = ()
    talk: str = ""
    model: str = ""
    face: str = ""
    since: float | None = None
    until: float | None = None
    words: tuple[str, ...] = ()


class Talk(msgspec.Struct, frozen=True):
    """A conversation: what its newest exchange is that was asked for, and what all of them come to. `number` is that of
    the newest one."""

    id: str
    tenant: str
    key_id: str
    subject: str
    face: str
    model: str
    number: int
    started: float
    finished: float
    exchanges: int
    input_tokens: int
    output_tokens: int


class PromptLog(Protocol):
    async def tips(self, tips: Sequence[bytes]) -> Sequence[Tip]:
        """Those that are kept, the newest last."""
        ...

    async def add(self, entries: Sequence[Entry]) -> None:
        """All of them or none; one that is there already stays as it is."""
        ...


class PromptShelf(Protocol):
    """Raises GatewayError also: 501 for words where nothing can be searched, 503 for what takes too long."""

    async def talks(self, sought: Sought, before: int | None, limit: int) -> Sequence[Talk]:
        """Conversations with such an exchange, by the newest one of these, the newest first: those before the number
        `before`."""
        ...

    async def exchanges(self, sought: Sought, after: int, limit: int) -> Sequence[Said]:
        """The oldest first, those after the number `after`."""
        ...


class PromptCare(Protocol):
    """What is forgotten leaves nothing in a SQLite file."""

    async def delete(self, talk: str, tenant: str = "") -> int:
        """A conversation, with `tenant` if it is of that one. Says how many exchanges."""
        ...

    async def erase(self, tenant: str, subjects: Sequence[str]) -> int: ...

    async def sweep(self, before: float) -> int:
        """Those that began before, in small portions."""
        ...


class Prompts(PromptLog, PromptCare, Protocol):
    """What a store of them is to those who write."""


class Recording(msgspec.Struct, frozen=True):
    """How the recording goes: `lost` are the exchanges that could not be written since the start."""

    state: Literal["idle", "writing", "failing"]
    waiting: int
    written: int
    lost: int
