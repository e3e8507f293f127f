"""Logins of administrators, from the settings, and what their requests pass first."""

from collections.abc import Mapping, Sequence
from time import monotonic

from gigamost.admin.application import PREFIX, Admin
from gigamost.admin.docs import PATHS, Docs
from gigamost.admin.enter import PATH, Enter
from gigamost.admin.entry import Entry
from gigamost.admin.exchange import Route
from gigamost.admin.logins import Logins
from gigamost.admin.people_routes import login_routes
from gigamost.app.administration import Administration
from gigamost.auth import scopes, sessions
from gigamost.auth.access import Access, is_loopback
from gigamost.auth.links import Links
from gigamost.auth.root import Roots
from gigamost.config import Settings
from gigamost.core.ports import Counters
from gigamost.limits.attempts import Attempts
from gigamost.server.types import App


class Reception:
    """One-time links are given in dev mode as long as nobody but this machine can reach the gateway."""

    def __init__(
        self, settings: Settings, roots: Roots, administration: Administration, access: Access, counters: Counters
    ) -> None:
        is_dev, is_alone = settings.mode == "dev", settings.server.workers == 1  # another worker would not know a link
        self._with_docs = is_dev
        self._logins = Logins(
            administration.office,
            administration.secrecy,
            sessions.Tickets(*roots.derive_all(sessions.LABEL)),
            Attempts(counters),
            Links(monotonic) if is_dev and is_alone and is_loopback(settings.server.host) else None,
        )
        self._entry = Entry(access, self._logins, scopes.networks(settings.server.trusted_proxies))

    def adopt(self, settings: Settings) -> None:
        self._entry.trusted = scopes.networks(settings.server.trusted_proxies)

    def link(self, base: str) -> str | None:
        """A new one for the gateway at `base`, where links are given."""
        links = self._logins.links
        return None if links is None else f"{base}{PATH}?token={links.make()}"

    def mounted(self, routes: Sequence[Route]) -> Mapping[str, App]:
        """The ASGI applications beside the model routes, by where they stand."""
        every = (*login_routes(self._logins, self._entry), *routes)
        apps: dict[str, App] = {PREFIX: Admin(every, self._entry)}
        if self._logins.links is not None:
            apps[PATH] = Enter(self._logins)
        if self._with_docs:
            apps |= dict.fromkeys(PATHS, Docs(every))
        return apps
