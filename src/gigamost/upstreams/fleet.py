"""The upstreams' credentials as an administrator sees and changes them, one by its name."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from gigamost.core.secret import Secret
from gigamost.routing.breaker import State as BreakerState
from gigamost.upstreams.account import Account
from gigamost.upstreams.tokens import State as TokenState


class Standing(msgspec.Struct, frozen=True):
    """How a credential stands. `retry_in`: seconds until a failing one is tried again; `token_age` and `token_left`:
    seconds since the token came and until it ends, None where there is none or nobody said. `last_error` is for the
    operator, "" when the last token came. `balance` as in `Trial`, as it was some minutes ago."""

    name: str
    upstream: str
    breaker: BreakerState
    retry_in: float
    is_draining: bool
    limit: int
    in_flight: int
    waiting: int
    token: TokenState
    token_age: float | None
    token_left: float | None
    last_error: str
    balance: Mapping[str, float] | None = None


class Trial(msgspec.Struct, frozen=True):
    """What a test found: whether the upstream answered, how many models it has (None where it has no list), and in how
    many milliseconds; else what is wrong. `balance`: the tokens that are left of GigaChat's packages by their use, None
    where nothing was bought in advance."""

    ok: bool
    models: int | None = None
    duration_ms: int = 0
    balance: Mapping[str, float] | None = None
    problem: str = ""


class Fleet(Protocol):
    """All raise GatewayError, 404 for a name that nobody has. A credential can be changed while it works: what is under
    way ends as it began."""

    def standings(self) -> Sequence[Standing]: ...

    async def test(self, name: str) -> Trial:
        """Asks for a token, for the list of models and, of GigaChat, for the balance."""
        ...

    def drain(self, name: str, *, resume: bool = False) -> Standing:
        """It gets nothing new, until it is resumed."""
        ...

    async def rotate(self, name: str, key: Secret) -> Standing:
        """Its key is replaced, once the upstream has taken the new one."""
        ...


def standing(account: Account, now: float, unix: float) -> Standing:
    """`now` is seconds of the breaker's clock, `unix` seconds since 1970."""
    gate, token = account.gate.snapshot(), account.tokens.info()
    return Standing(
        name=account.name,
        upstream=account.upstream,
        breaker=account.breaker.state(now),
        retry_in=round(account.breaker.rest(now), 3),
        is_draining=account.is_draining,
        limit=gate.limit,
        in_flight=gate.in_flight,
        waiting=gate.waiting,
        token=token.state,
        token_age=_since(token.fetched_at, unix),
        token_left=None if token.expires_at is None else max(token.expires_at - unix, 0.0),
        last_error=token.last_error,
        balance=account.balance,
    )


def _since(moment: float | None, unix: float) -> float | None:
    return None if moment is None else max(unix - moment, 0.0)
