"""What administrators can do, from the settings: for the API inside a gateway, and for the command line without one."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from gigamost import protocols
from gigamost.admin.access_routes import audit_routes, key_routes, tenant_routes
from gigamost.admin.application import PREFIX, Admin
from gigamost.admin.docs import PATHS, Docs
from gigamost.admin.exchange import Route
from gigamost.admin.keys import Keys
from gigamost.admin.office import Office
from gigamost.admin.tenants import Tenants
from gigamost.auth.access import Access
from gigamost.auth.keys import LABEL
from gigamost.auth.root import derive, root_secret
from gigamost.config import Settings
from gigamost.core.directory import OpenDirectory
from gigamost.server.types import App
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
        pepper: bytes,
        changed: Callable[[], Awaitable[None]],
    ) -> None:
        tenants = frozenset(key.tenant for key in settings.keys)
        self.office = Office(open_directory, pepper=pepper, faces=FACES, changed=changed)
        self.keys = Keys(self.office)
        self.tenants = Tenants(self.office, lambda: tenants)

    def routes(self) -> Sequence[Route]:
        return (*key_routes(self.keys), *tenant_routes(self.tenants), *audit_routes(self.office))


def mounted(routes: Sequence[Route], access: Access, *, with_docs: bool) -> Mapping[str, App]:
    """The ASGI applications beside the model routes, by where they stand."""
    apps: dict[str, App] = {PREFIX: Admin(routes, access)}
    if with_docs:
        apps |= dict.fromkeys(PATHS, Docs(routes))
    return apps


@asynccontextmanager
async def administration(settings: Settings, place: Place) -> AsyncIterator[Administration]:
    """For a process that serves nobody: what it changes, gateways see within two seconds. Raises GatewayError."""
    pepper = derive(root_secret(settings.secret_key, settings.state_dir), LABEL)
    door = Door(place)
    directory = DirectoryOpening(door)
    try:
        yield Administration(settings, directory, pepper, _nobody)
    finally:
        directory.close()
        await door.close()


async def _nobody() -> None:
    """No ring here has to know."""
