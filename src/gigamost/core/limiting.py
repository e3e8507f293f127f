"""What may be used in a time, and who holds a place: the words between the limits and where they are counted."""

from typing import Literal

import msgspec

Measure = Literal["requests", "tokens"]


class Draw(msgspec.Struct, frozen=True):
    """`amount` out of what `owner` (`key:<id>`, `tenant:<id>`) may use in any `seconds` that follow each other, which
    is `limit`. An amount over the limit fits when nothing else is in the window, so that no request waits for ever."""

    owner: str
    measure: Measure
    seconds: int
    limit: int
    amount: int


class Grant(msgspec.Struct, frozen=True):
    """All of `draws` was taken at `at`, microseconds of the counting clock. For each of them: what is `left`, and in
    how many seconds the whole window is free again (`resets`)."""

    draws: tuple[Draw, ...]
    at: int
    left: tuple[int, ...]
    resets: tuple[float, ...]


class Full(msgspec.Struct, frozen=True):
    """Nothing was taken, because `draw` does not fit. In `wait` seconds it would, if nobody else took anything."""

    draw: Draw
    wait: float
    left: int
    reset: float


class Crowd(msgspec.Struct, frozen=True):
    """How many places there are, how many of them are taken and how many wait for one, as this gateway knows it."""

    limit: int
    in_flight: int
    waiting: int


class Sharing(msgspec.Struct, frozen=True):
    """Whether the gateways count together. `alone`: there is nothing to share; `shared`: all of them count in one
    place; `apart`: that place is out of reach, and each gateway allows its part of every limit. `since` is unix
    seconds; `error`, for the operator, says why they count apart."""

    mode: Literal["alone", "shared", "apart"]
    since: float
    error: str = ""


class Line(msgspec.Struct, frozen=True):
    """Where somebody waits: a higher `priority` goes first, groups of the same one take turns, and within a group it is
    first come, first served."""

    group: str
    priority: int = 0
