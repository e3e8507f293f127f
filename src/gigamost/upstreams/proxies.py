"""Which proxy a request goes through, by the rules of HTTPS_PROXY, HTTP_PROXY and NO_PROXY.

Loopback is no exception, as in curl and the Python clients: name it in `no_proxy`.
"""

from base64 import b64encode
from ipaddress import ip_address, ip_network
from urllib.parse import unquote, urlsplit

import msgspec

from gigamost.upstreams.head import Origin


class Proxy(msgspec.Struct, frozen=True):
    """`origin` is the proxy itself; `authorization` the value of Proxy-Authorization, "" without user name."""

    origin: Origin
    authorization: str = ""

    def __repr__(self) -> str:
        return f"Proxy({self.origin})"


class ProxySettings(msgspec.Struct, frozen=True):
    """Proxy URLs for https and http targets ("" means none), and the hosts that are reached without one.

    A `no_proxy` entry is `*`, a host or a domain with its subdomains (`sber.ru`, `.sber.ru`, `*.sber.ru`), either with
    `:port`, an address or a CIDR network. Raises ValueError for what cannot be read; the message holds no password.
    """

    https: str = ""
    http: str = ""
    no_proxy: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for url in (self.https, self.http):
            if url:
                parse_proxy(url)
        for rule in self.no_proxy:
            if "/" in rule:
                ip_network(rule.strip(), strict=False)

    def __repr__(self) -> str:
        https, http = (str(parse_proxy(url).origin) if url else "" for url in (self.https, self.http))
        return f"ProxySettings(https={https!r}, http={http!r}, no_proxy={self.no_proxy!r})"

    def proxy_for(self, origin: Origin) -> Proxy | None:
        url = self.https if origin.scheme == "https" else self.http
        if not url or any(_covers(rule.strip().lower(), origin.host, origin.port) for rule in self.no_proxy):
            return None
        return parse_proxy(url)


def parse_proxy(url: str) -> Proxy:
    """`http://user:password@host:port`, also https:// or without scheme. Raises ValueError."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"a proxy must be an http:// or https:// URL with a host, not {parts.scheme}://...")
    secure = parts.scheme == "https"
    origin = Origin("https" if secure else "http", parts.hostname, parts.port or (443 if secure else 80))
    if parts.username is None:
        return Proxy(origin)
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return Proxy(origin, "Basic " + b64encode(pair.encode()).decode("ascii"))


def _covers(rule: str, host: str, port: int) -> bool:
    if rule == "*":
        return True
    if rule.startswith("["):
        rule, _, rest = rule[1:].partition("]")
        only = rest.removeprefix(":")
    elif rule.count(":") == 1:
        rule, _, only = rule.partition(":")
    else:
        only = ""
    if only and only != str(port):
        return False
    try:
        address = ip_address(host)
    except ValueError:
        domain = rule.removeprefix("*").removeprefix(".")
        return bool(domain) and (host == domain or host.endswith("." + domain))
    try:
        return address in ip_network(rule, strict=False)
    except ValueError:
        return False
