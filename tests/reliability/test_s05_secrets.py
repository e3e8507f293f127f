"""S5: every secret that there is goes through gateways that log all they can; then nothing that is left has one.

Output of the processes, what they answer, database files, a dump of PostgreSQL, of Redis, and a backup are searched.
"""

import asyncio
import base64
import json
import os
import sqlite3
import sys
import zipfile
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import asyncpg
import httpx
import yaml

from gigamost.emulator import Account, EmulatorSettings, Running, build
from gigamost.store.place import Postgres
from tests.reliability.dumps import files_in, found_in, postgres_text, redis_bytes
from tests.reliability.processes import Gateway
from tests.services import free_port
from tests.shared.server import RedisServer

ODD = (  # may have any character
    *("metrics key", "master key", "root secret", "former root secret", "password", "proxy"),
    *("database password", "redis password", "wrong password"),
)
PLAIN = (
    *("client-key", "passing-key", "api-key", "header-of-upstream", "ready-token", "openrouter"),
    *("account", "user-password", "passed", "passed-wrong", "new-account", "misplaced"),
)
SECRETS = {
    **{name: f"canary/{at}+of?the {name}~{at * 7919:08d}" for at, name in enumerate(ODD)},
    **{name: f"canary-{name}-{at * 7919:08d}-of-the-tests" for at, name in enumerate(PLAIN)},
}
SIGNING = "whsec_" + base64.b64encode(b"canary of the configured webhooks").decode()
MAIN, USER, PASSED = (
    Account(f"00000000-0000-4000-8000-0000000000{at}", SECRETS[name], "GIGACHAT_API_CORP", streams=50)
    for at, name in (("1a", "account"), ("1b", "user-password"), ("1c", "passed"))
)
WRONG = base64.b64encode(f"nobody:{SECRETS['passed-wrong']}".encode()).decode()
NEW = base64.b64encode(f"nobody:{SECRETS['new-account']}".encode()).decode()
ADMIN = "/admin/api"
EMULATED = ("status=500; message=Oops", "status=401", "status=429", "html_502", "cut=5", "malformed", "error_after=1")


def configuration(emulator: Running) -> str:
    """What the operator writes into gigamost.yaml; the rest is in the environment."""
    return yaml.safe_dump(
        {
            "keys": [
                {"name": "configured", "key": SECRETS["client-key"], "tenant": "default"},
                {"name": "passing", "key": SECRETS["passing-key"], "tenant": "other", "pass_token": True},
            ],
            "gigachat": {
                "credentials": [
                    {"name": "main", "key": MAIN.credentials},
                    {"name": "user", "user": USER.client_id, "password": SECRETS["user-password"]},
                    {"name": "ready", "access_token": SECRETS["ready-token"]},
                ]
            },
            "upstreams": [
                {"name": "near", "base_url": emulator.base_url, "api_key": SECRETS["api-key"]},
                {
                    "name": "far",
                    "base_url": "http://far.invalid/v1",
                    "api_key": SECRETS["api-key"],
                    "headers": {"X-Key": SECRETS["header-of-upstream"]},
                },
            ],
            "routes": {name: {"targets": [f"{name}/x"]} for name in ("near", "far")},
            "webhooks": [{"url": f"http://127.0.0.1:{free_port()}/", "secret": SIGNING}],
            "webhooks_allow_private": True,
        }
    )


def environment(emulator: Running, folder: Path, **more: str) -> dict[str, str]:
    proxy = f"http://proxy:{quote(SECRETS['proxy'], safe='')}@127.0.0.1:{free_port()}"
    return {
        **{name: os.environ[name] for name in ("PATH", "SSL_CERT_FILE") if name in os.environ},
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(Path.cwd())])),
        "GIGACHAT_BASE_URL": emulator.base_url,
        "GIGACHAT_AUTH_URL": emulator.auth_url,
        "GIGACHAT_SCOPE": MAIN.scope,
        "HTTP_PROXY": proxy,
        "HTTPS_PROXY": proxy,
        "NO_PROXY": "127.0.0.1",
        "OPENROUTER_API_KEY": SECRETS["openrouter"],
        "GIGAMOST_STATE_DIR": str(folder / "state"),
        "GIGAMOST_MASTER_KEY": SECRETS["master key"],
        "GIGAMOST_METRICS_KEY": SECRETS["metrics key"],
        "GIGAMOST_SECRET_KEY": SECRETS["root secret"],
        "GIGAMOST_FORMER_SECRET_KEYS": SECRETS["former root secret"],
        "GIGAMOST_LOG_LEVEL": "debug",
        **more,
    }


class Site:
    """A real gateway with an administrator and its clients. `shown` is all that it answers."""

    def __init__(
        self, gateway: Gateway, emulator: Running, environ: Mapping[str, str], http: httpx.AsyncClient
    ) -> None:
        self.gateway = gateway
        self.emulator = emulator
        self.environ = environ
        self.folder = gateway.output.parent
        self.http = http
        self.shown: list[bytes] = []
        self.made: dict[str, str] = {}  # secrets that the gateway and the emulator made

    async def send(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await self.http.request(method, path, json=body, headers=named)
        self.shown.append(str(answer.headers).encode() + answer.content)
        return answer

    async def administer(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return await self.send(method, ADMIN + path, body, x_api_key=SECRETS["master key"])

    async def make(self, name: str, field: str, path: str, /, **body: Any) -> Any:
        """What is shown once is not searched: it is what must be nowhere else."""
        answer = await self.administer("POST", path, body)
        assert answer.status_code < 300, answer.text
        self.shown.pop()
        self.made[name] = answer.json()[field]
        return answer.json()

    async def run(self, *arguments: str) -> str:
        """A command, where the gateway runs."""
        program = (sys.executable, "-c", "from gigamost.cli import main; main()", *arguments)
        process = await asyncio.create_subprocess_exec(
            *program, env=dict(self.environ), cwd=self.folder, stdout=PIPE, stderr=STDOUT
        )
        said, _ = await process.communicate()
        self.shown.append(said)
        return said.decode()

    def secrets(self) -> dict[str, str]:
        issued = {f"issued token {at}": text for at, text in enumerate(self.emulator.app.state.tokens._issued)}
        keys = {"account's key": MAIN.credentials, "passed key": PASSED.credentials, "new key": NEW}
        return {**SECRETS, **self.made, **issued, **keys, "signing": SIGNING.removeprefix("whsec_")}


@asynccontextmanager
async def site_of(folder: Path, **more: str) -> AsyncIterator[Site]:
    async with AsyncExitStack() as stack:
        settings = EmulatorSettings(accounts=(MAIN, USER, PASSED))
        emulator = await stack.enter_async_context(Running(build(settings)))
        environ = environment(emulator, folder, **more)
        await asyncio.to_thread((folder / "gigamost.yaml").write_text, configuration(emulator))
        gateway = Gateway(folder, environ)
        await gateway.start()
        stack.push_async_callback(gateway.kill)
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=gateway.base, timeout=30, trust_env=False))
        yield Site(gateway, emulator, environ, http)


def chat(text: str, model: str = "GigaChat-2", **more: Any) -> Any:
    return {"model": model, "messages": [{"role": "user", "content": text}], "max_tokens": 9, **more}


async def clients(site: Site) -> None:
    path, key = "/v1/chat/completions", SECRETS["client-key"]
    for at in range(6):  # each of the credentials has its turn
        await site.send("POST", path, chat(f"hi {at}", stream=at % 2 == 0), x_api_key=key)
    for directive in EMULATED:
        text = f"[[emulator: {directive}]] hi"
        await site.send("POST", path, chat(text, stream="after" in directive), authorization=f"Bearer {key}")
    for model in ("near", "far", "no-such-model"):
        assert (await site.send("POST", path, chat("hi", model), api_key=key)).status_code >= 400
    for header in ("x_api_key", "api_key", "x_goog_api_key", "authorization"):
        assert (await site.send("POST", path, chat("hi"), **{header: WRONG})).status_code == 401
    await site.send("GET", f"/v1/models?key={key}")
    await site.send("GET", f"/v1beta/models?key={quote(WRONG)}")
    for credential in (PASSED.credentials, WRONG):
        passing = {"x_api_key": SECRETS["passing-key"], "authorization": f"Basic {credential}"}
        await site.send("POST", path, chat("hi"), **passing)
    asked = {"authorization": f"Basic {key}", "rquid": "6f0b1291-c7f3-43c6-bb2e-9f3efb2dc98e"}
    token = await site.send("POST", "/gigachat/v2/oauth", **asked)
    site.made["token of the gateway"] = token.json()["access_token"]
    site.shown.pop()
    await site.send("POST", "/v1/responses", {"model": "GigaChat-2", "input": "hi"}, x_api_key=key)


async def administrators(site: Site) -> None:
    named = {"name": "boss", "password": SECRETS["password"]}
    assert (await site.administer("POST", "/administrators", {**named, "role": "admin"})).status_code == 201
    session = (await site.make("session", "token", "/login", **named))["token"]
    wrong = {"name": "boss", "password": SECRETS["wrong password"]}
    assert (await site.administer("POST", "/login", wrong)).status_code == 401
    made = await site.make("made key", "key", "/keys", name="made")
    await site.make("rotated key", "key", f"/keys/{made['id']}/rotate", grace_seconds=60)
    hook = await site.make("webhook", "secret", "/webhooks", url="https://receiver.invalid/")
    await site.administer("POST", f"/webhooks/{hook['id']}/test", {})
    misplaced = SECRETS["misplaced"]
    for path, body in {
        "/keys": {"name": "x", "key": misplaced},
        "/administrators": {"name": misplaced, "password": {"is": misplaced}},
        "/upstreams/main/rotate": {"key": NEW},
        "/upstreams/near/test": {},
        "/upstreams/far/test": {},
        "/config/check": {"yaml": f"master_key: [{misplaced}]\nkeys: [{{name: a, key: {misplaced}, tenant: [1]}}]"},
        "/config/reload": {},
    }.items():
        await site.administer("POST", path, body)
    site.http.cookies.clear()
    described = (await site.send("GET", "/openapi.json")).json()["paths"]
    lists = [path for path, methods in described.items() if "get" in methods and "{" not in path]
    assert f"{ADMIN}/config" in lists
    for path in (*lists, "/health", "/metrics"):
        await site.send("GET", path, authorization=f"Bearer {session}")
        await site.send("GET", path, authorization=f"Bearer {SECRETS['metrics key']}")
    await site.send("GET", "/health", x_api_key=SECRETS["master key"])


async def crash(site: Site, damage: Any) -> None:
    """What is kept is damaged, so that an endpoint meets what it cannot: it fails with a trace of its code."""
    await damage("UPDATE administrators SET password = 'scrypt$damaged'")
    answer = await site.send("POST", f"{ADMIN}/login", {"name": "boss", "password": SECRETS["password"]})
    assert answer.status_code == 500
    await damage("ALTER TABLE webhooks RENAME TO gone")
    secret = {"url": "https://receiver.invalid/", "secret": SIGNING}
    assert (await site.administer("POST", "/webhooks", secret)).status_code in (400, 503)
    await damage("ALTER TABLE gone RENAME TO webhooks")
    assert "Traceback" in site.gateway.said()


async def searched(site: Site, **places: bytes) -> None:
    places |= {"answers": b"\n".join(site.shown), "output": site.gateway.output.read_bytes()}
    state = await asyncio.to_thread(files_in, site.folder / "state")
    print({name: len(content) for name, content in places.items()})
    accounts = {seen.client_id for seen in site.emulator.app.log.at("/chat/completions")}
    assert accounts >= {each.client_id for each in (MAIN, USER, PASSED)}  # all of them were used
    assert found_in({"state": state, **places}, site.secrets()) == []


async def test_in_files_and_lines_for_people(tmp_path: Path) -> None:
    async with site_of(tmp_path, GIGAMOST_LOG_FORMAT="console") as site:
        await clients(site)
        await administrators(site)
        file = tmp_path / "state" / "gigamost.db"

        async def damage(statement: str) -> None:
            with closing(sqlite3.connect(file, timeout=20)) as connection, connection:
                connection.execute(statement)

        await crash(site, damage)
        await searched(site)


def test_every_form_is_found() -> None:
    for text in (SECRETS["proxy"], MAIN.credentials):
        basic = [base64.b64encode(f"{before}:{text}:x".encode()) for before in ("a", "ab", "abc")]
        texts = (text, json.dumps({"a": text}), quote(text), text.encode().hex())
        hidden = [*basic, *map(base64.urlsafe_b64decode, basic), *map(str.encode, texts)]
        for content in hidden:
            assert found_in({"there": b"before" + content + b"after"}, {"it": text}) == ["it in there"]
        assert found_in({"there": text.encode()[:-1]}, {"it": text}) == []


def with_password(url: str) -> str:
    parts = urlsplit(url)
    return url.replace(f"{parts.username}@", f"{parts.username}:{quote(SECRETS['database password'], safe='')}@")


async def test_in_postgresql_redis_backups_and_lines_of_json(
    tmp_path: Path, database: Postgres, redis: RedisServer
) -> None:
    redis.say("CONFIG", "SET", "requirepass", SECRETS["redis password"])
    redis_url = f"redis://:{quote(SECRETS['redis password'], safe='')}@127.0.0.1:{redis.port}/0"
    places = {
        "GIGAMOST_DATABASE_URL": with_password(database.url.reveal()),
        "GIGAMOST_REDIS_URL": redis_url,
        "GIGAMOST_LOG_FORMAT": "json",
    }

    async def damage(statement: str) -> None:
        connection = await asyncpg.connect(database.url.reveal())
        await connection.execute(statement)
        await connection.close()

    async with site_of(tmp_path, **places) as site:
        await clients(site)
        await administrators(site)
        await crash(site, damage)
        await asyncio.to_thread((tmp_path / "bad.yaml").write_text, bad())
        shown, looked, kept, wrong = await asyncio.gather(
            site.run("config", "show"),
            site.run("doctor"),
            site.run("backup", "kept.gigamost"),
            site.run("serve", "--config", "bad.yaml"),
        )
        assert "**********" in shown
        assert "far.invalid" in looked
        assert "rows of" in kept
        assert "passwort" in wrong
        archive = await asyncio.to_thread(unpacked, tmp_path / "kept.gigamost")
        dump, remembered = await postgres_text(database.url.reveal()), await redis_bytes(redis_url)
        assert b"boss" in dump
        assert b"boss" in archive
        assert b"token" in remembered
        await searched(site, dump=dump, redis=remembered, archive=archive)
        for line in site.gateway.said().splitlines():
            assert not line.startswith("{") or json.loads(line)


def bad() -> str:
    """A configuration with everything in wrong places."""
    misplaced = SECRETS["misplaced"]
    return yaml.safe_dump(
        {
            "master_key": [misplaced],
            "keys": [{"name": "a", "key": {"is": misplaced}}, {"name": "a", "kee": misplaced}],
            "gigachat": {"credentials": [{"name": "a", "passwort": misplaced, "key": misplaced}]},
            "upstreams": [{"name": "x", "base_url": f"ftp://user:{misplaced}@host", "api_key": [misplaced]}],
            "webhooks": [{"url": f"ftp://user:{misplaced}@host", "secret": misplaced}],
        }
    )


def unpacked(file: Path) -> bytes:
    """As it is, and what is in it."""
    with zipfile.ZipFile(file) as archive:
        return b"\n".join([file.read_bytes(), *map(archive.read, archive.namelist())])
