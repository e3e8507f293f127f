"""The commands. Each is a module of its own that is imported when it runs, so that all of them start fast."""

import sys
from collections.abc import Callable

from gigamost.cli.terminal import CommandError, note

_MOST_LINES = 8  # of problems of the configuration: who starts `prod` in a container reads them in a log


def main() -> None:
    """The entry point. An expected failure is a few lines on standard error and exit code 1; wrong usage is 2."""
    from gigamost.cli.commands import app

    sys.exit(exit_code(lambda: app(prog_name="gigamost")))


def exit_code(run: Callable[[], object]) -> int:
    """What a process ends with that does this; an expected failure is told."""
    from gigamost.config import ConfigError
    from gigamost.core.errors import GatewayError

    try:
        run()
    except ConfigError as error:
        lines = _shortened(error.problems)
    except CommandError as error:
        lines = error.lines
    except GatewayError as error:
        lines = (error.problem.message, *([error.problem.detail] if error.problem.detail else []))
    except KeyboardInterrupt:
        return 130
    else:
        return 0
    for line in lines:
        note(line)
    return 1


def _shortened(problems: tuple[str, ...]) -> tuple[str, ...]:
    if len(problems) <= _MOST_LINES:
        return problems
    rest = len(problems) - _MOST_LINES + 1
    return (*problems[: _MOST_LINES - 1], f"... and {rest} more: `gigamost config check` lists all")
