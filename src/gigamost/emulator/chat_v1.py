"""`POST /v1/chat/completions`: judged, thought about, rendered, spoiled where that is asked for (section 4)."""

from typing import Any

import msgspec

from gigamost.core.fold import fold
from gigamost.emulator.ask import Ask, Raw, Thought
from gigamost.emulator.catalogue import Facts
from gigamost.emulator.completion import Storage, answer, find_file, last_files, recall, stream, thread_of
from gigamost.emulator.http import Answer, json_answer
from gigamost.emulator.quirks import Document, Spots, spoil_documents
from gigamost.emulator.rendering import Form, events
from gigamost.emulator.standing import fill_v1
from gigamost.emulator.state import Call, State
from gigamost.emulator.threads import latest
from gigamost.emulator.validator.json_types import is_object
from gigamost.emulator.validator.v1 import judge, read
from gigamost.framing import sse
from gigamost.protocols.gigachat import v1

TOOLS = {"image_generate": "text2image"}  # v1 has other names for its built-in functions
_OURS = {theirs: ours for ours, theirs in TOOLS.items()}


def complete(state: State, call: Call) -> Answer:
    found = documents(state, call)
    if not is_object(call.raw) or not call.raw.get("stream"):
        return json_answer(found[0])
    data = [sse.encode(msgspec.json.encode(document)) for document in found]
    return stream(state, call, [*data, *([] if "no_done" in call.directives else [sse.encode(b"[DONE]")])])


def documents(state: State, call: Call) -> list[Document]:
    """The body of a whole answer alone, or all frames of a stream without `[DONE]`. Raises RefusalError."""
    body, model = _judged(state, call)
    thought, form = _answered(state, call, body, model)
    if not body.get("stream"):
        return _spoiled([_whole(thought, form, structured="response_format" in body)], call, thought)
    frames = _frames(thought, form, split_finish=_splits(state, call))
    return [
        piece
        for document in _spoiled(frames, call, thought)
        for piece in _split(document, call.directives.text("split_arguments"))
    ]


def _judged(state: State, call: Call) -> tuple[Raw, Facts]:
    judged = judge(
        fill_v1(state, call),
        state.models,
        find_file(state, call),
        strict_fields=state.settings.strict_fields,
        recall=recall(state, call),
    )
    state.purse.check(call.account, judged[1].usage)
    return judged


def _answered(state: State, call: Call, body: Raw, model: Facts) -> tuple[Thought, Form]:
    storage, ask = _ask(state, call, body, model)
    thought, form = answer(state, call, ask, storage, body.get("update_interval", 0))
    # A caption follows the tag of its picture.
    return (msgspec.structs.replace(thought, text=f" {thought.text}") if form.files else thought), form


def _ask(state: State, call: Call, body: Raw, model: Facts) -> tuple[Storage | None, Ask]:
    heard = tuple(read(body["messages"]))
    stored: Raw = body.get("storage", {})
    thread = thread_of(state, call, stored)
    said = latest((*(thread.said if thread else ()), *heard), stored.get("limit"))
    functions: list[Raw] = body.get("functions") or []
    mode: Any = body.get("function_call")
    forced: Raw = mode if isinstance(mode, dict) else {}
    name: str = forced.get("name", "")
    named = any(function["name"] == "text2image" for function in functions)
    # The built-in runs with `auto`: with no functions at all, or when it is named among them (section 4.5).
    draws = (named and name == "text2image") or (mode == "auto" and (named or not functions))
    response_format: Raw = body.get("response_format", {})
    ask = Ask(
        model,
        call.directives,
        said,
        tuple(functions),
        ("image_generate",) if draws else (),
        may_call=mode != "none",
        forced=_OURS.get(name, name),
        partial=forced.get("partial_arguments", {}),
        schema=response_format.get("schema"),
        strict=bool(response_format.get("strict")),
        thinks=model.reasoning and "reasoning_effort" in body,
        max_tokens=body.get("max_tokens"),
        files=last_files(state, call, said),
        now=state.clock(),
    )
    keeps = "storage" in body and stored.get("is_stateful", True)
    return (Storage(thread, heard, stored.get("assistant_id", "")) if keeps else None), ask


def _whole(thought: Thought, form: Form, *, structured: bool) -> Document:
    document: Document = msgspec.json.decode(v1.encode(fold(events(thought, form, TOOLS)), form.stamp))
    _add_state(document["choices"][0]["message"], form)
    _add_ids(document, form)
    if structured:
        document["object"] = "chat.completions"  # the plural is recorded for structured answers
    return document


def _frames(thought: Thought, form: Form, *, split_finish: bool) -> list[Document]:
    """The frames of a stream without the closing `[DONE]`."""
    encoder = v1.Encoder(form.stamp, split_finish=split_finish)
    data = b"".join(encoder.feed(event) for event in events(thought, form, TOOLS))
    frames: list[Document] = [
        msgspec.json.decode(frame.data) for frame in sse.Reader().feed(data) if frame.data != b"[DONE]"
    ]
    for document in frames:
        _add_state(document["choices"][0]["delta"], form)
    _add_ids(frames[-1], form)
    return frames


def _splits(state: State, call: Call) -> bool:
    """Whether a streamed call and its finish are two chunks."""
    return "two_chunks" in call.directives or (state.settings.split_finish and "one_chunk" not in call.directives)


def _spoiled(documents: list[Document], call: Call, thought: Thought) -> list[Document]:
    finish = call.directives.text("finish") or ("error" if thought.finish == "error" else "")
    return spoil_documents(documents, _spots, call.directives, finish)


def _add_state(said: Document, form: Form) -> None:
    """A built-in function leaves its state id beside the picture's tag. [docs example]"""
    if any(file_id in said.get("content", "") for file_id in form.files):
        said["functions_state_id"] = form.state_id


def _add_ids(document: Document, form: Form) -> None:
    """What is kept has two ids, of the thread and of the message. [sdk]"""
    if form.message:
        document["message_id"] = form.message


def _spots(document: Document) -> Spots:
    choice: Document = document["choices"][0]
    said: Document = choice.get("message") or choice.get("delta") or {}
    return Spots(choice, [said], [said] if "function_call" in said else [])


def _split(frame: Document, into: str) -> list[Document]:
    """A streamed call in pieces: strings that join to its JSON (`text`), or objects to be merged (`keys`)."""
    call: Document = frame["choices"][0]["delta"].get("function_call") or {}
    if not into or not call:
        return [frame]
    arguments = call["arguments"]
    pieces: list[object]
    if into == "keys" and isinstance(arguments, dict):
        pieces = [{name: value} for name, value in arguments.items()] or [{}]
    else:
        whole = arguments if isinstance(arguments, str) else msgspec.json.encode(arguments).decode()
        pieces = [whole[at : at + 7] for at in range(0, len(whole), 7)]
    frames = [_with_call(frame, {**call, "arguments": piece}) for piece in pieces]
    for early in frames[:-1]:
        early["choices"][0].pop("finish_reason", None)
        early.pop("usage", None)
    return frames


def _with_call(frame: Document, call: Document) -> Document:
    choice: Document = frame["choices"][0]
    return {**frame, "choices": [{**choice, "delta": {**choice["delta"], "function_call": call}}]}
