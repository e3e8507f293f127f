"""A whole answer as a response object, with every key that the Open Responses schema has (openresponses.org)."""

from typing import Any, Final, Literal

import msgspec

from gigamost.core.codec import Stamp
from gigamost.core.errors import Problem
from gigamost.core.events import FinishReason
from gigamost.core.fold import Reply
from gigamost.core.usage import Usage
from gigamost.protocols.openai_responses.errors import error_of
from gigamost.protocols.openai_responses.output import Form, Items, Status

JsonObject = dict[str, Any]
Outcome = Literal["queued", "in_progress", "completed", "incomplete", "failed"]

# Why an answer is incomplete; one that is complete has no reason here.
INCOMPLETE: Final[dict[FinishReason, str]] = {"length": "max_output_tokens", "content_filter": "content_filter"}


def response_id(stamp: Stamp) -> str:
    return f"resp_{stamp.id}"


def outcome_of(finish: FinishReason) -> Literal["completed", "incomplete"]:
    return "incomplete" if finish in INCOMPLETE else "completed"


class Responses:
    """The response objects of one answer: `ended` are unix seconds."""

    def __init__(self, stamp: Stamp, form: Form) -> None:
        self._stamp = stamp
        self._echo = form.echo

    def queued(self) -> bytes:
        return self._object("queued", [], None, None)

    def begun(self) -> bytes:
        return self._object("in_progress", [], None, None)

    def whole(self, finish: FinishReason, output: list[JsonObject], usage: Usage, ended: int) -> bytes:
        return self._object(outcome_of(finish), output, usage, ended, reason=INCOMPLETE.get(finish))

    def failed(self, problem: Problem, output: list[JsonObject]) -> bytes:
        return self._object("failed", output, None, None, error=error_of(problem))

    def _object(
        self,
        status: Outcome,
        output: list[JsonObject],
        usage: Usage | None,
        ended: int | None,
        *,
        reason: str | None = None,
        error: JsonObject | None = None,
    ) -> bytes:
        head = {
            "id": response_id(self._stamp),
            "object": "response",
            "created_at": self._stamp.created,
            "completed_at": ended if status == "completed" else None,
            "status": status,
            "error": error,
            "incomplete_details": {"reason": reason} if reason else None,
            "model": self._stamp.model,
            "output": output,
            "usage": usage_of(usage) if usage is not None else None,
        }
        return msgspec.json.encode(head)[:-1] + b"," + self._echo + b"}"


def output_of(reply: Reply, stamp: Stamp, form: Form) -> list[JsonObject]:
    last: Status = outcome_of(reply.finish)
    return Items(stamp, form).all(reply.parts, last)


def encode(reply: Reply, stamp: Stamp, form: Form, ended: int) -> bytes:
    return Responses(stamp, form).whole(reply.finish, output_of(reply, stamp, form), reply.usage, ended)


def usage_of(usage: Usage) -> JsonObject:
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens, "cache_write_tokens": 0},
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.total_tokens,
    }
