"""An archive that is read: everything in it is looked at before anything of it is used."""

import hashlib
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from gigamost.core.errors import GatewayError, Kind
from gigamost.core.secret import Secret
from gigamost.store.backup.manifest import FORMAT, MANIFEST, ROOTS, Manifest, Member, reader
from gigamost.store.migrations import HEAD

_PIECE: Final = 1024 * 1024  # bytes
_DAMAGES: Final = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, OSError)


class Archive:
    """Raises GatewayError for a file that is no archive, is damaged, or was made by a newer version."""

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            self._zip = zipfile.ZipFile(file)
        except _DAMAGES as error:
            raise self._damaged("it is no zip file, or its end is missing") from error
        try:
            self.manifest = self._manifest()
        except BaseException:
            self._zip.close()
            raise

    def verify(self, step: Callable[[int, int], None]) -> None:
        """Reads all of it. `step` is told how many bytes are done, and of how many."""
        total, done = sum(member.size for member in self.manifest.tables), 0
        for member in self.manifest.tables:
            digest, rows, size = hashlib.sha256(), 0, 0
            for piece in self._pieces(member.name):
                digest.update(piece)
                rows, size = rows + piece.count(b"\n"), size + len(piece)
                step(done + size, total)
            if (digest.hexdigest(), rows, size) != (member.sha256, member.rows, member.size):
                raise self._damaged(f"{member.name} is not what the manifest says")
            done += size
        self.secrets()

    def secrets(self) -> tuple[Secret, ...]:
        """The root secrets, () where they are not in it."""
        if not self.manifest.secret:
            return ()
        text = b"".join(self._pieces(ROOTS))
        if hashlib.sha256(text).hexdigest() != self.manifest.secret:
            raise self._damaged(f"{ROOTS} is not what the manifest says")
        return tuple(Secret(line) for line in text.decode().split())

    def rows(self, member: Member) -> Iterator[tuple[dict[str, Any], int]]:
        """Each with the bytes that its line has."""
        read = reader(member.columns)
        try:
            with self._zip.open(member.name) as lines:
                for line in lines:
                    yield read(line), len(line)
        except (*_DAMAGES, msgspec.MsgspecError) as error:
            raise self._damaged(f"{member.name}: {type(error).__name__}") from error

    def close(self) -> None:
        self._zip.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _manifest(self) -> Manifest:
        try:
            data = b"".join(self._pieces(MANIFEST))
            said = msgspec.json.decode(data, type=dict[str, Any])
            found = msgspec.convert(said, Manifest) if said.get("format") == FORMAT else None
        except msgspec.MsgspecError as error:
            raise self._damaged(f"{MANIFEST}: {error}") from error
        if found is None or found.revision > HEAD:
            version = str(said.get("version"))[:40]
            message = f"{self._file} was made by version {version}, which is newer: restore it with that version."
            raise GatewayError(Kind.INTERNAL, message)
        return found

    def _pieces(self, name: str) -> Iterator[bytes]:
        try:
            with self._zip.open(name) as data:
                while piece := data.read(_PIECE):
                    yield piece
        except _DAMAGES as error:
            raise self._damaged(f"{name}: {error}") from error

    def _damaged(self, why: str) -> GatewayError:
        return GatewayError(Kind.INTERNAL, f"{self._file} cannot be restored: {why}. Nothing was changed.")
