"""The connections to upstreams: one transport for each set of certificates, and whom they trust."""

import asyncio
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from gigamost.config import Credential, Settings
from gigamost.core.secret import Secret
from gigamost.upstreams.proxies import ProxySettings
from gigamost.upstreams.russian_root import Trust, ensure_trust, root_file
from gigamost.upstreams.tls import client_context
from gigamost.upstreams.transport import HttpTransport

# Hosts that chain to the Russian Trusted Root CA (gigachat-api.md section 1.1).
_RUSSIAN_HOSTS: Final = ("giga.chat", "sberbank.ru", "sberdevices.ru")
_TRUST_LIMIT: Final = 20.0  # seconds that installing the root may take before the gateway starts without it


class Transports:
    """Connections of one client certificate are never used by another, nor those of GigaChat, which trust the Russian
    root, by other upstreams. Raises ValueError for files that cannot be used."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        https, http = settings.proxy.https, settings.proxy.http
        proxies = https.reveal() if https else "", http.reveal() if http else ""
        self._proxy = ProxySettings(*proxies, settings.proxy.bypass)
        self._contexts: list[ssl.SSLContext] = []
        self._made: dict[tuple[str, Path | None, Path | None], HttpTransport] = {}

    def of_gigachat(
        self, cert: Path | None = None, key: Path | None = None, password: Secret | None = None
    ) -> HttpTransport:
        place = ("gigachat", cert, key)
        if place not in self._made:
            installed = root_file(self._settings.state_dir)
            context = client_context(
                verify=self._settings.gigachat.verify_ssl_certs,
                ca_bundle=self._settings.gigachat.ca_bundle_file,
                extra_roots=(installed,) if installed.exists() else (),
                cert_file=cert,
                key_file=key,
                key_password=password,
            )
            self._contexts.append(context)
            self._made[place] = HttpTransport(tls=context, proxy=self._proxy)
        return self._made[place]

    def of_others(self, ca_bundle: Path | None) -> HttpTransport:
        place = ("others", ca_bundle, None)
        if place not in self._made:
            context = client_context(verify=True, ca_bundle=ca_bundle)
            self._made[place] = HttpTransport(tls=context, proxy=self._proxy)
        return self._made[place]

    def needs_russian_root(self, pool: Sequence[Credential]) -> bool:
        urls = [url for each in pool for url in (each.base_url, each.auth_url)]
        hosts = [parts.hostname or "" for url in urls if (parts := urlsplit(url)).scheme == "https"]
        verified = self._settings.gigachat.verify_ssl_certs
        return verified and any(host == name or host.endswith(f".{name}") for host in hosts for name in _RUSSIAN_HOSTS)

    async def trust_russian_root(self) -> Trust:
        # The download is checked against the pinned fingerprint, so it need not trust anybody.
        transport = HttpTransport(tls=client_context(verify=False), proxy=self._proxy)
        try:
            async with asyncio.timeout(_TRUST_LIMIT):
                trust = await ensure_trust(transport, self._settings.state_dir, self._settings.gigachat.ca_bundle_file)
        except TimeoutError:
            trust = Trust("failed", "The Russian Trusted Root CA could not be fetched in time.", ())
        finally:
            await transport.close()
        for root in trust.roots:
            for context in self._contexts:
                context.load_verify_locations(cafile=root)
        return trust

    async def close(self) -> None:
        for transport in self._made.values():
            await transport.close()
