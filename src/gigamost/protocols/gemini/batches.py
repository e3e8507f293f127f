"""`batches` of the Gemini API (ai.google.dev/api/batch-api) with requests inline: a batch is a long-running operation
whose metadata, and in the end whose response, is the batch."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from gigamost.core.batches import (
    CancelBatch,
    CreateBatch,
    DeleteBatch,
    GetBatch,
    ListBatches,
    NewBatch,
)
from gigamost.core.body import BodyReader, Rule
from gigamost.core.errors import GatewayError, invalid
from gigamost.core.face import (
    Endpoint,
    Incoming,
)
from gigamost.core.instant import SECOND, rfc3339
from gigamost.core.jobs import Job, JobPage, JobWindow, NewItem, Result
from gigamost.core.request import JsonObject
from gigamost.protocols.gemini.names import Spelling

MOST_ITEMS: Final = 50_000
_LIFETIME: Final = 2 * 86_400  # seconds, as Google documents
_PATH: Final = "/v1beta/models/{model:path}:generateContent"
_PAGE: Final = 50
_TYPE: Final = "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch"


class Request(msgspec.Struct, frozen=True, rename="camel"):
    request: JsonObject = {}
    metadata: JsonObject = {}


class Requests(msgspec.Struct, frozen=True):
    requests: list[Request] = []


class InputConfig(msgspec.Struct, frozen=True, rename="camel"):
    requests: Requests = Requests()
    file_name: str = ""


class Batch(msgspec.Struct, frozen=True, rename="camel"):
    display_name: str = ""
    input_config: InputConfig | None = None
    priority: str = ""


class Create(msgspec.Struct, frozen=True):
    """The request body."""

    batch: Batch | None = None


RULES: Mapping[str, Rule] = {
    "batch": Rule("exact", "inputConfig.requests, each a generateContent of its own; a fileName is refused"),
}
_spelling = Spelling(Create, {})
_read = BodyReader(Create, RULES).read


class _Failed(msgspec.Struct, frozen=True):
    code: int = 500
    message: str = ""


class _Envelope(msgspec.Struct):
    error: _Failed = _Failed()


def decode(incoming: Incoming) -> NewBatch:
    """Raises GatewayError (400)."""
    body, written = _spelling.camel(incoming.body)
    try:
        return _decode(body, incoming.path["model"])
    except GatewayError as error:
        raise written.error(error) from None


def _decode(data: bytes, model: str) -> NewBatch:
    body, ignored = _read(data)
    batch = body.batch or Batch()
    given = batch.input_config or InputConfig()
    if given.file_name:
        raise invalid(
            "batch.inputConfig.fileName is not supported: send the requests in batch.inputConfig.requests.",
            "batch.inputConfig.fileName",
        )
    requests = given.requests.requests
    if not requests:
        raise invalid("batch.inputConfig.requests is missing or empty.", "batch.inputConfig.requests")
    if len(requests) > MOST_ITEMS:
        raise invalid(f"batch.inputConfig.requests: at most {MOST_ITEMS} in one batch.", "batch.inputConfig.requests")
    items = tuple(
        NewItem(msgspec.json.encode(each.metadata).decode(), msgspec.json.encode(each.request)) for each in requests
    )
    about = msgspec.json.encode({"displayName": batch.display_name, "model": f"models/{model}"})
    return NewBatch(_PATH, about, _LIFETIME, items, parameters={"model": model}, ignored=tuple(ignored))


def encode(job: Job, results: Sequence[Result], incoming: Incoming) -> bytes:
    return msgspec.json.encode(_operation(job, results))


def encode_created(job: Job, incoming: Incoming) -> bytes:
    return msgspec.json.encode(_operation(job, ()))


def encode_nothing(*_: object) -> bytes:
    return b"{}"


def decode_window(incoming: Incoming) -> JobWindow:
    query = incoming.query
    size = query.get("pageSize", "") or str(_PAGE)
    if not (size.isascii() and size.isdecimal() and len(size) <= 9):
        raise invalid("pageSize must be a number.", "pageSize")
    return JobWindow(min(int(size) or _PAGE, 1000), query.get("pageToken", ""))


def encode_list(page: JobPage, incoming: Incoming) -> bytes:
    following = {"nextPageToken": page.jobs[-1].id} if page.has_more else {}
    return msgspec.json.encode({"operations": [_operation(job, ()) for job in page.jobs], **following})


def _operation(job: Job, results: Sequence[Result]) -> JsonObject:
    name = f"batches/{job.id}"
    tally = job.tally
    about: JsonObject = msgspec.json.decode(job.plan.about)
    failed = tally.failed + tally.cancelled + tally.expired
    metadata: JsonObject = {
        "@type": _TYPE,
        "name": name,
        **about,
        "state": f"BATCH_STATE_{_state(job)}",
        "createTime": _time(job.created),
        "updateTime": _time(job.ended or job.cancelling or job.started or job.created),
        "batchStats": {  # int64 in protobuf's JSON
            "requestCount": str(tally.total),
            "pendingRequestCount": str(tally.waiting + tally.running),
            "successfulRequestCount": str(tally.succeeded),
            "failedRequestCount": str(failed),
        },
    }
    if job.ended is None:
        return {"name": name, "metadata": metadata, "done": False}
    metadata["endTime"] = _time(job.ended)
    output = {"inlinedResponses": {"inlinedResponses": [_response(result) for result in results]}}
    if results:
        metadata["output"] = output
    return {"name": name, "metadata": metadata, "done": True, "response": {"@type": _TYPE, **output}}


def _state(job: Job) -> str:
    if job.state == "ended":
        return {"completed": "SUCCEEDED"}.get(job.outcome or "completed", (job.outcome or "").upper())
    begun = job.tally.running + job.tally.succeeded + job.tally.failed
    return "RUNNING" if begun else "PENDING"


def _response(result: Result) -> JsonObject:
    """The metadata of a request comes back with its response: by it a client knows which is which."""
    metadata: JsonObject = msgspec.json.decode(result.name)
    own: JsonObject = {"metadata": metadata} if metadata else {}
    match result.state:
        case "succeeded":
            return {"response": msgspec.Raw(result.body), **own}
        case "failed":
            error = msgspec.json.decode(result.body, type=_Envelope).error if result.body else _Failed()
            return {"error": {"code": error.code, "message": error.message}, **own}
        case "expired":
            return {"error": {"code": 504, "message": "The batch expired before this request was made."}, **own}
        case _:
            return {"error": {"code": 499, "message": "The batch was cancelled before this request was made."}, **own}


def _time(seconds: int) -> str:
    return rfc3339(seconds * SECOND, fraction=False)


CREATE: Final = CreateBatch("gemini", "gb", decode, encode_created)


def endpoints(prefix: str, headers: tuple[str, ...]) -> Iterator[Endpoint]:
    one = f"{prefix}/batches/{{batch}}"
    yield Endpoint("GET", f"{prefix}/batches", ListBatches("gemini", decode_window, encode_list), headers)
    yield Endpoint("GET", one, GetBatch("gemini", encode, has_results=True), headers)
    yield Endpoint("DELETE", one, DeleteBatch("gemini", encode_nothing), headers)
    yield Endpoint("POST", f"{one}:cancel", CancelBatch("gemini", encode_nothing))
