"""`chat "text"`: one streamed chat, through a gateway of this process and the configured upstream."""

import asyncio
import logging
import sys
from pathlib import Path

import msgspec

from gigamost.cli.chat_reading import ChatReading
from gigamost.cli.port import listener_on
from gigamost.cli.serving import private, serving
from gigamost.cli.stream import Answer, exchange
from gigamost.cli.terminal import CommandError, note, say
from gigamost.cli.upstream import first_credential
from gigamost.config import Settings, load
from gigamost.routing.names import FLAGSHIP
from gigamost.server.run import loop_factory
from gigamost.upstreams.http import HttpRequest, TransportError
from gigamost.upstreams.transport import HttpTransport


def chat(text: str, model: str, config: Path | None) -> None:
    """`text` "-" is standard input. Raises CommandError when no whole answer comes."""
    settings = load(config=config)
    first_credential(settings)
    prompt = sys.stdin.read() if text == "-" else text
    if not prompt.strip():
        raise CommandError('There is nothing to ask: gigamost chat "your question"')
    answer = ask(settings, prompt, model)
    note(f"({answer.model}, {answer.tokens or 'tokens not said'}, {answer.finish})")


def ask(settings: Settings, prompt: str, model: str = "") -> Answer:
    """Prints the answer as it comes. Raises CommandError."""
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            answer = runner.run(_ask(settings, prompt, model or settings.models.default or FLAGSHIP))
    except TransportError as error:
        raise CommandError(f"The answer broke off ({error}).", "`gigamost doctor` looks closer.") from error
    say()
    if answer.problem:
        raise CommandError(answer.problem, "`gigamost doctor` looks closer.")
    return answer


async def _ask(settings: Settings, prompt: str, model: str) -> Answer:
    # What the gateway would log is said in the answer's own error, to the one person who reads both.
    logging.getLogger("gigamost").addHandler(logging.NullHandler())
    own, key = private(settings)
    body = {"model": model, "stream": True, "messages": [{"role": "user", "content": prompt}]}
    body["stream_options"] = {"include_usage": True}
    transport = HttpTransport()
    try:
        async with serving(own, listener_on("127.0.0.1", 0)) as gateway:
            headers = (("Authorization", f"Bearer {key}"), ("Content-Type", "application/json"))
            url = f"{gateway.base}/v1/chat/completions"
            request = HttpRequest("POST", url, headers, msgspec.json.encode(body))
            return await exchange(transport, request, ChatReading(), show=lambda piece: say(piece, end=""))
    finally:
        await transport.close()
