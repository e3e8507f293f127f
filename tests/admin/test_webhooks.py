"""The calls of webhooks: made, changed, tried, deleted; the secret is shown once; tenants keep apart."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import msgspec
import pytest

from gigamost.admin.application import Admin
from gigamost.admin.office import Office
from gigamost.admin.openapi import describe
from gigamost.admin.webhook_routes import webhook_routes
from gigamost.admin.webhooks import MOST, Webhooks
from gigamost.core.notices import KINDS, Attempt, Notice, Outcome, Webhook
from gigamost.core.secret import Secret
from gigamost.notices.messages import fault_in_secret
from gigamost.store.directory.memory import MemoryDirectory
from gigamost.store.notices.memory import MemoryNotices
from gigamost.telling.sender import Sender
from tests.admin.conftest import FACES, MASTER, PEPPER, Desk
from tests.telling.conftest import LOOPBACK, Receiver, receiving

URL = "https://team.example/hook"


class Counter:
    """The desk of the others, with webhooks."""

    def __init__(self, desk: Desk, sender: Sender) -> None:
        self.desk = desk
        self.store = MemoryNotices(desk.clock)
        self.webhooks = Webhooks(office_of(desk), self._opened, sender)
        routes = webhook_routes(self.webhooks)
        self.admin = Admin((*desk.admin.routes, *routes), desk.entry)
        self.http = self.client(f"Bearer {MASTER}")

    def client(self, authorization: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.admin),
            base_url="http://gateway/admin/api",
            headers={"Authorization": authorization},
        )

    async def call(
        self, method: str, path: str, body: Any = None, *, status: int = 200, by: httpx.AsyncClient | None = None
    ) -> Any:
        content = None if body is None else msgspec.json.encode(body)
        answer = await (by or self.http).request(method, path, content=content)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def refused(self, method: str, path: str, body: Any = None, *, status: int = 400) -> str:
        message: str = (await self.call(method, path, body, status=status))["error"]["message"]
        return message

    async def _opened(self) -> MemoryNotices:
        return self.store


def office_of(desk: Desk) -> Office:
    async def opened() -> MemoryDirectory:
        return desk.directory

    async def changed() -> None:
        """No key of a client is changed here."""

    return Office(opened, pepper=PEPPER, faces=FACES, changed=changed, now=desk.clock)


@pytest.fixture
async def counter(desk: Desk) -> AsyncIterator[Counter]:
    async with AsyncExitStack() as stack:
        sender = Sender(desk.clock, allowed=LOOPBACK)
        stack.push_async_callback(sender.close)
        made = Counter(desk, sender)
        await stack.enter_async_context(made.http)
        yield made


def notice(number: int) -> Notice:
    return Notice(f"notice_{number}", 1.0, "budget.soft", "", msgspec.Raw(b"{}"), f"key {number}")


async def test_a_webhook_and_its_secret_which_is_shown_once(counter: Counter) -> None:
    made = await counter.call("POST", "/webhooks", {"url": URL, "events": ["budget.soft"]}, status=201)
    secret = made.pop("secret")
    assert fault_in_secret(Secret(secret)) == ""
    assert made == {
        "id": made["id"],
        "url": URL,
        "tenant_id": None,
        "events": ["budget.soft"],
        "disabled": False,
        "disabled_because": None,
        "configured": False,
        "created_at": "2023-11-14T22:13:20Z",
    }
    assert await counter.call("GET", f"/webhooks/{made['id']}") == made
    listed = await counter.call("GET", "/webhooks")
    assert listed == {"data": [made], "next_cursor": None}
    audit = await counter.call("GET", "/audit")
    assert (audit["data"][0]["action"], audit["data"][0]["target"]) == ("webhook.create", made["id"])
    assert secret not in json.dumps([listed, audit])


async def test_changes(counter: Counter) -> None:
    made = await counter.call("POST", "/webhooks", {"url": URL}, status=201)
    path = f"/webhooks/{made['id']}"
    changed = await counter.call("PATCH", path, {"url": "https://other.example/", "disabled": True})
    assert (changed["url"], changed["disabled_because"]) == ("https://other.example/", "administrator")
    again = await counter.call("PATCH", path, {"disabled": None, "events": ["batch.done"]})
    assert (again["disabled"], again["events"], again["url"]) == (False, ["batch.done"], "https://other.example/")
    gone = await counter.call("DELETE", path)
    assert gone == again
    assert await counter.refused("GET", path, status=404) == f"There is no webhook {made['id']!r}."
    for method, below in (("DELETE", ""), ("PATCH", ""), ("POST", "/test"), ("GET", "/deliveries")):
        await counter.refused(method, path + below, {} if method in ("PATCH", "POST") else None, status=404)
    actions = sorted(each["action"] for each in (await counter.call("GET", "/audit"))["data"])
    assert actions == ["webhook.create", "webhook.delete", "webhook.update", "webhook.update"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "url"),
        ({"url": ""}, "url"),
        ({"url": "x" * 3000}, "url"),
        ({"url": "ftp://a.example"}, "url: it is not a plain http:// or https:// address"),
        ({"url": "https://a@b.example"}, "no user name"),
        ({"url": "http://127.0.0.1:8080/"}, "not on the public internet"),
        ({"url": "http://[fd00::1]/"}, "not on the public internet"),
        ({"url": "http://169.254.169.254/latest"}, "not on the public internet"),
        ({"url": "http://0x7f.1/"}, "names no valid host"),
        ({"url": URL, "events": ["budget.sof"]}, "events[0]: budget.sof: there is no such thing here: did you mean"),
        ({"url": URL, "events": ["ping"]}, "events[0]"),
        ({"url": URL, "tenant": "nobody"}, "there is no tenant 'nobody'"),
        ({"url": URL, "secret": "mine"}, "secret"),
        ({"url": 5}, "url"),
    ],
)
async def test_what_cannot_be_a_webhook(counter: Counter, body: Any, words: str) -> None:
    assert words in await counter.refused("POST", "/webhooks", body)
    assert (await counter.call("GET", "/webhooks"))["data"] == []


async def test_a_change_is_checked_as_well(counter: Counter) -> None:
    made = await counter.call("POST", "/webhooks", {"url": URL}, status=201)
    assert "public" in await counter.refused("PATCH", f"/webhooks/{made['id']}", {"url": "http://10.0.0.1/"})
    assert "id" in await counter.refused("PATCH", f"/webhooks/{made['id']}", {"id": "x"})
    assert (await counter.call("GET", f"/webhooks/{made['id']}"))["url"] == URL


async def test_one_that_went_comes_back(counter: Counter) -> None:
    made = await counter.call("POST", "/webhooks", {"url": URL}, status=201)
    await counter.store.outbox.tell(notice(1))
    (claimed,) = await counter.store.deliveries.claim("w", 30.0, 1)
    await counter.store.deliveries.settle("w", claimed, Outcome(Attempt(1.0, 410, "HTTP 410"), "failed", disables=True))
    path = f"/webhooks/{made['id']}"
    assert (await counter.call("GET", path))["disabled_because"] == "gone"
    assert (await counter.call("PATCH", path, {"url": "https://new.example/"}))["disabled_because"] == "gone"
    assert (await counter.call("PATCH", path, {"disabled": False}))["disabled"] is False


async def test_pages_of_what_was_sent(counter: Counter) -> None:
    made = await counter.call("POST", "/webhooks", {"url": URL}, status=201)
    path = f"/webhooks/{made['id']}/deliveries"
    for number in range(3):
        await counter.store.outbox.tell(notice(number))
    (claimed,) = await counter.store.deliveries.claim("w", 30.0, 1)
    waits = Outcome(Attempt(10.0, 503, "HTTP 503"), "waiting", 70.0)
    await counter.store.deliveries.settle("w", claimed, waits)
    first = await counter.call("GET", f"{path}?limit=2")
    second = await counter.call("GET", f"{path}?limit=2&cursor={first['next_cursor']}")
    assert [each["notice_id"] for each in (*first["data"], *second["data"])] == ["notice_2", "notice_1", "notice_0"]
    assert second == {
        "data": [
            {
                "notice_id": "notice_0",
                "event": "budget.soft",
                "state": "waiting",
                "attempts": 1,
                "began_at": "2023-11-14T22:13:20Z",
                "attempted_at": "2023-11-14T22:13:20Z",
                "next_attempt_at": "2023-11-14T22:14:20Z",
                "status": 503,
                "problem": "HTTP 503",
            }
        ],
        "next_cursor": None,
    }
    assert first["data"][0]["attempted_at"] is None


async def test_a_ping_says_what_came_back(counter: Counter) -> None:
    made = await counter.call("POST", "/webhooks", {"url": URL}, status=201)
    path = f"/webhooks/{made['id']}/test"
    async with receiving(counter.desk.clock, Secret(made["secret"])) as receiver:
        await to(counter, made["id"], receiver)
        answer = await counter.call("POST", path)
        assert (answer["ok"], answer["status"], answer["problem"]) == (True, 200, "")
        assert (receiver.kinds, receiver.told[0]["data"]) == (["ping"], {"webhook_id": made["id"]})
        receiver.status = 500
        answer = await counter.call("POST", path, {})
        assert (answer["ok"], answer["status"], answer["problem"]) == (False, 500, "HTTP 500")
    answer = await counter.call("POST", path)
    assert (answer["ok"], answer["status"], "no connection" in answer["problem"]) == (False, None, True)
    assert await counter.store.deliveries.waiting() == 0


async def to(counter: Counter, id_: str, receiver: Receiver) -> None:
    """The calls take no address of this machine."""
    await counter.store.webhooks.edit(id_, lambda found: msgspec.structs.replace(found, url=receiver.url))


async def test_those_of_the_configuration_are_changed_there(counter: Counter) -> None:
    await counter.store.adopt([Webhook("config_1", "", URL, (), Secret("x"), 0, is_configured=True)])
    (shown,) = (await counter.call("GET", "/webhooks"))["data"]
    assert (shown["configured"], shown["created_at"]) == (True, None)
    assert "configuration" in await counter.refused("DELETE", "/webhooks/config_1")
    assert "configuration" in await counter.refused("PATCH", "/webhooks/config_1", {"url": "https://b.example/"})
    assert (await counter.call("PATCH", "/webhooks/config_1", {"disabled": True}))["disabled"]


async def test_webhooks_of_tenants(counter: Counter) -> None:
    team = await counter.call("POST", "/tenants", {"name": "team"}, status=201)
    made = await counter.call("POST", "/webhooks", {"url": URL, "tenant": "team"}, status=201)
    assert made["tenant_id"] == team["id"]
    assert await counter.webhooks.tenant_of(made["id"]) == team["id"]
    operators = await counter.call("POST", "/webhooks", {"url": URL}, status=201)
    assert await counter.webhooks.tenant_of(operators["id"]) is None
    lines = await counter.desk.directory.audit.page("", 9, team["id"])
    assert ("webhook.create", made["id"]) in [(line.action, line.target) for line in lines]
    assert operators["id"] not in [line.target for line in lines]


async def test_an_administrator_of_a_tenant_sees_its_webhooks_alone(counter: Counter) -> None:
    for name in ("team", "other"):
        await counter.call("POST", "/tenants", {"name": name}, status=201)
    ids = {}
    for tenant in (None, "team", "other"):
        wanted = {"url": URL} if tenant is None else {"url": URL, "tenant": tenant}
        ids[tenant] = (await counter.call("POST", "/webhooks", wanted, status=201))["id"]
    await counter.desk.hire("anna", "operator", "team")
    token = (await counter.desk.login("anna")).headers["Authorization"]
    async with counter.client(token) as anna:
        assert [each["id"] for each in (await counter.call("GET", "/webhooks", by=anna))["data"]] == [ids["team"]]
        await counter.call("GET", f"/webhooks/{ids['team']}", by=anna)
        for foreign in (ids[None], ids["other"]):
            await counter.call("GET", f"/webhooks/{foreign}", by=anna, status=404)
            await counter.call("GET", f"/webhooks/{foreign}/deliveries", by=anna, status=404)
            await counter.call("POST", f"/webhooks/{foreign}/test", {}, by=anna, status=404)
            await counter.call("PATCH", f"/webhooks/{foreign}", {"disabled": True}, by=anna, status=404)
            await counter.call("DELETE", f"/webhooks/{foreign}", by=anna, status=404)
        made = await counter.call("POST", "/webhooks", {"url": URL}, by=anna, status=201)
        assert made["tenant_id"] == await counter.webhooks.tenant_of(ids["team"])
        await counter.call("POST", "/webhooks", {"url": URL, "tenant": "other"}, by=anna, status=400)


async def test_there_are_not_too_many(counter: Counter) -> None:
    for _ in range(MOST):
        await counter.call("POST", "/webhooks", {"url": URL}, status=201)
    assert "already" in await counter.refused("POST", "/webhooks", {"url": URL})
    await counter.call("POST", "/tenants", {"name": "team"}, status=201)
    await counter.call("POST", "/webhooks", {"url": URL, "tenant": "team"}, status=201)


def test_the_description_has_them(desk: Desk) -> None:
    async def opened() -> MemoryNotices:
        return MemoryNotices(desk.clock)

    said = describe(webhook_routes(Webhooks(office_of(desk), opened, Sender(desk.clock))))
    assert set(said["paths"]) == {
        "/admin/api/webhooks",
        "/admin/api/webhooks/{id}",
        "/admin/api/webhooks/{id}/test",
        "/admin/api/webhooks/{id}/deliveries",
    }
    assert len(KINDS) == 8
