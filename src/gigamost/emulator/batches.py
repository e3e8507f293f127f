"""`/batches` (section 6.4): CORP accounts only; a job runs when it has been asked for often enough."""

from collections.abc import Callable
from typing import get_args
from uuid import uuid4

import msgspec

from gigamost.emulator.chat_v1 import documents
from gigamost.emulator.files import StoredFile
from gigamost.emulator.http import Answer, json_answer
from gigamost.emulator.jobs import Job, Method
from gigamost.emulator.plain import embeddings_document
from gigamost.emulator.refusal import RefusalError, Rule
from gigamost.emulator.state import Call, State
from gigamost.emulator.validator.json_types import is_object

TARIFF = Rule("batch_tariff", 403, "Permission denied", "6.4: other tariffs, inferred")
METHOD = Rule("batch_method", 422, "Invalid params: unknown method", "6.4, text inferred")
LINES = Rule("batch_lines", 400, "Your request contains invalid JSON syntax.", "6.4: JSONL of id and request, inferred")
MISSING = Rule("batch_missing", 404, "Batch task not found", "6.4")


def _chat(state: State, call: Call) -> object:
    """A task that asks for a stream is told whole all the same."""
    whole = {**call.raw, "stream": False} if is_object(call.raw) else call.raw
    return documents(state, msgspec.structs.replace(call, raw=whole))[0]


RUNNERS: dict[Method, Callable[[State, Call], object]] = {
    "chat_completions": _chat,
    "embedder": embeddings_document,
}


class _Line(msgspec.Struct):
    id: str
    request: dict[str, object]


_decode_lines = msgspec.json.Decoder(_Line).decode_lines


def create(state: State, call: Call) -> Answer:
    if call.account.scope != "GIGACHAT_API_CORP":
        raise TARIFF.refuse()
    method = next((name for name in get_args(Method) if name == call.request.query.get("method")), None)
    if method is None:
        raise METHOD.refuse()
    try:
        lines = _decode_lines(call.request.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise LINES.refuse() from None
    if not lines:
        raise LINES.refuse()
    now = int(state.clock())
    tasks = tuple((line.id, line.request) for line in lines)
    job = Job(str(uuid4()), call.account.client_id, method, tasks, now, now)
    state.jobs[job.id] = job
    return json_answer(job.told())


def tell(state: State, call: Call) -> Answer:
    """All batches of the account, or the one of `batch_id`, in the envelope of the specification."""
    wanted = call.request.query.get("batch_id")
    jobs = [job for job in state.jobs.values() if job.owner == call.account.client_id and wanted in (None, job.id)]
    if wanted is not None and not jobs:
        raise MISSING.refuse()
    return json_answer({"batches": [_advanced(state, call, job).told() for job in jobs]})


def _advanced(state: State, call: Call, job: Job) -> Job:
    """The job one poll later; the poll that completes it runs it."""
    if job.output_file_id is None:
        job = msgspec.structs.replace(job, polls=job.polls + 1)
        if job.polls >= state.settings.batch_polls:
            job = _run(state, call, job)
        state.jobs[job.id] = job
    return job


def _run(state: State, call: Call, job: Job) -> Job:
    results = [_result(state, call, job.method, task_id, request) for task_id, request in job.tasks]
    now = int(state.clock())
    data = msgspec.json.Encoder().encode_lines(results)
    name = f"{job.id}.jsonl"
    file = StoredFile(str(uuid4()), name, now, "general", "text", "application/octet-stream", data, job.owner)
    state.files.put(file)
    failed = sum("error" in result for result in results)
    return msgspec.structs.replace(job, updated_at=now, output_file_id=file.id, failed=failed)


def _result(state: State, call: Call, method: Method, task_id: str, request: object) -> dict[str, object]:
    try:
        return {"id": task_id, "result": RUNNERS[method](state, msgspec.structs.replace(call, raw=request))}
    except RefusalError as refusal:
        return {"id": task_id, "error": {"status": refusal.status, "message": refusal.message}}
