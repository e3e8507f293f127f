"""Who may come in, from the settings: the ring of keys, what keeps it up to date, and who changes keys."""

from time import monotonic, time

from gigamost.app.administration import Administration
from gigamost.auth import keys, scopes
from gigamost.auth.access import Access, is_loopback
from gigamost.auth.ring import Ring
from gigamost.auth.root import derive, dev_key
from gigamost.auth.tokens import Tokens
from gigamost.config import Settings
from gigamost.core.secret import Secret
from gigamost.core.tenancy import DEFAULT_TENANT, Key
from gigamost.store.directory.opening import DirectoryOpening
from gigamost.store.directory.watch import Watch
from gigamost.store.door import Door


class Entrance:
    """`start` before the first request. `generated_key` is the key that dev mode made because somebody else than this
    machine can reach it."""

    def __init__(self, settings: Settings, root: Secret, door: Door) -> None:
        pepper = derive(root, keys.LABEL)
        configured, self.generated_key = _keys(settings, root, pepper)
        ring = Ring(configured, monotonic)
        self.access = Access(
            ring,
            pepper=pepper,
            master_key=settings.master_key,
            open_mode=settings.mode == "dev" and settings.require_key is not True,
            tokens=Tokens(derive(root, "access tokens"), time),
            allowed_origins=settings.server.cors_origins,
            trusted_proxies=scopes.networks(settings.server.trusted_proxies),
        )
        self._directory = DirectoryOpening(door)
        self._watch = Watch(self._directory, ring)
        self.administration = Administration(settings, self._directory, pepper, self._watch.look)

    async def start(self) -> None:
        """Keys that are stored are known when it returns, if they can be read."""
        await self._watch.start()

    async def close(self) -> None:
        await self._watch.close()
        self._directory.close()


def _keys(settings: Settings, root: Secret, pepper: bytes) -> tuple[list[Key], Secret | None]:
    """The configured keys; where there is none and others than this machine can reach a dev gateway, a made one."""
    configured = [
        keys.configured(key.name, key.key.reveal(), key.tenant, pepper, pass_token=key.pass_token)
        for key in settings.keys
    ]
    closed = settings.require_key is True or not is_loopback(settings.server.host)
    if configured or settings.mode == "prod" or not closed:
        return configured, None
    made = dev_key(root)
    return [keys.configured("dev", made.reveal(), DEFAULT_TENANT, pepper, pass_token=False)], made
