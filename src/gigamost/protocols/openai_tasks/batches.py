"""`/v1/batches` of OpenAI (API reference, "Batch") and the lines of their files (guide "Batch API"), server role."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gigamost.core.batches import NewBatch
from gigamost.core.body import BodyReader, Rule, misfit
from gigamost.core.errors import GatewayError, Problem, invalid
from gigamost.core.errors import Kind as Error
from gigamost.core.face import (
    Incoming,
)
from gigamost.core.jobs import Job, JobPage, JobWindow, NewItem, Result, Share

JsonObject = dict[str, Any]

ENDPOINTS: Final = (
    "/v1/chat/completions",
    "/v1/responses",
    "/v1/embeddings",
    "/v1/completions",
    "/v1/moderations",
    "/v1/images/generations",
)
FILE_PREFIX: Final = "file-batch-"
ID_PREFIX: Final = "batch_"
MOST_ITEMS: Final = 50_000  # as OpenAI documents
MAX_LIMIT: Final = 100  # batches of one page, as OpenAI documents
_LIFETIME: Final = 86_400
EMPTY: Final = Problem(Error.INVALID_REQUEST, "The input file has no requests in it.", code="empty_file")
_Metadata = Annotated[
    dict[Annotated[str, Meta(max_length=64)], Annotated[str, Meta(max_length=512)]], Meta(max_length=16)
]


class _Expiry(msgspec.Struct, frozen=True):
    anchor: Literal["created_at"] = "created_at"
    seconds: Annotated[int, Meta(ge=3600, le=2_592_000)] = 2_592_000


class Create(msgspec.Struct, frozen=True):
    """The request body."""

    completion_window: str = ""
    endpoint: str = ""
    input_file_id: str = ""
    metadata: _Metadata | UnsetType = UNSET
    output_expires_after: _Expiry | UnsetType = UNSET


RULES: Mapping[str, Rule] = {
    "completion_window": Rule("exact", "24h: what has not begun by then has expired"),
    "endpoint": Rule("exact", f"one of {', '.join(ENDPOINTS)}"),
    "input_file_id": Rule("exact", "a file that was uploaded with the purpose batch"),
    "metadata": Rule("exact", "shown again"),
    "output_expires_after": Rule("ignored", "results are kept for 30 days, or until they are deleted"),
}
_read = BodyReader(Create, RULES).read


class _Line(msgspec.Struct):
    custom_id: str = ""
    method: str = ""
    url: str = ""
    body: msgspec.Raw = msgspec.Raw(b"")


_line = msgspec.json.Decoder(_Line).decode
_objects = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def decode(incoming: Incoming) -> NewBatch:
    """Raises GatewayError (400)."""
    body, ignored = _read(incoming.body)
    if body.completion_window != "24h":
        raise invalid("completion_window must be 24h.", "completion_window", "invalid_value")
    if body.endpoint not in ENDPOINTS:
        raise invalid(f"endpoint must be one of {', '.join(ENDPOINTS)}.", "endpoint", "invalid_value")
    if not body.input_file_id:
        raise invalid("input_file_id is missing: upload a file with the purpose `batch`.", "input_file_id")
    about = {"metadata": body.metadata or None}
    return NewBatch(
        body.endpoint, msgspec.json.encode(about), _LIFETIME, input_file=body.input_file_id, ignored=tuple(ignored)
    )


def read_line(line: bytes, endpoint: str) -> NewItem:
    """One line of an input file. Raises GatewayError (400) with OpenAI's word for what is wrong."""
    try:
        given = _line(line.removeprefix(b"\xef\xbb\xbf"))
    except msgspec.ValidationError as error:
        raise misfit(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise invalid("This line is not parseable as valid JSON.", code="invalid_json_line") from None
    if not given.custom_id:
        raise invalid("custom_id is missing.", "custom_id", "missing_required_parameter")
    if given.method != "POST":
        raise invalid("method must be POST.", "method", "invalid_method")
    if given.url != endpoint:
        message = f"url is {given.url[:80]!r}, but the endpoint of the batch is {endpoint}."
        raise invalid(message, "url", "mismatched_endpoint")
    try:
        _objects(given.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise invalid("body must be a JSON object.", "body", "missing_required_parameter") from None
    return NewItem(given.custom_id, bytes(given.body))


def repeated(name: str) -> GatewayError:
    return invalid(f"custom_id {name[:80]!r} stands in an earlier line as well.", "custom_id", "duplicate_custom_id")


def too_many() -> GatewayError:
    return invalid(
        f"The file has more than {MOST_ITEMS} requests: send several batches.", code="request_limit_exceeded"
    )


def encode_errors(errors: Sequence[tuple[int | None, Problem]]) -> bytes:
    told = [
        {"code": problem.code, "line": line, "message": problem.message, "param": problem.param}
        for line, problem in errors
    ]
    return msgspec.json.encode({"object": "list", "data": told})


def encode_line(job: str, result: Result) -> bytes:
    """One line of a file of results."""
    said: JsonObject = {
        "id": f"batch_req_{job.removeprefix(ID_PREFIX)}{result.position}",
        "custom_id": result.name,
        "response": None,
        "error": None,
    }
    if result.state == "expired":
        message = "This request could not be executed before the completion window expired."
        said["error"] = {"code": "batch_expired", "message": message}
    elif result.state == "cancelled":
        message = "This request was not executed: the batch was cancelled before."
        said["error"] = {"code": "batch_cancelled", "message": message}
    else:
        body = msgspec.Raw(result.body)
        said["response"] = {"status_code": result.status, "request_id": result.request_id, "body": body}
    return msgspec.json.encode(said) + b"\n"


def file_id(job: Job, share: Share) -> str | None:
    """None when there is nothing to show in it."""
    tally = job.tally
    shown = tally.succeeded if share == "output" else tally.failed + tally.expired + tally.cancelled
    return f"{FILE_PREFIX}{job.id.removeprefix(ID_PREFIX)}-{share}" if shown else None


def encode(job: Job, results: Sequence[Result], incoming: Incoming) -> bytes:
    return msgspec.json.encode(_told(job))


def encode_created(job: Job, incoming: Incoming) -> bytes:
    return msgspec.json.encode(_told(job))


def encode_cancelled(job: Job, incoming: Incoming) -> bytes:
    """Raises GatewayError (400) for one that has ended."""
    if job.state == "ended":
        raise invalid(f"Cannot cancel a batch with status '{_status(job)}'.")
    return msgspec.json.encode(_told(job))


def decode_window(incoming: Incoming) -> JobWindow:
    limit = incoming.query.get("limit", "20")
    if not (limit.isascii() and limit.isdigit() and len(limit) <= 3 and 1 <= int(limit) <= MAX_LIMIT):
        raise invalid(f"limit must be a whole number from 1 to {MAX_LIMIT}.", "limit", "invalid_value")
    return JobWindow(int(limit), incoming.query.get("after", ""))


def encode_list(page: JobPage, incoming: Incoming) -> bytes:
    return msgspec.json.encode(
        {
            "object": "list",
            "data": [_told(job) for job in page.jobs],
            "first_id": page.jobs[0].id if page.jobs else None,
            "last_id": page.jobs[-1].id if page.jobs else None,
            "has_more": page.has_more,
        }
    )


def _status(job: Job) -> str:
    if job.state == "ended":
        return job.outcome or "completed"
    return "cancelling" if job.cancelling is not None else {"running": "in_progress"}.get(job.state, job.state)


def _told(job: Job) -> JsonObject:
    tally, ended = job.tally, job.state == "ended"
    about: JsonObject = msgspec.json.decode(job.plan.about)

    def at(outcome: str) -> int | None:
        return job.ended if ended and job.outcome == outcome else None

    return {
        "id": job.id,
        "object": "batch",
        "endpoint": job.plan.path,
        "model": None,
        "errors": msgspec.Raw(job.errors) if job.errors else None,
        "input_file_id": job.plan.input_file,
        "completion_window": "24h",
        "status": _status(job),
        "output_file_id": file_id(job, "output") if ended else None,
        "error_file_id": file_id(job, "errors") if ended else None,
        "created_at": job.created,
        "in_progress_at": job.started,
        "expires_at": job.expires,
        "finalizing_at": job.ended if job.outcome in ("completed", "expired") else None,
        "completed_at": at("completed"),
        "failed_at": at("failed"),
        "expired_at": at("expired"),
        "cancelling_at": job.cancelling,
        "cancelled_at": at("cancelled"),
        "request_counts": {"total": tally.total, "completed": tally.succeeded, "failed": tally.failed},
        "usage": {
            "input_tokens": tally.usage.input_tokens,
            "input_tokens_details": {"cached_tokens": tally.usage.cached_tokens},
            "output_tokens": tally.usage.output_tokens,
            "output_tokens_details": {"reasoning_tokens": tally.usage.reasoning_tokens},
            "total_tokens": tally.usage.total_tokens,
        },
        **about,
    }
