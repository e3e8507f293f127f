"""Who is told of what, from the settings: the watch, the outbox, and the courier with the webhooks."""

import secrets
from collections.abc import Callable, Sequence
from hashlib import sha256
from time import time

from gigamost.admin.exchange import Route
from gigamost.admin.office import Office
from gigamost.admin.webhook_routes import webhook_routes
from gigamost.admin.webhooks import Webhooks
from gigamost.auth.root import Roots
from gigamost.config import Settings
from gigamost.config.settings import Webhook as Configured
from gigamost.core.accounting import Refusal
from gigamost.core.jobs import Job, JobOutcome
from gigamost.core.notices import Webhook
from gigamost.core.ports import Books
from gigamost.core.secret import Secret
from gigamost.core.tenancy import Roll
from gigamost.notices import batches
from gigamost.notices.upstreams import Seen
from gigamost.pipeline.desk import Desk
from gigamost.store.door import Door
from gigamost.store.notices.opening import OpeningNotices
from gigamost.store.notices.seal import LABEL
from gigamost.telling.courier import Courier
from gigamost.telling.files import CertificateFile
from gigamost.telling.sender import OWN_NETWORK, Sender
from gigamost.telling.teller import Teller
from gigamost.telling.watch import Watch
from gigamost.upstreams.fleet import Fleet
from gigamost.upstreams.russian_root import root_file

_SETTLED = 1.0  # seconds after which who asks for a batch that was told of finds it ended


class Telling:
    """`start` when the ledger is there; `close` before the door."""

    def __init__(
        self,
        settings: Settings,
        roots: Roots,
        door: Door,
        *,
        roll: Callable[[], Roll],
        books: Books,
        fleet: Fleet,
        desk: Desk,
    ) -> None:
        self.opening = OpeningNotices(door, roots.derive_all(LABEL))
        self.sender = Sender(time, own=OWN_NETWORK if settings.webhooks_allow_private else ())
        self.courier = Courier(self.opening, self.sender, now=time, is_shared=self.opening.is_shared)
        self.teller = Teller(self.opening, now=time, entropy=secrets.token_bytes, told=self.courier.poke)
        self.watch = Watch(
            self.teller,
            roll=roll,
            books=books,
            seen=lambda: _seen(fleet),
            refused=lambda: _taken(desk.refused),
            now=desk.ledger.now,
            may_last=self.opening.may_be_busy,
        )
        self.watch.files = certificate_files(settings)
        self._configured = settings.webhooks

    def start(self) -> None:
        if self._configured or self.opening.may_be_busy():
            self.courier.adopt([_webhook(row) for row in self._configured])
        self.watch.start()

    def adopt(self, settings: Settings) -> None:
        """What waits for a webhook that is in the settings no more is forgotten."""
        self.watch.files = certificate_files(settings)
        if settings.webhooks != self._configured:
            self._configured = settings.webhooks
            self.courier.adopt([_webhook(row) for row in self._configured])

    def routes(self, office: Office) -> Sequence[Route]:
        return webhook_routes(Webhooks(office, self.opening, self.sender))

    async def batch_done(self, job: Job, outcome: JobOutcome) -> None:
        """Raises GatewayError (503)."""
        await self.teller.tell(batches.done(job, outcome, time()), after=_SETTLED)

    async def close(self) -> None:
        await self.watch.close()
        await self.courier.close()
        await self.sender.close()


def certificate_files(settings: Settings) -> Sequence[CertificateFile]:
    found = [
        CertificateFile(f"client certificate of {each.name}", each.cert_file, is_bundle=False)
        for each in settings.gigachat.pool
        if each.cert_file is not None
    ]
    bundles = [("GIGACHAT_CA_BUNDLE_FILE", settings.gigachat.ca_bundle_file)]
    bundles += [(f"CA bundle of {each.name}", each.ca_bundle_file) for each in settings.upstreams]
    found += [CertificateFile(use, path, is_bundle=True) for use, path in bundles if path is not None]
    installed = root_file(settings.state_dir)
    if installed.exists():
        found.append(CertificateFile("Russian Trusted Root CA", installed, is_bundle=True))
    return tuple(found)


def _webhook(row: Configured) -> Webhook:
    """Its id is that of its address: what waits for it goes on waiting when its secret changes."""
    return Webhook(
        id="config_" + sha256(row.url.encode()).hexdigest()[:24],
        tenant="",
        url=row.url,
        events=row.events,
        secret=row.secret or Secret(""),
        created=0,
        is_configured=True,
    )


def _taken(refused: dict[str, Refusal]) -> Sequence[Refusal]:
    found = tuple(refused.values())
    refused.clear()
    return found


def _seen(fleet: Fleet) -> list[Seen]:
    return [
        Seen(
            name=each.name,
            upstream=each.upstream,
            is_closed=each.breaker == "closed",
            tokens=each.token,
            token_left=each.token_left,
            last_error=each.last_error,
        )
        for each in fleet.standings()
    ]
