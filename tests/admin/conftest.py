"""The API of administrators by itself: its application over a directory in memory, and the ring that it changes."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest

from gigamost.admin.access_routes import audit_routes, key_routes, tenant_routes
from gigamost.admin.administrators import Administrators
from gigamost.admin.application import Admin
from gigamost.admin.entry import Entry
from gigamost.admin.keys import Keys
from gigamost.admin.logins import Logins
from gigamost.admin.office import Office
from gigamost.admin.people_routes import administrator_routes, login_routes
from gigamost.admin.secrecy import Secrecy
from gigamost.admin.tenants import Tenants
from gigamost.auth import keys, scopes
from gigamost.auth.access import Access, Peer
from gigamost.auth.digests import Digests
from gigamost.auth.links import Links
from gigamost.auth.passwords import Cost, Passwords
from gigamost.auth.principal import Principal
from gigamost.auth.ring import Ring
from gigamost.auth.sessions import Tickets
from gigamost.auth.tokens import Tokens
from gigamost.core.secret import Secret
from gigamost.limits.attempts import Attempts
from gigamost.limits.counters import LocalCounters
from gigamost.store.directory.memory import MemoryDirectory
from gigamost.store.directory.watch import Watch

MASTER = "the master key of the tests"
PEPPER = bytes(range(32))
NOW = 1_700_000_000.0
FACES = ("openai", "anthropic", "gemini")
CONFIGURED = keys.configured("laptop", "gm-laptop", "family", PEPPER, pass_token=False)


def password_of(name: str) -> str:
    return f"{'-'.join(name)} keeps no cats 4711"


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
            digests=Digests(PEPPER),
            master_key=Secret(MASTER),
            open_mode=False,
            tokens=Tokens(PEPPER, self.clock),
            now=self.clock,
        )
        watch = Watch(self.directory, ring)

        async def opened() -> MemoryDirectory:
            return self.directory

        office = Office(opened, pepper=PEPPER, faces=FACES, changed=watch.look, now=self.clock)
        self.passwords = Passwords(PEPPER, cost=Cost(n=2, r=1, p=1))
        secrecy = Secrecy(self.passwords)
        attempts = Attempts(LocalCounters(lambda: int(self.clock.now * 1e9)))
        self.links = Links(self.clock)
        self.logins = Logins(office, secrecy, Tickets(PEPPER), attempts, self.links)
        self.entry = entry = Entry(self.access, self.logins, scopes.networks(("10.0.0.0/8",)))
        routes = (
            *login_routes(self.logins, entry),
            *administrator_routes(Administrators(office, secrecy)),
            *key_routes(Keys(office)),
            *tenant_routes(Tenants(office, lambda: frozenset({"family"}))),
            *audit_routes(office),
        )
        self.admin = Admin(routes, entry)
        self.http = self.client(MASTER)

    def client(self, token: str = "", address: str = "127.0.0.1") -> httpx.AsyncClient:
        """Somebody who sends this key or token, and comes from that address."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.admin, client=(address, 1)),
            base_url="http://gateway/admin/api",
            headers={"Authorization": f"Bearer {token}"} if token else {},
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

    async def hire(self, name: str, role: str = "admin", tenant: str | None = None, **given: Any) -> Any:
        """A new administrator, whose password is `password_of(name)`."""
        body = {"name": name, "password": password_of(name), "role": role, "tenant": tenant}
        return await self.call("POST", "/administrators", body | given, status=201)

    async def login(self, name: str, address: str = "127.0.0.1", password: str = "") -> httpx.AsyncClient:
        """Whoever has logged in as that one, by a token in a header."""
        told = await self.try_login(name, password or password_of(name), address)
        assert told.status_code == 200, told.text
        return self.client(told.json()["token"], address)

    async def try_login(self, name: str, password: str, address: str = "127.0.0.1", **headers: str) -> httpx.Response:
        async with self.client(address=address) as http:
            return await http.post("/login", json={"name": name, "password": password}, headers=headers)

    def admitted(self, key: str) -> Principal:
        return self.access.admit(Peer({"x-api-key": key}, {}))


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk()
    async with made.http:
        yield made
