"""What was measured, beside what is wanted."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Literal

from rich.console import Console
from rich.table import Table

from benchmarks.scenarios import AGENT, CHUNKS, LONG, PACED_LONG, PACED_SHORT, SHORT, SMALL, Scenario

Rounds = Mapping[str, Sequence[float]]  # scenario name -> microseconds of CPU per request, one for each round
RATIO_PER_REQUEST, RATIO_PER_CHUNK, IDLE_MB, START_SECONDS = 20.0, 4.0, 80.0, 1.2


@dataclass(frozen=True)
class Cost:
    """Microseconds of CPU. `noise`: how far the median of the rounds lies above their least, as a part of it."""

    name: str
    gateway: float
    nginx: float
    ratio: float
    goal: float | None
    noise: float


@dataclass(frozen=True)
class Size:
    """Megabytes or seconds of the gateway alone."""

    name: str
    value: float
    unit: Literal["MB", "s"]
    goal: float | None


@dataclass(frozen=True)
class Report:
    costs: tuple[Cost, ...]
    sizes: tuple[Size, ...]
    rounds: int
    machine: str
    nginx: str


def costs(gateway: Rounds, nginx: Rounds) -> tuple[Cost, ...]:
    return (
        _per_request(SMALL, gateway, nginx, RATIO_PER_REQUEST),
        _per_request(AGENT, gateway, nginx, RATIO_PER_REQUEST),
        _per_request(SHORT, gateway, nginx, None),
        _per_request(LONG, gateway, nginx, None),
        _per_chunk("chunk, all at once", LONG, SHORT, gateway, nginx, None),
        _per_chunk("chunk, 5 ms apart", PACED_LONG, PACED_SHORT, gateway, nginx, RATIO_PER_CHUNK),
    )


def _per_request(scenario: Scenario, gateway: Rounds, nginx: Rounds, goal: float | None) -> Cost:
    ours, theirs = min(gateway[scenario.name]), min(nginx[scenario.name])
    return Cost(scenario.name, ours, theirs, ours / theirs, goal, _noise(gateway, nginx, scenario))


def _per_chunk(name: str, long: Scenario, short: Scenario, gateway: Rounds, nginx: Rounds, goal: float | None) -> Cost:
    ours, theirs = ((min(of[long.name]) - min(of[short.name])) / CHUNKS for of in (gateway, nginx))
    return Cost(name, ours, theirs, ours / theirs, goal, _noise(gateway, nginx, long))


def _noise(gateway: Rounds, nginx: Rounds, scenario: Scenario) -> float:
    return max(median(of[scenario.name]) / min(of[scenario.name]) - 1 for of in (gateway, nginx))


def machine() -> str:
    return f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}"


def as_json(report: Report) -> dict[str, object]:
    return asdict(report)


def show(report: Report) -> None:
    console = Console(width=None if Console().is_terminal else 100, highlight=False)
    table = Table("CPU per", "gateway, us", "nginx, us", "ratio", "goal", "", "noise")
    for cost in report.costs:
        goal = "" if cost.goal is None else f"<= {cost.goal:.0f}x"
        numbers = (f"{cost.gateway:.1f}", f"{cost.nginx:.1f}", f"{cost.ratio:.1f}x")
        table.add_row(cost.name, *numbers, goal, _verdict(cost.ratio, cost.goal), f"{cost.noise:.0%}")
    console.print(table)
    for size in report.sizes:
        goal = "" if size.goal is None else f"  goal < {size.goal:g} {size.unit}  {_verdict(size.value, size.goal)}"
        console.print(f"{size.name}: {size.value:.2f} {size.unit}{goal}")
    console.print(f"{report.rounds} rounds, the least of each; {report.nginx}; {report.machine}", style="dim")


def _verdict(value: float, goal: float | None) -> str:
    if goal is None:
        return ""
    return "pass" if value <= goal else "fail"
