"""HTTP as values: a request that was read whole, an answer as the steps of sending it.

    Answer = wait, head, step*        step = Write | Pause | Hangup

Endpoints are synchronous functions from one to the other; only `delivery` does I/O.
"""

import math

import msgspec

JSON = "application/json; charset=utf-8"
EVENT_STREAM = "text/event-stream"
FOREVER = math.inf


class HttpRequest(msgspec.Struct, frozen=True):
    """Header names are lower-case. `path` has no query; a query name that comes twice has its values with a comma."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""


class Write(msgspec.Struct, frozen=True, tag=True):
    """Bytes of the body."""

    data: bytes


class Pause(msgspec.Struct, frozen=True, tag=True):
    """Silence for some seconds; `FOREVER` ends when the client leaves."""

    seconds: float


class Hangup(msgspec.Struct, frozen=True, tag=True):
    """The connection ends here: by a reset, or by an end of file in the middle of the body."""

    reset: bool


Step = Write | Pause | Hangup


class Answer(msgspec.Struct, frozen=True):
    """`wait` is seconds of silence before the head. `sized`: with Content-Length, else chunked."""

    status: int
    steps: tuple[Step, ...]
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    sized: bool = True
    wait: float = 0.0

    @property
    def body(self) -> bytes:
        return b"".join(step.data for step in self.steps if isinstance(step, Write))


def bytes_answer(data: bytes, content_type: str, status: int = 200) -> Answer:
    return Answer(status, (Write(data),), content_type)


def json_answer(document: object, status: int = 200, *, sized: bool = True) -> Answer:
    """Compact JSON, raw UTF-8, no line end: how recorded success bodies are."""
    return Answer(status, (Write(msgspec.json.encode(document)),), sized=sized)


def error_answer(status: int, message: str, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """`{"status":...,"message":...}` and a line end: recorded error bodies are one byte longer than their JSON."""
    body = msgspec.json.encode({"status": status, "message": message}) + b"\n"
    return Answer(status, (Write(body),), headers=headers)


def page_answer(status: int, title: str) -> Answer:
    """The HTML page of the proxy in front of the API."""
    head = f"<html>\r\n<head><title>{status} {title}</title></head>\r\n<body>\r\n"
    page = f"{head}<center><h1>{status} {title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    return bytes_answer(page.encode(), "text/html", status)
