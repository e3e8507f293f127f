"""Webhooks and the outbox, by one suite over memory, SQLite and PostgreSQL."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from gigamost.core.notice_ports import NoticeStore
from gigamost.core.notices import FOR_EVER, Attempt, Claimed, Notice, Outcome, Webhook
from gigamost.core.secret import Secret
from gigamost.notices.retries import KEPT, MOST_WAITING
from gigamost.store.door import Door
from gigamost.store.notices.opening import OpeningNotices
from gigamost.store.place import Place, Postgres

KEY, OLD_KEY = bytes(range(32)), bytes(32)
SECRET = Secret("whsec_" + "c2VjcmV0" * 5)
LEASE = 30.0
DATABASES = pytest.mark.parametrize("place", ["sqlite", "postgres"], indirect=True)  # in memory nothing is sealed
TAKEN = Outcome(Attempt(0.0, 200), "delivered")


class Clock:
    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


class Kept:
    """A store, and its clock: a database's own cannot be turned, there what is claimed is made due by hand."""

    def __init__(self, place: Place, clock: Clock, open_: Callable[..., OpeningNotices]) -> None:
        self.place = place
        self.clock = clock
        self.open = open_
        self.store: NoticeStore

    async def claim(self, worker: str = "w", limit: int = 10, lease: float = LEASE) -> list[Claimed]:
        return list(await self.store.deliveries.claim(worker, lease, limit))

    async def states(self, webhook: str = "hook") -> dict[str, str]:
        return {each.notice: each.state for each in await self.store.deliveries.page(webhook, "", 5000)}


def hook(name: str = "hook", tenant: str = "", *events: str, configured: bool = False) -> Webhook:
    url = f"https://{name.lower()}.example/x"
    return Webhook(name, tenant, url, events, SECRET, 1_700_000_000, is_configured=configured)


def notice(number: int = 1, kind: str = "budget.soft", tenant: str = "", key: str = "", **more: object) -> Notice:
    data = msgspec.Raw(b'{"name":"\xd0\xba\xd0\xbb\xd1\x8e\xd1\x87","n":1}')
    made = Notice(f"notice_{number:05}", 1_700_000_000.5, kind, tenant, data, key or f"{kind}:{number}")
    return msgspec.structs.replace(made, **more)


def waiting(seconds: float) -> Outcome:
    return Outcome(Attempt(50.0, 503, "HTTP 503"), "waiting", 50.0 + seconds)


@pytest.fixture
async def kept(place: Place) -> AsyncIterator[Kept]:
    clock, doors = Clock(), []

    def open_(*keys: bytes) -> OpeningNotices:
        door = Door(place)
        doors.append(door)
        return OpeningNotices(door, keys or (KEY,), now=clock)

    made = Kept(place, clock, open_)
    made.store = await open_()()
    yield made
    for door in doors:
        await door.close()


async def test_what_is_put_in_comes_back_whole(kept: Kept) -> None:
    hooks = kept.store.webhooks
    await hooks.add(hook("a", "", "budget.soft", "batch.done"))
    await hooks.add(hook("b", "tenant_1"))
    assert await hooks.get("a") == hook("a", "", "budget.soft", "batch.done")
    assert await hooks.get("c") is None
    assert [each.id for each in await hooks.page("", 1)] == ["b"]
    assert [each.id for each in await hooks.page("b", 5)] == ["a"]
    assert [each.id for each in await hooks.page("", 5, "tenant_1")] == ["b"]
    assert [each.id for each in await hooks.page("", 5, "")] == ["a"]


async def test_an_edit_replaces_or_removes(kept: Kept) -> None:
    hooks = kept.store.webhooks
    await hooks.add(hook())
    edited = await hooks.edit("hook", lambda found: msgspec.structs.replace(found, url="https://b.example/", events=()))
    assert edited is not None
    assert await hooks.get("hook") == edited
    assert await hooks.edit("other", lambda found: found) is None
    await kept.store.outbox.tell(notice())
    assert await hooks.edit("hook", lambda _: None) is None
    assert (await hooks.get("hook"), await kept.states()) == (None, {})

    def refuse(_: Webhook) -> Webhook:
        raise ValueError("no")

    await hooks.add(hook())
    with pytest.raises(ValueError, match="no"):
        await hooks.edit("hook", refuse)
    assert await hooks.get("hook") == hook()


async def test_it_goes_to_those_who_want_it(kept: Kept) -> None:
    for each in (
        hook("operator"),
        hook("some", "", "upstream.down"),
        hook("t1", "one"),
        hook("t2", "two"),
        hook("t1b", "one", "batch.done"),
        msgspec.structs.replace(hook("off"), disabled="administrator"),
    ):
        await kept.store.webhooks.add(each)
    told = [notice(1, tenant="one"), notice(2, "upstream.down"), notice(3, "batch.done", "one")]
    for news in told:
        assert (await kept.store.outbox.tell(news)).is_new
    found: dict[str, list[str]] = {}
    while claimed := await kept.claim():
        for delivery in claimed:
            found.setdefault(delivery.webhook.id, []).append(delivery.notice.kind)
            assert delivery.notice in told
            assert delivery.webhook.secret == SECRET
            assert await kept.store.deliveries.settle("w", delivery, TAKEN)
    assert found == {
        "operator": ["budget.soft", "upstream.down", "batch.done"],
        "some": ["upstream.down"],
        "t1": ["budget.soft", "batch.done"],
        "t1b": ["batch.done"],
    }


async def test_one_key_is_told_once(kept: Kept) -> None:
    await kept.store.webhooks.add(hook())
    told = [kept.store.outbox.tell(notice(at, key="same")) for at in range(8)]
    assert sorted(each.is_new for each in await asyncio.gather(*told)) == [False] * 7 + [True]
    assert len(await kept.states()) == 1


async def test_what_lasts_ends_once_and_may_come_again(kept: Kept) -> None:
    await kept.store.webhooks.add(hook())
    outbox = kept.store.outbox
    assert (await outbox.tell(notice(1, "upstream.down", key="down:a", lasts=True))).is_new
    assert not (await outbox.tell(notice(2, "upstream.down", key="down:a", lasts=True))).is_new
    assert list(await outbox.lasting()) == ["down:a"]
    ends = [outbox.end("down:a", notice(at, "upstream.up", key=f"up:{at}")) for at in (3, 4, 5)]
    assert sorted(await asyncio.gather(*ends)) == [False, False, True]
    assert not await outbox.end("down:b")
    assert list(await outbox.lasting()) == []
    assert (await outbox.tell(notice(6, "upstream.down", key="down:a", lasts=True))).is_new
    assert await outbox.end("down:a")
    kinds = [each.kind for each in await kept.store.deliveries.page("hook", "", 9)]
    assert kinds == ["upstream.down", "upstream.up", "upstream.down"]


async def test_one_delivery_for_each_webhook_at_a_time(kept: Kept) -> None:
    for name in ("a", "b", "c"):
        await kept.store.webhooks.add(hook(name))
    for number in (1, 2):
        await kept.store.outbox.tell(notice(number))
    first = await kept.claim("w1", 2)
    second = await kept.claim("w2", 5)
    assert len({each.webhook.id for each in (*first, *second)}) == len(first) + len(second) == 3
    assert {each.notice.id for each in (*first, *second)} == {"notice_00001"}
    assert await kept.claim("w3") == []
    assert await kept.store.deliveries.settle("w1", first[0], TAKEN)
    assert [(each.webhook.id, each.notice.id) for each in await kept.claim("w3")] == [
        (first[0].webhook.id, "notice_00002")
    ]
    assert await kept.store.deliveries.waiting() == 5


async def test_what_failed_waits_until_it_is_due(kept: Kept) -> None:
    await kept.store.webhooks.add(hook())
    await kept.store.outbox.tell(notice())
    (claimed,) = await kept.claim()
    assert await kept.store.deliveries.settle("w", claimed, waiting(60))
    assert await kept.claim() == []
    (shown,) = await kept.store.deliveries.page("hook", "", 9)
    assert (shown.state, shown.attempts, shown.status, shown.problem) == ("waiting", 1, 503, "HTTP 503")
    assert shown.attempted is not None
    assert shown.due == pytest.approx(shown.attempted + 60, abs=1)


async def test_it_may_be_told_later(kept: Kept) -> None:
    await kept.store.webhooks.add(hook())
    await kept.store.outbox.tell(notice(), after=60)
    assert await kept.claim() == []
    assert await kept.store.deliveries.waiting() == 1


async def test_what_a_dead_worker_had_is_claimed_again(kept: Kept) -> None:
    await kept.store.webhooks.add(hook())
    await kept.store.outbox.tell(notice())
    (lost,) = await kept.claim("dead", lease=-1)
    (again,) = await kept.claim("alive")
    assert (lost.attempts, again.attempts) == (1, 2)
    assert again.notice == lost.notice
    assert not await kept.store.deliveries.settle("dead", lost, TAKEN)
    assert await kept.store.deliveries.settle("alive", again, TAKEN)
    assert not await kept.store.deliveries.settle("alive", again, TAKEN)
    assert await kept.states() == {"notice_00001": "delivered"}


async def test_workers_that_claim_together_get_different_things(kept: Kept) -> None:
    for number in range(12):
        await kept.store.webhooks.add(hook(f"hook{number}"))
    await kept.store.outbox.tell(notice())
    claimed = await asyncio.gather(*(kept.claim(f"w{number}", 3) for number in range(6)))
    ids = [each.webhook.id for some in claimed for each in some]
    assert len(ids) == len(set(ids))


async def test_who_says_gone_gets_nothing_more(kept: Kept) -> None:
    await kept.store.webhooks.add(hook())
    for number in (1, 2):
        await kept.store.outbox.tell(notice(number))
    (claimed,) = await kept.claim()
    gone = Outcome(Attempt(0.0, 410, "HTTP 410"), "failed", disables=True)
    assert await kept.store.deliveries.settle("w", claimed, gone)
    found = await kept.store.webhooks.get("hook")
    assert found is not None
    assert (found.disabled, found.secret) == ("gone", SECRET)
    assert set((await kept.states()).values()) == {"failed"}
    await kept.store.outbox.tell(notice(3))
    assert len(await kept.states()) == 2


async def test_who_is_disabled_waits_for_nothing(kept: Kept) -> None:
    await kept.store.webhooks.add(hook())
    await kept.store.outbox.tell(notice())
    await kept.store.webhooks.edit("hook", lambda found: msgspec.structs.replace(found, disabled="administrator"))
    assert await kept.states() == {"notice_00001": "failed"}


async def test_the_queue_of_a_dead_receiver_is_bounded(kept: Kept) -> None:
    await kept.store.webhooks.add(hook("dead"))
    dropped = 0
    for number in range(MOST_WAITING + 3):
        dropped += (await kept.store.outbox.tell(notice(number))).dropped
    assert dropped == 3
    states = await kept.states("dead")
    assert [name for name, state in sorted(states.items()) if state == "dropped"] == [
        f"notice_{n:05}" for n in range(3)
    ]
    assert await kept.store.deliveries.waiting() == MOST_WAITING


async def test_pages_of_deliveries(kept: Kept) -> None:
    await kept.store.webhooks.add(hook())
    for number in range(5):
        await kept.store.outbox.tell(notice(number))
    first = await kept.store.deliveries.page("hook", "", 3)
    second = await kept.store.deliveries.page("hook", first[-1].notice, 3)
    assert [each.notice[-1] for each in (*first, *second)] == ["4", "3", "2", "1", "0"]
    assert await kept.store.deliveries.page("other", "", 3) == []


async def test_the_configuration_has_its_own(kept: Kept) -> None:
    first, second = hook("config_1", configured=True), hook("config_2", configured=True)
    await kept.store.webhooks.add(hook("mine"))
    await kept.store.adopt([first, second])
    await kept.store.outbox.tell(notice())
    await kept.store.webhooks.edit("config_1", lambda found: msgspec.structs.replace(found, disabled="gone"))
    await kept.store.adopt([first])
    assert {each.id: each.disabled for each in await kept.store.webhooks.page("", 9)} == {
        "mine": "",
        "config_1": "gone",
    }
    assert (await kept.states("config_2"), len(await kept.states("mine"))) == ({}, 1)
    changed = msgspec.structs.replace(first, secret=Secret("whsec_another"))
    await kept.store.adopt([changed])
    assert await kept.store.webhooks.get("config_1") == changed
    await kept.store.adopt([])
    assert [each.id for each in await kept.store.webhooks.page("", 9)] == ["mine"]


async def test_gateways_adopt_together(kept: Kept) -> None:
    same = [hook("config_1", configured=True)]
    await asyncio.gather(*(kept.store.adopt(same) for _ in range(6)))
    assert await kept.store.webhooks.page("", 9) == same


async def test_what_is_over_is_forgotten(kept: Kept) -> None:
    await kept.store.webhooks.add(hook())
    now = kept.clock.now
    await kept.store.outbox.tell(notice(1, keep=now + 1, at=now))
    await kept.store.outbox.tell(notice(2, keep=FOR_EVER, at=now))
    await kept.store.outbox.tell(notice(3, keep=now, at=now))
    for _ in range(2):
        (claimed,) = await kept.claim()
        await kept.store.deliveries.settle("w", claimed, TAKEN)
    assert await kept.store.sweep(now + 60) == 0
    far = 10 * 365 * 86_400 if isinstance(kept.place, Postgres) else KEPT + 60
    assert await kept.store.sweep(now + far) == 3  # two deliveries and the first notice: the third one still waits
    assert await kept.states() == {"notice_00003": "waiting"}
    assert (await kept.store.outbox.tell(notice(4, key="budget.soft:1"))).is_new
    assert not (await kept.store.outbox.tell(notice(5, key="budget.soft:2"))).is_new


@DATABASES
async def test_secrets_are_sealed_for_their_webhook(kept: Kept) -> None:
    await kept.store.webhooks.add(hook())
    other = await kept.open(OLD_KEY)()
    found = await other.webhooks.get("hook")
    assert found is not None
    assert found.secret is None  # the root secret is another one
    assert await other.webhooks.edit("hook", lambda each: msgspec.structs.replace(each, url="https://c.example/"))
    changed = await kept.store.webhooks.get("hook")
    assert changed is not None
    assert (changed.secret, changed.url) == (SECRET, "https://c.example/")
    if isinstance(kept.place, Path):
        assert SECRET.reveal().encode() not in b"".join(map(Path.read_bytes, kept.place.parent.glob("state.db*")))


@DATABASES
async def test_a_new_root_secret_takes_over(kept: Kept) -> None:
    old = await kept.open(OLD_KEY)()
    await old.webhooks.add(hook())
    both = await kept.open(KEY, OLD_KEY)()
    assert await both.webhooks.get("hook") == hook()
    await both.sweep(kept.clock.now)
    assert await kept.store.webhooks.get("hook") == hook()


async def test_a_gateway_knows_whether_something_waits_without_opening(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    door = Door(file)
    opening = OpeningNotices(door, (KEY,))
    assert not opening.may_be_busy()
    store = await opening()
    assert not opening.may_be_busy()
    await store.webhooks.add(hook())
    await store.outbox.tell(notice())
    assert opening.may_be_busy()
    (claimed,) = await store.deliveries.claim("w", LEASE, 1)
    await store.deliveries.settle("w", claimed, TAKEN)
    assert not opening.may_be_busy()
    await store.outbox.tell(notice(2, lasts=True))
    assert opening.may_be_busy()
    await door.close()
    with closing(sqlite3.connect(tmp_path / "older.db")) as older:
        older.execute("CREATE TABLE t (a)")
    assert not OpeningNotices(Door(tmp_path / "older.db"), (KEY,)).may_be_busy()
