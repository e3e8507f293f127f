"""`emulator`: GigaChat without an account, on its own."""

import asyncio
from pathlib import Path

from gigamost.cli.port import unavailable
from gigamost.cli.signals import ending
from gigamost.cli.terminal import CommandError, say
from gigamost.emulator import DEMO, Emulator, Running, build
from gigamost.emulator.ca import Authority, create


def emulate(host: str, port: int, *, tls: bool, tls_port: int, folder: Path) -> None:
    """`folder` gets the generated certificates. Raises CommandError."""
    try:
        authority = create(folder) if tls else None
    except OSError as error:
        raise CommandError(f"{folder} cannot be written ({error.strerror}): name another with --folder.") from error
    try:
        asyncio.run(_emulate(build(DEMO), host, port, tls_port, authority))
    except OSError as error:
        raise unavailable(host, port, error) from error


async def _emulate(app: Emulator, host: str, port: int, tls_port: int, authority: Authority | None) -> None:
    tls = authority.server_context() if authority else None
    with ending() as ended:
        async with Running(app, host=host, port=port, tls=tls, tls_port=tls_port) as running:
            say("The GigaChat emulator. Point any GigaChat client at it:")
            say(f"  GIGACHAT_BASE_URL={running.base_url}")
            say(f"  GIGACHAT_AUTH_URL={running.auth_url}")
            for account in app.settings.accounts:
                say(f"  GIGACHAT_CREDENTIALS={account.credentials} GIGACHAT_SCOPE={account.scope}")
            if authority is not None:
                say("Over TLS:")
                say(f"  GIGACHAT_BASE_URL={running.tls_base_url}")
                say(f"  GIGACHAT_AUTH_URL={running.tls_auth_url}")
                say(f"  GIGACHAT_CA_BUNDLE_FILE={authority.ca_file}")
            say("Ctrl-C ends it.")
            await ended.wait()
