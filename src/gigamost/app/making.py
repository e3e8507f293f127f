"""An account from each kind of credential: what the settings have, and what a client brings."""

from base64 import b64decode
from time import time
from typing import Final
from uuid import uuid4

from gigamost.app.counting import Counting
from gigamost.app.transports import Transports
from gigamost.config import Credential, Settings, Upstream
from gigamost.config.settings import CONNECTIONS
from gigamost.core.errors import GatewayError, Kind
from gigamost.core.secret import Secret
from gigamost.routing.table import GIGACHAT
from gigamost.upstreams import credentials
from gigamost.upstreams.account import Account
from gigamost.upstreams.api_key import ApiKey
from gigamost.upstreams.credentials.basic_token import BasicToken
from gigamost.upstreams.credentials.client import ClientCredentials
from gigamost.upstreams.credentials.gigachat_oauth import GigaChatOAuth
from gigamost.upstreams.credentials.mtls import ClientCertificate
from gigamost.upstreams.credentials.static import Static
from gigamost.upstreams.gate import Gate
from gigamost.upstreams.tokens import TokenSource
from gigamost.upstreams.transport import HttpTransport

UPSTREAM: Final = GIGACHAT
Row = Credential | Upstream


class Maker:
    """Raises ValueError for files that cannot be used."""

    def __init__(self, settings: Settings, counting: Counting, transports: Transports | None = None) -> None:
        self._settings = settings
        self._counting = counting
        self.transports = transports or Transports(settings)

    def adopting(self, settings: Settings) -> "Maker":
        """One for these settings, over the same connections."""
        return Maker(settings, self._counting, self.transports)

    def read(self, authorization: Secret) -> credentials.Credential:
        """The credential that a client brought. Raises GatewayError (401) when it is none.

        It goes where the operator's settings say: a request never chooses where a credential is sent.
        """
        gigachat = self._settings.gigachat
        reader = ClientCredentials(f"{gigachat.base_url.rstrip('/')}/token", gigachat.auth_url, gigachat.scope)
        return reader.read(authorization.reveal())

    def of_client(self, credential: credentials.Credential) -> Account:
        gigachat = self._settings.gigachat
        scope = credential.scope if isinstance(credential, GigaChatOAuth) else gigachat.scope
        limit = CONNECTIONS.get(scope, 1)  # type: ignore[call-overload]  # a client may name a scope we do not know
        return self._make("client", credential, gigachat.base_url.rstrip("/"), self.transports.of_gigachat(), limit)

    def of_row(self, row: Row) -> Account:
        if isinstance(row, Upstream):
            return self._of_another(row)
        credential = row
        transport = self.transports.of_gigachat(credential.cert_file, credential.key_file, credential.key_file_password)
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
        tokens = TokenSource(
            credential,
            transport,
            now=time,
            new_id=lambda: str(uuid4()),
            fallback=fallback,
            share=self._counting.tokens,
        )
        account_id = _lasting_id(credential)
        return Account(
            upstream=UPSTREAM,
            name=name,
            id=account_id,
            base_url=base_url,
            transport=transport,
            tokens=tokens,
            gate=Gate(limit, credential=account_id, places=self._counting.places),
            silence=self._settings.gigachat.timeout,
            client_owned=credential.holder.owner == "client",
            secrets=credential.holder.secrets,
        )

    def _of_another(self, row: Upstream) -> Account:
        key = row.api_key or Secret("")
        account_id = key.digest(f"upstream {row.name} {row.base_url}")
        return Account(
            upstream=row.name,
            name=row.name,
            id=account_id,
            base_url=row.base_url,
            transport=self.transports.of_others(row.ca_bundle_file),
            tokens=ApiKey(row.api_key, f"upstreams.{row.name}.api_key", time),
            gate=Gate(row.max_connections, credential=account_id, places=self._counting.places),
            silence=row.timeout,
            headers=tuple((name, value.reveal()) for name, value in row.headers.items()),
            secrets=(key, *row.headers.values()),
        )


def _lasting_id(credential: credentials.Credential) -> str:
    """Under which the upstream keeps things for the operator: a new secret of the same project finds them again. What a
    client brings is told apart by its secret too: a wrong one must not find what the right one keeps."""
    if not isinstance(credential, GigaChatOAuth) or credential.owner == "client":
        return credential.id
    project = b64decode(credential.key.reveal()).partition(b":")[0]
    return Secret(project.decode("utf-8", "replace")).digest(f"gigachat project {credential.scope} {credential.url}")


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
