"""`make bench`; options: `make bench ARGS="--rounds 3 --json"`."""

import argparse
import json
import pstats
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks import guards, report, scenarios, targets
from benchmarks.load import put
from benchmarks.processes import BenchError

STARTS = 3
PROFILED = {
    "small": scenarios.SMALL,
    "agent": scenarios.AGENT,
    "stream": scenarios.LONG,
    "paced": scenarios.PACED_LONG,
}


def measure(folder: Path, arguments: argparse.Namespace) -> report.Report:
    with targets.upstream(folder) as upstream:
        starts = []
        for _ in range(STARTS - 1):
            with targets.gateway(folder, upstream.port, arguments.command) as started:
                starts.append(started.started)
        with (
            targets.gateway(folder, upstream.port, arguments.command) as gateway,
            targets.nginx(folder, upstream.port) as nginx,
        ):
            starts.append(gateway.started)
            idle = gateway.resident
            put(scenarios.SMALL, gateway, folder, arguments.key, requests=100)
            warm = gateway.resident
            rounds: dict[str, dict[str, list[float]]] = {
                target.name: {load.name: [] for load in scenarios.ALL} for target in (gateway, nginx)
            }
            for number in range(arguments.rounds):
                for load in scenarios.ALL:
                    _progress(f"round {number + 1} of {arguments.rounds}: {load.name}")
                    for target in (nginx, gateway, nginx):
                        rounds[target.name][load.name].append(put(load, target, folder, arguments.key))
            _progress("")
            after = gateway.resident
        guarded = guards.measure(folder, upstream.port, arguments.rounds, _progress)
        _progress("")
    sizes = (
        report.Size("memory, idle", idle, "MB", report.IDLE_MB),
        report.Size("memory, after 100 requests", warm, "MB", None),
        report.Size("memory, after all rounds", after, "MB", None),
        report.Size("start, median of 3", median(starts), "s", report.START_SECONDS),
    )
    costs = report.costs(rounds[gateway.name], rounds[nginx.name])
    return report.Report(costs, guarded, sizes, arguments.rounds, report.machine(), targets.nginx_version())


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{text:<60}\r", end="", file=sys.stderr, flush=True)


def profile(folder: Path, arguments: argparse.Namespace) -> None:
    """Where the gateway's time goes: one scenario under cProfile, the functions by their own time."""
    load, profiled = PROFILED[arguments.profile], folder / "profile"
    wrap = (sys.executable, "-m", "cProfile", "-o", str(profiled))
    with (
        targets.upstream(folder) as upstream,
        targets.gateway(folder, upstream.port, arguments.command, wrap) as gateway,
    ):
        put(load, gateway, folder, arguments.key)
    pstats.Stats(str(profiled)).strip_dirs().sort_stats("tottime").print_stats(40)


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks", description="The gateway's cost beside nginx as a plain proxy.")
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured; the median counts")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument("--command", default=targets.GATEWAY, help="what to measure; {port} is its port")
    parser.add_argument("--key", default="", help="client key, where the gateway wants one")
    parser.add_argument("--profile", choices=list(PROFILED), help="profile one scenario instead")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gigamost-bench-") as name:
        try:
            if arguments.profile:
                profile(Path(name), arguments)
            elif arguments.json:
                print(json.dumps(report.as_json(measure(Path(name), arguments)), indent=2))
            else:
                report.show(measure(Path(name), arguments))
        except BenchError as error:
            sys.exit(str(error))


if __name__ == "__main__":
    main()
