"""Who asks, and under which name what is done for them is known."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final

import msgspec

from gigamost.auth.principal import Principal
from gigamost.core.messages import Inline, Media, Opaque, Text
from gigamost.core.request import ChatRequest
from gigamost.objects.ids import Owner, Seal
from gigamost.pipeline.desk import Visit
from gigamost.upstreams.account import Account

ORIGIN: Final = "gigachat"
FILE: Final = "file"  # the kind of sealed ids of clients' files


class Context(msgspec.Struct, frozen=True):
    """One request of a client. `session`, `user` and `cache_control` are the client's own `X-Session-ID`,
    `X-Client-ID` and `Cache-Control`, "" when it sent none."""

    principal: Principal
    request_id: str
    visit: Visit
    session: str = ""
    user: str = ""
    cache_control: str = ""


def owner_of(context: Context, account: Account) -> Owner:
    return Owner(context.principal.tenant, account.id)


class Ids:
    """The ids of one owner's things: what an upstream calls them, and what clients see. Without a table: see `Seal`."""

    def __init__(self, seal: Seal, owner: Owner, new_id: Callable[[], str]) -> None:
        self._seal = seal
        self._owner = owner
        self._new_id = new_id

    def call(self, opaque: Opaque | None, before: int = 0) -> str:
        """A tool call's id. It carries the state id that GigaChat wants back with the call.

        `before`: how many calls of the same answer came before it. They may share a state id, but never their own id;
        the number stands in the prefix, which `Seal.open` does not read.
        """
        sealed = self._seal.close("call", opaque.token, self._owner) if opaque is not None else None
        return f"call{before or ''}{sealed or self._new_id()}"

    def state(self, call_id: str) -> Opaque | None:
        token = self._seal.open("call", call_id, self._owner)
        return Opaque(ORIGIN, token) if token is not None else None

    def thread(self, upstream_id: str) -> str:
        """Raises ValueError for an id that cannot be sealed: it must not be shown as it is."""
        sealed = self._seal.close("thread", upstream_id, self._owner, "thread")
        if sealed is None:
            raise ValueError(f"{upstream_id!r} is no id of a thread")
        return sealed

    def open_thread(self, thread: str) -> str | None:
        return self._seal.open("thread", thread, self._owner)

    def open_file(self, file_id: str) -> str | None:
        return self._seal.open(FILE, file_id, self._owner)


def client_id(seal: Seal, context: Context, user: str) -> str:
    """`X-Client-ID` for an end user, "" without one: GigaChat lets only the same id read a picture it generated."""
    return client_ids(seal, context, user)[0]


def client_ids(seal: Seal, context: Context, user: str) -> Sequence[str]:
    """The same, and what it was before the root secret was replaced."""
    return seal.tags("client", f"{context.principal.tenant}\0{user}") if user else ("",)


def tracing(seal: Seal, context: Context, request: ChatRequest) -> dict[str, str]:
    """The headers that name a chat request to GigaChat (gigachat-api.md sections 1.2 and 4.10).

    `X-Session-ID` decides whether GigaChat's prompt cache is hit: one value per opening of a conversation, which all
    its turns share and which says nothing about it.
    """
    headers = {"X-Request-ID": context.request_id, "X-Session-ID": session_of(seal, context, request)}
    client = client_id(seal, context, request.user)
    if client:
        headers["X-Client-ID"] = client
    return headers


def session_of(seal: Seal, context: Context, request: ChatRequest) -> str:
    """What names the conversation to upstreams (`X-Session-ID`)."""
    tenant = context.principal.tenant
    if context.session:
        return seal.uuid("client session", tenant, context.session)
    opening: list[str] = [tenant, *(tool.name for tool in request.tools)]
    for message in request.messages:
        for part in message.parts:
            if type(part) is Text:
                opening.append(part.text)
            elif type(part) is Media:
                opening.append(_digest(part))
        if message.role == "user":
            break
    return seal.uuid("session", *opening)


def _digest(media: Media) -> str:
    """Stands for a picture in the opening: its bytes, or the address or id by which the client knows it."""
    source = media.source
    return sha256(source.data).hexdigest() if isinstance(source, Inline) else str(source)
