"""What administrators can do, from the settings: for the API inside a gateway, and for the command line without one."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from gigamost import protocols
from gigamost.admin.access_routes import audit_routes, key_routes, tenant_routes
from gigamost.admin.administrators import Administrators
from gigamost.admin.exchange import Route
from gigamost.admin.keys import Keys
from gigamost.admin.office import Office
from gigamost.admin.people_routes import administrator_routes
from gigamost.admin.secrecy import Secrecy
from gigamost.admin.tenants import Tenants
from gigamost.auth import passwords
from gigamost.auth.keys import Pepper, peppers
from gigamost.auth.root import Roots, roots_of
from gigamost.config import Settings
from gigamost.core.directory import OpenDirectory
from gigamost.store.directory.opening import DirectoryOpening
from gigamost.store.door import Door
from gigamost.store.place import Place

FACES: Final = tuple(dict.fromkeys(face.name for face in protocols.ALL))


class Administration:
    """`changed` is called after every change of a key or a tenant."""

    def __init__(
        self,
        settings: Settings,
        open_directory: OpenDirectory,
        pepper: Pepper,
        changed: Callable[[], Awaitable[None]],
        roots: Roots,
    ) -> None:
        self._tenants = _tenants(settings)
        self.office = Office(open_directory, pepper=pepper.key, root=pepper.root, faces=FACES, changed=changed)
        self.keys = Keys(self.office)
        self.tenants = Tenants(self.office, lambda: self._tenants)
        self.secrecy = Secrecy(passwords.Passwords(*roots.derive_all(passwords.LABEL)))
        self.administrators = Administrators(self.office, self.secrecy)

    def adopt(self, settings: Settings) -> None:
        self._tenants = _tenants(settings)

    def routes(self) -> Sequence[Route]:
        return (
            *key_routes(self.keys),
            *tenant_routes(self.tenants),
            *administrator_routes(self.administrators),
            *audit_routes(self.office),
        )


def _tenants(settings: Settings) -> frozenset[str]:
    """Of the configured keys: they need not be stored."""
    return frozenset(key.tenant for key in settings.keys)


@asynccontextmanager
async def administration(settings: Settings, place: Place) -> AsyncIterator[Administration]:
    """For a process that serves nobody: what it changes, gateways see within two seconds. Raises GatewayError."""
    roots = roots_of(settings.secret_key, settings.former_secret_keys, settings.state_dir)
    door = Door(place)
    directory = DirectoryOpening(door)
    try:
        yield Administration(settings, directory, peppers(roots)[0], _nobody, roots)
    finally:
        directory.close()
        await door.close()


async def _nobody() -> None:
    """No ring here has to know."""
