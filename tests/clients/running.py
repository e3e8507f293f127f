"""Real client programs, each in a home folder of its own, in front of a real gateway and the emulator."""

import asyncio
import json
import os
import shutil
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
INSTALLED = ROOT / ".clients"
COMMAND = "printf 'bridge-%d' 42"
EXPECTED = "bridge-42"


@dataclass(frozen=True)
class Ran:
    """`code` is the exit status, None when the program had to be ended."""

    code: int | None
    out: str
    err: str

    @property
    def said(self) -> str:
        return f"exit {self.code}\n--- stdout\n{self.out[-4000:]}\n--- stderr\n{self.err[-4000:]}"


def binary(package: str, name: str) -> Path:
    """The program that `make` installed. Raises AssertionError with what to do when it is not there."""
    path = INSTALLED / package / "node_modules" / ".bin" / name
    assert path.exists(), f"{name} is not installed: `make test` installs pi, `make test-clients` all the others"
    return path


async def run(
    argv: Sequence[str | Path], *, home: Path, env: Mapping[str, str], limit: float, node: Path | None = None
) -> Ran:
    """Runs a program with nothing of our own environment but PATH, `node` before it; `limit` is seconds.

    It and everything that it started are ended at the end: agents leave daemons behind.
    """
    path = os.environ.get("PATH", "")
    process = await asyncio.create_subprocess_exec(
        *map(str, argv),
        cwd=home,
        env={"PATH": f"{node}:{path}" if node else path, "HOME": str(home), "LANG": "C.UTF-8", "NO_COLOR": "1", **env},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), limit)
    except TimeoutError:
        _end(process.pid)
        out, err = await process.communicate()
        return Ran(None, out.decode(errors="replace"), err.decode(errors="replace"))
    finally:
        _end(process.pid)
    return Ran(process.returncode, out.decode(errors="replace"), err.decode(errors="replace"))


async def converse(package: str, conversation: str, *, home: Path, env: Mapping[str, str]) -> Any:
    """What a conversation of `tests/clients/{package}.mjs` printed. It runs beside the packages that `make` installed:
    Node looks for them from where a module is."""
    modules = INSTALLED / package / "node_modules"
    assert modules.exists(), f"{modules} is missing: `make test` installs it"
    (home / "node_modules").symlink_to(modules)
    script = shutil.copy(Path(__file__).with_name(f"{package}.mjs"), home)
    ran = await run(["node", script, conversation], home=home, env=env, limit=30)
    assert ran.code == 0, ran.said
    return json.loads(ran.out)


def _end(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
