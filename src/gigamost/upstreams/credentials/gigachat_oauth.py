"""GigaChat's OAuth: the authorization key is exchanged for an access token that lives 30 minutes.

POST https://ngw.devices.sberbank.ru:9443/api/v2/oauth     Authorization: Basic <key>, RqUID: <uuid4>, scope=<scope>
"""

from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

import msgspec

from gigamost import __version__
from gigamost.core.secret import Secret
from gigamost.upstreams.credentials import Flow, Holder, Owner
from gigamost.upstreams.credentials.grant import read_token
from gigamost.upstreams.credentials.key import PERS
from gigamost.upstreams.http import HttpRequest

OAUTH_URL: Final = "https://ngw.devices.sberbank.ru:9443/api/v2/oauth"
# GigaChat's front answers 403 to a request without a User-Agent; any value will do.
USER_AGENT: Final = ("User-Agent", f"gigamost/{__version__}")


class GigaChatOAuth(msgspec.Struct, frozen=True):
    """`key` is the cleaned authorization key (see `credentials.key`)."""

    key: Secret
    scope: str = PERS
    url: str = OAUTH_URL
    owner: Owner = "operator"

    @property
    def id(self) -> str:
        return self.key.digest(f"gigachat oauth {self.owner} {self.scope} {self.url}")

    @property
    def holder(self) -> Holder:
        return Holder(self.owner, "GIGACHAT_CREDENTIALS", (self.key,))

    def flow(self, now: Callable[[], float], new_id: Callable[[], str]) -> Flow:
        answer = yield oauth_request(self.url, self.scope, new_id(), self.key)
        return read_token(answer, now(), self.holder)


def oauth_request(url: str, scope: str, request_id: str, key: Secret | None = None) -> HttpRequest:
    """`request_id` is a uuid4, a new one for every request: GigaChat refuses others. Without a key it is the client
    certificate of the connection that says who asks."""
    headers: tuple[tuple[str, str], ...] = (
        ("RqUID", request_id),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Accept", "application/json"),
        USER_AGENT,
    )
    if key is not None:
        headers = (("Authorization", f"Basic {key.reveal()}"), *headers)
    return HttpRequest("POST", url, headers, urlencode({"scope": scope}).encode())
