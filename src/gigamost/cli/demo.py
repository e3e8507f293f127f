"""`demo`: an emulated GigaChat, the gateway in front of it, one real chat through both. Nothing has to be set up."""

import asyncio
import socket
from typing import TYPE_CHECKING

from gigamost.auth.root import dev_key, roots_of
from gigamost.cli.connect import find as find_client
from gigamost.cli.connect.client import Place
from gigamost.cli.connect.instructions import quick
from gigamost.cli.examples import find
from gigamost.cli.port import listener_on
from gigamost.cli.serving import serving
from gigamost.cli.terminal import CommandError, note, say
from gigamost.config import Settings, isolated
from gigamost.emulator import COMPANY, DEMO, Running, build
from gigamost.routing.names import FLAGSHIP
from gigamost.server.run import listen, loop_factory

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_PORT = 8090
_CLIENTS = ("claude-code", "codex", "gemini-cli", "opencode", "cline", "continue", "copilot-cli")
_QUESTION = "What does a bridge between two rivers' banks do? Answer in two sentences."


def demonstrate(port: int | None, emulator_port: int, *, once: bool) -> None:
    """`port` None: 8090, or a free one when that is taken. Raises CommandError."""
    try:
        import openai
    except ImportError as error:
        raise CommandError(
            "The demo speaks through OpenAI's client. Install it: pip install 'gigamost[demo]'"
        ) from error
    listener = _listener(port)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_demonstrate(openai.AsyncOpenAI, listener, emulator_port, once=once))


async def _demonstrate(client: "type[AsyncOpenAI]", listener: socket.socket, emulator_port: int, *, once: bool) -> None:
    async with Running(build(DEMO), port=emulator_port) as emulator:
        settings = isolated(
            {
                "gigachat.credentials": COMPANY.credentials,
                "gigachat.scope": COMPANY.scope,
                "gigachat.base_url": emulator.base_url,
                "gigachat.auth_url": emulator.auth_url,
                "database_url": "sqlite://",  # in memory: the demo leaves nothing behind
            }
        )
        say(f"GigaChat emulator at {emulator.base_url}")
        async with serving(settings, listener) as gateway:
            place = Place(gateway.base, _key(settings), FLAGSHIP)
            say(f"Gateway at {place.base}")
            await _chat(client, place)
            _tell(place)
            if not once:
                say("Ctrl-C ends it. With a key of your own: `gigamost setup`, then `gigamost serve`.")
                await gateway.finished


async def _chat(client: "type[AsyncOpenAI]", place: Place) -> None:
    say(f"\nOpenAI's client asks {place.model}: {_QUESTION}\n")
    async with client(base_url=f"{place.base}/v1", api_key=place.key) as openai:
        stream = await openai.chat.completions.create(
            model=place.model, messages=[{"role": "user", "content": _QUESTION}], stream=True
        )
        async for chunk in stream:
            if chunk.choices:
                say(chunk.choices[0].delta.content or "", end="")
    say("\n")


def _tell(place: Place) -> None:
    say(f"Base URL  {place.base}/v1")
    say(f"Key       {place.key}")
    for name in ("curl", "python"):
        say(f"\n# {name}\n{find(name, place)}")
    say()
    for name in _CLIENTS:
        client = find_client(name)
        say(f"# {client.title}\n{quick(client, place)}")
    say("# all the others\ngigamost connect")
    say()


def _key(settings: Settings) -> str:
    roots = roots_of(settings.secret_key, settings.former_secret_keys, settings.state_dir)
    return dev_key(roots.current).reveal()


def _listener(port: int | None) -> socket.socket:
    if port is not None:
        return listener_on("127.0.0.1", port)
    try:
        return listen("127.0.0.1", _PORT)
    except OSError:
        note(f"Port {_PORT} is taken: a free one is used.")
        return listener_on("127.0.0.1", 0)
