"""The API of administrators by itself: its application over a directory in memory, and the ring that it changes."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest

from gigamost.admin.access_routes import audit_routes, key_routes, tenant_routes
from gigamost.admin.application import Admin
from gigamost.admin.keys import Keys
from gigamost.admin.office import Office
from gigamost.admin.tenants import Tenants
from gigamost.auth import keys
from gigamost.auth.access import Access, Peer
from gigamost.auth.principal import Principal
from gigamost.auth.ring import Ring
from gigamost.auth.tokens import Tokens
from gigamost.core.secret import Secret
from gigamost.store.directory.memory import MemoryDirectory
from gigamost.store.directory.watch import Watch

MASTER = "the master key of the tests"
PEPPER = bytes(range(32))
NOW = 1_700_000_000.0
FACES = ("openai", "anthropic", "gemini")
CONFIGURED = keys.configured("laptop", "gm-laptop", "family", PEPPER, pass_token=False)


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


class Desk:
    """An administrator with the master key. `clock` is everybody's."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.directory = MemoryDirectory()
        ring = Ring((CONFIGURED,), self.clock)
        self.access = Access(
            ring,
            pepper=PEPPER,
            master_key=Secret(MASTER),
            open_mode=False,
            tokens=Tokens(PEPPER, self.clock),
            now=self.clock,
        )
        watch = Watch(self.directory, ring)

        async def opened() -> MemoryDirectory:
            return self.directory

        office = Office(opened, pepper=PEPPER, faces=FACES, changed=watch.look, now=self.clock)
        routes = (
            *key_routes(Keys(office)),
            *tenant_routes(Tenants(office, lambda: frozenset({"family"}))),
            *audit_routes(office),
        )
        self.admin = Admin(routes, self.access)
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.admin),
            base_url="http://gateway/admin/api",
            headers={"Authorization": f"Bearer {MASTER}"},
        )

    async def call(self, method: str, path: str, body: Any = None, *, status: int = 200, **options: Any) -> Any:
        """The JSON of an answer that has this status."""
        content = None if body is None else msgspec.json.encode(body)
        answer = await self.http.request(method, path, content=content, **options)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def refused(self, method: str, path: str, body: Any = None, *, status: int = 400) -> tuple[str, str]:
        """Code and message of an error, in the one form that errors have."""
        error = await self.call(method, path, body, status=status)
        assert set(error) == {"error"}
        assert set(error["error"]) == {"code", "message"}
        return error["error"]["code"], error["error"]["message"]

    def admitted(self, key: str) -> Principal:
        return self.access.admit(Peer({"x-api-key": key}, {}))


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk()
    async with made.http:
        yield made
