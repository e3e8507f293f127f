"""Every setting, as frozen values. A field's annotation names the variables that set it; its path is its YAML key.

Durations are seconds. A new setting is one field here: sources, checks and `config show` read these types.
"""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from gigamost.config.origin import Origin
from gigamost.core.models import Capabilities
from gigamost.core.secret import Secret
from gigamost.routing.table import Route

Scope = Literal["GIGACHAT_API_PERS", "GIGACHAT_API_B2B", "GIGACHAT_API_CORP"]
Overrides = dict[str, bool | int | str]

# Marks what is worked out from the settings and cannot be set.
DERIVED = msgspec.Meta(extra={"derived": True})
_HTTP = r"^https?://[^/\s]+"
# Where GigaChat is since 2026-07-17; OAuth did not move (GigaChat's documentation).
API_URL = "https://api.giga.chat/v1"
OAUTH_URL = "https://ngw.devices.sberbank.ru:9443/api/v2/oauth"
# Requests in flight that GigaChat allows one client (its documentation).
CONNECTIONS: dict[Scope, int] = {"GIGACHAT_API_PERS": 1, "GIGACHAT_API_B2B": 10, "GIGACHAT_API_CORP": 10}


def _variable(*names: str) -> msgspec.Meta:
    """The environment variables of a setting, the first one first."""
    return msgspec.Meta(extra={"variables": names})


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """Port 0 takes a free one. `cors_origins` are the browser origins that may call; `*` is every one.
    `trusted_proxies` are the addresses or networks (CIDR) whose `X-Forwarded-For` is believed."""

    host: Annotated[str, _variable("GIGAMOST_HOST")] = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535), _variable("GIGAMOST_PORT")] = 8090
    workers: Annotated[int, msgspec.Meta(ge=1), _variable("GIGAMOST_WORKERS")] = 1
    cors_origins: Annotated[tuple[str, ...], _variable("GIGAMOST_CORS_ORIGINS")] = ()
    trusted_proxies: Annotated[tuple[str, ...], _variable("GIGAMOST_TRUSTED_PROXIES")] = ()


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """One way to authenticate at GigaChat, with everything that it needs: a key, a user with a password, a ready access
    token (alone, or the fallback of a key when OAuth is out of reach) or a client certificate."""

    name: str
    key: Secret | None = None
    access_token: Secret | None = None
    user: str = ""
    password: Secret | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    key_file_password: Secret | None = None
    scope: Scope = "GIGACHAT_API_PERS"
    base_url: str = API_URL
    auth_url: str = OAUTH_URL
    max_connections: int = 1


class PoolEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A credential as the `gigachat.credentials` list has it: what is left out is taken from `gigachat`."""

    name: str = ""
    key: Secret | None = None
    access_token: Secret | None = None
    user: str = ""
    password: Secret | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    key_file_password: Secret | None = None
    scope: Scope | None = None
    base_url: Annotated[str, msgspec.Meta(pattern=_HTTP)] | None = None
    auth_url: Annotated[str, msgspec.Meta(pattern=_HTTP)] | None = None
    max_connections: Annotated[int, msgspec.Meta(ge=1)] | None = None


class GigaChat(msgspec.Struct, frozen=True, kw_only=True):
    """The upstream, by the names of GigaChat's official SDK. `credentials` is one authorization key, `entries` the list
    that may stand in its place; `pool` is what both come to. `timeout` is seconds of silence."""

    credentials: Annotated[
        Secret | None, _variable("GIGACHAT_CREDENTIALS", "GIGACHAT_AUTH_KEY", "GIGACHAT_API_KEY")
    ] = None
    entries: tuple[PoolEntry, ...] = ()
    access_token: Annotated[Secret | None, _variable("GIGACHAT_ACCESS_TOKEN")] = None
    user: Annotated[str, _variable("GIGACHAT_USER")] = ""
    password: Annotated[Secret | None, _variable("GIGACHAT_PASSWORD")] = None
    scope: Annotated[Scope, _variable("GIGACHAT_SCOPE")] = "GIGACHAT_API_PERS"
    base_url: Annotated[str, msgspec.Meta(pattern=_HTTP), _variable("GIGACHAT_BASE_URL")] = API_URL
    auth_url: Annotated[str, msgspec.Meta(pattern=_HTTP), _variable("GIGACHAT_AUTH_URL")] = OAUTH_URL
    timeout: Annotated[float, msgspec.Meta(gt=0, le=86_400), _variable("GIGACHAT_TIMEOUT")] = 120.0
    verify_ssl_certs: Annotated[bool, _variable("GIGACHAT_VERIFY_SSL_CERTS")] = True
    ca_bundle_file: Annotated[Path | None, _variable("GIGACHAT_CA_BUNDLE_FILE")] = None
    cert_file: Annotated[Path | None, _variable("GIGACHAT_CERT_FILE")] = None
    key_file: Annotated[Path | None, _variable("GIGACHAT_KEY_FILE")] = None
    key_file_password: Annotated[Secret | None, _variable("GIGACHAT_KEY_FILE_PASSWORD")] = None
    max_connections: Annotated[int | None, msgspec.Meta(ge=1), _variable("GIGACHAT_MAX_CONNECTIONS")] = None
    profanity_check: Annotated[bool | None, _variable("GIGACHAT_PROFANITY_CHECK")] = None
    api: Annotated[Literal["auto", "v1", "v2"], _variable("GIGAMOST_GIGACHAT_API")] = "auto"
    pool: Annotated[tuple[Credential, ...], DERIVED] = ()


class UpstreamModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model of another upstream. Sizes are tokens, prices roubles for a million of them (`"120.50"`)."""

    context: Annotated[int, msgspec.Meta(ge=1)] = 131_072
    max_output: Annotated[int, msgspec.Meta(ge=1)] = 32_768
    vision: bool = True
    audio: bool = False
    functions: bool = True
    reasoning: bool = False
    input_price: str = ""
    output_price: str = ""
    cached_price: str = ""


class Upstream(msgspec.Struct, frozen=True, kw_only=True):
    """Another upstream than GigaChat, to be named in `routes`: anything that speaks OpenAI's chat completions.

    `models` are the ones that it is known to have, no others are asked for then; none: any. `timeout` is seconds of
    silence.
    """

    name: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    kind: Literal["openai"] = "openai"
    base_url: Annotated[str, msgspec.Meta(pattern=_HTTP)] = ""
    api_key: Secret | None = None
    max_connections: Annotated[int, msgspec.Meta(ge=1)] = 100
    timeout: Annotated[float, msgspec.Meta(gt=0, le=86_400)] = 120.0
    ca_bundle_file: Path | None = None
    headers: dict[str, Secret] = {}
    models: dict[str, UpstreamModel] = {}


class Models(msgspec.Struct, frozen=True, kw_only=True):
    """`default` serves the names of other vendors' big models, and every name that nothing else matches. `aliases` maps
    names (or patterns with `*`) to models of the upstream; `capabilities` corrects what a model can do."""

    default: Annotated[str | None, _variable("GIGACHAT_MODEL")] = None
    aliases: dict[str, str] = {}
    capabilities: Annotated[dict[str, Overrides], msgspec.Meta(extra={"part_of": Capabilities})] = {}


class ClientKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that clients of the gateway use. `pass_token`: its requests bring their own GigaChat credential."""

    name: str
    key: Secret
    tenant: str = "default"
    pass_token: bool = False


class ModelPrice(msgspec.Struct, frozen=True, kw_only=True):
    """Roubles for a million tokens (`"120.50"`). Cached input costs nothing unless it has a price."""

    input: str
    output: str
    cached: str = "0"


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """`sync` full: on SQLite a row survives a loss of power too. Rows older than `retention_days` are deleted, None:
    never; the sums of days, keys, tenants and models stay."""

    sync: Annotated[Literal["normal", "full"], _variable("GIGAMOST_LEDGER_SYNC")] = "normal"
    retention_days: Annotated[int | None, msgspec.Meta(ge=1), _variable("GIGAMOST_LEDGER_RETENTION_DAYS")] = None


class History(msgspec.Struct, frozen=True, kw_only=True):
    """What clients and models said, for the keys that keep it, is deleted after `retention_days`; None: by nobody but
    an administrator."""

    retention_days: Annotated[int | None, msgspec.Meta(ge=1), _variable("GIGAMOST_HISTORY_RETENTION_DAYS")] = 30


class Cache(msgspec.Struct, frozen=True, kw_only=True):
    """Where answers are kept for keys that have a cache: at most so many bytes in memory, or with Redis there, for all
    gateways together."""

    max_bytes: Annotated[int, msgspec.Meta(ge=2**20), _variable("GIGAMOST_CACHE_MAX_BYTES")] = 64 * 2**20


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """Where the operator is told what happens. `secret` signs the messages (`whsec_...`); without `events` all kinds of
    notices go there."""

    url: str
    secret: Secret | None = None
    events: tuple[str, ...] = ()


class Log(msgspec.Struct, frozen=True, kw_only=True):
    level: Annotated[Literal["debug", "info", "warning", "error"], _variable("GIGAMOST_LOG_LEVEL")] = "info"
    format: Annotated[Literal["console", "json"], _variable("GIGAMOST_LOG_FORMAT")] = "console"


class Proxy(msgspec.Struct, frozen=True, kw_only=True):
    """The proxy towards upstreams. The URLs may hold a password; `bypass` are the hosts reached without it."""

    https: Annotated[Secret | None, _variable("HTTPS_PROXY", "https_proxy")] = None
    http: Annotated[Secret | None, _variable("HTTP_PROXY", "http_proxy")] = None
    bypass: Annotated[tuple[str, ...], _variable("NO_PROXY", "no_proxy")] = ()


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The whole configuration. `require_key` None leaves it to the open mode's rules (in prod it is True).
    `database_pool`: connections to a PostgreSQL, for each of the parts that keep something there.

    `origins` says for each path that was set where its value came from; `warnings` are lines for the operator.
    """

    mode: Annotated[Literal["dev", "prod"], _variable("GIGAMOST_MODE")] = "dev"
    master_key: Annotated[Secret | None, _variable("GIGAMOST_MASTER_KEY")] = None
    metrics_key: Annotated[Secret | None, _variable("GIGAMOST_METRICS_KEY")] = None
    require_key: Annotated[bool | None, _variable("GIGAMOST_REQUIRE_KEY")] = None
    secret_key: Annotated[Secret | None, _variable("GIGAMOST_SECRET_KEY")] = None
    former_secret_keys: Annotated[tuple[Secret, ...], _variable("GIGAMOST_FORMER_SECRET_KEYS")] = ()
    state_dir: Annotated[Path, _variable("GIGAMOST_STATE_DIR")]
    database_url: Annotated[Secret | None, _variable("GIGAMOST_DATABASE_URL")] = None
    database_pool: Annotated[int, msgspec.Meta(ge=1, le=1000), _variable("GIGAMOST_DATABASE_POOL")] = 5
    redis_url: Annotated[Secret | None, _variable("GIGAMOST_REDIS_URL")] = None
    queue_timeout: Annotated[float, msgspec.Meta(gt=0, le=86_400), _variable("GIGAMOST_QUEUE_TIMEOUT")] = 60.0
    replicas: Annotated[int, msgspec.Meta(ge=1), _variable("GIGAMOST_REPLICAS")] = 1
    server: Server = Server()
    gigachat: GigaChat = GigaChat()
    models: Models = Models()
    upstreams: tuple[Upstream, ...] = ()
    routes: dict[str, Route] = {}
    openrouter_api_key: Annotated[Secret | None, _variable("OPENROUTER_API_KEY")] = None
    keys: tuple[ClientKey, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
    webhooks_allow_private: bool = False
    prices: dict[str, ModelPrice] = {}
    ledger: Ledger = Ledger()
    history: History = History()
    cache: Cache = Cache()
    log: Log = Log()
    proxy: Proxy = Proxy()
    origins: Annotated[dict[str, Origin], DERIVED] = {}
    warnings: Annotated[tuple[str, ...], DERIVED] = ()
