"""What was measured, beside what is wanted."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Literal

from rich.console import Console
from rich.table import Table

from benchmarks.guards import Guard
from benchmarks.scenarios import AGENT, CHUNKS, LONG, PACED_LONG, PACED_SHORT, SHORT, SMALL, Scenario

Rounds = Mapping[str, Sequence[float]]  # scenario name -> microseconds of CPU per request, by round (nginx: two each)
RATIO_PER_REQUEST, RATIO_PER_CHUNK, IDLE_MB, START_SECONDS = 20.0, 4.0, 80.0, 1.2


@dataclass(frozen=True)
class Cost:
    """Microseconds of CPU, the median of the rounds. `ratio` is the median of the rounds' own ratios: the machine's
    speed changes from minute to minute, so only what was measured side by side is compared. `noise`: how far the middle
    half of those ratios is spread, as a part of the median."""

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
    guards: tuple[Guard, ...]
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
    return _compared(scenario.name, gateway[scenario.name], _beside(nginx[scenario.name]), goal)


def _per_chunk(name: str, long: Scenario, short: Scenario, gateway: Rounds, nginx: Rounds, goal: float | None) -> Cost:
    ours = _chunks(gateway[long.name], gateway[short.name])
    return _compared(name, ours, _chunks(_beside(nginx[long.name]), _beside(nginx[short.name])), goal)


def _chunks(long: Sequence[float], short: Sequence[float]) -> list[float]:
    return [(of_long - of_short) / CHUNKS for of_long, of_short in zip(long, short, strict=True)]


def _beside(nginx: Sequence[float]) -> list[float]:
    """nginx is measured before and after the gateway: the mean is what it would have cost at that moment."""
    return [(before + after) / 2 for before, after in zip(nginx[::2], nginx[1::2], strict=True)]


def _compared(name: str, ours: Sequence[float], theirs: Sequence[float], goal: float | None) -> Cost:
    ratios = sorted(mine / its for mine, its in zip(ours, theirs, strict=True))
    spread = ratios[-1 - len(ratios) // 4] - ratios[len(ratios) // 4]
    return Cost(name, median(ours), median(theirs), median(ratios), goal, spread / median(ratios))


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
    table = Table("CPU per", "nothing kept, us", "open mode, us", "kept", "guarded, us", "ratio", "goal", "")
    for each in report.guards:
        measured = (f"{each.nothing_kept:.1f}", f"{each.open_mode:.1f}", f"{each.kept:.2f}x", f"{each.guarded:.1f}")
        verdict = _verdict(each.ratio, each.goal)
        table.add_row(each.name, *measured, f"{each.ratio:.2f}x", f"<= {each.goal:.1f}x", verdict)
    console.print(table)
    for size in report.sizes:
        goal = "" if size.goal is None else f"  goal < {size.goal:g} {size.unit}  {_verdict(size.value, size.goal)}"
        console.print(f"{size.name}: {size.value:.2f} {size.unit}{goal}")
    console.print(
        f"{report.rounds} rounds, medians; ratios of what was measured side by side; {report.nginx}; {report.machine}",
        style="dim",
    )


def _verdict(value: float, goal: float | None) -> str:
    if goal is None:
        return ""
    return "pass" if value <= goal else "fail"
