"""An emulated GigaChat of its own process: `python -m tests.reliability.gigachat LIFETIME`, the seconds of a token.

Reads one command per line and answers each with a line of JSON. While it is held, chat requests stay unanswered: a
whole answer before its head, a stream after its first pieces; so tests wait for facts and not for time.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from typing import Any

from gigamost.emulator import COMPANY, TRADER, Account, EmulatorSettings, Running
from gigamost.emulator.app import Emulator
from gigamost.emulator.delivery import Message, Receive, Scope, Send
from gigamost.server.run import loop_factory

STREAMS = 5000
_TOKENS = 2**40
_SHOWN = 3  # pieces of a stream that come although it is held
ACCOUNTS = tuple(
    Account(each.client_id, each.secret, each.scope, streams=STREAMS, tokens=_TOKENS) for each in (COMPANY, TRADER)
)


class Held(Emulator):
    """`waiting` is how many chat requests are being held now."""

    def __init__(self, settings: EmulatorSettings) -> None:
        super().__init__(settings, time.time)
        self.open = asyncio.Event()
        self.open.set()
        self.waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_chat = scope["type"] == "http" and scope["path"].endswith("/chat/completions")
        await super().__call__(scope, receive, self._held(send) if is_chat else send)

    def _held(self, send: Send) -> Send:
        pieces, is_stream, was_held = 0, False, False

        async def pass_on(message: Message) -> None:
            nonlocal pieces, is_stream, was_held
            if message["type"] == "http.response.start":
                is_stream = message["status"] == 200 and b"event-stream" in dict(message["headers"])[b"content-type"]
                is_answer = message["status"] == 200 and not is_stream
            else:
                is_answer = False
                pieces += 1
            if not was_held and not self.open.is_set() and (is_answer or (is_stream and pieces > _SHOWN)):
                was_held = True
                self.waiting += 1
                try:
                    await self.open.wait()
                finally:
                    self.waiting -= 1
            await send(message)

        return pass_on

    def obey(self, word: str, rest: str) -> Any:
        match word:
            case "hold":
                self.open.clear()
            case "release":
                self.open.set()
            case "waiting":
                return self.waiting
            case "oauth":  # successes, by client id is not logged: all of them
                return len([seen for seen in self.log.at("/oauth") if seen.status == 200])
            case "statuses":
                return Counter(str(seen.status) for seen in self.log.at("/chat/completions"))
            case "script":
                times, _, directive = rest.partition(" ")
                for _ in range(int(times)):
                    self.script.next(directive)
            case "revoke":
                self.state.tokens.revoke()
            case "clear":
                self.log.clear()
            case _:
                raise ValueError(word)
        return None


async def main(lifetime: float) -> None:
    app = Held(EmulatorSettings(accounts=ACCOUNTS, token_lifetime=lifetime, log_size=1_000_000))
    async with Running(app) as running:
        print(json.dumps([running.base_url, running.auth_url]), flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            word, _, rest = line.strip().partition(" ")
            print(json.dumps(app.obey(word, rest)), flush=True)
        app.open.set()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(main(float(sys.argv[1])))
