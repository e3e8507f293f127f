"""What GigaChat's error answers mean (gigachat-api.md section 7), and the same table the other way for the emulator.

Bodies are `{"status","message"}` in both versions; the front also answers `{"message"}` and HTML pages, so anything is
read. Beside them stands what is wrong with an answer that came as a success.
"""

from collections.abc import Mapping

import msgspec

from gigamost.core.errors import Kind, Problem, kind_of

# Words that tell a prompt that is too long from a body that is too large or a wrong parameter.
_OVERFLOW = ("tokens limit exceeded", "context")

CUT = Problem(Kind.UPSTREAM_FAILED, "GigaChat's answer broke off before its end.", code="upstream_cut")
BROKEN_CALL = Problem(
    Kind.UPSTREAM_FAILED,
    "GigaChat produced a function call with arguments that it could not read itself.",
    code="function_call_error",
)


class ErrorBody(msgspec.Struct):
    status: int | None = None
    message: str | None = None
    code: int | None = None  # OAuth's errors have this instead of status


def decode_error(status: int, headers: Mapping[str, str], body: bytes) -> Problem:
    """An answer with an error status. `code` is `upstream_<status>`; a page of HTML is never shown to a client."""
    try:
        said = msgspec.json.decode(body, type=ErrorBody).message or ""
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = ""
    problem = problem_of(status, said, _seconds(headers.get("retry-after")))
    return problem if said else msgspec.structs.replace(problem, detail=repr(body[:300]))


def problem_of(status: int, said: str, retry_after: float | None = None) -> Problem:
    """The meaning of a status and GigaChat's own message ("" when it sent none that is readable)."""
    kind = kind_of(status)
    if status in (413, 422) and any(words in said.lower() for words in _OVERFLOW):
        kind = Kind.CONTEXT_OVERFLOW
    message = f"GigaChat: {said}" if said else f"GigaChat answered with status {status} and no readable message."
    return Problem(kind, message, code=f"upstream_{status}", retry_after=retry_after)


def unreadable(why: object, data: bytes) -> Problem:
    """A 200 whose bytes are no answer of GigaChat."""
    return Problem(
        Kind.UPSTREAM_FAILED,
        "GigaChat sent an answer that cannot be read.",
        code="upstream_unreadable",
        detail=f"{why}: {data[:300]!r}",
    )


def _seconds(header: str | None) -> float | None:
    """`Retry-After` in seconds; -1 for a value that is there but cannot be used (a date, a negative, junk).

    No recording shows the header. A date is not trusted: clocks differ, and the contract gives unreadable values to
    other targets at once.
    """
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        return -1.0
    return seconds if 0 <= seconds < 1e9 else -1.0


def encode_error(status: int, message: str) -> bytes:
    """The body of an error as the API sends it: compact, with one line feed at the end. [recorded length]"""
    return msgspec.json.encode({"status": status, "message": message}) + b"\n"
