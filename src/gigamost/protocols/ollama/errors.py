"""Errors in Ollama's form: `{"error": "..."}`, as a body and as a line of a stream."""

import msgspec

from gigamost.core.errors import Problem


def encode_error(problem: Problem, request_id: str) -> bytes:
    return msgspec.json.encode(body_of(problem))


def body_of(problem: Problem) -> dict[str, str]:
    return {"error": problem.message}
