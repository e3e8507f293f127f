"""A gateway whose files change while it runs: what is in force, who is told, and that nothing is dropped."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from gigamost.cli.serving import serving
from gigamost.config.source import Source
from gigamost.emulator import COMPANY, TRADER, Account, Running, build
from gigamost.server.run import listen
from tests.gateway.conftest import KEY, OTHER_KEY, World
from tests.gateway.test_rotation import EMULATOR, NEW

MASTER = "the master key of the tests"
WEBHOOK_SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


class Site(World):
    """A gateway that was started from files in `folder`. `told` is what it has logged about its configuration."""

    def __init__(self, gigachat: Running, running: Any, folder: Path, document: dict[str, Any]) -> None:
        super().__init__(gigachat, running.base, running.gateway.asgi, running)
        self.folder = folder
        self.document = document
        self.http = httpx.AsyncClient(base_url=running.base, headers={"Authorization": f"Bearer {MASTER}"}, timeout=20)

    def credential(self, name: str, account: Account, **fields: Any) -> dict[str, Any]:
        return {"name": name, "key": account.credentials, "scope": account.scope, **fields}

    def write(self, **changes: Any) -> None:
        """The YAML file, with some sections replaced."""
        self.document |= changes
        self.write_text(yaml.safe_dump(self.document))

    def write_text(self, text: str) -> None:
        """As editors and deployments do it: another file takes the place of the old one."""
        draft = self.folder / "draft"
        draft.write_text(text)
        draft.replace(self.folder / "gigamost.yaml")

    def credentials(self, *rows: dict[str, Any]) -> None:
        self.write(gigachat={**self.document["gigachat"], "credentials": list(rows)})

    async def reload(self) -> Any:
        answer = await self.http.post("/admin/api/config/reload")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def effective(self) -> Any:
        return (await self.http.get("/admin/api/config")).json()

    async def status(self, key: str = KEY, model: str = "GigaChat-2", **headers: str) -> int:
        body = {"model": model, "messages": [{"role": "user", "content": "hi"}]}
        headers = {"Authorization": f"Bearer {key}", **headers}
        return (await self.http.post("/v1/chat/completions", json=body, headers=headers)).status_code


@asynccontextmanager
async def site_of(folder: Path, **changes: Any) -> AsyncIterator[Site]:
    async with AsyncExitStack() as stack:
        gigachat = await stack.enter_async_context(Running(build(EMULATOR)))
        document: dict[str, Any] = {
            "master_key": MASTER,
            "state_dir": str(folder / "state"),
            "database_url": "sqlite://",
            "keys": [{"name": "first", "key": KEY, "tenant": "first"}],
            "gigachat": {
                "base_url": gigachat.base_url,
                "auth_url": gigachat.auth_url,
                "credentials": [{"name": "a", "key": COMPANY.credentials, "scope": COMPANY.scope}],
            },
            **changes,
        }
        (folder / "gigamost.yaml").write_text(yaml.safe_dump(document))
        source = Source({}, environ={"HOME": str(folder)}, folder=folder)
        running = await stack.enter_async_context(serving(source.load(), listen("127.0.0.1", 0), source))
        site = Site(gigachat, running, folder, document)
        stack.push_async_callback(site.http.aclose)
        stack.push_async_callback(site.openai.close)
        yield site


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with site_of(tmp_path) as made:
        yield made


async def until(is_so: Callable[[], Any], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():  # noqa: ASYNC110 - files have no event
            await asyncio.sleep(0.01)


async def test_a_changed_file_is_in_force_without_a_signal(site: Site) -> None:
    assert await site.status(OTHER_KEY) == 401
    site.write(keys=[{"name": "other", "key": OTHER_KEY}])
    reload = site.gateway.gateway.reload
    await until(lambda: reload.last is not None)
    assert (reload.last.by, reload.last.outcome, reload.last.changed) == ("a file has changed", "applied", ("keys",))
    assert (await site.status(OTHER_KEY), await site.status(KEY)) == (200, 401)


async def test_the_dotenv_is_watched_too(site: Site) -> None:
    (site.folder / ".env").write_text("GIGACHAT_MODEL=GigaChat-2-Pro\n")
    reload = site.gateway.gateway.reload
    await until(lambda: reload.last is not None)
    await site.openai.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "hi"}])
    assert site.sent["model"] == "GigaChat-2-Pro"
    shown = (await site.effective())["settings"]["models.default"]
    assert shown == {"value": "GigaChat-2-Pro", "source": "GIGACHAT_MODEL (.env:1)", "reloads": True}


async def test_every_part_takes_its_settings_over(site: Site) -> None:
    assert await site.status(model="quick") == 404
    preflight = {"Origin": "https://page.example", "Authorization": ""}
    gigachat = {**site.document["gigachat"], "profanity_check": False, "timeout": 7}
    site.write(
        queue_timeout=3,
        models={"aliases": {"quick": "GigaChat-2-Pro"}, "capabilities": {"GigaChat-2": {"context": 1234}}},
        routes={"slow": {"targets": ["GigaChat-2-Max"]}},
        server={"cors_origins": ["https://page.example"], "trusted_proxies": ["10.0.0.0/8"]},
        gigachat=gigachat,
        ledger={"retention_days": 9},
        webhooks=[
            {"url": "https://receiver.example/", "secret": "whsec_" + "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}
        ],
    )
    assert (await site.reload())["outcome"] == "applied"
    assert (await site.status(model="quick"), site.sent["model"]) == (200, "GigaChat-2-Pro")
    assert (site.sent["profanity_check"], await site.status(model="slow")) == (False, 200)
    answer = await site.http.options("/v1/models", headers=preflight)
    assert answer.headers["access-control-allow-origin"] == "https://page.example"
    gateway = site.gateway.gateway
    assert gateway.front_desk.desk.limiter.queue_timeout == gateway.path.routes.plan.queue_timeout == 3
    assert gateway.later.kept_chat.turns.seconds == 3
    assert (gateway.front_desk.opening.retention, gateway.accounts.operator[0].silence) == (9, 7)
    listed = (await site.http.get("/admin/api/webhooks")).json()["data"]
    assert [each["url"] for each in listed] == ["https://receiver.example/"]
    info = (await site.http.get("/model/info", headers={"Authorization": f"Bearer {KEY}"})).json()["data"]
    assert {each["model_info"]["max_input_tokens"] for each in info if each["model_name"] == "GigaChat-2"} == {1234}


async def test_a_mistake_changes_nothing_and_is_told(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    before = (await site.effective())["settings"]
    site.write(keys=[{"name": "other", "key": OTHER_KEY}], queue_timeout="gm-a-secret-in-a-wrong-place")
    with caplog.at_level(logging.ERROR, "gigamost"):
        answer = await site.reload()
    assert answer["outcome"] == "failed"
    assert any("gigamost.yaml:" in line and "queue_timeout" in line for line in answer["problems"])
    assert await site.status() == 200
    assert await site.status(OTHER_KEY) == 401
    shown = await site.effective()
    assert (shown["settings"], shown["last_reload"]) == (before, answer)
    for_all = (await site.http.get("/health", headers={"Authorization": ""})).json()["configuration"]
    assert for_all == {"reload": "failed"}
    assert (await site.http.get("/health")).json()["configuration"]["problems"] == answer["problems"]
    assert "queue_timeout" in caplog.text
    for secret in (KEY, OTHER_KEY, COMPANY.credentials, "gm-a-secret"):
        assert secret not in caplog.text + str(shown) + str(answer)
    site.write(queue_timeout=60)
    assert (await site.reload())["outcome"] == "applied"
    assert await site.status(OTHER_KEY) == 200
    assert (await site.http.get("/health")).json()["configuration"]["reload"] == "ok"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "keys: [",
        "mode: dev\nmode: prod\n",
        "gigachat: {credentials: [{name: x, cert_file: none.pem}]}",
        f"master_key: {MASTER}\n",
    ],
    ids=["empty", "no YAML", "repeated", "no file", "nobody to ask"],
)
async def test_what_cannot_be_used_keeps_credentials_and_keys(site: Site, text: str) -> None:
    before = site.gateway.gateway.accounts.operator
    site.write_text(text)
    assert (await site.reload())["outcome"] == "failed"
    assert site.gateway.gateway.accounts.operator == before
    assert await site.status() == 200


async def test_a_certificate_that_cannot_be_read_changes_nothing(site: Site) -> None:
    broken = site.folder / "client.pem"
    broken.write_text("no certificate")
    site.write(keys=[{"name": "other", "key": OTHER_KEY}])
    site.credentials(site.credential("a", NEW), {"name": "b", "cert_file": str(broken)})
    assert (await site.reload())["outcome"] == "failed"
    assert (await site.status(), await site.status(OTHER_KEY)) == (200, 401)
    assert site.seen[-1].client_id == COMPANY.client_id


async def test_what_needs_a_restart_is_named_once(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "gigamost"):
        site.write(mode="prod", server={"port": 1}, queue_timeout=5)
        assert (await site.reload())["changed"] == ["queue_timeout"]
        await site.reload()
    assert [line for line in caplog.messages if "restart" in line] == ["needs a restart: mode, server.port"]
    shown = await site.effective()
    assert shown["pending_restart"] == ["mode", "server.port"]
    assert shown["settings"]["mode"] == {"value": "dev", "source": "default", "reloads": False}


async def test_taking_the_last_key_away_does_not_open_the_gateway(site: Site) -> None:
    site.write(keys=[])
    assert (await site.reload())["outcome"] == "applied"
    assert await site.status() == 401
    assert (await site.http.get("/v1/models", headers={"Authorization": ""})).status_code == 401


async def test_the_master_key_is_replaced(site: Site) -> None:
    site.write(master_key="another master key of the tests")
    await site.reload()
    assert (await site.http.get("/admin/api/config")).status_code == 401
    site.http.headers["Authorization"] = "Bearer another master key of the tests"
    assert (await site.http.get("/admin/api/config")).status_code == 200


async def test_a_draft_is_judged_and_changes_nothing(site: Site) -> None:
    draft = {**site.document, "queue_timeout": 5, "server": {"port": 1}}
    answer = await site.http.post("/admin/api/config/check", json={"yaml": yaml.safe_dump(draft)})
    assert answer.json() == {
        "ok": True,
        "problems": [],
        "warnings": [],
        "changed": ["queue_timeout"],
        "pending_restart": ["server.port"],
    }
    draft["routs"] = {}
    answer = await site.http.post("/admin/api/config/check", json={"yaml": yaml.safe_dump(draft)})
    assert answer.json()["ok"] is False
    assert "did you mean routes?" in answer.json()["problems"][0]
    assert (await site.effective())["last_reload"] is None


async def test_a_reload_by_an_administrator_is_in_the_audit(site: Site) -> None:
    site.write(queue_timeout=5)
    await site.reload()
    audit = (await site.http.get("/admin/api/audit")).json()["data"]
    assert audit[0]["action"] == "config.reload"
    assert audit[0]["details"] == {"outcome": "applied", "changed": ["queue_timeout"]}


async def test_a_rotated_key_survives_reloads_until_the_file_has_another(site: Site) -> None:
    rotated = await site.http.post("/admin/api/upstreams/a/rotate", json={"key": NEW.credentials})
    assert rotated.status_code == 200
    site.credentials(site.credential("a", COMPANY, max_connections=5))
    await site.reload()
    assert (await site.status(), site.seen[-1].client_id) == (200, NEW.client_id)
    assert site.gateway.gateway.accounts.operator[0].gate.snapshot().limit == 5
    site.credentials({"name": "a", "key": TRADER.credentials, "scope": TRADER.scope})
    await site.reload()
    assert (await site.status(), site.seen[-1].client_id) == (200, TRADER.client_id)


async def test_without_files_nothing_is_reloaded(world: World) -> None:
    found = await world.gateway.gateway.reload.reload("test")
    assert found.outcome == "failed"
    assert "not started from files" in found.problems[0]
