"""What is kept for a client between its requests: the items of a conversation in the client's own protocol."""

import msgspec


class Item(msgspec.Struct, frozen=True):
    """One entry of a conversation as its protocol writes it: a JSON object, its id included."""

    id: str
    body: bytes


class Refers(msgspec.Struct, frozen=True):
    """What a request builds on: an earlier answer, or a conversation; "" for none."""

    response: str = ""
    conversation: str = ""


class KeptResponse(msgspec.Struct, frozen=True):
    """An answer that is kept, with what was asked. `body` is the response object as the client got it; `input` are the
    items of this request alone, without those it builds on. `created` is unix seconds."""

    id: str
    created: int
    body: bytes
    input: tuple[Item, ...]
    output: tuple[Item, ...]
    refers: Refers = Refers()
