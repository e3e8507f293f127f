"""`pass_token`: the GigaChat credential that a client brings in its own `Authorization` header.

The forms are gpt2giga's, so that its users move without a change. The hosts are the operator's: a request never
chooses where a credential is sent.
"""

import re
from typing import Final

import msgspec

from gigamost.core.errors import GatewayError, Kind
from gigamost.core.secret import Secret
from gigamost.upstreams.credentials.basic_token import BasicToken
from gigamost.upstreams.credentials.gigachat_oauth import OAUTH_URL, GigaChatOAuth
from gigamost.upstreams.credentials.grant import is_header_safe
from gigamost.upstreams.credentials.key import PERS, clean_key, fault_in_key, is_token_shaped
from gigamost.upstreams.credentials.static import Static

FORMS: Final = (
    "the Base64 authorization key, `giga-cred-<authorization key>[:<scope>]`, `giga-auth-<access token>` or "
    "`giga-user-<user>:<password>`"
)
_LIMIT: Final = 16 * 1024  # characters; an access token of GigaChat has about 1,200


class ClientCredentials(msgspec.Struct, frozen=True):
    """Reads clients' credentials. `scope` is for a key that comes without one; `token_url` is `{api}/token`."""

    token_url: str
    oauth_url: str = OAUTH_URL
    scope: str = PERS

    def read(self, authorization: str) -> GigaChatOAuth | BasicToken | Static:
        """The credential in an `Authorization` value, with or without `Bearer `. Raises GatewayError (401) that says
        which forms there are."""
        text = re.sub(r"^(bearer|basic) +", "", authorization.strip(), flags=re.IGNORECASE)
        if not text:
            raise _unreadable("it is empty")
        if len(text) > _LIMIT:
            raise _unreadable(f"it is longer than {_LIMIT} characters")
        if text.startswith("giga-auth-"):
            return self._token(text.removeprefix("giga-auth-"))
        if text.startswith("giga-user-"):
            return self._user(text.removeprefix("giga-user-"))
        if text.startswith("giga-cred-"):
            key, colon, scope = text.removeprefix("giga-cred-").partition(":")
            return self._key(key, scope if colon else self.scope)
        return self._key(text, self.scope)

    def _key(self, text: str, scope: str) -> GigaChatOAuth:
        key = clean_key(text)
        if is_token_shaped(key):
            raise _unreadable("an access token needs `giga-auth-` in front")
        if (fault := fault_in_key(key)) is not None:
            raise _unreadable(f"as a key, {fault}")
        if not re.fullmatch(r"[A-Z0-9_]{1,64}", scope):
            raise _unreadable("the scope is not a name like GIGACHAT_API_PERS")
        return GigaChatOAuth(Secret(key), scope, self.oauth_url, "client")

    def _user(self, text: str) -> BasicToken:
        user, _, password = text.partition(":")
        if not (user and password and text.isprintable()):
            raise _unreadable("`giga-user-` needs a user, a colon and a password")
        return BasicToken(user, Secret(password), self.token_url, "client")

    def _token(self, text: str) -> Static:
        if not is_header_safe(text):
            raise _unreadable("the access token is empty or has characters that cannot be in one")
        return Static(Secret(text), owner="client")


def _unreadable(fault: str) -> GatewayError:
    return GatewayError(
        Kind.UNAUTHENTICATED,
        f"The Authorization header holds no GigaChat credential: {fault}. Send {FORMS}",
        param="Authorization",
        code="gigachat_credential_unreadable",
    )
