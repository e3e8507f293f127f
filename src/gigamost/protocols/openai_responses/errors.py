"""A failure inside a response (`response.error`); outside of one errors have the form that all of OpenAI's face has."""

from typing import Any

from gigamost.core.errors import Kind, Problem

# The vendor's words for `response.error.code`, and two more that clients act upon: they compact, or say who must pay.
CODES: dict[Kind, str] = {
    Kind.INVALID_REQUEST: "invalid_prompt",
    Kind.CONTEXT_OVERFLOW: "context_length_exceeded",
    Kind.QUOTA_EXHAUSTED: "insufficient_quota",
    Kind.RATE_LIMITED: "rate_limit_exceeded",
}


def error_of(problem: Problem) -> dict[str, Any]:
    return {"code": CODES.get(problem.kind, "server_error"), "message": problem.message}
