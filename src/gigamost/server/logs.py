"""Log lines on standard error: for people (console) or one JSON object each.

What may be logged is decided where it is logged: never a query string, a header or a body. Control characters are made
visible here, so that what a client sends (a path with `%0A` in it) cannot become a line of its own.
"""

import asyncio
import contextlib
import logging
import sys
from time import gmtime, strftime, time
from typing import Final, Literal

import msgspec

Form = Literal["console", "json"]

_DELAY: Final = 0.1  # seconds that access lines may wait to be written together
_MOST_LINES: Final = 500  # that wait
_ESCAPES: Final = {at: f"\\x{at:02x}" for at in (*range(32), *range(127, 160), 0x2028, 0x2029)}
_TRACEBACKS: Final = logging.Formatter()


class Line(msgspec.Struct, omit_defaults=True):
    """A line in JSON. The last four are there when they are known; `duration_ms` is of the whole request."""

    timestamp: str
    level: str
    logger: str
    message: str
    request_id: str = ""
    duration_ms: float = -1
    bytes: int = -1
    exception: str = ""


class AccessLog:
    """A line per request, past the loggers: theirs costs 15 us, this one 3."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._clock = _Clock(form)
        self._encoder = msgspec.json.Encoder()
        self._lines: list[str] = []

    def add(self, message: str, request_id: str, duration_ms: float, size: int) -> None:
        """Inside an event loop. `size` is bytes of the answer's body."""
        timestamp = self._clock(time())
        if self._form == "json":
            line = Line(timestamp, "info", "gigamost.access", message, request_id, duration_ms, size)
            self._lines.append(self._encoder.encode(line).decode())
        else:
            message = message if message.isprintable() else message.translate(_ESCAPES)
            self._lines.append(
                f"{timestamp} info    access   {message} request_id={request_id} duration_ms={duration_ms} bytes={size}"
            )
        if len(self._lines) == 1:
            asyncio.get_running_loop().call_later(_DELAY, self.flush)
        elif len(self._lines) >= _MOST_LINES:
            self.flush()

    def flush(self) -> None:
        lines, self._lines = self._lines, []
        if lines:
            with contextlib.suppress(OSError, ValueError):  # nobody reads any more: no reason not to serve
                sys.stderr.write("\n".join(lines) + "\n")
                sys.stderr.flush()


class Lines(logging.Handler):
    """What the loggers say, in order with the access log."""

    def __init__(self, form: Form, access: AccessLog) -> None:
        super().__init__()
        self._form = form
        self._access = access
        self._clock = _Clock(form)

    def emit(self, record: logging.LogRecord) -> None:
        self.flush()
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()

    def flush(self) -> None:
        """At the end of the process, too."""
        self._access.flush()

    def format(self, record: logging.LogRecord) -> str:
        timestamp, level, message = self._clock(record.created), record.levelname.lower(), record.getMessage()
        trace = _TRACEBACKS.formatException(record.exc_info) if record.exc_info else ""
        if self._form == "json":
            return msgspec.json.encode(Line(timestamp, level, record.name, message, exception=trace)).decode()
        name = record.name.removeprefix("gigamost.")
        return f"{timestamp} {level:<7} {name:<8} {message.translate(_ESCAPES)}" + (f"\n{trace}" if trace else "")


_access: AccessLog | None = None


def configure(level: str, form: Form) -> None:
    """`level` is for our own loggers; libraries are heard from warnings on. May be called again."""
    global _access  # noqa: PLW0603 - a process has one standard error, as it has one root logger
    access = AccessLog(form)
    root = logging.getLogger()
    for handler in tuple(root.handlers):
        if isinstance(handler, Lines):
            root.removeHandler(handler)
            handler.close()
    root.addHandler(Lines(form, access))
    root.setLevel(logging.WARNING)
    logging.getLogger("gigamost").setLevel(level.upper())
    _access = access if logging.getLogger("gigamost.access").isEnabledFor(logging.INFO) else None


def access(method: str, path: str, status: int, request_id: str, seconds: float, size: int) -> None:
    """Logs a request that has ended, if that is wanted. `path` is without its query string."""
    if _access is not None:
        _access.add(f"{method} {path} {status}", request_id, round(seconds * 1000, 1), size)


class _Clock:
    """UTC to the millisecond; what is longer than that is made anew once a second."""

    def __init__(self, form: Form) -> None:
        self._pattern = "%Y-%m-%dT%H:%M:%S" if form == "json" else "%H:%M:%S"
        self._second = -1
        self._text = ""

    def __call__(self, at: float) -> str:
        second = int(at)
        if second != self._second:
            self._second, self._text = second, strftime(self._pattern, gmtime(second))
        return f"{self._text}.{int((at - second) * 1000):03d}Z"
