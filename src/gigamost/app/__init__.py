"""The composition root: settings in, a gateway out. The one place that knows every part."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, assert_never
from uuid import uuid4

from gigamost import __version__, protocols
from gigamost.admin.batch_routes import batch_routes
from gigamost.admin.budget_routes import budget_routes
from gigamost.admin.config_routes import config_routes
from gigamost.admin.exchange import Route
from gigamost.admin.spending_routes import spending_routes
from gigamost.admin.upstream_routes import upstream_routes
from gigamost.app.accounts import UPSTREAM, Accounts
from gigamost.app.caching import Caching
from gigamost.app.counting import Counting
from gigamost.app.entrance import Entrance
from gigamost.app.fellows import Drained, Reread, Rotated, Said, SharedFleet, Tell, nobody
from gigamost.app.front_desk import FrontDesk
from gigamost.app.later import Later
from gigamost.app.place import kept_at
from gigamost.app.reception import Reception
from gigamost.app.reload import Reload
from gigamost.app.remembering import Remembering
from gigamost.app.request_path import RequestPath
from gigamost.app.telling import Telling
from gigamost.auth.root import roots_of
from gigamost.config import Settings
from gigamost.config.source import Source
from gigamost.core.errors import GatewayError
from gigamost.core.secret import Secret
from gigamost.history.retention import SWEEP
from gigamost.objects.ids import Seal
from gigamost.pipeline.archive import Archive
from gigamost.pipeline.kept import KeptChat
from gigamost.pipeline.meter import Meter
from gigamost.server import logs
from gigamost.server.application import Application
from gigamost.server.cors import Cors
from gigamost.server.endpoints import Endpoints
from gigamost.server.metrics import Metrics, State
from gigamost.server.system import System
from gigamost.store.door import Door
from gigamost.store.history.opening import OpeningHistory
from gigamost.upstreams.fleet import Standing


class Gateway:
    """A configured gateway. `start` before the first request, `stop` after the last one.

    `generated_key` is the key that dev mode made because somebody else than this machine can reach it.
    Raises ValueError for files of the settings that cannot be used, GatewayError for an unusable state folder.
    """

    def __init__(self, settings: Settings, source: Source | None = None, tell: Tell = nobody) -> None:
        self.settings = settings
        self.reload = Reload(settings, source, self.adopt, tell)
        self._tell = tell
        roots = roots_of(settings.secret_key, settings.former_secret_keys, settings.state_dir)
        self._door = Door(kept_at(settings), is_shared=settings.server.workers > 1)
        self._entrance = Entrance(settings, roots, self._door)
        self.generated_key = self._entrance.generated_key
        self.access = self._entrance.access
        self.counting = Counting(settings, roots)
        self.reception = Reception(settings, roots, self._entrance.administration, self.access, self.counting.counters)
        self.remembering = Remembering(settings, self._door, roots)
        self.meter = Meter(self._known_models)
        self.front_desk = FrontDesk(settings, self._door.place, self.counting, self.remembering.recorder, self.meter)
        self.accounts = Accounts(settings, self.counting)
        self.caching = Caching(settings, roots)
        self.path = path = RequestPath(settings, self.accounts, Seal(*roots.derive_all("sealed ids")), self.caching)
        self._history = OpeningHistory(self._door, sweep=SWEEP)
        self.telling = Telling(
            settings,
            roots,
            self._door,
            roll=lambda: self.access.ring.roll,
            books=self.front_desk.opening.books,
            fleet=self.accounts,
            desk=self.front_desk.desk,
        )
        self.later = Later(
            self._door,
            self.access,
            self.accounts,
            self.front_desk.desk,
            path,
            KeptChat(path.chat, self._history, settings.queue_timeout, self.remembering.subjects),
            self.telling.batch_done,
        )
        self.asgi = Application(
            faces=protocols.ALL,
            endpoints=Endpoints(
                path.chat,
                path.tasks,
                self.later.kept_chat,
                Archive(self._history, self.remembering.subjects),
                path.relayer,
                self.later.deferred,
                self.front_desk.own_usage,
                self.access.issue,
            ),
            access=self.access,
            desk=self.front_desk.desk,
            system=self._system(settings),
            cors=Cors(settings.server.cors_origins),
            new_id=lambda: str(uuid4()),
            mounted=self.reception.mounted(self._admin_routes()),
        )

    def _admin_routes(self) -> Sequence[Route]:
        administration = self._entrance.administration
        return (
            *administration.routes(),
            *upstream_routes(SharedFleet(self.accounts, self._tell), administration.office),
            *config_routes(self.reload, administration.office),
            *spending_routes(self.front_desk.opening.books),
            *batch_routes(self.later.deferred.oversight, administration.office),
            *budget_routes(administration.office, self.front_desk.opening.books),
            *self.telling.routes(administration.office),
            *self.remembering.routes(administration.office, self._history, self.later.open_jobs),
        )

    def adopt(self, settings: Settings) -> None:
        """These settings are in force from the next request on; what needs a restart is as it was. Raises ValueError,
        OSError, GatewayError: then nothing has changed."""
        take_credentials = self.accounts.prepared(settings)
        take_credentials()  # from here on nothing can fail, and nothing waits
        for part in (
            self._entrance,
            self.reception,
            self.front_desk,
            self.remembering,
            self.caching,
            self.path,
            self.telling,
            self.later,
        ):
            part.adopt(settings)
        self.asgi.cors = Cors(settings.server.cors_origins)
        if settings.log != self.settings.log:
            logs.configure(settings.log.level, settings.log.format)
        self.settings = settings

    def hear(self, said: Said) -> None:
        """What another process of this gateway says (`app.fellows`)."""
        match said:
            case Drained(name=name, resume=resume):
                with suppress(GatewayError):  # it is not there any more
                    self.accounts.drain(name, resume=resume)
            case Rotated(name=name, key=key):
                self.accounts.take(name, Secret(key))
            case Reread(by=by):
                self.reload.poke(by)
            case _:
                assert_never(said)

    @property
    def open_mode(self) -> bool:
        return self.access.open_mode

    async def start(self) -> None:
        """Makes the upstream's certificates trusted and asks for the first tokens. A failure of either is told by
        `health` and the log, and mended in the background: the gateway starts all the same."""
        await self.reload.catch_up()
        await self.counting.start()
        await self.caching.start()
        await self._entrance.start()
        await self.front_desk.start()
        self._history.start()
        self.remembering.start()
        await self.accounts.start()
        self.reload.start()
        self.telling.start()
        self.later.start()

    async def stop(self) -> None:
        await self.reload.close()
        await self.later.close()
        await self.telling.close()
        await self.remembering.close()
        await self.front_desk.close()
        await self._history.close()
        await self._entrance.close()
        await self._door.close()
        await self.path.close()
        await self.accounts.close()
        await self.caching.close()
        await self.counting.close()

    def _system(self, settings: Settings) -> System:
        return System(
            health=self.health,
            metrics=Metrics(self.meter, self._state),
            access=self.access,
            metrics_key=settings.metrics_key,
            closed=settings.mode == "prod",
        )

    def _known_models(self) -> frozenset[str]:
        return self.path.routes.known_models()

    def _state(self) -> State:
        backlog = self.front_desk.opening.backlog()
        return State(
            version=__version__,
            replica=self.front_desk.replica,
            worker=self.front_desk.replica[:8] if self.settings.server.workers > 1 else "",
            live=self.asgi.live,
            is_draining=self.asgi.draining,
            credentials=self.accounts.standings(),
            sharing=self.counting.sharing(),
            unwritten=backlog.unwritten,
            is_spooling=backlog.is_away,
        )

    def health(self, for_administrator: bool = False) -> Mapping[str, Any]:
        found = self.accounts.standings()
        return {
            "provider": "gigachat",
            "gigachat_available": any(
                each.upstream == UPSTREAM and each.token in ("valid", "fallback") for each in found
            ),
            "credentials": [_shown(each) for each in found],
            "limits": self.counting.sharing().mode,
            "ledger": "spooled" if self.front_desk.opening.backlog().is_away else "written",
            "history": self.remembering.shown(),
            "configuration": self.reload.shown(for_administrator),
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


def build(settings: Settings, source: Source | None = None, tell: Tell = nobody) -> Gateway:
    """With a `source` the settings follow its files; `tell` reaches the other processes of this gateway."""
    return Gateway(settings, source, tell)
