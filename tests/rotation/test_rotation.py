"""After the root secret was replaced everything goes on: keys, tokens and ids that were given out before."""

import asyncio
import sqlite3
from pathlib import Path

from gigamost.auth.root import mark, new_secret
from gigamost.core.secret import Secret
from tests.gateway.conftest import KEY
from tests.rotation.conftest import NEW, OLD, Gateway, Site
from tests.shared.server import RedisServer


async def test_what_was_made_before_goes_on_and_the_digest_is_renewed(site: Site) -> None:
    async with site.gateway(OLD) as before:
        key = (await before.key())["key"]
        token = await before.token(key)
        file = await before.upload(key)
    (made,) = await site.stored()
    assert made.root == mark(OLD)
    async with site.gateway(NEW, OLD) as after:
        assert await after.ask(token) == 200  # nothing is known of the key's text yet
        assert (await site.stored())[0].digest == made.digest
        assert await after.ask(key) == 200
        await site.until_renewed(mark(NEW))
        (renewed,) = await site.stored()
        assert renewed.digest != made.digest
        assert [each.digest for each in renewed.former] == [made.digest]
        for _ in range(3):
            assert await after.ask(key) == 200
            assert await after.ask(token) == 200
            await asyncio.sleep(0.6)  # the ring of keys is read anew meanwhile
        assert await after.ask(await after.token(key)) == 200
        assert await after.files(key) == ["notes.txt"]
        assert await after.file(key, file) == (200, b"a bridge over a river")
        newer = await after.upload(key)
        assert len(await after.files(key)) == 2
    assert await site.renewals() == 1
    async with site.gateway(NEW) as alone:
        assert await alone.ask(key) == 200
        assert (await alone.file(key, newer))[0] == 200
        assert (await alone.file(key, file))[0] == 404
    async with site.gateway(new_secret()) as wrong:
        assert await wrong.ask(key) == 401


async def test_a_key_that_is_rotated_or_revoked_after_its_renewal_ends_at_once(site: Site) -> None:
    """Though its former digest stays for the tokens that were issued for it."""
    async with site.gateway(OLD) as before:
        rotated, revoked = await before.key("rotated"), await before.key("revoked")
        token = await before.token(rotated["key"])
    async with site.gateway(NEW, OLD) as after:
        for key in (rotated, revoked):
            assert await after.ask(key["key"]) == 200
        await site.until_renewed(mark(NEW))
        headers = {"Authorization": "Bearer the master key of the tests"}
        await after.http.post(f"/admin/api/keys/{rotated['id']}/rotate", json={}, headers=headers)
        await after.http.post(f"/admin/api/keys/{revoked['id']}/revoke", headers=headers)
        assert [await after.ask(key["key"]) for key in (rotated, revoked)] == [401, 401]
        assert await after.ask(token) == 401


async def test_configured_keys_and_their_tokens_go_on(site: Site) -> None:
    async with site.gateway(OLD) as before:
        token = await before.token(KEY)
    async with site.gateway(NEW, OLD) as after:
        assert await after.ask(KEY) == 200
        assert await after.ask(token) == 200
    assert await site.stored() == []


async def test_gateways_that_know_both_understand_each_other_whichever_comes_first(site: Site) -> None:
    """The second step of a rotation, on its way: one gateway has made the new secret the current one."""
    async with site.gateway(NEW, OLD) as ahead, site.gateway(OLD, NEW) as behind:
        one, other = (await ahead.key("one"))["key"], (await behind.key("other"))["key"]
        await both_know(one, ahead, behind)
        await both_know(other, ahead, behind)
        await site.until_renewed(mark(NEW))
        for _ in range(3):  # those behind do not take it back
            await both_know(one, ahead, behind)
            await both_know(other, ahead, behind)
            await asyncio.sleep(0.6)
        assert await site.renewals() == 1
        for maker, reader in ((ahead, behind), (behind, ahead)):
            assert await reader.ask(await maker.token(other)) == 200
            assert (await reader.file(other, await maker.upload(other)))[0] == 200
        assert len(await behind.files(other)) == 2


async def both_know(key: str, *gateways: Gateway) -> None:
    for gateway in gateways:
        async with asyncio.timeout(5):
            while await gateway.ask(key) != 200:  # noqa: ASYNC110 (another gateway's key is known within two seconds)
                await asyncio.sleep(0.1)


async def test_a_gateway_that_does_not_know_the_new_one_does_not_know_its_keys(site: Site) -> None:
    """Why a rotation has two steps."""
    async with site.gateway(NEW, OLD) as ahead, site.gateway(OLD) as behind:
        key = (await ahead.key())["key"]
        assert await ahead.ask(key) == 200
        await asyncio.sleep(2)
        assert await behind.ask(key) == 401
        assert await behind.ask(await ahead.token(key)) == 401


async def test_gateways_count_together_during_a_rotation(site: Site, tmp_path: Path) -> None:
    with RedisServer(tmp_path) as redis:
        shared = {"redis_url": redis.url, "replicas": 3}
        async with (
            site.gateway(OLD, **shared) as first,
            site.gateway(OLD, NEW, **shared) as second,
            site.gateway(NEW, OLD, **shared) as third,
        ):
            key = (await second.key(limits={"rpm": 6}))["key"]
            await both_know(key, first, third)  # two of the six
            answers = [await each.ask(key) for _ in range(3) for each in (second, third)]
            assert answers == [200] * 4 + [429] * 2
            assert await first.ask(key) == 429
        assert NEW.reveal().encode() not in redis.say("KEYS", "*")


async def test_secrets_that_others_made_are_renewed_too(site: Site) -> None:
    other = Secret("another root secret that somebody chose")
    async with site.gateway(OLD) as before:
        key = (await before.key())["key"]
    async with site.gateway(other, OLD) as after:
        assert await after.ask(key) == 200
        await site.until_renewed(mark(other))
    third = new_secret()
    async with site.gateway(third, other) as last:
        assert await last.ask(key) == 200
        await site.until_renewed(mark(third))


async def test_the_secrets_are_nowhere_in_clear(site: Site, tmp_path: Path) -> None:
    async with site.gateway(OLD) as before:
        key = (await before.key())["key"]
        await before.ask(key)
    async with site.gateway(NEW, OLD) as after:
        await after.ask(key)
        await site.until_renewed(mark(NEW))
    canaries = [each.encode() for each in (OLD.reveal(), NEW.reveal(), key)]
    assert found_in(tmp_path, canaries) == []
    if isinstance(site.place, Path):
        with sqlite3.connect(site.place) as connection:
            assert connection.execute("SELECT count(*) FROM keys").fetchone() == (1,)
        connection.close()


def found_in(folder: Path, canaries: list[bytes]) -> list[str]:
    """The files that have one of them."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return [file.name for file in files if any(canary in file.read_bytes() for canary in canaries)]
