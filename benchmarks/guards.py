"""What the ledger, keys, limits and budgets cost: the same requests to gateways that do ever more, side by side.

nothing kept     open mode, everything in memory
open mode        what is kept is in SQLite: the base of the ratios
guarded          a key and a tenant with rates, a place, tokens and budgets of their own, in SQLite
"""

import json
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks import targets
from benchmarks.load import put
from benchmarks.processes import BenchError
from benchmarks.scenarios import AGENT, SHORT, SMALL

LOADS: Final = (SMALL, AGENT, SHORT)
RATIO: Final = 1.6
_LIMITS: Final = shlex.split("--rpm 10000000 --rpd 1000000000 --tpm 1000000000 --tpd 1000000000000 --concurrency 1000")
_BUDGET: Final = shlex.split("--budget 1000000000 --period month --soft 900000000")


@dataclass(frozen=True)
class Guard:
    """Microseconds of CPU per request of one scenario, medians; `ratio` is the guarded one beside the open one, as it
    was measured side by side, `kept` the open one beside the one that keeps nothing."""

    name: str
    nothing_kept: float
    open_mode: float
    guarded: float
    kept: float
    ratio: float
    goal: float = RATIO


def measure(folder: Path, upstream_port: int, rounds: int, progress: Callable[[str], None]) -> tuple[Guard, ...]:
    """Raises BenchError."""
    with ExitStack() as stack:
        folders = [folder / name for name in ("bare", "plain", "guarded")]
        for each in folders:
            each.mkdir()
        key = _key(folders[2])
        in_memory = {"GIGAMOST_DATABASE_URL": "sqlite://"}
        bare = stack.enter_context(targets.gateway(folders[0], upstream_port, more=in_memory))
        plain = stack.enter_context(targets.gateway(folders[1], upstream_port))
        guarded = stack.enter_context(targets.gateway(folders[2], upstream_port))
        found = []
        for load in LOADS:
            told: dict[str, list[float]] = {"bare": [], "before": [], "guarded": [], "after": []}
            for number in range(rounds):
                progress(f"guards, round {number + 1} of {rounds}: {load.name}")
                for name, target, own in (
                    ("bare", bare, ""),
                    ("before", plain, ""),
                    ("guarded", guarded, key),
                    ("after", plain, ""),
                ):
                    told[name].append(put(load, target, folder, own))
            found.append(_compared(load.name, told))
    return tuple(found)


def _compared(name: str, told: Mapping[str, list[float]]) -> Guard:
    opened = [(before + after) / 2 for before, after in zip(told["before"], told["after"], strict=True)]
    ratios = [mine / its for mine, its in zip(told["guarded"], opened, strict=True)]
    kept = [mine / its for mine, its in zip(told["before"], told["bare"], strict=True)]
    return Guard(name, median(told["bare"]), median(opened), median(told["guarded"]), median(kept), median(ratios))


def _key(folder: Path) -> str:
    """Of a tenant that has limits and a budget of its own. Raises BenchError."""
    _gigamost(folder, "tenants", "create", "--name", "bench", *_LIMITS, *_BUDGET)
    made = _gigamost(folder, "keys", "create", "--name", "bench", "--tenant", "bench", *_LIMITS, *_BUDGET)
    key: str = json.loads(made)["key"]
    return key


def _gigamost(folder: Path, *words: str) -> str:
    command = [str(Path(sys.executable).parent / "gigamost"), *words, "--format", "json"]
    done = subprocess.run(
        command, cwd=folder, env=targets.environment(folder), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BenchError(f"gigamost {' '.join(words[:2])}: {done.stderr.strip()[-2000:]}")
    return done.stdout
