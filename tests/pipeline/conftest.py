"""The tasks beside chat in front of an emulator: real sockets, real credentials, no server above."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from time import monotonic, monotonic_ns, time
from uuid import uuid4

import pytest

from gigamost.auth.principal import made_up
from gigamost.core.secret import Secret
from gigamost.emulator import COMPANY, Account, Emulator, EmulatorSettings, Running, Seen, build
from gigamost.ledger.prices import Prices
from gigamost.limits.counters import LocalCounters
from gigamost.limits.limiter import Limiter, Stay
from gigamost.limits.places import LocalPlaces
from gigamost.objects.ids import Seal
from gigamost.pipeline.catalogue import Catalogue
from gigamost.pipeline.context import Context
from gigamost.pipeline.desk import Desk, Visit
from gigamost.pipeline.routes import Plan, Routes
from gigamost.pipeline.sameness import Sameness
from gigamost.pipeline.tasks import Tasks
from gigamost.pipeline.vectors import VectorCache
from gigamost.protocols.gigachat import v1
from gigamost.store.cache import LocalCache
from gigamost.store.ledger.memory import MemoryLedger
from gigamost.upstreams import account
from gigamost.upstreams.credentials.gigachat_oauth import GigaChatOAuth
from gigamost.upstreams.gate import Gate
from gigamost.upstreams.tokens import TokenSource
from gigamost.upstreams.transport import HttpTransport

CLIENT_KEY = Secret("a credential of the client's own")


def context_of(tenant: str, *, passes: bool = False) -> Context:
    principal, request_id = made_up(tenant, "key", authorization=CLIENT_KEY if passes else None), str(uuid4())
    limiter = Limiter(LocalCounters(monotonic_ns), LocalPlaces(), 1)
    desk, stay = Desk(limiter, MemoryLedger(), Prices, "here"), Stay(limiter, principal.key, principal.owner)
    return Context(principal, request_id, Visit(desk, stay, principal, "test", request_id, ""))


FIRST = context_of("first")
OTHER = context_of("other")


class Bench:
    """`accounts` are the pool, in the order of the emulator's."""

    def __init__(self, app: Emulator, tasks: Tasks, accounts: Sequence[account.Account]) -> None:
        self.app = app
        self.tasks = tasks
        self.accounts = accounts

    def seen(self, path: str) -> list[Seen]:
        return self.app.log.at(path)


def _account(running: Running, of: Account, transport: HttpTransport, *, client_owned: bool) -> account.Account:
    credential = GigaChatOAuth(Secret(of.credentials), of.scope, running.auth_url)
    return account.Account(
        upstream="gigachat",
        name=of.scope,
        id=credential.id,
        base_url=running.base_url,
        transport=transport,
        tokens=TokenSource(credential, transport, now=time, new_id=lambda: str(uuid4())),
        gate=Gate(of.limit),
        silence=5,
        client_owned=client_owned,
    )


@asynccontextmanager
async def bench_of(
    *pool: Account,
    settings: EmulatorSettings | None = None,
    client: Account = COMPANY,
    aliases: Mapping[str, str] | None = None,
    default: str | None = None,
    queue_timeout: float = 5,
) -> AsyncIterator[Bench]:
    transport = HttpTransport()
    async with Running(build(settings or EmulatorSettings())) as running:
        accounts = [_account(running, each, transport, client_owned=False) for each in pool or (COMPANY,)]
        own = _account(running, client, transport, client_owned=True)
        catalogue = Catalogue("gigachat", lambda: accounts, {}, monotonic)
        routes = Routes(
            accounts=lambda _: accounts,
            catalogue=catalogue,
            wire=v1.WIRE,
            plan=Plan(aliases=aliases or {}, default=default, queue_timeout=queue_timeout),
            client_account=lambda _: own,
        )
        try:
            vectors = VectorCache(LocalCache(2**20, monotonic), Sameness(b"k" * 32), time)
            tasks = Tasks(routes=routes, seal=Seal(b"k" * 32), vectors=vectors)
            yield Bench(running.app, tasks, accounts)
        finally:
            await catalogue.close()
            for each in (*accounts, own):
                await each.tokens.close()
            await transport.close()


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with bench_of() as made:
        yield made
