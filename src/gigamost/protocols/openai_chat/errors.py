"""Errors in OpenAI's form: `{"error": {"message", "type", "param", "code"}}` (API reference, "Error codes")."""

from collections.abc import Mapping
from typing import Any

import msgspec

from gigamost.core.errors import Kind, Problem, kind_of
from gigamost.protocols.openai_chat import wire

# kind -> (type, code); a Problem's own code wins where the row says None.
TYPES: dict[Kind, tuple[str, str | None]] = {
    Kind.INVALID_REQUEST: ("invalid_request_error", None),
    Kind.CONTEXT_OVERFLOW: ("invalid_request_error", "context_length_exceeded"),
    Kind.UNAUTHENTICATED: ("authentication_error", "invalid_api_key"),
    Kind.QUOTA_EXHAUSTED: ("insufficient_quota", "insufficient_quota"),
    Kind.FORBIDDEN: ("permission_error", "permission_denied"),
    Kind.NOT_FOUND: ("invalid_request_error", "not_found"),
    Kind.MODEL_NOT_FOUND: ("invalid_request_error", "model_not_found"),
    Kind.METHOD_NOT_ALLOWED: ("invalid_request_error", "method_not_allowed"),
    Kind.TOO_LARGE: ("invalid_request_error", "request_too_large"),
    Kind.RATE_LIMITED: ("rate_limit_error", "rate_limit_exceeded"),
    Kind.INTERNAL: ("server_error", "internal_error"),
    Kind.UNSUPPORTED: ("invalid_request_error", "unsupported"),
    Kind.UPSTREAM_FAILED: ("server_error", None),
    Kind.UNAVAILABLE: ("server_error", "unavailable"),
    Kind.UPSTREAM_TIMEOUT: ("server_error", "upstream_timeout"),
}


def encode_error(problem: Problem, request_id: str) -> bytes:
    return msgspec.json.encode(body_of(problem))


def body_of(problem: Problem) -> dict[str, Any]:
    kind, code = TYPES[problem.kind]
    said = {"message": problem.message, "type": kind, "param": problem.param, "code": code or problem.code}
    return {"error": said}


# How vLLM, DeepSeek and OpenRouter say it, without OpenAI's code.
_OVERFLOW = "maximum context length"


class _Envelope(msgspec.Struct):
    error: wire.ErrorBody | str | None = None


def decode_error(status: int, headers: Mapping[str, str], body: bytes) -> Problem:
    """An error answer of an OpenAI-compatible upstream; a page of HTML is never shown to a client."""
    try:
        said = msgspec.json.decode(body, type=_Envelope).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = None
    error = wire.ErrorBody(said) if isinstance(said, str) else said or wire.ErrorBody()
    problem = problem_of(status, error)
    after = headers.get("retry-after")
    if after is not None:
        problem = msgspec.structs.replace(problem, retry_after=float(after) if after.isdecimal() else -1.0)
    return problem if error.message else msgspec.structs.replace(problem, detail=repr(body[:300]))


def problem_of(status: int, error: wire.ErrorBody) -> Problem:
    """The meaning of an error body; inside a 200 stream the status is our own guess."""
    kind = kind_of(status)
    if error.code == "context_length_exceeded" or (
        status in (400, 413, 422) and _OVERFLOW in (error.message or "").lower()
    ):
        kind = Kind.CONTEXT_OVERFLOW
    elif error.code in ("rate_limit_exceeded", 429):
        kind = Kind.RATE_LIMITED
    message = error.message or f"The upstream answered with status {status} and no readable message."
    return Problem(kind, message, code=f"upstream_{status}")
