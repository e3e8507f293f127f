"""S6: whoever has a dump of the database has nothing that opens a gateway, or leads to it."""

import ast
import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

import gigamost
from gigamost.admin.application import PREFIX
from gigamost.auth.sessions import COOKIE
from gigamost.core.secret import Secret
from gigamost.store.place import Postgres
from tests.gateway.conftest import World, world_of
from tests.reliability.dumps import Value, files_in, found_in, in_bytes, postgres_values, sqlite_values

MASTER = "the master key of the tests"
PASSWORD = "a password that is only here"
SOURCE = Path(gigamost.__file__).parent
PLACES = ((b"x-api-key", b""), (b"api-key", b""), (b"x-goog-api-key", b""), (b"authorization", b"Bearer "))
MOST = 4000  # texts that are tried: a dump of this test has some hundreds


class Held:
    """What people hold, by what it is for, and who they are by the dump."""

    def __init__(self, key: str, former: str, token: str, session: str, signing: str) -> None:
        self.key = key
        self.session = session
        self.all = {
            "key": key,
            "replaced key": former,
            "token": token,
            "session": session,
            "password": PASSWORD,
            "webhook": signing,
        }


class Door:
    """Tries texts at everything that takes a key, a token or a cookie."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self.tried = 0

    async def opens(self, texts: Sequence[str]) -> bool:
        """Whether one of as many as there are places is a client's key, or the master key."""
        headers = [(name, start + text.encode()) for (name, start), text in zip(PLACES, texts, strict=False)]
        return await self._is_in("/v1/models", headers) or await self._is_in(f"{PREFIX}/me", headers)

    async def is_session(self, text: str) -> bool:
        as_bearer = await self._is_in(f"{PREFIX}/me", [(b"authorization", b"Bearer " + text.encode())])
        return as_bearer or await self._is_in(f"{PREFIX}/me", [(b"cookie", f"{COOKIE}={text}".encode())])

    async def logs_in(self, text: str) -> bool:
        body = {"name": "boss", "password": text}
        return (await self._http.post(f"{PREFIX}/login", json=body)).status_code == 200

    async def _is_in(self, path: str, headers: list[tuple[bytes, bytes]]) -> bool:
        self.tried += 1
        answer = await self._http.get(path, headers=headers)
        assert answer.status_code in (200, 401), (headers, answer.text)
        return answer.status_code == 200


@asynccontextmanager
async def gateway(folder: Path, place: Postgres | None, **changes: Any) -> AsyncIterator[tuple[World, Door]]:
    changes = {"master_key": Secret(MASTER), **({"database_url": place.url} if place else {}), **changes}
    async with (
        world_of(folder, **changes) as world,
        httpx.AsyncClient(base_url=world.base, timeout=20) as http,
    ):
        yield world, Door(http)


async def filled(world: World) -> Held:
    async with httpx.AsyncClient(base_url=world.base, headers={"x-api-key": MASTER}, timeout=20) as http:

        async def made(path: str, **body: Any) -> Any:
            answer = await http.post(PREFIX + path, json=body)
            assert answer.status_code < 300, answer.text
            return answer.json()

        await made("/tenants", name="acme", defaults={"keeps_prompts": True})
        first = await made("/keys", name="laptop", tenant="acme")
        key = (await made(f"/keys/{first['id']}/rotate", grace_seconds=600))["key"]
        await made("/administrators", name="boss", role="admin", password=PASSWORD)
        session = (await made("/login", name="boss", password=PASSWORD))["token"]
        signing = (await made("/webhooks", url="https://receiver.invalid/"))["secret"]
        http.headers = httpx.Headers({"authorization": f"Basic {key}", "rquid": str(uuid4())})
        answer = await http.post("/gigachat/v2/oauth", data={"scope": "GIGACHAT_API_PERS"})
        token = answer.json()["access_token"]
        async with world.client(key) as client:
            await client.chat.completions.create(model="GigaChat-2", messages=[{"role": "user", "content": "hi"}])
            await client.responses.create(model="GigaChat-2", input="hi")
    await world.gateway.gateway.asgi.idle()
    await world.gateway.gateway.front_desk.opening.ledger.drain()
    return Held(key, first["key"], token, session, signing)


def spellings(values: Iterable[Value]) -> list[str]:
    """Every value as somebody could try it: as text, its parts, in hex, in Base64, and as a key or token is written."""
    found: dict[str, None] = {}
    for value in values:
        raw = in_bytes(value)
        if len(raw) > 4000:
            continue
        texts = [raw.hex(), base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode().rstrip("=")]
        if len(raw) >= 24:  # shorter ones are no keys, whatever stands before them
            texts += [start + texts[2] for start in ("gm-", "gms-", "gmt-")]
        text = raw.decode("utf-8", "ignore")
        found.update(dict.fromkeys((text, *text.split("$"), *texts)))
    return [text for text in found if text.isascii() and text.isprintable() and text.strip()]


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest) -> Postgres | None:
    return request.getfixturevalue("database") if request.param == "postgres" else None


async def dumped(place: Postgres | None, folder: Path) -> list[Value]:
    return await postgres_values(place.url.reveal()) if place else sqlite_values(folder / "gigamost.db")


async def test_nothing_in_a_dump_opens_anything(place: Postgres | None, tmp_path: Path) -> None:
    async with gateway(tmp_path, place) as (world, door):
        held = await filled(world)
        values = await dumped(place, tmp_path)
        content = {"dump": b"\n".join(map(in_bytes, values)), "files": await asyncio.to_thread(files_in, tmp_path)}
        assert found_in(content, held.all) == []
        assert b"laptop" in content["dump" if place else "files"]
        texts = spellings(values)
        assert 100 < len(texts) < MOST
        groups = [texts[at : at + len(PLACES)] for at in range(0, len(texts), len(PLACES))]
        keys = [group for group in groups if await door.opens(group)]
        sessions = [text for text in texts if text.startswith("gms-") and await door.is_session(text)]
        kept = [text for text in texts if text.startswith("scrypt$")]
        passwords = [text for text in kept if place is None and await door.logs_in(text)]  # it is slow
        print(f"{len(values)} values, {len(texts)} texts, {door.tried} requests")
        assert (keys, sessions, passwords) == ([], [], [])
        assert kept
        # The door is one that what people hold does open.
        for good in (held.key, held.all["replaced key"], held.all["token"]):
            assert [await door.opens(["x"] * at + [good]) for at in range(len(PLACES))] == [True] * len(PLACES)
        assert await door.is_session(held.session)


async def test_digests_are_worth_nothing_under_another_root_secret(tmp_path: Path) -> None:
    async with gateway(tmp_path, None) as (world, _):
        held = await filled(world)
    unpeppered = {
        made
        for text in map(str.encode, held.all.values())
        for name in ("md5", "sha1", "sha256", "sha512", "blake2b", "sha3_256")
        for made in (hashlib.new(name, text).digest(), hmac.digest(b"", text, "sha256"))
    }
    dump = b"\n".join(map(in_bytes, sqlite_values(tmp_path / "gigamost.db")))
    assert [made.hex() for made in unpeppered if made in dump or made.hex().encode() in dump] == []
    async with gateway(tmp_path, None, secret_key=Secret("another root secret of the tests")) as (_, door):
        assert [
            name for name, text in held.all.items() if await door.opens([text]) or await door.is_session(text)
        ] == []
        assert not await door.logs_in(PASSWORD)
    async with gateway(tmp_path, None) as (_, door):
        assert await door.opens([held.key])
        assert await door.is_session(held.session)


# Names of values that a stranger sends to be compared with what we know.
TELLING = ("secret", "password", "digest", "mac", "tag", "hash", "token", "signature", "master")
# Plain comparisons of such names, and why a clock tells nothing there.
PLAIN = {
    ("auth/keys.py", "key.digest != old"): "both are ours: the row that a renewal saw, and the row of now",
}


def comparisons(tree: ast.Module) -> Iterator[tuple[str, set[str]]]:
    """Those of equality, and the names in them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(isinstance(each, ast.Eq | ast.NotEq) for each in node.ops):
            names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
            names |= {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}
            yield ast.unparse(node), names


def test_secrets_are_compared_in_constant_time() -> None:
    found, constant = set(), set()
    for file in sorted((SOURCE / "auth").glob("*.py")):
        tree, name = ast.parse(file.read_text(encoding="utf-8")), f"auth/{file.name}"
        for text, names in comparisons(tree):
            if any(part in TELLING for each in names for part in each.lower().strip("_").split("_")):
                found.add((name, text))
        if "compare_digest" in {each.attr for each in ast.walk(tree) if isinstance(each, ast.Attribute)}:
            constant.add(name)
    assert found == set(PLAIN)
    # Client keys and sessions are found by an HMAC; the master key, passwords and the tags of tokens are compared.
    assert constant == {"auth/access.py", "auth/passwords.py", "auth/sessions.py"}


@pytest.mark.parametrize("file", ["server/system.py", "objects/ids.py"])
def test_keys_of_metrics_and_macs_of_ids_too(file: str) -> None:
    assert "compare_digest(" in (SOURCE / file).read_text(encoding="utf-8")
