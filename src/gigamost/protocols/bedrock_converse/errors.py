"""Errors in Bedrock's form: a JSON `message`, and the exception's name in `x-amzn-ErrorType` (API reference, "Common
errors" and the errors of Converse). The status is the gateway's own."""

from typing import Any

import msgspec

from gigamost.core.errors import Kind, Problem

# kind -> (exception of an HTTP answer, exception inside a stream)
NAMES: dict[Kind, tuple[str, str]] = {
    Kind.INVALID_REQUEST: ("ValidationException", "validationException"),
    Kind.CONTEXT_OVERFLOW: ("ValidationException", "validationException"),
    Kind.UNAUTHENTICATED: ("UnrecognizedClientException", "validationException"),
    Kind.QUOTA_EXHAUSTED: ("ServiceQuotaExceededException", "throttlingException"),
    Kind.FORBIDDEN: ("AccessDeniedException", "validationException"),
    Kind.NOT_FOUND: ("ResourceNotFoundException", "validationException"),
    Kind.MODEL_NOT_FOUND: ("ResourceNotFoundException", "validationException"),
    Kind.METHOD_NOT_ALLOWED: ("ValidationException", "validationException"),
    Kind.TOO_LARGE: ("ValidationException", "validationException"),
    Kind.RATE_LIMITED: ("ThrottlingException", "throttlingException"),
    Kind.INTERNAL: ("InternalServerException", "internalServerException"),
    Kind.UNSUPPORTED: ("ValidationException", "validationException"),
    Kind.UPSTREAM_FAILED: ("ModelErrorException", "modelStreamErrorException"),
    Kind.UNAVAILABLE: ("ServiceUnavailableException", "serviceUnavailableException"),
    Kind.UPSTREAM_TIMEOUT: ("ModelTimeoutException", "modelStreamErrorException"),
}
# Bedrock's own words, by which agents know that they have to compact.
TOO_LONG = "Input is too long for requested model."


def encode_error(problem: Problem, request_id: str) -> bytes:
    return msgspec.json.encode({"message": _message(problem)})


def error_headers(problem: Problem) -> tuple[tuple[str, str], ...]:
    return (("x-amzn-ErrorType", NAMES[problem.kind][0]),)


def stream_exception(problem: Problem) -> tuple[str, bytes]:
    """The name and the body of an exception inside a stream."""
    name = NAMES[problem.kind][1]
    said: dict[str, Any] = {"message": _message(problem)}
    if name == "modelStreamErrorException":
        said |= {"originalStatusCode": problem.status, "originalMessage": problem.message}
    return name, msgspec.json.encode(said)


def _message(problem: Problem) -> str:
    return f"{TOO_LONG} {problem.message}" if problem.kind is Kind.CONTEXT_OVERFLOW else problem.message
