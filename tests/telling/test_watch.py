"""What a gateway finds by looking, and what several of them tell: each thing once."""

import asyncio
import datetime
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gigamost.core.accounting import Hold, Intent, Refusal, Settlement
from gigamost.core.errors import GatewayError, Kind
from gigamost.core.notice_ports import NoticeStore, OpenNotices
from gigamost.core.tenancy import Budget, Key, Roll, Tenant
from gigamost.core.usage import Usage
from gigamost.ledger.periods import began
from gigamost.notices.expiry import DAY
from gigamost.notices.retries import MOST_WAITING
from gigamost.notices.upstreams import Seen, Tokens
from gigamost.store.door import Door
from gigamost.store.ledger.memory import MemoryLedger
from gigamost.store.notices.opening import OpeningNotices
from gigamost.store.place import Place
from gigamost.telling.files import CertificateFile
from gigamost.telling.teller import Teller
from gigamost.telling.watch import STEADY, Watch
from tests.store.postgres import database
from tests.telling.conftest import NOW, Clock, hook, notice

RUB = 1_000_000


def key(name: str = "k1", budget: Budget | None = None, expires: float | None = None) -> Key:
    ends = None if expires is None else int(expires)
    return Key(name, f"name of {name}", "t1", b"", "gm-1", created=0, budget=budget, expires=ends)


def up(name: str = "a", tokens: Tokens = "valid", *, is_closed: bool = True) -> Seen:
    return Seen(name, "gigachat", is_closed, tokens, 900.0, "" if tokens == "valid" else "refused by OAuth")


class Site:
    """`gateways` watch over one store. What they look at is set by hand."""

    def __init__(self, place: Place, clock: Clock, stack: AsyncExitStack) -> None:
        self.clock = clock
        self.stack = stack
        self.books = MemoryLedger("one", clock)
        self.roll = Roll(1, (), (Tenant("t1", "team", 1),))
        self.seen: list[Seen] = [up()]
        self.refused: list[Refusal] = []
        self._door = Door(place)
        self._entropy = 0
        self.opening = OpeningNotices(self._door, (bytes(32),), now=clock)
        stack.push_async_callback(self._door.close)

    def gateway(self, opened: OpenNotices | None = None, *, may_last: bool = True) -> Watch:
        teller = Teller(opened or self.opening, now=self.clock, entropy=self._bytes, told=lambda: None)
        return Watch(
            teller,
            roll=lambda: self.roll,
            books=self.books,
            seen=lambda: self.seen,
            refused=self._taken,
            now=self.clock,
            may_last=lambda: may_last,
        )

    async def told(self) -> list[dict[str, Any]]:
        """What was told, the first first, with its kind."""
        store = await self.opening()
        shown = await store.deliveries.page("all", "", 100)
        return [{"kind": each.kind} for each in reversed(shown)]

    async def kinds(self) -> list[str]:
        return [each["kind"] for each in await self.told()]

    async def recover(self, *gateways: Watch) -> None:
        """They see for a while how well it is."""
        await look(*gateways)
        self.clock.now += STEADY
        await look(*gateways, times=2)

    async def spend(self, owner: str, amount: int, budget: Budget) -> None:
        """A request of that cost, settled."""
        self._entropy += 1
        hold = Hold(owner, budget.period, began(budget.period, self.clock()), amount, budget.amount)
        name = f"r{self._entropy}"
        intent = Intent(name, "one", self.clock(), "k1", "t1", "openai", "m", amount, holds=(hold,))
        assert await self.books.open(intent) is None
        self.books.settle(Settlement(name, self.clock(), "done", 200, Usage(), amount, (hold,)))

    def _taken(self) -> list[Refusal]:
        found, self.refused = self.refused, []
        return found

    def _bytes(self, count: int) -> bytes:
        self._entropy += 1
        return self._entropy.to_bytes(count)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def site(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> AsyncIterator[Site]:
    async with AsyncExitStack() as stack:
        place: Place = None
        if request.param == "postgres":
            place = await stack.enter_async_context(database())
        elif request.param == "sqlite":
            place = tmp_path / "state.db"
        made = Site(place, clock, stack)
        await (await made.opening()).webhooks.add(hook("https://a.example/", "all"))
        yield made


async def look(*gateways: Watch, times: int = 1) -> None:
    for _ in range(times):
        await asyncio.gather(*(each.look() for each in gateways))


async def test_two_gateways_tell_a_soft_budget_once(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    budget = Budget(1000 * RUB, "month", soft=800 * RUB)
    site.roll = Roll(1, (key(budget=budget),))
    one, two = site.gateway(), site.gateway()
    await site.spend("key:k1", 799 * RUB, budget)
    await look(one, two, times=2)
    assert await site.kinds() == []
    await site.spend("key:k1", 2 * RUB, budget)
    await look(one, two, times=3)
    assert await site.kinds() == ["budget.soft"]
    assert caplog.text.count("is over its soft limit of 800.00: 801.00 of 1000.00 RUB are spent") == 1
    await look(site.gateway())  # one that starts later
    assert await site.kinds() == ["budget.soft"]
    site.clock.now += 32 * DAY
    await look(one, two)
    await site.spend("key:k1", 900 * RUB, budget)
    await look(one, two)
    assert await site.kinds() == ["budget.soft"] * 2


async def test_budgets_of_tenants(site: Site) -> None:
    budget = Budget(10 * RUB, "total", soft=5 * RUB)
    site.roll = Roll(1, (), (Tenant("t1", "team", 1, budget=budget),))
    await site.spend("tenant:t1", 5 * RUB, budget)
    gateway = site.gateway()
    await look(gateway, times=2)
    assert await site.kinds() == ["budget.soft"]
    site.clock.now += 400 * DAY
    await (await site.opening()).sweep(site.clock())
    await look(gateway, site.gateway())
    assert len(await (await site.opening()).outbox.lasting()) == 0
    assert await site.kinds() == ["budget.soft"]


async def test_a_refusal_tells_of_a_hard_budget(site: Site) -> None:
    budget = Budget(1000 * RUB, "day")
    site.roll = Roll(1, (key(budget=budget),))
    one, two = site.gateway(), site.gateway()
    for gateway in (one, two, one):
        site.refused = [Refusal("key:k1", "day", 990 * RUB, 0, 1000 * RUB), Refusal("key:gone", "day", 1, 0, 1)]
        await look(gateway)
    assert await site.kinds() == ["budget.hard"]
    site.clock.now += DAY
    await look(one, two)
    assert await site.kinds() == ["budget.hard"]
    site.refused = [Refusal("key:k1", "day", 990 * RUB, 0, 1000 * RUB)]
    await look(two)
    assert await site.kinds() == ["budget.hard"] * 2


async def test_keys_that_end(site: Site) -> None:
    site.roll = Roll(1, (key(expires=NOW + 14 * DAY + 30),))
    one, two = site.gateway(), site.gateway()
    counts = []
    for _ in range(15):
        await look(one, two)
        counts.append(len(await site.kinds()))
        site.clock.now += DAY
    assert [counts[0], counts[1], counts[11], counts[12], counts[13], counts[14]] == [0, 1, 1, 2, 2, 3]


async def test_an_upstream_goes_down_and_comes_back(site: Site) -> None:
    one, two = site.gateway(), site.gateway()
    await look(one, two, times=2)
    site.seen = [up(is_closed=False)]
    await look(one, two)
    assert await site.kinds() == []  # one look is none
    await look(one, two, times=3)
    assert await site.kinds() == ["upstream.down"]
    site.seen = [up()]
    await look(one, two, times=3)
    assert await site.kinds() == ["upstream.down"]
    await site.recover(one, two)
    assert await site.kinds() == ["upstream.down", "upstream.up"]
    site.seen = [up(is_closed=False)]
    await look(one, two, times=2)
    assert (await site.kinds())[2:] == ["upstream.down"]


async def test_a_key_that_is_refused_again_and_again_is_told_of_once(site: Site) -> None:
    gateway = site.gateway()
    for tokens in ("failed", "failed", "failed", "valid", "valid") * 10:
        site.seen = [up(tokens=tokens)]
        await look(gateway)
        site.clock.now += 5
    assert sorted(await site.kinds()) == ["token.trouble", "upstream.down"]


async def test_a_gateway_that_starts_again_tells_of_the_end(site: Site) -> None:
    site.seen = [up(is_closed=False)]
    await look(site.gateway(), times=2)
    site.seen = [up(tokens="none")]
    again = site.gateway()
    await look(again, times=2)
    assert await site.kinds() == ["upstream.down"]
    site.seen = [up()]
    await site.recover(again)
    assert await site.kinds() == ["upstream.down", "upstream.up"]


async def test_a_credential_that_is_taken_out(site: Site) -> None:
    site.seen = [up(is_closed=False), up("b")]
    gateway = site.gateway()
    await look(gateway, times=2)
    site.seen = [up("b")]
    await site.recover(gateway)
    assert await site.kinds() == ["upstream.down", "upstream.up"]


async def test_trouble_with_tokens(site: Site) -> None:
    site.seen = [up(tokens="failed")]
    gateway = site.gateway()
    await look(gateway, times=3)
    assert sorted(await site.kinds()) == ["token.trouble", "upstream.down"]
    site.seen = [up(tokens="fallback")]
    await site.recover(gateway)
    assert sorted(await site.kinds()) == ["token.trouble", "token.trouble", "upstream.down", "upstream.up"]
    site.seen = [up()]
    await site.recover(gateway)
    assert list(await (await site.opening()).outbox.lasting()) == []


def certificate(file: Path, days: int) -> Path:
    made = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a")])
    start = datetime.datetime.fromtimestamp(NOW, datetime.UTC) - datetime.timedelta(days=100)
    end = datetime.datetime.fromtimestamp(NOW, datetime.UTC) + datetime.timedelta(days=days)
    builder = x509.CertificateBuilder(name, name, made.public_key(), 1, start, end)
    pem = builder.sign(made, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    file.write_bytes(pem)
    return file


async def test_certificates(site: Site, tmp_path: Path) -> None:
    files = (
        CertificateFile("good", certificate(tmp_path / "good.pem", 100), is_bundle=False),
        CertificateFile("near", certificate(tmp_path / "near.pem", 10), is_bundle=False),
        CertificateFile("gone", certificate(tmp_path / "gone.pem", -1), is_bundle=True),
        CertificateFile("missing", tmp_path / "missing.pem", is_bundle=True),
    )
    (tmp_path / "empty.pem").write_text("nothing")
    one, two = site.gateway(), site.gateway()
    one.files = two.files = (*files, CertificateFile("empty", tmp_path / "empty.pem", is_bundle=True))
    await look(one, two, times=3)
    assert await site.kinds() == ["certificate.trouble"] * 4
    certificate(tmp_path / "missing.pem", 100)
    certificate(tmp_path / "empty.pem", 100)
    site.clock.now += 3601
    await site.recover(one, two)
    assert list(await (await site.opening()).outbox.lasting()) == []
    assert len(await site.kinds()) == 4


async def test_what_could_not_be_told_is_told_later(site: Site) -> None:
    is_away = True

    async def opened() -> NoticeStore:
        if is_away:
            raise GatewayError(Kind.UNAVAILABLE, "away")
        return await site.opening()

    gateway = site.gateway(opened, may_last=False)
    budget = Budget(1000 * RUB, "day")
    site.roll = Roll(1, (key(budget=budget, expires=NOW + 60),))
    site.refused = [Refusal("key:k1", "day", 990 * RUB, 0, 1000 * RUB)]
    for _ in range(2):
        with pytest.raises(GatewayError):
            await gateway.look()
    is_away = False
    await look(gateway)
    assert sorted(await site.kinds()) == ["budget.hard", "key.expiring"]


@pytest.mark.parametrize("site", ["memory"], indirect=True)
async def test_what_is_dropped_is_a_line_of_the_log(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    store = await site.opening()
    for number in range(MOST_WAITING):
        await store.outbox.tell(notice(number))
    site.roll = Roll(1, (key(expires=NOW + 60),))
    await look(site.gateway())
    assert "1 deliveries were dropped" in caplog.text
