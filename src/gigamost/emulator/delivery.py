"""The steps of an answer over ASGI, and who ended it."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from email.utils import formatdate
from typing import Any, assert_never

from gigamost.emulator.http import FOREVER, Answer, Hangup, Pause, Write
from gigamost.emulator.log import Ending

# ASGI's own types: dicts whose shape depends on their "type".
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

HANGUP = "gigamost.hangup"  # the extension of `running.Connection` that ends a connection in the middle


class BodyTooLargeError(Exception):
    """The body is over the limit; it was read to its end and thrown away, or the client would not see the answer."""


async def read(receive: Receive, limit: int) -> bytes:
    """The whole body. Raises BodyTooLargeError, or ConnectionResetError when the client left before its end."""
    pieces: list[bytes] = []
    total = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError
        total += len(message.get("body", b""))
        if total <= limit:
            pieces.append(message.get("body", b""))
        if not message.get("more_body", False):
            break
    if total > limit:
        raise BodyTooLargeError
    return b"".join(pieces)


async def deliver(
    answer: Answer,
    extra: list[tuple[str, str]],
    scope: Scope,
    receive: Receive,
    send: Send,
    before_last: Callable[[], None],
) -> Ending:
    """Sends until the end or until the client leaves. `before_last` is called when only the last bytes, or
    a cut, are left: a client that has them may come back at once."""
    leaving = asyncio.ensure_future(_left(receive))
    sending = asyncio.ensure_future(_send(answer, extra, scope, send, before_last))
    try:
        await asyncio.wait((leaving, sending), return_when=asyncio.FIRST_COMPLETED)
        if not sending.done():
            return "disconnected"
        ending = sending.result()
        if ending == "hung_up" and HANGUP in scope.get("extensions", {}):
            await leaving
        return ending
    finally:
        for task in (leaving, sending):
            task.cancel()
        await asyncio.gather(leaving, sending, return_exceptions=True)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(
    answer: Answer, extra: list[tuple[str, str]], scope: Scope, send: Send, before_last: Callable[[], None]
) -> Ending:
    await _sleep(answer.wait)
    await send({"type": "http.response.start", "status": answer.status, "headers": _head(answer, extra)})
    for index, step in enumerate(answer.steps):
        match step:
            case Write(data=data):
                if index == len(answer.steps) - 1:
                    before_last()
                await send({"type": "http.response.body", "body": data, "more_body": True})
            case Pause(seconds=seconds):
                await _sleep(seconds)
            case Hangup(reset=reset):
                before_last()
                hangup = scope.get("extensions", {}).get(HANGUP)
                if hangup is not None:
                    await hangup["now"](reset=reset)
                return "hung_up"
            case _:
                assert_never(step)
    before_last()
    await send({"type": "http.response.body", "body": b"", "more_body": False})
    return "finished"


async def _sleep(seconds: float) -> None:
    if seconds == FOREVER:
        await asyncio.Event().wait()
    await asyncio.sleep(seconds)


def _head(answer: Answer, extra: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    headers = [("date", formatdate(usegmt=True)), ("content-type", answer.content_type), *extra, *answer.headers]
    if answer.sized:
        headers.append(("content-length", str(len(answer.body))))
    return [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers]
