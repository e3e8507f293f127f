"""`connect CLIENT --check`: a request shaped like that client's through the running gateway, and what came back."""

import asyncio
import time

import msgspec

from gigamost.cli.connect.client import Client, Place
from gigamost.cli.connect.readings import READINGS
from gigamost.cli.connect.shapes import PATHS, body_of, headers_of
from gigamost.cli.stream import Answer, exchange
from gigamost.cli.terminal import CommandError, mark, working
from gigamost.upstreams.http import HttpRequest, TransportError
from gigamost.upstreams.transport import HttpTransport


def check(client: Client, place: Place) -> None:
    """Raises CommandError when the client would not have worked."""
    path, body = place.fill(PATHS[client.wire]), msgspec.json.encode(body_of(client, place.model))
    name = client.title.split(" (")[0]
    kind = f"as {name} sends it" if client.shape.observed else f"of the kind that {name} sends"
    mark("ok", f"{len(body) / 1000:.1f} KB with {client.shape.tools} tools to {path.partition('?')[0]}, {kind}")
    began = time.perf_counter()
    try:
        with working(f"Asking {place.model} through {place.base}"):
            answer = asyncio.run(_ask(client, HttpRequest("POST", place.base + path, headers_of(client, place), body)))
    except TransportError as error:
        raise CommandError(
            f"No answer from {place.base} ({error.reason}: {error}).",
            "Start the gateway with `gigamost serve`, or name its address with --url.",
        ) from error
    if answer.problem:
        raise CommandError(f"HTTP {answer.status}: {answer.problem}")
    _tell(client, answer, time.perf_counter() - began)


def _tell(client: Client, answer: Answer, seconds: float) -> None:
    if client.shape.streams:
        came = f"streamed in {answer.pieces} pieces, the first content after {answer.first or 0:.2f} s"
    else:
        came = "came whole"
    mark("ok", f"{came}, {seconds:.2f} s in all")
    mark("ok", f"model {answer.model}, finish {answer.finish}, {answer.tokens or 'tokens not said'}")
    if answer.ignored:
        mark("warn", f"ignored, or cut to what GigaChat has: {answer.ignored}")
    mark("ok", f"answer: {answer.text.strip() or 'a call of ' + ', '.join(answer.calls)}")


async def _ask(client: Client, request: HttpRequest) -> Answer:
    transport = HttpTransport()
    try:
        return await exchange(transport, request, READINGS[client.wire]())
    finally:
        await transport.close()
