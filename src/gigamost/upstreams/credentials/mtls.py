"""The client certificate of the TLS connection as the credential (corporate contours); `tls.client_context` loads it.

Some contours want no `Authorization` header at all, others an OAuth token that is asked for without a key.
"""

import hashlib
from collections.abc import Callable

import msgspec

from gigamost.upstreams.credentials import AccessToken, Flow, Holder
from gigamost.upstreams.credentials.gigachat_oauth import oauth_request
from gigamost.upstreams.credentials.grant import read_token
from gigamost.upstreams.credentials.key import PERS


class ClientCertificate(msgspec.Struct, frozen=True):
    """`certificate` is the certificate file's bytes (it holds nothing secret). `oauth_url` is None where no token is
    needed."""

    certificate: bytes
    oauth_url: str | None = None
    scope: str = PERS

    @property
    def id(self) -> str:
        purpose = f"client certificate {self.scope} {self.oauth_url}"
        return hashlib.sha256(purpose.encode() + b"\0" + self.certificate).hexdigest()

    @property
    def holder(self) -> Holder:
        return Holder("operator", "GIGACHAT_CERT_FILE and GIGACHAT_KEY_FILE")

    def flow(self, now: Callable[[], float], new_id: Callable[[], str]) -> Flow:
        if self.oauth_url is None:
            return AccessToken(None)
        answer = yield oauth_request(self.oauth_url, self.scope, new_id())
        return read_token(answer, now(), self.holder)
