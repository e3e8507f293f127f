"""How long the server waits for whom."""

import msgspec


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds. `sweep` is how often the others are looked at, and so how late they may be."""

    head: float = 30  # from the first byte of a head to its last
    body: float = 600  # for a whole body
    idle: float = 75  # between two requests
    stall: float = 120  # in which a client that is written to reads nothing
    linger: float = 10  # in which the rest of a refused request is thrown away, so that the refusal is read
    sweep: float = 5
    drain: float = 30  # that live requests have to finish when the server ends
