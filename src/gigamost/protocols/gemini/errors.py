"""Errors in Google's form: `{"error": {"code", "message", "status", "details"}}` (AIP-193, google.rpc.Status)."""

from typing import Any

import msgspec

from gigamost.core.errors import Kind, Problem

# kind -> google.rpc.Code. 402 is no RESOURCE_EXHAUSTED: clients would repeat a request that cannot succeed.
STATUSES: dict[Kind, str] = {
    Kind.INVALID_REQUEST: "INVALID_ARGUMENT",
    Kind.CONTEXT_OVERFLOW: "INVALID_ARGUMENT",
    Kind.UNAUTHENTICATED: "UNAUTHENTICATED",
    Kind.QUOTA_EXHAUSTED: "FAILED_PRECONDITION",
    Kind.FORBIDDEN: "PERMISSION_DENIED",
    Kind.NOT_FOUND: "NOT_FOUND",
    Kind.MODEL_NOT_FOUND: "NOT_FOUND",
    Kind.METHOD_NOT_ALLOWED: "UNIMPLEMENTED",
    Kind.TOO_LARGE: "INVALID_ARGUMENT",
    Kind.RATE_LIMITED: "RESOURCE_EXHAUSTED",
    Kind.INTERNAL: "INTERNAL",
    Kind.UNSUPPORTED: "UNIMPLEMENTED",
    Kind.UPSTREAM_FAILED: "UNAVAILABLE",
    Kind.UNAVAILABLE: "UNAVAILABLE",
    Kind.UPSTREAM_TIMEOUT: "DEADLINE_EXCEEDED",
}
_TYPE = "type.googleapis.com/google.rpc."


def encode_error(problem: Problem, request_id: str) -> bytes:
    body = body_of(problem)
    body["error"]["details"].append({"@type": f"{_TYPE}RequestInfo", "requestId": request_id})
    return msgspec.json.encode(body)


def body_of(problem: Problem) -> dict[str, Any]:
    details: list[dict[str, Any]] = []
    if problem.code:
        reason = problem.code.upper().replace("-", "_")
        details.append({"@type": f"{_TYPE}ErrorInfo", "reason": reason, "domain": "gigamost"})
    if problem.param:
        violation = {"field": problem.param, "description": problem.message}
        details.append({"@type": f"{_TYPE}BadRequest", "fieldViolations": [violation]})
    if problem.retry_after is not None:
        seconds = max(1, round(problem.retry_after))
        details.append({"@type": f"{_TYPE}RetryInfo", "retryDelay": f"{seconds}s"})
    said = {
        "code": problem.status,
        "message": problem.message,
        "status": STATUSES[problem.kind],
        "details": details,
    }
    return {"error": said}


def error_headers(problem: Problem) -> tuple[tuple[str, str], ...]:
    """An upload whose file was refused is over: without this header the SDK sends the same file again, four times."""
    return (("x-goog-upload-status", "final"),) if problem.param == "file" and problem.status < 500 else ()
