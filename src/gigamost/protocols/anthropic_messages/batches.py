"""`/v1/messages/batches` of Anthropic (API reference, "Message Batches"), server role."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from gigamost.core.batches import (
    CancelBatch,
    CreateBatch,
    DeleteBatch,
    GetBatch,
    ListBatches,
    NewBatch,
    ReadResults,
)
from gigamost.core.body import BodyReader, Rule
from gigamost.core.errors import invalid
from gigamost.core.face import (
    Incoming,
    Service,
)
from gigamost.core.instant import SECOND, rfc3339
from gigamost.core.jobs import Job, JobPage, JobWindow, NewItem, Result
from gigamost.core.request import JsonObject

PATH: Final = "/v1/messages"  # the endpoint of every request in a batch
MOST_ITEMS: Final = 100_000  # as Anthropic documents
MAX_LIMIT: Final = 1000  # batches of one page, as Anthropic documents
_LIFETIME: Final = 86_400
_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Request(msgspec.Struct, frozen=True):
    custom_id: str = ""
    params: msgspec.Raw = msgspec.Raw(b"")


class Create(msgspec.Struct, frozen=True):
    """The request body."""

    requests: list[Request] = []


RULES: Mapping[str, Rule] = {
    "requests": Rule("exact", "each is a message of its own; streaming is refused in its result"),
}
_read = BodyReader(Create, RULES).read


def decode(incoming: Incoming) -> NewBatch:
    """Raises GatewayError (400)."""
    body, ignored = _read(incoming.body)
    if not body.requests:
        raise invalid("requests is missing or empty: send at least one.", "requests")
    if len(body.requests) > MOST_ITEMS:
        raise invalid(f"requests: at most {MOST_ITEMS} in one batch.", "requests")
    names: set[str] = set()
    for at, request in enumerate(body.requests):
        if not _NAME.fullmatch(request.custom_id):
            message = f"requests.{at}.custom_id must have 1 to 64 letters, digits, `_` or `-`."
            raise invalid(message, f"requests.{at}.custom_id")
        if request.custom_id in names:
            raise invalid(f"requests.{at}.custom_id: {request.custom_id!r} is not unique.", f"requests.{at}.custom_id")
        names.add(request.custom_id)
        _demand_object(request.params, f"requests.{at}.params")
    items = tuple(NewItem(request.custom_id, bytes(request.params)) for request in body.requests)
    return NewBatch(PATH, b"{}", _LIFETIME, items, ignored=tuple(ignored))


def _demand_object(params: msgspec.Raw, place: str) -> None:
    try:
        _FIELDS.decode(params)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise invalid(f"{place} must be the body of a message: a JSON object.", place) from None


def encode(job: Job, results: Sequence[Result], incoming: Incoming) -> bytes:
    return msgspec.json.encode(_told(job, incoming))


def encode_one(job: Job, incoming: Incoming) -> bytes:
    return msgspec.json.encode(_told(job, incoming))


def encode_deleted(batch: str) -> bytes:
    return msgspec.json.encode({"id": batch, "type": "message_batch_deleted"})


def decode_window(incoming: Incoming) -> JobWindow:
    limit = incoming.query.get("limit", "20")
    if not (limit.isascii() and limit.isdigit() and len(limit) <= 4 and 1 <= int(limit) <= MAX_LIMIT):
        raise invalid(f"limit must be a whole number from 1 to {MAX_LIMIT}.", "limit")
    return JobWindow(int(limit), incoming.query.get("after_id", ""), incoming.query.get("before_id", ""))


def encode_list(page: JobPage, incoming: Incoming) -> bytes:
    return msgspec.json.encode(
        {
            "data": [_told(job, incoming) for job in page.jobs],
            "first_id": page.jobs[0].id if page.jobs else None,
            "last_id": page.jobs[-1].id if page.jobs else None,
            "has_more": page.has_more,
        }
    )


def encode_line(result: Result) -> bytes:
    """One line of the results."""
    return msgspec.json.encode({"custom_id": result.name, "result": _result(result)}) + b"\n"


def _result(result: Result) -> JsonObject:
    match result.state:
        case "succeeded":
            return {"type": "succeeded", "message": msgspec.Raw(result.body)}
        case "failed":
            return {"type": "errored", "error": msgspec.Raw(result.body)}
        case "expired":
            return {"type": "expired"}
        case _:
            return {"type": "canceled"}


def _told(job: Job, incoming: Incoming) -> JsonObject:
    """The counts stay at their beginning until the batch has ended, as Anthropic documents."""
    tally, ended = job.tally, job.state == "ended"
    counts: dict[str, Any] = dict.fromkeys(("succeeded", "errored", "canceled", "expired"), 0)
    if ended:
        counts |= {
            "succeeded": tally.succeeded,
            "errored": tally.failed,
            "canceled": tally.cancelled,
            "expired": tally.expired,
        }
    status = "canceling" if job.cancelling is not None else "in_progress"
    return {
        "id": job.id,
        "type": "message_batch",
        "processing_status": "ended" if ended else status,
        "request_counts": {"processing": 0 if ended else tally.total, **counts},
        "created_at": _time(job.created),
        "expires_at": _time(job.expires),
        "ended_at": _time(job.ended),
        "cancel_initiated_at": _time(job.cancelling),
        "archived_at": None,
        "results_url": f"{incoming.origin}/v1/messages/batches/{job.id}/results" if ended else None,
    }


def _time(seconds: int | None) -> str | None:
    return rfc3339(seconds * SECOND, fraction=False) if seconds is not None else None


SERVICES: Final[tuple[tuple[str, str, Service], ...]] = (
    ("POST", "/messages/batches", CreateBatch("anthropic", "msgbatch_", decode, encode_one)),
    ("GET", "/messages/batches", ListBatches("anthropic", decode_window, encode_list)),
    ("GET", "/messages/batches/{batch}", GetBatch("anthropic", encode)),
    ("DELETE", "/messages/batches/{batch}", DeleteBatch("anthropic", encode_deleted)),
    ("POST", "/messages/batches/{batch}/cancel", CancelBatch("anthropic", encode_one)),
    ("GET", "/messages/batches/{batch}/results", ReadResults("anthropic", encode_line)),
)
