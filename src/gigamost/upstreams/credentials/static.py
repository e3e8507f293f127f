"""An access token that was given as it is: nobody is asked, so nobody can renew it."""

from collections.abc import Callable

import msgspec

from gigamost.core.secret import Secret
from gigamost.upstreams.credentials import AccessToken, Flow, Holder, Owner


class Static(msgspec.Struct, frozen=True):
    """`expires_at` is unix seconds, None when it is not known."""

    value: Secret
    expires_at: float | None = None
    owner: Owner = "operator"

    @property
    def id(self) -> str:
        return self.value.digest(f"access token {self.owner}")

    @property
    def holder(self) -> Holder:
        return Holder(self.owner, "GIGACHAT_ACCESS_TOKEN", (self.value,))

    @property
    def token(self) -> AccessToken:
        return AccessToken(self.value, self.expires_at)

    def flow(self, now: Callable[[], float], new_id: Callable[[], str]) -> Flow:
        yield from ()
        return self.token
