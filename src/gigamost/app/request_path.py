"""What a request goes through between its face and the upstreams, from the settings."""

from collections.abc import Mapping
from time import monotonic
from typing import Any, Final
from uuid import uuid4

import msgspec

from gigamost.app.accounts import UPSTREAM, Accounts
from gigamost.app.caching import Caching
from gigamost.app.routing import plan_of
from gigamost.config import Settings
from gigamost.core.request import JsonObject
from gigamost.objects.ids import Seal
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
from gigamost.upstreams.fetch import Fetcher

FIRST_CONTENT_TIMEOUT: Final = 45.0  # seconds before another credential is asked


class RequestPath:
    """`close` when no request is under way."""

    def __init__(self, settings: Settings, accounts: Accounts, seal: Seal, caching: Caching) -> None:
        self._catalogue = Catalogue(UPSTREAM, lambda: accounts.operator, _corrections(settings), monotonic)
        self._uploads = Uploads()
        self._fetcher = Fetcher()
        self.routes = routes = Routes(
            accounts=accounts.of_upstream,
            catalogue=self._catalogue,
            wire=AnyVersion(settings.gigachat.api),
            plan=plan_of(settings),
            client_account=accounts.of_client,
        )
        self.sender = Sender(
            queue_timeout=lambda: routes.plan.queue_timeout, first_content_timeout=FIRST_CONTENT_TIMEOUT
        )
        self._preparer = Preparer(
            materialiser=Materialiser(self._fetcher, self._uploads, lambda: self._catalogue.known().values()),
            inliner=Inliner(self._fetcher),
            seal=seal,
            new_id=lambda: uuid4().hex,
            defaults=_defaults(settings),
        )
        self.chat = Chat(
            find_course=routes.course,
            sender=self.sender,
            preparer=self._preparer,
            cache=caching.chat,
        )
        self.tasks = Tasks(routes=routes, seal=seal, vectors=caching.vectors)
        self.relayer = Relayer(routes=routes, seal=seal)

    def adopt(self, settings: Settings) -> None:
        """From the next request on."""
        self._catalogue.adopt(_corrections(settings))
        self._preparer.defaults = _defaults(settings)
        self.routes.wire = AnyVersion(settings.gigachat.api)
        self.routes.plan = plan_of(settings)

    async def close(self) -> None:
        await self._catalogue.close()
        await self._uploads.close()
        await self._fetcher.close()


def _defaults(settings: Settings) -> JsonObject:
    check = settings.gigachat.profanity_check
    return {} if check is None else {"profanity_check": check}


def _corrections(settings: Settings) -> dict[str, Any]:
    def correct(overrides: Mapping[str, Any]) -> Any:
        return lambda capabilities: msgspec.structs.replace(capabilities, **overrides)

    return {name: correct(overrides) for name, overrides in settings.models.capabilities.items()}
