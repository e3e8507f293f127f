"""Why an upstream gives no access token: a closed set of faults, and what each means to whom."""

from enum import StrEnum
from typing import Final, NamedTuple

from gigamost.core.errors import GatewayError, Kind
from gigamost.upstreams.credentials import Holder
from gigamost.upstreams.credentials.key import SCOPES


class TokenFault(StrEnum):
    """The `code` of the Problem."""

    KEY_UNREADABLE = "gigachat_key_unreadable"
    KEY_REFUSED = "gigachat_key_refused"
    SCOPE_REFUSED = "gigachat_scope_refused"
    REQUEST_REFUSED = "gigachat_token_request_refused"
    FORBIDDEN = "gigachat_token_forbidden"
    RATE_LIMITED = "gigachat_token_rate_limited"
    FAILED = "gigachat_token_endpoint_failed"
    ANSWER_UNREADABLE = "gigachat_token_answer_unreadable"
    CLOCK_WRONG = "gigachat_clock_wrong"
    UNREACHABLE = "gigachat_token_endpoint_unreachable"
    UNTRUSTED = "gigachat_tls_untrusted"
    NOT_RENEWABLE = "gigachat_access_token_refused"


class Meaning(NamedTuple):
    """`wrong` goes to a client, `remedy` to the operator; `{settings}` in it are the settings of the credential.

    `refused`: it is the credential that is at fault, so whoever gave it has to correct it.
    """

    wrong: str
    remedy: str
    refused: bool = False


_KINDS_FOR_CLIENT: Final = {TokenFault.FORBIDDEN: Kind.FORBIDDEN, TokenFault.RATE_LIMITED: Kind.RATE_LIMITED}
_ADDRESS = "the endpoint's URL (GIGACHAT_AUTH_URL; with a password it is GIGACHAT_BASE_URL)"
_SCOPES = ", ".join(f"{name} ({who})" for name, who in SCOPES.items())

MEANINGS: Final = {
    TokenFault.KEY_UNREADABLE: Meaning(
        "they cannot be decoded", "set {settings} to the authorization key as the account's page shows it", True
    ),
    TokenFault.KEY_REFUSED: Meaning(
        "they are wrong or were revoked", "check {settings}; a new key is made on the account's page", True
    ),
    TokenFault.SCOPE_REFUSED: Meaning(
        "they do not belong to the scope asked for", f"set GIGACHAT_SCOPE to the account's scope: {_SCOPES}", True
    ),
    TokenFault.REQUEST_REFUSED: Meaning(
        "the request for an access token was not accepted", f"check {{settings}} and {_ADDRESS}"
    ),
    TokenFault.FORBIDDEN: Meaning(
        "the token endpoint forbids access", f"check {_ADDRESS}, and whether it serves this network", True
    ),
    TokenFault.NOT_RENEWABLE: Meaning(
        "the API does not accept them any more",
        "replace {settings}; only GIGACHAT_CREDENTIALS or a password renew themselves",
        True,
    ),
    TokenFault.RATE_LIMITED: Meaning(
        "too many tokens were asked for",
        "look for another program with the same key: 10 requests a second is the limit",
    ),
    TokenFault.FAILED: Meaning("the token endpoint failed", "nothing to set: it is asked again by itself"),
    TokenFault.ANSWER_UNREADABLE: Meaning("the token endpoint's answer has no token", f"check {_ADDRESS}"),
    TokenFault.CLOCK_WRONG: Meaning("the token had expired when it came", "set this machine's clock: it is ahead"),
    TokenFault.UNREACHABLE: Meaning(
        "the token endpoint cannot be reached", f"check the network, HTTPS_PROXY and {_ADDRESS}"
    ),
    TokenFault.UNTRUSTED: Meaning(
        "there is no trusted TLS connection to the token endpoint",
        "run `gigamost certs install`, or set GIGACHAT_CA_BUNDLE_FILE if a proxy here opens TLS",
    ),
}


def no_token(
    fault: TokenFault, holder: Holder, seen: str, vendor_code: int | None = None, retry_after: float | None = None
) -> GatewayError:
    """HTTP 502 when the credential is the operator's; a client whose own credential was refused gets 401 or 403. The
    detail says what the operator has to set. `seen` is what was answered or happened, without secrets."""
    meaning = MEANINGS[fault]
    code = "" if vendor_code is None else f" (code {vendor_code})"
    kind = Kind.UPSTREAM_FAILED
    if holder.owner == "client":
        kind = _KINDS_FOR_CLIENT.get(fault, Kind.UNAUTHENTICATED if meaning.refused else kind)
    if not meaning.refused:
        message = f"The gateway could not get an access token from GigaChat: {meaning.wrong}"
    elif holder.owner == "client":
        message = f"GigaChat refused the credentials of the Authorization header{code}: {meaning.wrong}"
    else:
        message = f"GigaChat refused the gateway's credentials{code}: {meaning.wrong}. The operator has to correct them"
    detail = f"{meaning.wrong}; {meaning.remedy.format(settings=holder.settings)} ({seen})"
    return GatewayError(kind, message, code=fault.value, retry_after=retry_after, detail=detail)
