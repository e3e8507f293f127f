"""What a key may do and what its requests get: its own terms within its tenant's, so that a key never exceeds the
tenant that it belongs to. Pure rules."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from gigamost.auth.principal import Principal
from gigamost.core.errors import GatewayError, Kind
from gigamost.core.tenancy import Defaults, Scope

Networks = tuple[IPv4Network | IPv6Network, ...]
_SHOWN: Final = 80  # characters of a client's name that an error repeats
_LONGEST: Final = 256  # characters of a name that is worth comparing with patterns


def check_face(principal: Principal, face: str) -> None:
    """Raises GatewayError (403)."""
    for scope in _scopes(principal):
        if scope.faces and face not in scope.faces:
            raise GatewayError(
                Kind.FORBIDDEN,
                f"This key is not for this API ({face}), it is for: {', '.join(scope.faces)}.",
                code="face_not_allowed",
            )


def check_model(principal: Principal, asked: str, model: str) -> None:
    """`asked` is the name that the client wrote, `model` the one that it means. Raises GatewayError (403)."""
    if not may_use(principal, asked, model):
        raise GatewayError(
            Kind.FORBIDDEN,
            f"This key is not for the model `{asked[:_SHOWN]}`: GET /v1/models lists those that it is for.",
            param="model",
            code="model_not_allowed",
        )


def check_chat_model(principal: Principal, asked: str, model: str) -> None:
    """As `check_model`; a model that the key's operator forces is one that the key may use."""
    if not principal.defaults.forced_model:
        check_model(principal, asked, model)


def model_for(principal: Principal, asked: str) -> str:
    """The name of the model that a chat request of this key gets."""
    return principal.defaults.forced_model or asked or principal.defaults.model


def may_use(principal: Principal, asked: str, model: str) -> bool:
    return all(_fits(scope.models, asked, model) for scope in _scopes(principal) if scope.models)


def check_address(principal: Principal, address: str) -> None:
    """Raises GatewayError (403) for a client that is not in the key's networks."""
    for scope in _scopes(principal):
        if scope.addresses and not is_in(address, networks(scope.addresses)):
            raise GatewayError(
                Kind.FORBIDDEN, "This key may not be used from this address.", code="address_not_allowed"
            )


@lru_cache(maxsize=4096)
def networks(texts: tuple[str, ...]) -> Networks:
    """Raises ValueError for what is neither an address nor a network in CIDR form."""
    return tuple(ip_network(text) for text in texts)


def is_in(address: str, within: Networks) -> bool:
    found = _address(address)
    return found is not None and any(found.version == net.version and found in net for net in within)


def client_address(peer: str, forwarded: str, trusted: Networks) -> str:
    """Where a request came from: the connection's other end `peer`, or, as long as that is one of our proxies, the one
    before it in `X-Forwarded-For`."""
    hops = [hop.strip() for hop in forwarded.split(",")] if forwarded else []
    while hops and is_in(peer, trusted):
        peer = hops.pop()
    return peer


def combined(tenant: Defaults, key: Defaults) -> Defaults:
    """The key's within its tenant's: what a tenant forces or forbids a key cannot change, and what a tenant says comes
    before what its key says."""
    return Defaults(
        model=key.model or tenant.model,
        forced_model=tenant.forced_model or key.forced_model,
        system="\n\n".join(filter(None, (tenant.system, key.system))),
        profanity_check=_either(tenant.profanity_check, key.profanity_check, wins=True),
        keeps_prompts=_either(tenant.keeps_prompts, key.keeps_prompts, wins=False),
        keeps_responses=_either(tenant.keeps_responses, key.keeps_responses, wins=False),
        priority=key.priority or tenant.priority,
        cache_seconds=min(
            (seconds for seconds in (tenant.cache_seconds, key.cache_seconds) if seconds is not None), default=None
        ),
    )


def within(parent: Scope, child: Scope) -> Iterator[str]:
    """What of `child` can never be used under `parent`, as `field: value`."""
    if parent.faces:
        yield from (f"faces: {face}" for face in child.faces if face not in parent.faces)
    if parent.models:
        for model in child.models:
            if "*" not in model and not _fits(parent.models, model, model):
                yield f"models: {model}"
    if parent.addresses:
        allowed = networks(parent.addresses)
        for text, net in zip(child.addresses, networks(child.addresses), strict=True):
            if not any(_overlap(net, each) for each in allowed):
                yield f"addresses: {text}"


def _scopes(principal: Principal) -> Sequence[Scope]:
    return principal.key.scope, principal.owner.scope


def _fits(patterns: tuple[str, ...], *names: str) -> bool:
    matches = _pattern(patterns).fullmatch
    return any(matches(name) for name in names if 0 < len(name) <= _LONGEST)


@lru_cache(maxsize=4096)
def _pattern(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """`*` is any text, everything else itself."""
    return re.compile("|".join(".*".join(map(re.escape, each.split("*"))) for each in patterns), re.DOTALL)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Some proxies write a port behind it: `10.0.0.1:4000`, `[::1]:4000`."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def _overlap(one: IPv4Network | IPv6Network, other: IPv4Network | IPv6Network) -> bool:
    match one, other:
        case (IPv4Network(), IPv4Network()) | (IPv6Network(), IPv6Network()):
            return one.overlaps(other)
        case _:
            return False


def _either(*values: bool | None, wins: bool) -> bool | None:
    """None where nobody says anything; `wins` where somebody says so."""
    said = [value for value in values if value is not None]
    if not said:
        return None
    return wins if wins in said else not wins
