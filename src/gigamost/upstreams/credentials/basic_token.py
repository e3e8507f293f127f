"""A user and a password, exchanged for an access token at `POST {api}/token` (corporate installations)."""

import base64
from collections.abc import Callable

import msgspec

from gigamost.core.secret import Secret
from gigamost.upstreams.credentials import Flow, Holder, Owner
from gigamost.upstreams.credentials.gigachat_oauth import USER_AGENT
from gigamost.upstreams.credentials.grant import read_token
from gigamost.upstreams.http import HttpRequest


class BasicToken(msgspec.Struct, frozen=True):
    """`url` is the API's base URL with `/token` at its end."""

    user: str
    password: Secret
    url: str
    owner: Owner = "operator"

    @property
    def id(self) -> str:
        return self._pair.digest(f"basic token {self.owner} {self.url}")

    @property
    def holder(self) -> Holder:
        return Holder(self.owner, "GIGACHAT_USER and GIGACHAT_PASSWORD", (self._pair, self.password))

    @property
    def _pair(self) -> Secret:
        return Secret(base64.b64encode(f"{self.user}:{self.password.reveal()}".encode()).decode())

    def flow(self, now: Callable[[], float], new_id: Callable[[], str]) -> Flow:
        headers = (("Authorization", f"Basic {self._pair.reveal()}"), ("Accept", "application/json"), USER_AGENT)
        answer = yield HttpRequest("POST", self.url, headers)
        return read_token(answer, now(), self.holder)
