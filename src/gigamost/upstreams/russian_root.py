"""The Russian Trusted Root CA, which GigaChat's hosts chain to and which few trust stores hold.

It is kept in the state folder and trusted by the gateway alone. The one thing that decides is the pinned SHA-256 of the
certificate, so it does not matter how it was fetched.
"""

import base64
import binascii
import contextlib
import hashlib
import os
import re
import ssl
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec

from gigamost.upstreams.credentials.gigachat_oauth import USER_AGENT
from gigamost.upstreams.http import HttpRequest, Transport, TransportError
from gigamost.upstreams.tls import client_context

# RSA-4096, serial 0x1000, valid from 2022-03-01 to 2032-02-27. Only the root is pinned: intermediates change.
FINGERPRINT: Final = "d26d2d0231b7c39f92cc738512ba54103519e4405d68b5bd703e9788ca8ecf31"
URLS: Final = (
    "https://gu-st.ru/content/lending/russian_trusted_root_ca_pem.crt",
    "https://gu-st.ru/content/Other/doc/russian_trusted_root_ca.cer",
    "http://nuc-cdp.digital.gov.ru/cdp/rootca_ssl_rsa2022.crt",
)
_SILENCE: Final = 10.0
_LIMIT: Final = 1024 * 1024

State = Literal["installed", "wrong", "system", "bundle", "missing"]


class RootStatus(msgspec.Struct, frozen=True):
    """Where the root is trusted from. `wrong`: the state folder's file is not it (and is not used).

    `expires_at` is unix seconds, None where there is no root; `file` where an installed one is kept.
    """

    state: State
    expires_at: float | None
    file: Path


class Trust(msgspec.Struct, frozen=True):
    """What came of `ensure_trust`: `roots` go to `client_context`, `message` to the start-up summary."""

    outcome: Literal["present", "installed", "failed"]
    message: str
    roots: tuple[Path, ...]


def root_file(state_dir: Path) -> Path:
    return state_dir / "certs" / "russian_trusted_root_ca.pem"


def check_russian_root(state_dir: Path, ca_bundle: Path | None = None, *, fingerprint: str = FINGERPRINT) -> RootStatus:
    """Raises ValueError when the bundle or the installed file cannot be read."""
    file = root_file(state_dir)
    if file.exists():
        der = _pinned(_content(file), fingerprint)
        return RootStatus("installed" if der else "wrong", _expiry(der) if der else None, file)
    if der := _trusted(client_context(), fingerprint):
        return RootStatus("system", _expiry(der), file)
    if der := _trusted(client_context(ca_bundle=ca_bundle), fingerprint):
        return RootStatus("bundle", _expiry(der), file)
    return RootStatus("missing", None, file)


async def install_russian_root(
    transport: Transport, state_dir: Path, *, urls: Sequence[str] = URLS, fingerprint: str = FINGERPRINT
) -> Path:
    """Fetches the root from the first address that has it. Raises ValueError that says what each address answered, or
    that the file cannot be written.

    The transport need not verify certificates, and usually cannot: the hosts may chain to the very root that is not
    trusted yet. Nothing is lost, because only bytes with the pinned SHA-256 are accepted.
    """
    faults = []
    for url in urls:
        try:
            status, body = await _fetch(transport, url)
        except TransportError as error:
            faults.append(f"{url}: {error}")
            continue
        if status != 200:
            faults.append(f"{url}: HTTP {status}")
        elif (der := _pinned(body, fingerprint)) is None:
            faults.append(f"{url}: not the pinned certificate")
        else:
            return _store(der, root_file(state_dir))
    raise ValueError("the Russian Trusted Root CA was not installed: " + "; ".join(faults))


async def ensure_trust(
    transport: Transport,
    state_dir: Path,
    ca_bundle: Path | None = None,
    *,
    urls: Sequence[str] = URLS,
    fingerprint: str = FINGERPRINT,
) -> Trust:
    """Installs the root if nothing here trusts it yet. That it could not be installed is no reason not to start.

    `transport` as in `install_russian_root`. Raises ValueError as `check_russian_root` does.
    """
    status = check_russian_root(state_dir, ca_bundle, fingerprint=fingerprint)
    match status.state:
        case "installed":
            return Trust("present", f"Russian Trusted Root CA: {status.file}", (status.file,))
        case "system" | "bundle":
            return Trust("present", f"Russian Trusted Root CA: in the {status.state}'s trust store", ())
        case "missing" | "wrong":
            pass
    try:
        file = await install_russian_root(transport, state_dir, urls=urls, fingerprint=fingerprint)
    except ValueError as error:
        remedy = "GigaChat's certificates will not be trusted. Run `gigamost certs install`, or get the certificate"
        remedy += " from the GigaChat documentation and set GIGACHAT_CA_BUNDLE_FILE to it"
        return Trust("failed", f"{error}. {remedy}", ())
    return Trust("installed", f"Russian Trusted Root CA: installed in {file}", (file,))


async def _fetch(transport: Transport, url: str) -> tuple[int, bytes]:
    response = await transport.send(HttpRequest("GET", url, (USER_AGENT,)), silence=_SILENCE)
    try:
        return response.status, await response.read(_LIMIT)
    finally:
        response.close()


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ValueError(f"GIGAMOST_STATE_DIR: {file} cannot be read: {error.strerror}") from error


def _pinned(content: bytes, fingerprint: str) -> bytes | None:
    """The DER of the pinned certificate if the content is it (DER) or holds it (PEM)."""
    return next((der for der in _certificates(content) if hashlib.sha256(der).hexdigest() == fingerprint), None)


def _certificates(content: bytes) -> Iterator[bytes]:
    yield content
    for block in re.findall(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----", content):
        with contextlib.suppress(binascii.Error):  # a damaged block is not the certificate
            yield base64.b64decode(block)


def _trusted(context: ssl.SSLContext, fingerprint: str) -> bytes | None:
    certificates = context.get_ca_certs(binary_form=True)
    return next((der for der in certificates if hashlib.sha256(der).hexdigest() == fingerprint), None)


def _expiry(der: bytes) -> float:
    """Unix seconds."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=der)
    return ssl.cert_time_to_seconds(str(context.get_ca_certs()[0]["notAfter"]))


def _store(der: bytes, file: Path) -> Path:
    """Written beside and then renamed, so that no reader sees half a certificate. Raises ValueError."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=file.parent, suffix=".part")
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as out:
                out.write(ssl.DER_cert_to_PEM_cert(der))
            Path(name).chmod(0o644)
            Path(name).replace(file)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise ValueError(f"the Russian Trusted Root CA cannot be written to {file}: {error.strerror}") from error
    return file
