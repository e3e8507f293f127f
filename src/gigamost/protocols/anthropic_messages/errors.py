"""Errors in Anthropic's form: `{"type": "error", "error": {"type", "message"}, "request_id"}` ("Errors" of the API
reference).

The form has no field for a place or a code, so the message says both.
"""

import re

import msgspec

from gigamost.core.errors import Kind, Problem
from gigamost.core.request import JsonObject

TYPES: dict[Kind, str] = {
    Kind.INVALID_REQUEST: "invalid_request_error",
    Kind.CONTEXT_OVERFLOW: "invalid_request_error",
    Kind.UNAUTHENTICATED: "authentication_error",
    Kind.QUOTA_EXHAUSTED: "billing_error",
    Kind.FORBIDDEN: "permission_error",
    Kind.NOT_FOUND: "not_found_error",
    Kind.MODEL_NOT_FOUND: "not_found_error",
    Kind.METHOD_NOT_ALLOWED: "invalid_request_error",
    Kind.TOO_LARGE: "request_too_large",
    Kind.RATE_LIMITED: "rate_limit_error",
    Kind.INTERNAL: "api_error",
    Kind.UNSUPPORTED: "invalid_request_error",
    Kind.UPSTREAM_FAILED: "api_error",
    Kind.UNAVAILABLE: "overloaded_error",
    Kind.UPSTREAM_TIMEOUT: "timeout_error",
}
# Fields that cannot be honoured, and the code by which the official client learns to go on without them.
_DETAILS = {"thread": "thread_unsupported_request"}
_COUNT = re.compile(r"\b\d{3,12}\b")


def encode_error(problem: Problem, request_id: str) -> bytes:
    return msgspec.json.encode({**body_of(problem), "request_id": request_id})


def error_headers(problem: Problem) -> tuple[tuple[str, str], ...]:
    """The official clients repeat every 5xx unless this header forbids it."""
    return (("x-should-retry", "false"),) if problem.kind is Kind.UNSUPPORTED else ()


def body_of(problem: Problem) -> JsonObject:
    error: JsonObject = {"type": TYPES[problem.kind], "message": _message(problem)}
    if problem.param in _DETAILS and problem.code == "unsupported_parameter":
        error["details"] = {"error_code": _DETAILS[problem.param]}
    return {"type": "error", "error": error}


def _message(problem: Problem) -> str:
    said = problem.message
    if problem.kind is Kind.CONTEXT_OVERFLOW:
        return _overflow(said)
    return said if problem.param is None or problem.param in said else f"{problem.param}: {said}"


def _overflow(said: str) -> str:
    """By these words, and by the numbers where the upstream told them, agents know that they have to compact."""
    counts = sorted({int(count) for count in _COUNT.findall(said)})
    if len(counts) == 2:
        limit, tokens = counts
        return f"prompt is too long: {tokens} tokens > {limit} maximum"
    return f"prompt is too long: {said}"
