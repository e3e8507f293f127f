"""The one root secret, and the keys that are derived from it: every use has a key of its own, by its own label."""

import os
import secrets
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gigamost.core.errors import GatewayError, Kind
from gigamost.core.secret import Secret

FILE_NAME: Final = "secret.key"
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def root_secret(configured: Secret | None, state_dir: Path) -> Secret:
    """The configured one, else the one in the state folder, which is made (mode 0600) when there is none.

    Raises GatewayError (internal) when the folder cannot be used or the file is open to others.
    """
    if configured is not None:
        return configured
    file = state_dir / FILE_NAME
    try:
        if not file.exists():
            _create(file)
        return _read(file)
    except OSError as error:
        raise GatewayError(
            Kind.INTERNAL,
            f"The root secret {file} cannot be used ({error.strerror}): make its folder writable, name another with "
            "GIGAMOST_STATE_DIR, or set GIGAMOST_SECRET_KEY",
        ) from error


def derive(secret: Secret, label: str, length: int = 32) -> bytes:
    """HKDF-SHA256 (RFC 5869): `length` bytes for the use that `label` names. One label, one use."""
    return HKDF(SHA256(), length, salt=b"gigamost", info=label.encode()).derive(secret.reveal().encode())


def dev_key(secret: Secret) -> Secret:
    """The client key that dev mode prints when no other exists: the same after every start."""
    return Secret("gm-" + base62(derive(secret, "dev client key", 24)))


def base62(data: bytes) -> str:
    """Letters and digits only, always of the length that the number of bytes needs."""
    number, text = int.from_bytes(data), ""
    while 256 ** len(data) > 62 ** len(text):
        number, digit = divmod(number, 62)
        text = _ALPHABET[digit] + text
    return text


def _create(file: Path) -> None:
    """Whole or not at all, and never over another's: two processes that start together end up with one secret."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as out:
            out.write(secrets.token_urlsafe(32) + "\n")
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(draft, file)
        except FileExistsError:
            return  # the other process was first
    finally:
        draft.unlink()


def _read(file: Path) -> Secret:
    if os.name == "posix" and file.stat().st_mode & 0o077:
        raise GatewayError(Kind.INTERNAL, f"The root secret {file} can be read by others: chmod 600 {file}")
    text = file.read_text(encoding="utf-8").strip()
    if len(text) < 32:
        raise GatewayError(
            Kind.INTERNAL,
            f"The root secret {file} is damaged: put back its backup, or remove it (keys made with it end)",
        )
    return Secret(text)
