"""The composition root: settings in, a gateway out. The one place that knows every part."""

import logging
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any
from uuid import uuid4

import msgspec

from gigamost import protocols
from gigamost.admin.exchange import Route
from gigamost.admin.spending_routes import spending_routes
from gigamost.admin.upstream_routes import upstream_routes
from gigamost.app.accounts import UPSTREAM, Accounts
from gigamost.app.administration import mounted
from gigamost.app.counting import Counting
from gigamost.app.entrance import Entrance
from gigamost.app.front_desk import FrontDesk
from gigamost.app.later import Later
from gigamost.app.place import kept_at
from gigamost.app.routing import plan_of
from gigamost.auth.root import derive, root_secret
from gigamost.config import Settings
from gigamost.core.request import JsonObject
from gigamost.history.retention import SWEEP
from gigamost.objects.ids import Seal
from gigamost.pipeline.archive import Archive
from gigamost.pipeline.catalogue import Catalogue
from gigamost.pipeline.chat import Chat
from gigamost.pipeline.inline import Inliner
from gigamost.pipeline.materialise import Materialiser
from gigamost.pipeline.prepare import Preparer
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
from gigamost.store.opening import Opening
from gigamost.upstreams.fetch import Fetcher
from gigamost.upstreams.fleet import Standing

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
        self._entrance = Entrance(settings, root, kept_at(settings))
        self.generated_key = self._entrance.generated_key
        self.access = self._entrance.access
        self.counting = Counting(settings, root)
        self.front_desk = FrontDesk(settings, kept_at(settings), self.counting)
        self.accounts = Accounts(settings, self.counting)
        seal = Seal(derive(root, "sealed ids"))
        self._catalogue = Catalogue(UPSTREAM, lambda: self.accounts.operator, _corrections(settings), monotonic)
        self._uploads = Uploads()
        self._fetcher = Fetcher()
        self.routes = routes = Routes(
            accounts=self.accounts.of_upstream,
            catalogue=self._catalogue,
            wire=AnyVersion(settings.gigachat.api),
            plan=plan_of(settings),
            client_account=self.accounts.of_client,
        )
        self.sender = Sender(queue_timeout=settings.queue_timeout, first_content_timeout=FIRST_CONTENT_TIMEOUT)
        chat = Chat(
            find_course=routes.course,
            sender=self.sender,
            preparer=Preparer(
                materialiser=Materialiser(self._fetcher, self._uploads, lambda: self._catalogue.known().values()),
                inliner=Inliner(self._fetcher),
                seal=seal,
                new_id=lambda: uuid4().hex,
                defaults=_defaults(settings),
            ),
        )
        self._history = Opening(kept_at(settings), sweep=SWEEP)
        tasks = Tasks(routes=routes, seal=seal, queue_timeout=settings.queue_timeout)
        self.later = Later(settings, self.access, self.accounts, self.front_desk.desk, chat, tasks, self._history)
        self.asgi = Application(
            faces=protocols.ALL,
            endpoints=Endpoints(
                chat,
                tasks,
                self.later.kept_chat,
                Archive(self._history),
                Relayer(routes=routes, seal=seal, queue_timeout=settings.queue_timeout),
                self.later.deferred,
                self.access.issue,
            ),
            access=self.access,
            desk=self.front_desk.desk,
            system=System(health=self.health, access=self.access, closed=settings.mode == "prod"),
            cors=Cors(settings.server.cors_origins),
            new_id=lambda: str(uuid4()),
            mounted=mounted(self._admin_routes(), self.access, with_docs=settings.mode == "dev"),
        )

    def _admin_routes(self) -> Sequence[Route]:
        administration = self._entrance.administration
        return (
            *administration.routes(),
            *upstream_routes(self.accounts, administration.office),
            *spending_routes(self.front_desk.opening.books),
        )

    @property
    def open_mode(self) -> bool:
        return self.access.open_mode

    async def start(self) -> None:
        """Makes the upstream's certificates trusted and asks for the first tokens. A failure of either is told by
        `health` and the log, and mended in the background: the gateway starts all the same."""
        await self.counting.start()
        await self._entrance.start()
        await self.front_desk.start()
        self._history.start()
        await self.accounts.start()
        self.later.start()

    async def stop(self) -> None:
        await self.later.close()
        await self.front_desk.close()
        await self._history.close()
        await self._entrance.close()
        await self._catalogue.close()
        await self._uploads.close()
        await self._fetcher.close()
        await self.accounts.close()
        await self.counting.close()

    def health(self) -> Mapping[str, Any]:
        found = self.accounts.standings()
        return {
            "provider": "gigachat",
            "gigachat_available": any(
                each.upstream == UPSTREAM and each.token in ("valid", "fallback") for each in found
            ),
            "credentials": [_shown(each) for each in found],
            "limits": self.counting.sharing().mode,
        }


def _shown(standing: Standing) -> dict[str, Any]:
    """Without what only an administrator may read."""
    return {
        "name": standing.name,
        "upstream": standing.upstream,
        "token": standing.token,
        "breaker": standing.breaker,
        "draining": standing.is_draining,
        "in_flight": standing.in_flight,
        "waiting": standing.waiting,
    }


def build(settings: Settings) -> Gateway:
    return Gateway(settings)


def _defaults(settings: Settings) -> JsonObject:
    check = settings.gigachat.profanity_check
    return {} if check is None else {"profanity_check": check}


def _corrections(settings: Settings) -> dict[str, Any]:
    def correct(overrides: Mapping[str, Any]) -> Any:
        return lambda capabilities: msgspec.structs.replace(capabilities, **overrides)

    return {name: correct(overrides) for name, overrides in settings.models.capabilities.items()}
