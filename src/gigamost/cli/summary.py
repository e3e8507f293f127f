"""What `serve` says when it starts: what it is connected to, how it was configured, and what to look at."""

from collections.abc import Iterator

from gigamost import __version__
from gigamost.app import Gateway
from gigamost.config import Credential, Settings
from gigamost.protocols import ALL


def summary(settings: Settings, gateway: Gateway, base: str) -> Iterator[str]:
    """Lines for the operator. Secrets are never among them, but for those that dev mode makes up itself: a key, and the
    link that lets one administrator in."""
    yield f"Gigamost {__version__} ({settings.mode}) at {base}"
    yield _line("clients", f"base URL {base}/v1 (OpenAI); `gigamost connect CLIENT` prints the rest")
    yield _line("protocols", ", ".join(face.name for face in ALL))
    yield _line("keys", _access(settings, gateway))
    link = gateway.reception.link(base)
    if link is not None:
        yield _line("admin", f"{link} (once, within 10 minutes)")
    if gateway.accounts.trust is not None:
        yield _line("certificates", gateway.accounts.trust.message)
    for credential in settings.gigachat.pool:
        yield _line("upstream", _upstream(credential))
        yield _line("token", _token(credential))
    for row in settings.upstreams:
        yield _line("upstream", f"{row.name}: {row.base_url}, OpenAI's wire, {_at_once(row.max_connections)}")
    if settings.routes:
        yield _line("routes", ", ".join(settings.routes))
    if settings.proxy.https or settings.proxy.http:
        yield _line("proxy", "HTTPS_PROXY / HTTP_PROXY, not for " + (", ".join(settings.proxy.bypass) or "nobody"))
    yield _line("state", str(settings.state_dir))
    yield _line("configured", _sources(settings))
    for warning in settings.warnings:
        yield _line("warning", warning)


def _line(name: str, text: str) -> str:
    return f"  {name:<13}{text}"


def _access(settings: Settings, gateway: Gateway) -> str:
    if gateway.generated_key is not None:
        return f"{gateway.generated_key.reveal()} (made for dev mode; `keys` in gigamost.yaml replaces it)"
    if gateway.open_mode:
        return "none needed from this machine"
    stored = len(gateway.access.ring.roll.keys)
    kept = [f"{stored} in the database (`gigamost keys list`)"] if stored else []
    found = [*(key.name for key in settings.keys), *kept]
    return ", ".join(found) or "none: every request is refused until `gigamost keys create` has made one"


def _upstream(credential: Credential) -> str:
    return f"{credential.name}: {credential.base_url}, {credential.scope}, {_at_once(credential.max_connections)}"


def _at_once(requests: int) -> str:
    return f"{requests} request{'s' if requests > 1 else ''} at a time"


def _token(credential: Credential) -> str:
    fallback = ", GIGACHAT_ACCESS_TOKEN if that fails" if credential.access_token else ""
    if credential.key is not None:
        return f"from {credential.auth_url}, renewed by itself{fallback}"
    if credential.user:
        return f"from {credential.base_url}/token for {credential.user}, renewed by itself{fallback}"
    if credential.access_token is not None:
        return "GIGACHAT_ACCESS_TOKEN as it is: it cannot be renewed and will end"
    return f"none: the certificate {credential.cert_file} says who we are"


def _sources(settings: Settings) -> str:
    """`--port; environment: GIGACHAT_SCOPE; .env: GIGACHAT_CREDENTIALS; gigamost.yaml: keys`."""
    places: dict[str, list[str]] = {}
    for origin in settings.origins.values():
        place = origin.file if origin.kind in ("file", ".env") else {"flag": "options"}.get(origin.kind, origin.kind)
        places.setdefault(place, []).append(origin.name)
    if not places:
        return "by nothing: these are the defaults"
    return "; ".join(f"{place}: {', '.join(names)}" for place, names in places.items())
