"""The history of prompts as JSON has it. What was said is in the gateway's own form, whatever the client's protocol."""

from typing import Annotated, Final

import msgspec

from gigamost.core.prompts import SaidMessage, SaidPart

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]

NOT_REACHED: Final = (
    "Files that clients uploaded: they belong to the tenant and name no user.",
    "Batches, their input and their results: they belong to the tenant and name no user.",
    "What another gateway on the same database is about to write, or what the user says from now on.",
    "Backups, the log of the gateway (no prompts at the levels info and above), and what upstreams keep.",
    "On PostgreSQL, deleted rows stay on the disk until the server vacuums the tables.",
)
STILL_QUEUED: Final = "Exchanges that wait in this gateway, because the database was too slow: erase again."


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """`subject` stands for the end user, null when the client named none. Key, face and model are those of the newest
    exchange that was asked for."""

    id: str
    tenant_id: str
    key_id: str
    subject: str | None
    face: str
    model: str
    started_at: str
    finished_at: str
    exchanges: int
    prompt_tokens: int
    completion_tokens: int


class Trouble(msgspec.Struct, frozen=True):
    """What the client was told in the place of an answer, or of its end."""

    code: str
    message: str


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """`id` is the request's, as in the ledger. `asked` is what is new in it: what came before is in the exchange
    `previous_id` and those before that. `answered` is as far as the client was shown it."""

    id: str
    conversation_id: str
    previous_id: str | None
    tenant_id: str
    key_id: str
    subject: str | None
    face: str
    model: str
    started_at: str
    finished_at: str
    status: int
    finish_reason: str | None
    error: Trouble | None
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    estimated: bool
    asked: tuple[SaidMessage, ...]
    answered: tuple[SaidPart, ...]


class Exchanges(msgspec.Struct, frozen=True, kw_only=True):
    """The oldest first. `next_cursor` is null on the last page."""

    data: tuple[Exchange, ...]
    next_cursor: str | None


class Deleted(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    exchanges: int


class Erase(msgspec.Struct, frozen=True, kw_only=True):
    """`tenant` is an id or a name, `user` what the client calls its user, letter by letter: `user`,
    `safety_identifier`, `metadata.user_id` or the header X-Client-ID."""

    tenant: Name
    user: Name


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """How much is gone, and what could not be reached."""

    subject: str
    exchanges: int
    responses: int
    conversations: int
    not_reached: tuple[str, ...]
