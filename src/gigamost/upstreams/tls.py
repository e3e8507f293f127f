"""Whom we trust and who we are towards upstreams: the one TLS client context.

The system's roots, plus the Russian Trusted Root CA where it is installed, plus the operator's bundle: added to the
system's, never instead of them. TLS 1.2 at least.
"""

import ssl
from collections.abc import Sequence
from pathlib import Path

from gigamost.core.secret import Secret


def client_context(
    *,
    verify: bool = True,
    ca_bundle: Path | None = None,
    extra_roots: Sequence[Path] = (),
    cert_file: Path | None = None,
    key_file: Path | None = None,
    key_password: Secret | None = None,
) -> ssl.SSLContext:
    """Files are PEM. `key_file` is None where the certificate's file holds the key too.

    Raises ValueError whose text names the setting to correct.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # The same rules on every Python: from 3.13 on the default refuses certificates that merely lack an extension, as
    # those of companies' own CAs often do, and lets an intermediate certificate be the trusted one.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    for root in extra_roots:
        _trust(context, root, "the installed root certificate (`gigamost certs install` renews it)")
    if ca_bundle is not None:
        _trust(context, ca_bundle, "GIGACHAT_CA_BUNDLE_FILE")
    if cert_file is not None:
        _identify(context, cert_file, key_file, key_password)
    elif key_file is not None:
        raise ValueError("GIGACHAT_KEY_FILE is set without GIGACHAT_CERT_FILE: set the certificate of that key too")
    return context


def _trust(context: ssl.SSLContext, file: Path, setting: str) -> None:
    try:
        context.load_verify_locations(cafile=file)
    except ssl.SSLError as error:
        raise ValueError(f"{setting}: {file} holds no certificate in PEM form") from error
    except OSError as error:
        raise ValueError(f"{setting}: {file} cannot be read: {error.strerror}") from error


def _identify(context: ssl.SSLContext, cert_file: Path, key_file: Path | None, key_password: Secret | None) -> None:
    for file, setting in ((cert_file, "GIGACHAT_CERT_FILE"), (key_file, "GIGACHAT_KEY_FILE")):
        if file is not None:
            _check_readable(file, setting)
    # A password is always given: without one OpenSSL would ask for it on the terminal and stop the gateway's start.
    password = key_password.reveal() if key_password is not None else ""
    try:
        context.load_cert_chain(cert_file, key_file, lambda: password)
    except (ssl.SSLError, ValueError) as error:
        raise ValueError(_fault_in_identity(cert_file, key_file, password)) from error


def _check_readable(file: Path, setting: str) -> None:
    try:
        with file.open("rb") as content:
            content.read(1)
    except OSError as error:
        raise ValueError(f"{setting}: {file} cannot be read: {error.strerror}") from error


def _fault_in_identity(cert_file: Path, key_file: Path | None, password: str) -> str:
    """OpenSSL says "PEM lib" to nearly everything: find out what it was."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    holder = "GIGACHAT_KEY_FILE" if key_file is not None else "GIGACHAT_CERT_FILE"
    key_pem = (key_file or cert_file).read_bytes()
    try:
        certificate = x509.load_pem_x509_certificates(cert_file.read_bytes())[0]
    except ValueError:
        return f"GIGACHAT_CERT_FILE: {cert_file} holds no certificate in PEM form"
    if b"PRIVATE KEY-----" not in key_pem:
        return f"{holder}: {key_file or cert_file} holds no private key in PEM form"
    try:
        key = load_pem_private_key(key_pem, password.encode() if b"ENCRYPTED" in key_pem else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        wrong = "is wrong" if password else "is not set"
        encrypted = f"GIGACHAT_KEY_FILE_PASSWORD: the private key is encrypted, and the password {wrong}"
        return encrypted if b"ENCRYPTED" in key_pem else f"{holder}: the private key cannot be read"
    if key.public_key() != certificate.public_key():
        return f"{holder}: the private key does not belong to the certificate of GIGACHAT_CERT_FILE"
    return f"GIGACHAT_CERT_FILE: OpenSSL refuses the certificate of {cert_file} (it may be too weak)"
