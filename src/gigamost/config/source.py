"""Where a running gateway's settings come from, so that they can be read again when one of the files has changed."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from gigamost.config.load import Flags, files, load
from gigamost.config.origin import ConfigError
from gigamost.config.settings import Settings


class Stamp(msgspec.Struct, frozen=True):
    """What tells one state of a file from another; all 0 for a file that is not there."""

    modified: int = 0
    size: int = 0
    inode: int = 0


Stamps = Mapping[Path, Stamp]


class Source:
    """The arguments of `load`, and what the files looked like when it was called last. Blocks: it reads files."""

    def __init__(
        self,
        flags: Flags | None = None,
        *,
        config: Path | None = None,
        environ: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self._flags = flags
        self._config = config
        self._environ = environ
        self._folder = folder
        self._loaded: Stamps = {}
        self._in_use: frozenset[Path] = frozenset()

    def load(self) -> Settings:
        """Raises ConfigError; a file that was in use and is gone is a mistake too: nobody says so by deleting it."""
        self._loaded = self.stamps()
        there = frozenset(file for file, stamp in self._loaded.items() if stamp.size)
        lost = sorted(str(file) for file in self._in_use - there)
        if lost:
            raise ConfigError([f"{file} is gone, or empty: put it back, or start again without it" for file in lost])
        settings = self._load()
        self._in_use = there
        return settings

    def check(self, text: str) -> Settings:
        """What would be loaded if this text were the YAML file. Raises ConfigError."""
        return self._load(text)

    def stamps(self) -> Stamps:
        watched = files(config=self._config, environ=self._environ, folder=self._folder)
        return {file: _stamp(file) for file in watched}

    def news(self) -> Stamps | None:
        """What the files look like now, None when that is what `load` has seen."""
        found = self.stamps()
        return found if found != self._loaded else None

    def _load(self, text: str | None = None) -> Settings:
        return load(self._flags, config=self._config, environ=self._environ, folder=self._folder, text=text)


def _stamp(file: Path) -> Stamp:
    try:
        found = file.stat()
    except OSError:
        return Stamp()
    return Stamp(found.st_mtime_ns, found.st_size, found.st_ino)
