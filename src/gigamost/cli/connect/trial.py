"""`connect CLIENT --check`: a request shaped like that client's through the running gateway, and what came back."""

import asyncio
import time

import msgspec

from gigamost.cli.connect.clients import Client, Place
from gigamost.cli.connect.shapes import body_of
from gigamost.cli.stream import Answer, stream_chat
from gigamost.cli.terminal import CommandError, mark, working
from gigamost.upstreams.http import TransportError
from gigamost.upstreams.transport import HttpTransport


def check(client: Client, place: Place) -> None:
    """Raises CommandError when the client would not have worked."""
    body = msgspec.json.encode(body_of(client.shape, place.model))
    mark("ok", f"{len(body) / 1000:.1f} KB with {client.shape.tools} tools, as {client.title.split(' (')[0]} sends it")
    began = time.perf_counter()
    try:
        with working(f"Asking {place.model} through {place.base}"):
            answer = asyncio.run(_ask(client, place, body))
    except TransportError as error:
        raise CommandError(
            f"No answer from {place.base} ({error.reason}: {error}).",
            "Start the gateway with `gigamost serve`, or name its address with --url.",
        ) from error
    seconds = time.perf_counter() - began
    if answer.problem:
        raise CommandError(f"HTTP {answer.status}: {answer.problem}")
    mark("ok", f"streamed in {answer.pieces} pieces, the first after {answer.first or 0:.1f} s, {seconds:.1f} s in all")
    mark("ok", f"model {answer.model}, finish_reason {answer.finish}, {answer.tokens or 'tokens not said'}")
    if answer.ignored:
        mark("warn", f"fields that GigaChat has no equivalent for: {answer.ignored}")
    mark("ok", f"answer: {answer.text.strip() or 'a call of ' + ', '.join(answer.calls)}")


async def _ask(client: Client, place: Place, body: bytes) -> Answer:
    transport = HttpTransport()
    try:
        return await stream_chat(transport, place.base, place.key, body, headers=client.shape.headers)
    finally:
        await transport.close()
