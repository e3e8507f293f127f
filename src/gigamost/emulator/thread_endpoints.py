"""`/threads` (section 6.9): kept conversations, and running a model over them, which is v1's chat with `storage`."""

import re
from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from gigamost.emulator import chat_v1
from gigamost.emulator.completion import stream
from gigamost.emulator.http import JSON, Answer, bytes_answer, json_answer
from gigamost.emulator.plain import SHAPE, object_of
from gigamost.emulator.quirks import Document
from gigamost.emulator.state import Call, State
from gigamost.emulator.threads import Kept, Thread, keep
from gigamost.emulator.validator.json_types import Raw, is_object, texts
from gigamost.emulator.validator.v1.messages import check_places, read
from gigamost.emulator.validator.v1.shapes import check_message
from gigamost.framing import sse

OPTIONS = (
    *("temperature", "top_p", "max_tokens", "repetition_penalty", "profanity_check", "flags", "function_call"),
    *("functions", "update_interval", "stream", "model"),
)
RUN = "threads.messages.run"
Dated = TypeVar("Dated", Thread, Kept)


def list_threads(state: State, call: Call) -> Answer:
    """The newest first; `before` is unix seconds."""
    wanted = call.request.query.get("assistants_ids")
    threads = [
        thread
        for thread in state.threads.of(call.account.client_id)
        if wanted is None or thread.assistant_id in wanted.split(",")
    ]
    return json_answer({"threads": [_told(thread) for thread in _page(call, threads)]})


def create(state: State, call: Call) -> Answer:
    object_of(call.raw)
    return json_answer(_told(state.threads.create(call.account.client_id, int(state.clock()))))


def retrieve(state: State, call: Call) -> Answer:
    wanted = object_of(call.raw).get("threads_ids")
    if not texts(wanted):
        raise SHAPE.refuse()
    threads = [state.threads.need(thread_id, call.account.client_id) for thread_id in wanted or ()]
    return json_answer({"threads": [_told(thread) for thread in threads]})


def delete(state: State, call: Call) -> Answer:
    """An empty 200."""
    state.threads.delete(_named(state, call, object_of(call.raw).get("thread_id")))
    return bytes_answer(b"", JSON)


def list_messages(state: State, call: Call) -> Answer:
    thread = _named(state, call, call.request.query.get("thread_id"))
    messages = [_told_message(state, call, kept) for kept in _page(call, thread.messages)]
    return json_answer({"thread_id": thread.id, "messages": messages})


def add_messages(state: State, call: Call) -> Answer:
    """Without a thread a new one is made, of the model or the assistant that the body names."""
    body = _bare(object_of(call.raw))
    now, owner = int(state.clock()), call.account.client_id
    messages = _messages(body)
    changes: Raw = {}
    if "thread_id" in body:
        thread = _named(state, call, body["thread_id"])
    elif "assistant_id" in body:
        assistant = state.assistants.need(body["assistant_id"], owner)
        thread, changes = state.threads.create(owner, now), {"assistant_id": assistant.id, "model": assistant.model}
    else:
        model = state.model(body.get("model"), "chat")
        thread, changes = state.threads.create(owner, now), {"model": model.id}
    kept = tuple(keep(said, now) for said in read(messages))
    state.threads.add(thread, kept, now, **changes)
    told = [{"created_at": message.created_at, "message_id": message.id} for message in kept]
    return json_answer({"thread_id": thread.id, "messages": told})


def run(state: State, call: Call) -> Answer:
    """The run is over when it is told that it began; `tell_run` says so."""
    body = _bare(object_of(call.raw))
    thread = _named(state, call, body.get("thread_id"))
    if body.get("stream"):
        return _run(state, call, body, [])
    _run(state, call, body, [])
    return json_answer({"status": "in_progress", "thread_id": thread.id, "created_at": int(state.clock())})


def tell_run(state: State, call: Call) -> Answer:
    thread = _named(state, call, call.request.query.get("thread_id"))
    told: Document = {"status": thread.status, "thread_id": thread.id, "updated_at": thread.updated_at}
    answers = [_told_message(state, call, kept) for kept in thread.messages[-1:] if kept.finish]
    return json_answer({**told, "model": thread.model, "messages": answers})


def run_messages(state: State, call: Call) -> Answer:
    body = _bare(object_of(call.raw))
    if "thread_id" in body:
        _named(state, call, body["thread_id"])
    return _run(state, call, body, _messages(body))


def rerun_messages(state: State, call: Call) -> Answer:
    """The last answer is forgotten and given anew."""
    body = _bare(object_of(call.raw))
    thread = _named(state, call, body.get("thread_id"))
    if thread.messages and thread.messages[-1].finish:
        state.threads.forget_last(thread)
    return _run(state, call, body, [])


def _run(state: State, call: Call, body: Raw, messages: list[Raw]) -> Answer:
    storage = {name: body[name] for name in ("thread_id", "assistant_id", "limit") if name in body}
    asked: Raw = {name: body[name] for name in OPTIONS if name in body}
    asked |= {"messages": messages, "storage": storage}
    documents = chat_v1.documents(state, msgspec.structs.replace(call, raw=asked))
    last = documents[-1]
    names = ("thread_id", "message_id", "usage")
    shared = {name: last[name] for name in names if name in last} | {"object": RUN}
    if asked.get("stream"):
        data = [sse.encode(msgspec.json.encode(document | shared)) for document in documents]
        return stream(state, call, [*data, sse.encode(b"[DONE]")])
    choice: Document = last["choices"][0]
    told = {name: last[name] for name in ("model", "created")} | shared
    return json_answer({**told, "message": choice["message"], "finish_reason": choice.get("finish_reason")})


def _bare(body: Raw) -> Raw:
    """Without the nulls that the official client sends for what it leaves out."""
    return {name: value for name, value in body.items() if value is not None}


def _messages(body: Raw) -> list[Raw]:
    """Messages of v1. Raises RefusalError."""
    raw: Any = body.get("messages")
    if not isinstance(raw, list) or not all(map(is_object, raw)):
        raise SHAPE.refuse()
    messages = [_bare(message) for message in raw]
    for message in messages:
        check_message(message)
    check_places(messages)
    return messages


def _named(state: State, call: Call, thread_id: object) -> Thread:
    return state.threads.need(thread_id, call.account.client_id)


def _page(call: Call, items: Iterable[Dated]) -> list[Dated]:
    """`limit` items from before a moment."""
    limit, before = (_whole(call.request.query.get(name, "")) for name in ("limit", "before"))
    return [item for item in items if before is None or item.created_at < before][:limit]


def _whole(text: str) -> int | None:
    return int(text) if re.fullmatch("[0-9]{1,12}", text) else None


def _told(thread: Thread) -> Document:
    assistant = {"assistant_id": thread.assistant_id} if thread.assistant_id else {}
    dates = {"created_at": thread.created_at, "updated_at": thread.updated_at}
    return {"id": thread.id, **assistant, "model": thread.model, **dates, "run_lock": False, "status": thread.status}


def _told_message(state: State, call: Call, kept: Kept) -> Document:
    said = kept.said
    files = [state.files.get(file_id, call.account.client_id) for file_id in said.files]
    told: Document = {
        "message_id": kept.id,
        "role": said.role,
        "content": said.text or "".join(result.content for result in said.results),
        "attachments": [{"file_id": file.id, "name": file.filename} for file in files if file is not None],
        "created_at": kept.created_at,
    }
    if said.calls:
        told["function_call"] = {"name": said.calls[0].name, "arguments": said.calls[0].arguments}
    return told | ({"finish_reason": kept.finish} if kept.finish else {})
