"""What is kept for a client between its requests: answers and conversations, in the client's own protocol."""

from typing import Literal

import msgspec


class Item(msgspec.Struct, frozen=True):
    """One entry of a conversation as its protocol writes it: a JSON object, its id included."""

    id: str
    body: bytes


class Refers(msgspec.Struct, frozen=True):
    """What a request builds on: an earlier answer, or a conversation; "" for none. `items` are the ids of single kept
    items that it names instead of repeating them."""

    response: str = ""
    conversation: str = ""
    items: tuple[str, ...] = ()


class KeptResponse(msgspec.Struct, frozen=True):
    """An answer that is kept, with what was asked. `body` is the response object as the client got it; `input` are the
    items of this request alone, without those it builds on. `created` is unix seconds; `subject` is the tag of the end
    user that the client named, "" for none."""

    id: str
    created: int
    body: bytes
    input: tuple[Item, ...]
    output: tuple[Item, ...]
    refers: Refers = Refers()
    subject: str = ""


class Conversation(msgspec.Struct, frozen=True):
    """What is known of a conversation beside its items. `created` is unix seconds; `subject` as with answers."""

    id: str
    created: int
    metadata: dict[str, str] = {}
    subject: str = ""


class Link(msgspec.Struct, frozen=True):
    """A kept answer as a part of a chain of them: its id, and what it builds on."""

    id: str
    refers: Refers


class Erased(msgspec.Struct, frozen=True):
    """What is gone of an end user: the ids of answers, and how many conversations."""

    responses: tuple[str, ...] = ()
    conversations: int = 0


class Window(msgspec.Struct, frozen=True):
    """Which part of a list: `limit` items behind the item `after` ("": from the beginning), oldest first or last."""

    limit: int = 20
    after: str = ""
    order: Literal["asc", "desc"] = "desc"


class Page(msgspec.Struct, frozen=True):
    items: tuple[Item, ...]
    has_more: bool = False
