"""How much of each promise a run shows, in one place: `make check` samples, `make prove` (`--prove`) does all of it."""

import msgspec


class Sizes(msgspec.Struct, frozen=True):
    """Counts of requests unless a name says otherwise; times are seconds."""

    killed: int  # R1: in flight on the gateway that is killed
    waits_for_sweep: bool  # R1: whether the survivor's own timing closes the orphans
    streams: int  # R2
    parallel: int  # R7
    admitted: int  # R7: what the limit or budget is for
    daily: int  # R8: what a day's budget is for
    redis_away: float  # R9: paused
    redis_ill: float  # R9: killed, slow, full
    database_away: float  # R10
    waiting: int  # R11: in all, on four gateways
    token_lifetime: float  # R11
    every_offset: bool  # R3


CHECK = Sizes(
    killed=60,
    waits_for_sweep=False,
    streams=40,
    parallel=100,
    admitted=20,
    daily=12,
    redis_away=1.5,
    redis_ill=1.5,
    database_away=1.5,
    waiting=100,
    token_lifetime=6,
    every_offset=False,
)
PROVE = Sizes(
    killed=1000,
    waits_for_sweep=True,
    streams=200,
    parallel=500,
    admitted=100,
    daily=100,
    redis_away=60,
    redis_ill=20,
    database_away=300,
    waiting=1000,
    token_lifetime=60,
    every_offset=True,
)
