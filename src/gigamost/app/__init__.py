"""The composition root: settings in, a gateway out. The one place that knows every part."""

import logging
from collections.abc import Mapping
from pathlib import Path
from time import monotonic, time
from typing import Any
from uuid import uuid4

import msgspec

from gigamost import protocols
from gigamost.app.accounts import UPSTREAM, Accounts
from gigamost.auth.access import Access, Key, is_loopback
from gigamost.auth.root import derive, dev_key, root_secret
from gigamost.auth.tokens import Tokens
from gigamost.config import Settings
from gigamost.config.checks import uses_sqlite
from gigamost.core.request import JsonObject
from gigamost.core.secret import Secret
from gigamost.history.retention import SWEEP
from gigamost.objects.ids import Seal
from gigamost.pipeline.archive import Archive
from gigamost.pipeline.catalogue import Catalogue
from gigamost.pipeline.chat import Chat
from gigamost.pipeline.context import ORIGIN
from gigamost.pipeline.kept import KeptChat
from gigamost.pipeline.materialise import Materialiser
from gigamost.pipeline.relay import Relayer
from gigamost.pipeline.routes import Routes
from gigamost.pipeline.send import Sender
from gigamost.pipeline.tasks import Tasks
from gigamost.pipeline.uploads import Uploads
from gigamost.protocols.gigachat.choice import AnyVersion
from gigamost.server.application import Application
from gigamost.server.cors import Cors
from gigamost.server.endpoints import Endpoints
from gigamost.server.system import System
from gigamost.store.opening import FILE_NAME, Opening, sqlite_file
from gigamost.upstreams.fetch import Fetcher

log = logging.getLogger(__name__)

FIRST_CONTENT_TIMEOUT = 45.0  # seconds before another credential is asked


class Gateway:
    """A configured gateway. `start` before the first request, `stop` after the last one.

    `generated_key` is the key that dev mode made because somebody else than this machine can reach it.
    Raises ValueError for files of the settings that cannot be used, GatewayError for an unusable state folder.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        root = root_secret(settings.secret_key, settings.state_dir)
        keys, self.generated_key = _keys(settings, root)
        self.open_mode = settings.mode == "dev" and not keys and settings.require_key is not True
        self.access = Access(
            keys,
            master_key=settings.master_key,
            open_mode=self.open_mode,
            tokens=Tokens(derive(root, "access tokens"), time),
            allowed_origins=settings.server.cors_origins,
        )
        self.accounts = Accounts(settings)
        seal = Seal(derive(root, "sealed ids"))
        self._catalogue = Catalogue(UPSTREAM, self.accounts.operator, _corrections(settings), monotonic)
        self._uploads = Uploads()
        self._fetcher = Fetcher()
        routes = Routes(
            accounts=self.accounts.operator,
            catalogue=self._catalogue,
            wire=AnyVersion(settings.gigachat.api),
            aliases=settings.models.aliases,
            default=settings.models.default,
            client_account=self.accounts.of_client,
        )
        self.sender = Sender(queue_timeout=settings.queue_timeout, first_content_timeout=FIRST_CONTENT_TIMEOUT)
        chat = Chat(
            find_targets=routes.targets,
            sender=self.sender,
            materialiser=Materialiser(self._fetcher, self._uploads, lambda: self._catalogue.known().values()),
            seal=seal,
            new_id=lambda: uuid4().hex,
            defaults=_defaults(settings),
        )
        self._history = Opening(_history_file(settings), sweep=SWEEP)
        tasks = Tasks(routes=routes, seal=seal, queue_timeout=settings.queue_timeout)
        self.asgi = Application(
            faces=protocols.ALL,
            endpoints=Endpoints(
                chat,
                tasks,
                KeptChat(chat, self._history, settings.queue_timeout),
                Archive(self._history),
                Relayer(routes=routes, seal=seal, queue_timeout=settings.queue_timeout),
                self.access.issue,
            ),
            access=self.access,
            system=System(health=self.health, access=self.access, closed=settings.mode == "prod"),
            cors=Cors(settings.server.cors_origins),
            new_id=lambda: str(uuid4()),
        )

    async def start(self) -> None:
        """Makes the upstream's certificates trusted and asks for the first tokens. A failure of either is told by
        `health` and the log, and mended in the background: the gateway starts all the same."""
        self._history.start()
        await self.accounts.start()

    async def stop(self) -> None:
        await self._history.close()
        await self._catalogue.close()
        await self._uploads.close()
        await self._fetcher.close()
        await self.accounts.close()

    def health(self) -> Mapping[str, Any]:
        states = [(account, account.tokens.info(), account.gate.snapshot()) for account in self.accounts.operator]
        return {
            "provider": "gigachat",
            "gigachat_available": any(info.state in ("valid", "fallback") for _, info, _ in states),
            "credentials": [
                {"name": account.name, "token": info.state, "in_flight": gate.in_flight, "waiting": gate.waiting}
                for account, info, gate in states
            ],
        }


def build(settings: Settings) -> Gateway:
    return Gateway(settings)


def _keys(settings: Settings, root: Secret) -> tuple[list[Key], Secret | None]:
    """The configured keys; where there is none and others than this machine can reach a dev gateway, a made one."""
    keys = [Key(key.name, key.key, key.tenant, key.pass_token) for key in settings.keys]
    closed = settings.require_key is True or not is_loopback(settings.server.host)
    if keys or settings.mode == "prod" or not closed:
        return keys, None
    made = dev_key(root)
    return [Key("dev", made)], made


def _history_file(settings: Settings) -> Path | None:
    """SQLite in the state folder, or where the URL of a SQLite database says; None: in memory."""
    if settings.database_url is None or not uses_sqlite(settings):
        return settings.state_dir / FILE_NAME
    return sqlite_file(settings.database_url.reveal())


def _defaults(settings: Settings) -> dict[str, JsonObject]:
    check = settings.gigachat.profanity_check
    return {} if check is None else {ORIGIN: {"profanity_check": check}}


def _corrections(settings: Settings) -> dict[str, Any]:
    def correct(overrides: Mapping[str, Any]) -> Any:
        return lambda capabilities: msgspec.structs.replace(capabilities, **overrides)

    return {name: correct(overrides) for name, overrides in settings.models.capabilities.items()}
