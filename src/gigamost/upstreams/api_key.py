"""The key of an upstream that has no tokens: it is sent as it is, and nobody can renew it but the operator."""

from collections.abc import Callable
from typing import Final

from gigamost.core.errors import GatewayError, Kind
from gigamost.core.secret import Secret
from gigamost.upstreams.tokens import TokenInfo

REFUSED_HOLD: Final = 10.0  # seconds for which a key is not tried again after a 401: that may have been a mishap


class ApiKey:
    """`account.Tokens` of a key; None where the upstream wants none. `setting` is what the operator has to correct,
    `now` unix seconds."""

    def __init__(self, key: Secret | None, setting: str, now: Callable[[], float]) -> None:
        self._key = key
        self._setting = setting
        self._now = now
        self._since = now()
        self._refused: float | None = None

    async def get(self) -> Secret | None:
        if self._is_held():
            message = "An upstream refuses the gateway's key. The operator has to correct it"
            raise GatewayError(Kind.UPSTREAM_FAILED, message, code="upstream_key_refused", detail=self._advice())
        return self._key

    def reject(self, token: Secret | None) -> None:
        self._refused = self._now()

    def info(self) -> TokenInfo:
        if self._is_held():
            return TokenInfo("failed", None, self._since, self._advice())
        return TokenInfo("valid", None, self._since, "")

    async def close(self) -> None:
        pass

    def _is_held(self) -> bool:
        return self._refused is not None and self._now() < self._refused + REFUSED_HOLD

    def _advice(self) -> str:
        return f"the upstream answered 401: set {self._setting} to a key that it takes"
