"""Errors in GigaChat's own forms: of the API, and of its OAuth (gigachat-api.md sections 2.3 and 7)."""

import msgspec

from gigamost.core.errors import Kind, Problem
from gigamost.protocols.gigachat import problems

UNKNOWN_CREDENTIALS = (6, "credentials doesn't match db data")  # [sic]
_OTHER = 4  # the code of an Authorization header that cannot be read; no other fits


def encode_error(problem: Problem, request_id: str) -> bytes:
    return problems.encode_error(problem.status, problem.message)


def encode_oauth_error(problem: Problem, request_id: str) -> bytes:
    if problem.kind is Kind.UNAUTHENTICATED:
        code, message = UNKNOWN_CREDENTIALS
        message = f"{message}: send a key of the gateway as the credentials, bare or as Base64 of anything:KEY"
    else:
        code, message = _OTHER, problem.message
    return msgspec.json.encode({"code": code, "message": message})
