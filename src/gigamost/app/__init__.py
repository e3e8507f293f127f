"""The composition root: settings in, a gateway out. The one place that knows every part."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

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
from gigamost.app.request_path import RequestPath
from gigamost.auth.root import derive, root_secret
from gigamost.config import Settings
from gigamost.history.retention import SWEEP
from gigamost.objects.ids import Seal
from gigamost.pipeline.archive import Archive
from gigamost.server.application import Application
from gigamost.server.cors import Cors
from gigamost.server.endpoints import Endpoints
from gigamost.server.system import System
from gigamost.store.door import Door
from gigamost.store.history.opening import OpeningHistory
from gigamost.upstreams.fleet import Standing


class Gateway:
    """A configured gateway. `start` before the first request, `stop` after the last one.

    `generated_key` is the key that dev mode made because somebody else than this machine can reach it.
    Raises ValueError for files of the settings that cannot be used, GatewayError for an unusable state folder.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        root = root_secret(settings.secret_key, settings.state_dir)
        self._door = Door(kept_at(settings))
        self._entrance = Entrance(settings, root, self._door)
        self.generated_key = self._entrance.generated_key
        self.access = self._entrance.access
        self.counting = Counting(settings, root)
        self.front_desk = FrontDesk(settings, self._door.place, self.counting)
        self.accounts = Accounts(settings, self.counting)
        self.path = path = RequestPath(settings, self.accounts, Seal(derive(root, "sealed ids")))
        self._history = OpeningHistory(self._door, sweep=SWEEP)
        self.later = Later(
            self._door,
            self.access,
            self.accounts,
            self.front_desk.desk,
            path,
            self._history,
            settings.queue_timeout,
        )
        self.asgi = Application(
            faces=protocols.ALL,
            endpoints=Endpoints(
                path.chat,
                path.tasks,
                self.later.kept_chat,
                Archive(self._history),
                path.relayer,
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
        await self._door.close()
        await self.path.close()
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
