"""The root secret and those that it replaced. Every use has a key of its own, derived by its own label.

What is made hangs on the newest secret; what was made with a former one is still opened. Gateways understand each other
while all of them know both secrets, whichever comes first with each.
"""

import os
import re
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from time import time
from typing import Final, Self

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gigamost.core.errors import GatewayError, Kind
from gigamost.core.secret import Secret

FILE_NAME: Final = "secret.key"
SHORTEST: Final = 32  # characters of a secret in the file
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_DATED: Final = re.compile(r"root-([0-9a-f]{8,12})-[0-9A-Za-z_-]{43}")


class Roots(msgspec.Struct, frozen=True):
    """`former` are the others that are known, the newest first. While a rotation comes to one gateway after the other,
    the coming secret is among them too."""

    current: Secret
    former: tuple[Secret, ...] = ()

    @property
    def all(self) -> tuple[Secret, ...]:
        """The current one first."""
        return (self.current, *self.former)

    @property
    def oldest(self) -> Secret:
        """The same one on every gateway, as long as all know the same secrets: what is shared for a moment hangs on it
        (`app.counting`)."""
        return min(self.all, key=lambda each: (born(each), mark(each)))

    def derive(self, label: str, length: int = 32) -> bytes:
        """For what is made now."""
        return derive(self.current, label, length)

    def derive_all(self, label: str, length: int = 32) -> tuple[bytes, ...]:
        """For what may have been made with any of them; the first is that of `derive`."""
        return tuple(derive(each, label, length) for each in self.all)


def roots_of(configured: Secret | None, former: Sequence[Secret], state_dir: Path) -> Roots:
    """The configured one, else those in the state folder's file, which is made (mode 0600) when there is none; and in
    any case the `former` ones of the configuration.

    Raises GatewayError (internal) when the folder cannot be used or the file is open to others.
    """
    if configured is not None:
        return _roots((configured, *former))
    file = state_dir / FILE_NAME
    try:
        if not file.exists():
            _create(file)
        return _roots((*read(file), *former))
    except OSError as error:
        raise unusable(file, error) from error


def known_roots(configured: Secret | None, former: Sequence[Secret], state_dir: Path) -> Roots | None:
    """As `roots_of`, but nothing is made: None when there is no secret yet."""
    if configured is None and not (state_dir / FILE_NAME).exists():
        return None
    return roots_of(configured, former, state_dir)


def derive(secret: Secret, label: str, length: int = 32) -> bytes:
    """HKDF-SHA256 (RFC 5869): `length` bytes for the use that `label` names. One label, one use."""
    return HKDF(SHA256(), length, salt=b"gigamost", info=label.encode()).derive(secret.reveal().encode())


def mark(secret: Secret) -> str:
    """Names a secret where it must not stand itself: in the database, in a backup. Nothing can be derived from it."""
    return derive(secret, "mark", 8).hex()


def born(secret: Secret) -> int:
    """When it was made, in unix seconds; 0 for one that somebody else made."""
    found = _DATED.fullmatch(secret.reveal())
    return int(found[1], 16) if found else 0


def new_secret() -> Secret:
    return Secret(f"root-{int(time()):08x}-{secrets.token_urlsafe(32)}")


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


def read(file: Path) -> tuple[Secret, ...]:
    """The secrets in a file, the newest first. Raises GatewayError, OSError."""
    if os.name == "posix" and file.stat().st_mode & 0o077:
        raise GatewayError(Kind.INTERNAL, f"The root secret {file} can be read by others: chmod 600 {file}")
    found = tuple(Secret(line.strip()) for line in file.read_text(encoding="utf-8").splitlines() if line.strip())
    if not found or any(len(each.reveal()) < SHORTEST for each in found):
        raise GatewayError(
            Kind.INTERNAL,
            f"The root secret {file} is damaged: put back its backup, or remove it (keys made with it end)",
        )
    return found


def rewrite(file: Path, edit: Callable[[tuple[Secret, ...]], Sequence[Secret]]) -> None:
    """Replaces what is there, () for no file, by what `edit` makes of it; all of it or nothing, one after the other.
    Raises GatewayError."""
    draft = file.with_name(f"{file.name}.new")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _Draft(draft) as out:
            out.fill(edit(read(file) if file.exists() else ()))
            draft.replace(file)
    except FileExistsError as error:
        message = f"Another command is changing {file}. If none is, one was ended in the middle: remove {draft}"
        raise GatewayError(Kind.INTERNAL, message) from error
    except OSError as error:
        raise unusable(file, error) from error


def unusable(file: Path, error: OSError) -> GatewayError:
    return GatewayError(
        Kind.INTERNAL,
        f"The root secret {file} cannot be used ({error.strerror}): make its folder writable, name another with "
        "GIGAMOST_STATE_DIR, or set GIGAMOST_SECRET_KEY",
    )


def _roots(all_: Sequence[Secret]) -> Roots:
    current, *former = dict.fromkeys(all_)
    return Roots(current, tuple(former))


def _create(file: Path) -> None:
    """Whole or not at all, and never over another's: two processes that start together end up with one secret."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    with _Draft(draft) as out:
        out.fill((new_secret(),))
        with suppress(FileExistsError):  # the other process was first
            os.link(draft, file)


class _Draft:
    """A file for its owner only, which nobody else has begun; gone at the end, unless it was moved."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)

    def fill(self, all_: Sequence[Secret]) -> None:
        os.write(self._descriptor, "".join(f"{each.reveal()}\n" for each in all_).encode())
        os.fsync(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self._descriptor)
        self._path.unlink(missing_ok=True)
