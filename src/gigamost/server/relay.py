"""Answers of the upstream to clients that speak its own wire. A stream that breaks off ends without a proper end."""

from gigamost.pipeline.relay import Relayed
from gigamost.server.exchange import Http
from gigamost.server.respond import told
from gigamost.server.types import Header


async def relay(http: Http, answer: Relayed) -> None:
    """Raises GatewayError when the upstream broke off; closes the answer."""
    headers: list[Header] = [(b"content-type", answer.content_type.encode("latin-1", "replace")), *told(http, answer)]
    if session := http.headers.get("x-session-id"):
        headers.append((b"x-session-id", session.encode("latin-1", "replace")))  # as GigaChat does
    try:
        if answer.is_whole:
            await http.whole(answer.status, answer.first, headers)
            return
        await http.head(answer.status, [*headers, (b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no")])
        await http.write(answer.first)
        while data := await answer.read():
            await http.write(data)
    finally:
        answer.close()
    await http.write(b"", more=False)
