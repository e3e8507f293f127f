"""The commands. Each is a module of its own that is imported when it runs, so that all of them start fast."""

import sys

from gigamost.cli.terminal import CommandError, note

_MOST_LINES = 8  # of problems of the configuration: who starts `prod` in a container reads them in a log


def main() -> None:
    """The entry point. An expected failure is a few lines on standard error and exit code 1; wrong usage is 2."""
    from gigamost.cli.commands import app
    from gigamost.config import ConfigError
    from gigamost.core.errors import GatewayError

    try:
        app(prog_name="gigamost")
    except ConfigError as error:
        _fail(*_shortened(error.problems))
    except CommandError as error:
        _fail(*error.lines)
    except GatewayError as error:
        _fail(error.problem.message, *([error.problem.detail] if error.problem.detail else []))
    except KeyboardInterrupt:
        sys.exit(130)


def _shortened(problems: tuple[str, ...]) -> tuple[str, ...]:
    if len(problems) <= _MOST_LINES:
        return problems
    rest = len(problems) - _MOST_LINES + 1
    return (*problems[: _MOST_LINES - 1], f"... and {rest} more: `gigamost config check` lists all")


def _fail(*lines: str) -> None:
    for line in lines:
        note(line)
    sys.exit(1)
