"""`certs install` and `certs check`: the root certificate that GigaChat's hosts need."""

import asyncio
import time

from gigamost.cli.terminal import CommandError, mark, working
from gigamost.config import Settings, load
from gigamost.upstreams.proxies import ProxySettings
from gigamost.upstreams.russian_root import check_russian_root, install_russian_root
from gigamost.upstreams.tls import client_context
from gigamost.upstreams.transport import HttpTransport

_DAY = 86_400


def install() -> None:
    settings = load()
    with working("Fetching the Russian Trusted Root CA"):
        asyncio.run(_install(settings))
    check()


async def _install(settings: Settings) -> None:
    # What is fetched is checked by its pinned SHA-256; its hosts may chain to the root that is not trusted yet.
    https, http = (url.reveal() if url else "" for url in (settings.proxy.https, settings.proxy.http))
    proxy = ProxySettings(https, http, settings.proxy.bypass)
    transport = HttpTransport(tls=client_context(verify=False), proxy=proxy)
    try:
        await install_russian_root(transport, settings.state_dir)
    except ValueError as error:
        raise CommandError(
            str(error), "Or download it from the GigaChat documentation and set GIGACHAT_CA_BUNDLE_FILE to it."
        ) from error
    finally:
        await transport.close()


def check() -> None:
    settings = load()
    try:
        status = check_russian_root(settings.state_dir, settings.gigachat.ca_bundle_file)
    except ValueError as error:
        raise CommandError(str(error)) from error
    if status.expires_at is None:
        wrong = f"{status.file} is not the pinned certificate" if status.state == "wrong" else "it is not installed"
        raise CommandError(f"Russian Trusted Root CA: {wrong}.", "Run `gigamost certs install`.")
    where = {"installed": str(status.file), "system": "in the system's trust store"}.get(
        status.state, "in GIGACHAT_CA_BUNDLE_FILE"
    )
    days = int((status.expires_at - time.time()) / _DAY)
    until = time.strftime("%Y-%m-%d", time.gmtime(status.expires_at))
    mark("ok" if days > 90 else "warn", f"Russian Trusted Root CA: {where}, valid until {until} ({days} days)")
