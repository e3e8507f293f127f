"""An upstream of fixed bytes in GigaChat's v1 form: as little work as a server can do, so that it never is the limit.

A request says in its text how the stream should be: `chunks=50 pace=5` (at least one chunk; the pace in
milliseconds, 0 sends all at once).

    python -m benchmarks.upstream PORT
"""

import asyncio
import json
import re
import sys
import time
from collections.abc import Callable
from typing import cast

import uvloop

ANSWER = "Мост стоит, вода течёт, поезд идёт по расписанию. " * 11  # about 1 KB in UTF-8
PHRASE = "Поезд номер {n} идёт по мосту, "
MODELS = ("GigaChat-2", "GigaChat-2-Pro", "GigaChat-2-Max")
_WISH = re.compile(rb"chunks=(\d+) pace=(\d+)")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _whole(body: bytes, status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _answer(choice: dict[str, object], usage: bool) -> dict[str, object]:
    answer = {"choices": [choice], "created": 1768996176, "model": "GigaChat-2-Max:2.0.28.2"}
    counts = {"prompt_tokens": 17, "completion_tokens": 300, "total_tokens": 317, "precached_prompt_tokens": 2}
    return {**answer, "object": "chat.completion", **({"usage": counts} if usage else {})}


def _piece(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _event(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice: dict[str, object] = {"delta": delta, "index": 0}
    if finish is not None:
        choice["finish_reason"] = finish
    return b"data: %b\n\n" % _json(_answer(choice, usage=finish is not None))


_MESSAGE = {"content": ANSWER, "role": "assistant"}
CHAT = _whole(_json(_answer({"message": _MESSAGE, "index": 0, "finish_reason": "stop"}, usage=True)))
MODEL_LIST = _whole(
    _json(
        {
            "object": "list",
            "data": [{"id": name, "object": "model", "owned_by": "salutedevices", "type": "chat"} for name in MODELS],
        }
    )
)
NOT_FOUND = _whole(_json({"status": 404, "message": "Not Found"}) + b"\n", "404 Not Found")
STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
STREAM_END = _piece(_event({"content": ""}, "stop")) + _piece(b"data: [DONE]\n\n") + b"0\r\n\r\n"
CHUNKS = [
    _piece(_event({"content": PHRASE.format(n=n)} | ({"role": "assistant"} if n == 0 else {}))) for n in range(1000)
]


def _token() -> bytes:
    return _whole(_json({"access_token": "e.y.J.x.z", "expires_at": int(time.time() * 1000) + 1_800_000}))


class Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self._buffer = b""
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods of a Transport, not its class.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, blank, rest = self._buffer.partition(b"\r\n\r\n")
        if not blank:
            return
        length = _LENGTH.search(head)
        size = int(length[1]) if length else 0
        if len(rest) >= size:
            self._buffer = rest[size:]
            self._answer(head, rest[:size])

    def _answer(self, head: bytes, body: bytes) -> None:
        path = head.split(b" ", 2)[1]
        if path.endswith(b"/chat/completions"):
            if b'"stream":true' in body:
                wish = _WISH.search(body)
                self._stream(*map(int, wish.groups())) if wish else self._stream(1, 0)
            else:
                self._transport.write(CHAT)
        elif path.endswith(b"/oauth"):
            self._transport.write(_token())
        elif path.endswith(b"/models"):
            self._transport.write(MODEL_LIST)
        else:
            self._transport.write(NOT_FOUND)

    def _stream(self, chunks: int, pace: int) -> None:
        if not pace:
            self._transport.write(b"".join([STREAM_HEAD, *CHUNKS[:chunks], STREAM_END]))
            return
        pieces = iter([STREAM_HEAD + CHUNKS[0], *CHUNKS[1:chunks], STREAM_END])
        loop = asyncio.get_running_loop()

        def step(later: Callable[..., asyncio.TimerHandle] = loop.call_later) -> None:
            piece = next(pieces, None)
            if piece is not None:
                self._transport.write(piece)
                self._timer = later(pace / 1000, step)

        step()


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
