"""Who may come in, from the settings: the ring of keys, what keeps it up to date, and who changes keys."""

from collections.abc import Sequence
from time import monotonic, time

from gigamost.app.administration import Administration
from gigamost.auth import keys, scopes
from gigamost.auth.access import Access, is_loopback
from gigamost.auth.digests import Digests
from gigamost.auth.ring import Ring
from gigamost.auth.root import Roots, dev_key
from gigamost.auth.tokens import Tokens
from gigamost.config import Settings
from gigamost.core.secret import Secret
from gigamost.core.tenancy import DEFAULT_TENANT, Key
from gigamost.store.directory.opening import DirectoryOpening
from gigamost.store.directory.renewal import Renewal
from gigamost.store.directory.watch import Watch
from gigamost.store.door import Door


class Entrance:
    """`start` before the first request. `generated_key` is the key that dev mode made because somebody else than this
    machine can reach it."""

    def __init__(self, settings: Settings, roots: Roots, door: Door) -> None:
        pepper, *former = self._peppers = keys.peppers(roots)
        self._roots = roots
        configured, self.generated_key = _keys(settings, roots, self._peppers)
        self._had_keys = bool(settings.keys)
        ring = Ring(configured, monotonic)
        self._directory = DirectoryOpening(door)
        self._renewal = Renewal(self._directory, pepper.root)
        token_key, *token_keys = roots.derive_all("access tokens")
        self.access = Access(
            ring,
            digests=Digests(pepper.key, former, self._renewal),
            master_key=settings.master_key,
            open_mode=settings.mode == "dev" and settings.require_key is not True,
            tokens=Tokens(token_key, time, token_keys),
            allowed_origins=settings.server.cors_origins,
            trusted_proxies=scopes.networks(settings.server.trusted_proxies),
        )
        self._watch = Watch(self._directory, ring)
        self.administration = Administration(settings, self._directory, pepper, self._watch.look, roots)

    def adopt(self, settings: Settings) -> None:
        """From the next request on. Open mode is never entered by taking the last key away: that needs a restart."""
        configured, self.generated_key = _keys(settings, self._roots, self._peppers)
        self._had_keys = self._had_keys or bool(settings.keys)
        self.access.ring.adopt(configured)
        self.access.adopt(
            master_key=settings.master_key,
            open_mode=settings.mode == "dev" and settings.require_key is not True and not self._had_keys,
            allowed_origins=settings.server.cors_origins,
            trusted_proxies=scopes.networks(settings.server.trusted_proxies),
        )
        self.administration.adopt(settings)

    async def start(self) -> None:
        """Keys that are stored are known when it returns, if they can be read."""
        await self._watch.start()

    async def close(self) -> None:
        await self._watch.close()
        await self._renewal.close()
        self._directory.close()


def _keys(settings: Settings, roots: Roots, peppers: Sequence[keys.Pepper]) -> tuple[list[Key], Secret | None]:
    """The configured keys; where there is none and others than this machine can reach a dev gateway, a made one."""
    configured = [
        keys.configured(key.name, key.key.reveal(), key.tenant, pepper.key, pass_token=key.pass_token)
        for pepper in peppers  # tokens that were issued for it name the digest of their time
        for key in settings.keys
    ]
    closed = settings.require_key is True or not is_loopback(settings.server.host)
    if configured or settings.mode == "prod" or not closed:
        return configured, None
    made = [dev_key(root) for root in roots.all]
    pepper = peppers[0].key
    return [keys.configured("dev", key.reveal(), DEFAULT_TENANT, pepper, pass_token=False) for key in made], made[0]
