"""Where a browser's request comes from: the defence of cookies against other pages (CSRF). Pure rules.

A request that a cookie authenticates and that changes something (any method but GET and HEAD) needs all of this:
1. the header `X-Gigamost-Request`, whatever is in it: no form can send it, and a page of another origin only after a
   preflight that this gateway never answers with leave for credentials;
2. `Sec-Fetch-Site: same-origin`; where a browser does not say it, an `Origin`, if there is one, that is the `Host`.
   Another port of the same machine is the same site, gets the cookie, and is stopped by this.
A login needs the second one. Keys and tokens in headers need neither: no browser adds them by itself.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from gigamost.core.errors import GatewayError, Kind

HEADER: Final = "x-gigamost-request"


def check_change(headers: Mapping[str, str]) -> None:
    """Raises GatewayError (403)."""
    if HEADER not in headers:
        message = "A change by cookie needs the header X-Gigamost-Request: 1, which no other page can send."
        raise GatewayError(Kind.FORBIDDEN, message, code="foreign_page")
    check_own_page(headers)


def check_own_page(headers: Mapping[str, str]) -> None:
    """Raises GatewayError (403) for a request that a page of another origin caused."""
    site = headers.get("sec-fetch-site")
    origin = headers.get("origin")
    is_own = site == "same-origin" if site is not None else origin is None or _is_here(origin, headers)
    if not is_own:
        message = "This request comes from a page of another origin. Behind a proxy, let it pass `Host` on as it is."
        raise GatewayError(Kind.FORBIDDEN, message, code="foreign_page")


def _is_here(origin: str, headers: Mapping[str, str]) -> bool:
    try:
        return urlsplit(origin).netloc.lower() == headers.get("host", "").lower() != ""
    except ValueError:
        return False
