"""A gateway of its own process, to be killed: `python -m tests.batch.serving PORT EMULATOR AUTH STATE LEASE [URL]`.

Says "ready" when it answers. `LEASE` is in seconds, so that a test need not wait for the usual one.
"""

import asyncio
import sys
from pathlib import Path

from gigamost.app import build
from gigamost.config import ClientKey, Credential, GigaChat, Settings
from gigamost.core.secret import Secret
from gigamost.emulator import COMPANY
from gigamost.server.run import Server, listen, loop_factory

KEY = "gm-test-key-of-a-gateway-that-dies"


async def serve(settings: Settings, port: int, lease: float) -> None:
    gateway = build(settings)
    gateway.later.deferred.worker.lease = lease
    with listen("127.0.0.1", port) as listener:
        await gateway.start()
        server = Server(gateway.asgi)
        serving = asyncio.create_task(server.run_on(listener))
        await server.started.wait()
        print("ready", flush=True)
        try:
            await serving
        finally:
            await gateway.stop()


def settings_of(emulator: str, auth: str, state: Path, url: str | None) -> Settings:
    account = Credential(
        name="one",
        key=Secret(COMPANY.credentials),
        scope=COMPANY.scope,
        base_url=emulator,
        auth_url=auth,
        max_connections=COMPANY.limit,
    )
    return Settings(
        state_dir=state,
        keys=(ClientKey(name="first", key=Secret(KEY), tenant="first"),),
        gigachat=GigaChat(base_url=emulator, auth_url=auth, timeout=10, pool=(account,)),
        secret_key=Secret("root secret of the tests"),
        database_url=Secret(url) if url else None,
    )


if __name__ == "__main__":
    _, port, emulator, auth, state, lease, *url = sys.argv
    settings = settings_of(emulator, auth, Path(state), url[0] if url else None)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(serve(settings, int(port), float(lease)))
