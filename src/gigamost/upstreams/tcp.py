"""Opens a TCP socket by a host's name: RFC 8305, the first address that answers.

uvloop tries addresses one after the other: a dead IPv6 route would eat all the time there is.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address
from itertools import chain, zip_longest

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]  # host, port -> addresses to try, in order; raises OSError
Address = tuple[socket.AddressFamily, tuple[str | int | bytes, ...]]

NEXT_AFTER = 0.25  # seconds that an address has for itself before the next one is tried beside it


async def connect(host: str, port: int, resolve: Resolve | None) -> socket.socket:
    """A connected, non-blocking socket. With `resolve` it goes to one of those addresses and no other.

    Raises OSError (of the first address when none answers), ValueError when `resolve` gives a name; the caller
    limits the time.
    """
    if resolve is not None:
        addresses = [_numeric(name, port) for name in await resolve(host, port)]
    else:
        try:
            addresses = [_numeric(host, port)]
        except ValueError:
            addresses = _in_turns(await _look_up(host, port))
    if not addresses:
        raise OSError(f"{host} has no address")
    return await _first(addresses)


def _numeric(host: str, port: int) -> Address:
    return (socket.AF_INET if ip_address(host).version == 4 else socket.AF_INET6), (host, port)


async def _look_up(host: str, port: int) -> list[Address]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, address) for family, _, _, _, address in found]


def _in_turns(addresses: list[Address]) -> list[Address]:
    """IPv6 and IPv4 alternate; the family that the system prefers comes first."""
    favourite = [address for address in addresses if address[0] == addresses[0][0]]
    others = [address for address in addresses if address[0] != addresses[0][0]]
    return [address for address in chain(*zip_longest(favourite, others)) if address is not None]


async def _first(addresses: list[Address]) -> socket.socket:
    if len(addresses) == 1:
        return await _attempt(addresses[0])
    waiting = addresses[::-1]
    attempts: list[asyncio.Task[socket.socket]] = []
    winner: asyncio.Task[socket.socket] | None = None
    try:
        while winner is None:
            if waiting:
                attempts.append(asyncio.create_task(_attempt(waiting.pop())))
            open_ = [attempt for attempt in attempts if not attempt.done()]
            if open_:
                limit = NEXT_AFTER if waiting else None
                await asyncio.wait(open_, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
            winner = next((one for one in attempts if one.done() and one.exception() is None), None)
            if winner is None and not waiting and all(attempt.done() for attempt in attempts):
                return attempts[0].result()  # raises
        return winner.result()
    finally:
        for attempt in attempts:
            if attempt is not winner:
                attempt.cancel()
                attempt.add_done_callback(_discard)


async def _attempt(address: Address) -> socket.socket:
    family, target = address
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(sock, target)
    except BaseException:
        sock.close()
        raise
    return sock


def _discard(attempt: asyncio.Task[socket.socket]) -> None:
    """Closes what a loser of the race has connected."""
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().close()
