"""Which settings a running gateway can take over, and which wait for a restart: each is in one of the lists."""

from typing import Any, Final

import msgspec

from gigamost.config.fields import leaves
from gigamost.config.settings import Settings
from gigamost.config.shown import value_at

# Whoever reads one of these reads it for every request, or has an `adopt` that is called for all of them together
# (`app.reload`).
LIVE: Final = frozenset(
    {
        "master_key",
        "require_key",
        "queue_timeout",
        "server.cors_origins",
        "server.trusted_proxies",
        "gigachat.credentials",
        "gigachat.entries",
        "gigachat.access_token",
        "gigachat.user",
        "gigachat.password",
        "gigachat.scope",
        "gigachat.base_url",
        "gigachat.auth_url",
        "gigachat.timeout",
        "gigachat.cert_file",
        "gigachat.key_file",
        "gigachat.key_file_password",
        "gigachat.max_connections",
        "gigachat.profanity_check",
        "gigachat.api",
        "models.default",
        "models.aliases",
        "models.capabilities",
        "upstreams",
        "routes",
        "openrouter_api_key",
        "keys",
        "webhooks",
        "prices",
        "ledger.retention_days",
        "history.retention_days",
        "log.level",
        "log.format",
    }
)
# What is opened, bound or derived once, at the start.
RESTART: Final = frozenset(
    {
        "mode",
        "metrics_key",
        "secret_key",
        "former_secret_keys",
        "state_dir",
        "database_url",
        "database_pool",
        "redis_url",
        "replicas",
        "server.host",
        "server.port",
        "server.workers",
        "gigachat.verify_ssl_certs",
        "gigachat.ca_bundle_file",
        "webhooks_allow_private",
        "ledger.sync",
        "cache.max_bytes",
        "proxy.https",
        "proxy.http",
        "proxy.bypass",
    }
)


def is_live(path: str) -> bool:
    return path in LIVE


def changed(before: Settings, after: Settings) -> list[str]:
    """The paths whose values differ."""
    return [path for path, _ in leaves() if value_at(before, path) != value_at(after, path)]


def settled(running: Settings, wanted: Settings) -> Settings:
    """What is wanted, but for what a restart would bring: that stays as it runs, with its origin."""
    origins = dict(wanted.origins)
    found = wanted
    for path in changed(running, wanted):
        if is_live(path):
            continue
        found = _with(found, path.split("."), value_at(running, path))
        origins.pop(path, None)
        if path in running.origins:
            origins[path] = running.origins[path]
    if found.mode != wanted.mode and "require_key" not in wanted.origins:  # its default is the mode's
        found = msgspec.structs.replace(found, require_key=running.require_key)
    return msgspec.structs.replace(found, origins=origins)


def pending(running: Settings, wanted: Settings) -> list[str]:
    """What is set to something else than what runs, and waits for a restart."""
    return [path for path in changed(running, wanted) if not is_live(path)]


def _with(struct: Any, names: list[str], value: Any) -> Any:  # a Struct of the settings, with one value replaced
    first, *rest = names
    inner = _with(getattr(struct, first), rest, value) if rest else value
    return msgspec.structs.replace(struct, **{first: inner})
