"""One message to one receiver: signature, answers, and addresses that nobody may be sent to. Seen at the socket."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address

import msgspec
import pytest

from gigamost.core.notices import Webhook
from gigamost.core.secret import Secret
from gigamost.notices.messages import new_secret
from gigamost.telling.sender import OWN_NETWORK, Sender
from gigamost.upstreams.addresses import Network
from tests.telling.conftest import LOOPBACK, NOW, Clock, Receiver, hook, notice
from tests.telling.documented import verify
from tests.upstreams.test_fetch import answer, connects, moved, site


@asynccontextmanager
async def sender(
    *addresses: str, own: Sequence[Network] = (), allowed: Sequence[Network] = (), seconds: float = 10.0
) -> AsyncIterator[Sender]:
    """Every name leads to `addresses`."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    made = Sender(Clock(), own=own, allowed=allowed, resolve=resolve, seconds=seconds)
    yield made
    await made.close()


def named(receiver: Receiver, host: str = "team.example") -> Webhook:
    return hook(receiver.url.replace("127.0.0.1", host))


async def test_a_receiver_can_check_what_it_gets(receiver: Receiver) -> None:
    async with sender("127.0.0.1", allowed=LOOPBACK) as send:
        attempt = await send.send(named(receiver), notice(tenant="t1"))
    assert (attempt.at, attempt.status, attempt.problem) == (NOW, 200, "")
    (told,) = receiver.told
    assert (told["type"], told["tenant_id"], told["data"]) == ("budget.soft", "t1", {"n": 1})
    (seen,) = receiver.peer.seen
    assert seen.line == "POST /hook HTTP/1.1"
    assert seen.headers["host"].startswith("team.example:")
    assert seen.headers["webhook-id"] == told["id"]


@pytest.mark.parametrize("change", ["body", "id", "timestamp", "secret", "old", "future"])
async def test_a_receiver_refuses_what_is_not_ours_or_not_new(receiver: Receiver, change: str) -> None:
    """S11: replay and wrong signatures, by the code that the page shows."""
    async with sender("127.0.0.1", allowed=LOOPBACK) as send:
        await send.send(named(receiver), notice())
    (seen,) = receiver.peer.seen
    headers, body, secret, now = dict(seen.headers), seen.body, hook("").secret, NOW
    assert secret is not None
    match change:
        case "body":
            body = body.replace(b'"n":1', b'"n":2').replace(b'"n": 1', b'"n": 2')
            assert body != seen.body
        case "id":
            headers["webhook-id"] = "notice_00002"
        case "timestamp":
            headers["webhook-timestamp"] = str(int(NOW) + 1)
        case "secret":
            secret = new_secret(bytes(32))
        case "old":
            now = NOW + 301
        case _:
            now = NOW - 301
    with pytest.raises(ValueError, match="the signature is wrong" if now == NOW else "too old"):
        verify(secret.reveal(), headers, body, now)
    assert verify(receiver._secret.reveal(), dict(seen.headers), seen.body, NOW + 299)["id"] == "notice_00001"


async def test_unsigned_without_a_secret_and_not_at_all_with_one_that_nobody_can_read(receiver: Receiver) -> None:
    async with sender("127.0.0.1", allowed=LOOPBACK) as send:
        receiver.status = 500
        await send.send(msgspec.structs.replace(named(receiver), secret=Secret("")), notice())
        assert "webhook-signature" not in receiver.peer.seen[-1].headers
        attempt = await send.send(msgspec.structs.replace(named(receiver), secret=None), notice())
        assert (attempt.status, "root secret" in attempt.problem, len(receiver.peer.seen)) == (0, True, 1)


@pytest.mark.parametrize("status", [199, 300, 302, 400, 410, 429, 500])
async def test_what_is_no_success(receiver: Receiver, status: int) -> None:
    receiver.status = status
    async with sender("127.0.0.1", allowed=LOOPBACK) as send:
        attempt = await send.send(named(receiver), notice())
    assert attempt.problem
    assert attempt.status in (status, 0)


async def test_redirects_are_not_followed() -> None:
    async with site() as one, site() as other, sender("127.0.0.1", allowed=LOOPBACK) as send:
        one.answers[""] = moved(f"http://team.example:{other.port}/")
        attempt = await send.send(hook(f"http://team.example:{one.port}/"), notice())
        assert (attempt.status, attempt.problem) == (302, "HTTP 302: redirects are not followed")
        assert (one.accepted, other.accepted) == (1, 0)


async def test_a_receiver_may_ask_for_time() -> None:
    async with site() as one, sender("127.0.0.1", allowed=LOOPBACK) as send:
        found = []
        for said in ("120", "-1", "1e9", "Fri, 31 Dec 1999 23:59:59 GMT", "99999999999"):
            one.answers[""] = answer(b"", "429 No", extra=f"Retry-After: {said}\r\n")
            found.append((await send.send(hook(f"http://team.example:{one.port}/"), notice())).retry_after)
        assert found == [120, 0, 0, 0, 0]


async def test_a_silent_receiver_is_given_up_in_time(receiver: Receiver) -> None:
    receiver.stop = asyncio.Event()
    async with sender("127.0.0.1", allowed=LOOPBACK, seconds=0.2) as send:
        attempt = await send.send(named(receiver), notice())
    assert attempt.status == 0
    receiver.stop.set()


PRIVATE = (
    "127.0.0.1",
    "10.1.2.3",
    "169.254.169.254",
    "192.168.1.1",
    "100.64.0.1",
    "0.0.0.0",
    "::1",
    "fd00::1",
    "fe80::1",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
)


@pytest.mark.parametrize("address", PRIVATE)
@pytest.mark.parametrize("is_named", [True, False])
async def test_nobody_is_sent_to_a_private_address(address: str, is_named: bool) -> None:
    """S11 and S2: neither by a name nor by the address itself; the operator's switch is not for these webhooks."""
    host = "team.example" if is_named else f"[{address}]" if ":" in address else address
    async with sender(address, own=OWN_NETWORK) as send:
        with connects() as seen:
            attempt = await send.send(hook(f"http://{host}:8080/"), notice())
    assert (attempt.status, seen) == (0, [])
    assert attempt.problem == "no connection: it does not answer, or it is not on the public internet"


async def test_one_private_address_among_public_ones_is_enough() -> None:
    async with sender("93.184.216.34", "127.0.0.1") as send:
        with connects() as seen:
            attempt = await send.send(hook("http://team.example:8080/"), notice())
    assert (attempt.status, seen) == (0, [])


async def test_the_operators_own_network_is_for_the_configuration_alone(receiver: Receiver) -> None:
    ours = msgspec.structs.replace(hook(receiver.url), is_configured=True)
    async with sender("127.0.0.1", own=OWN_NETWORK) as send:
        assert (await send.send(ours, notice())).status == 200
        assert (await send.send(hook(receiver.url), notice())).status == 0
    async with sender("127.0.0.1") as send:
        assert (await send.send(ours, notice())).status == 0
    assert len(receiver.told) == 1


async def test_metadata_services_are_nobodys_own_network() -> None:
    for address in ("169.254.169.254", "fe80::1", "0.0.0.0"):
        assert not any(ip_address(address) in network for network in OWN_NETWORK)


@pytest.mark.parametrize(
    "url", ["ftp://a.example/", "http://user@a.example/", "http://a.example:22/", "http://2130706433/"]
)
async def test_a_url_that_cannot_be_used(url: str) -> None:
    async with sender("127.0.0.1", allowed=LOOPBACK) as send:
        with connects() as seen:
            attempt = await send.send(hook(url), notice())
    assert (attempt.status, seen) == (0, [])
    assert attempt.problem.startswith("the address or the secret cannot be used")


async def test_the_secret_is_never_told(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    secret = new_secret(b"canary" * 6)
    async with sender("127.0.0.1", allowed=LOOPBACK) as send:
        for url in (receiver.url, "http://team.example:1/", "ftp://x"):
            attempt = await send.send(msgspec.structs.replace(hook(url), secret=secret), notice())
            assert secret.reveal() not in attempt.problem + repr(attempt)
    assert secret.reveal() not in caplog.text
    assert secret.reveal() not in json.dumps([repr(receiver.peer.seen[0].headers)])
