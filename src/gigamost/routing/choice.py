"""Which of several targets is asked first.

    healthy before failing > with a free place before full > the conversation's own > (full ones) the least busy

A conversation's own target follows from its name alone (weighted rendezvous hashing): every replica finds the same one
without a table, so the upstream's prompt cache is hit, and where a target goes or comes only its conversations move.
"""

import math
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final, NamedTuple

_SPAN: Final = 2.0**64


class Standing(NamedTuple):
    """How a target stands now. `load` is requests, under way and waiting, for each place: full from 1 on."""

    name: str
    weight: float = 1.0
    load: float = 0.0
    is_healthy: bool = True


def order(standings: Sequence[Standing], conversation: str) -> list[int]:
    """The places of the targets, the one to ask first first."""

    def rank(at: int) -> tuple[bool, bool, float, float]:
        standing = standings[at]
        is_full = standing.load >= 1
        busy = standing.load / standing.weight if is_full else 0.0
        return not standing.is_healthy, is_full, busy, -affinity(standing, conversation)

    return sorted(range(len(standings)), key=rank)


def affinity(standing: Standing, conversation: str) -> float:
    """The highest one wins; over many conversations each target wins as often as its weight says."""
    digest = blake2b(f"{standing.name}\0{conversation}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    drawn = (int.from_bytes(digest, "big") + 0.5) / _SPAN
    return -standing.weight / math.log(drawn)
