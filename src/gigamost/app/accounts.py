"""The accounts of the settings' credentials, and of the credentials that clients bring themselves."""

import asyncio
import logging
import ssl
from collections import OrderedDict
from pathlib import Path
from time import time
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

from gigamost.config import Credential, Settings
from gigamost.config.settings import CONNECTIONS
from gigamost.core.errors import GatewayError, Kind
from gigamost.core.secret import Secret
from gigamost.upstreams import credentials
from gigamost.upstreams.account import Account
from gigamost.upstreams.credentials.basic_token import BasicToken
from gigamost.upstreams.credentials.client import ClientCredentials
from gigamost.upstreams.credentials.gigachat_oauth import GigaChatOAuth
from gigamost.upstreams.credentials.mtls import ClientCertificate
from gigamost.upstreams.credentials.static import Static
from gigamost.upstreams.gate import Gate
from gigamost.upstreams.proxies import ProxySettings
from gigamost.upstreams.russian_root import Trust, ensure_trust, root_file
from gigamost.upstreams.tls import client_context
from gigamost.upstreams.tokens import TokenSource
from gigamost.upstreams.transport import HttpTransport

log = logging.getLogger(__name__)

UPSTREAM: Final = "gigachat"
# Hosts that chain to the Russian Trusted Root CA (gigachat-api.md section 1.1).
_RUSSIAN_HOSTS: Final = ("giga.chat", "sberbank.ru", "sberdevices.ru")
_TRUST_LIMIT: Final = 20.0  # seconds that installing the root may take before the gateway starts without it
_CLIENTS: Final = 1000  # clients' own credentials that are kept at the same time


class Accounts:
    """`operator` are the configured ones. `trust` says after `start` what became of the Russian root certificate, None
    where it is not needed. Raises ValueError for files that cannot be used."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._proxy = _proxy(settings)
        self._contexts: list[ssl.SSLContext] = []
        self._transports: dict[tuple[Path | None, Path | None], HttpTransport] = {}
        self._clients: OrderedDict[str, Account] = OrderedDict()
        self._first_tokens: set[asyncio.Task[object]] = set()
        self.trust: Trust | None = None
        self.operator = tuple(self._account(credential) for credential in settings.gigachat.pool)

    async def start(self) -> None:
        if self._needs_russian_root():
            await self._trust_russian_root()
        for account in self.operator:
            task = asyncio.create_task(_first_token(account))
            self._first_tokens.add(task)
            task.add_done_callback(self._first_tokens.discard)

    async def close(self) -> None:
        for account in (*self.operator, *self._clients.values()):
            await account.tokens.close()
        for transport in self._transports.values():
            await transport.close()

    def of_client(self, authorization: Secret) -> Account:
        """The account of a credential that a client brought. Raises GatewayError (401) when it is none.

        It goes where the operator's settings say: a request never chooses where a credential is sent.
        """
        gigachat = self._settings.gigachat
        base_url = gigachat.base_url.rstrip("/")
        reader = ClientCredentials(f"{base_url}/token", gigachat.auth_url, gigachat.scope)
        credential = reader.read(authorization.reveal())
        account = self._clients.get(credential.id)
        if account is None:
            scope = credential.scope if isinstance(credential, GigaChatOAuth) else gigachat.scope
            limit = CONNECTIONS.get(scope, 1)  # type: ignore[call-overload]  # a client may name a scope we do not know
            account = self._make("client", credential, base_url, self._transport(None, None, None), limit)
            self._clients[credential.id] = account
            if len(self._clients) > _CLIENTS:
                self._clients.popitem(last=False)
        self._clients.move_to_end(credential.id)
        return account

    def _account(self, credential: Credential) -> Account:
        transport = self._transport(credential.cert_file, credential.key_file, credential.key_file_password)
        made, fallback = _credential(credential)
        return self._make(
            credential.name, made, credential.base_url, transport, credential.max_connections, fallback=fallback
        )

    def _make(
        self,
        name: str,
        credential: credentials.Credential,
        base_url: str,
        transport: HttpTransport,
        limit: int,
        *,
        fallback: Static | None = None,
    ) -> Account:
        tokens = TokenSource(credential, transport, now=time, new_id=lambda: str(uuid4()), fallback=fallback)
        return Account(
            upstream=UPSTREAM,
            name=name,
            id=credential.id,
            base_url=base_url,
            transport=transport,
            tokens=tokens,
            gate=Gate(limit),
            silence=self._settings.gigachat.timeout,
            client_owned=credential.holder.owner == "client",
        )

    def _transport(self, cert: Path | None, key: Path | None, password: Secret | None) -> HttpTransport:
        """One transport for each client certificate: connections of one are never used by another."""
        if (cert, key) not in self._transports:
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
            self._transports[(cert, key)] = HttpTransport(tls=context, proxy=self._proxy)
        return self._transports[(cert, key)]

    def _needs_russian_root(self) -> bool:
        urls = [url for each in self._settings.gigachat.pool for url in (each.base_url, each.auth_url)]
        hosts = [parts.hostname or "" for url in urls if (parts := urlsplit(url)).scheme == "https"]
        verified = self._settings.gigachat.verify_ssl_certs
        return verified and any(host == name or host.endswith(f".{name}") for host in hosts for name in _RUSSIAN_HOSTS)

    async def _trust_russian_root(self) -> None:
        # The download is checked against the pinned fingerprint, so it need not trust anybody.
        transport = HttpTransport(tls=client_context(verify=False), proxy=self._proxy)
        try:
            async with asyncio.timeout(_TRUST_LIMIT):
                self.trust = await ensure_trust(
                    transport, self._settings.state_dir, self._settings.gigachat.ca_bundle_file
                )
        except TimeoutError:
            self.trust = Trust("failed", "The Russian Trusted Root CA could not be fetched in time.", ())
        finally:
            await transport.close()
        for root in self.trust.roots:
            for context in self._contexts:
                context.load_verify_locations(cafile=root)


async def _first_token(account: Account) -> None:
    """So that the first request does not wait for it, and `/health` knows. The token source tells why it failed."""
    try:
        await account.tokens.get()
    except GatewayError as error:
        log.warning("%s: %s (%s)", account.name, error, error.problem.detail)


def _proxy(settings: Settings) -> ProxySettings:
    https, http = settings.proxy.https, settings.proxy.http
    return ProxySettings(https.reveal() if https else "", http.reveal() if http else "", settings.proxy.bypass)


def _credential(given: Credential) -> tuple[credentials.Credential, Static | None]:
    """How this credential gets its tokens, and the static token that stands in while it cannot."""
    static = Static(given.access_token) if given.access_token else None
    if given.key:
        return GigaChatOAuth(given.key, given.scope, given.auth_url), static
    if given.user and given.password:
        return BasicToken(given.user, given.password, f"{given.base_url}/token"), static
    if static is not None:
        return static, None
    if given.cert_file is None:
        raise GatewayError(Kind.INTERNAL, f"The credential {given.name} has nothing to authenticate with.")
    return ClientCertificate(given.cert_file.read_bytes()), None
