"""What single values cannot show: rules over several settings, and what `prod` refuses."""

from collections.abc import Iterator
from typing import Final

from gigamost.auth import scopes
from gigamost.config import routes, webhooks
from gigamost.config.fields import variable_of
from gigamost.config.settings import Settings

SHORTEST_MASTER_KEY: Final = 16  # characters


def problems(settings: Settings) -> list[str]:
    """One line for each setting that keeps the gateway from starting."""
    return [*_always(settings), *(_prod(settings) if settings.mode == "prod" else ())]


def warnings(settings: Settings) -> list[str]:
    """One line for each setting that is allowed and still worth a look."""
    found = []
    if not settings.gigachat.verify_ssl_certs:
        found.append(f"{_where(settings, 'gigachat.verify_ssl_certs')} is false: the upstream could be anybody")
    if "*" in settings.server.cors_origins:
        found.append(f"{_where(settings, 'server.cors_origins')} is *: any web page may call this gateway")
    if settings.replicas > 1 and settings.redis_url is None:
        found.append(
            f"{_where(settings, 'replicas')} is {settings.replicas} without Redis (GIGAMOST_REDIS_URL): each of them "
            "allows its part of every limit, and asks for access tokens by itself"
        )
    found += [f"webhooks[{at}] has no secret: its messages are not signed" for at in webhooks.unsigned(settings)]
    # Their features come later; until then nobody shall believe that they are at work.
    later = ("metrics_key",)
    idle = [path for path in later if getattr(settings, path) is not None]
    return found + [f"{_where(settings, path)} has no effect in this version" for path in idle]


def has_upstream(settings: Settings) -> bool:
    """Whether anybody can be served: by the operator's credentials, or with clients' own."""
    return bool(settings.gigachat.pool or settings.upstreams or any(key.pass_token for key in settings.keys))


def uses_sqlite(settings: Settings) -> bool:
    from gigamost.store.place import is_postgres

    return settings.database_url is None or not is_postgres(settings.database_url.reveal())


def is_in_memory(settings: Settings) -> bool:
    from gigamost.store.place import place_of

    try:
        return settings.database_url is not None and place_of(settings.database_url.reveal()) is None
    except ValueError:
        return False


def _where(settings: Settings, path: str) -> str:
    """The setting as the user wrote it, or the variable to set."""
    return str(settings.origins.get(path) or variable_of(path))


def _always(settings: Settings) -> Iterator[str]:
    workers, where = settings.server.workers, _where(settings, "server.workers")
    if workers > 1 and settings.redis_url is None:
        yield f"{where} is {workers}: more than one worker needs Redis (GIGAMOST_REDIS_URL); set it to 1"
    elif workers > 1 and is_in_memory(settings):
        yield f"{_where(settings, 'database_url')} is in memory, which {workers} workers cannot share: name a file"
    if settings.replicas > 1 and settings.secret_key is None:
        yield "GIGAMOST_SECRET_KEY is not set: with several replicas all of them need the same one"
    ca_bundle = settings.gigachat.ca_bundle_file
    if ca_bundle is not None and not ca_bundle.is_file():
        yield f"{_where(settings, 'gigachat.ca_bundle_file')}: {ca_bundle} is not there"
    try:
        scopes.networks(settings.server.trusted_proxies)
    except ValueError as error:
        yield f"{_where(settings, 'server.trusted_proxies')}: {error}"
    yield from _database(settings)
    redis = settings.redis_url
    if redis is not None and not redis.reveal().startswith(("redis://", "rediss://", "unix://")):
        yield f"{_where(settings, 'redis_url')} is no redis://, rediss:// or unix:// URL"
    yield from _proxy(settings)
    yield from _client_keys(settings)
    yield from routes.problems(settings)
    yield from webhooks.problems(settings)


def _database(settings: Settings) -> Iterator[str]:
    from gigamost.store.place import place_of

    if settings.database_url is None:
        return
    try:
        place_of(settings.database_url.reveal())
    except ValueError as error:
        yield f"{_where(settings, 'database_url')}: {error}"


def _proxy(settings: Settings) -> Iterator[str]:
    from gigamost.upstreams.proxies import ProxySettings

    for path, proxy in (("proxy.https", settings.proxy.https), ("proxy.http", settings.proxy.http)):
        try:
            ProxySettings(proxy.reveal() if proxy else "")
        except ValueError as error:
            yield f"{_where(settings, path)}: {error}"
    try:
        ProxySettings(no_proxy=settings.proxy.bypass)
    except ValueError as error:
        yield f"{_where(settings, 'proxy.bypass')}: {error}"


def _client_keys(settings: Settings) -> Iterator[str]:
    names = [key.name for key in settings.keys]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{_where(settings, 'keys')}: two keys are called {name}"
    if len({key.key for key in settings.keys}) < len(names):
        yield f"{_where(settings, 'keys')}: two of them are the same key"
    if settings.master_key is not None and any(key.key == settings.master_key for key in settings.keys):
        yield f"{_where(settings, 'keys')}: the master key is for administration only, give clients another"


def _prod(settings: Settings) -> Iterator[str]:
    master, where = settings.master_key, _where(settings, "master_key")
    if master is None:
        yield f"{where} is not set: prod needs one of at least {SHORTEST_MASTER_KEY} characters"
    elif len(master.reveal()) < SHORTEST_MASTER_KEY:
        yield f"{where} is too short: prod needs at least {SHORTEST_MASTER_KEY} characters"
    if not settings.gigachat.verify_ssl_certs:
        yield (
            f"{_where(settings, 'gigachat.verify_ssl_certs')} is false: prod verifies certificates; "
            "`gigamost certs install` makes GigaChat's trusted"
        )
    if "*" in settings.server.cors_origins:
        yield f"{_where(settings, 'server.cors_origins')} is *: prod wants the origins by name"
    if settings.require_key is False:
        yield f"{_where(settings, 'require_key')} is false: prod serves nobody without a key"
    if settings.replicas > 1 and uses_sqlite(settings):
        where = _where(settings, "database_url")
        yield f"{where} is SQLite, which {settings.replicas} replicas cannot share: give a PostgreSQL URL"
