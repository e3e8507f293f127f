"""`/assistants` (section 6.9). Changing and deleting are POSTs; a null is a field that was left out."""

from uuid import uuid4

import msgspec

from gigamost.emulator.assistants import Assistant
from gigamost.emulator.http import Answer, json_answer
from gigamost.emulator.plain import SHAPE
from gigamost.emulator.state import Call, State
from gigamost.emulator.validator import rules
from gigamost.emulator.validator.functions import FUNCTION, check_functions
from gigamost.emulator.validator.json_types import Fields, Raw, array, fit, is_object, text, texts

FIELDS: Fields = {
    "model": text,
    "name": text,
    "description": text,
    "instructions": text,
    "file_ids": texts,
    "functions": array,
    "metadata": is_object,
    "assistant_id": text,
    "file_id": text,
}


def list_assistants(state: State, call: Call) -> Answer:
    wanted, owner = call.request.query.get("assistant_id"), call.account.client_id
    found = state.assistants.of(owner) if wanted is None else [state.assistants.need(wanted, owner)]
    return json_answer({"data": [assistant.told() for assistant in found]})


def create(state: State, call: Call) -> Answer:
    body = _body(call, "model", "name")
    now = int(state.clock())
    assistant = Assistant(str(uuid4()), call.account.client_id, now, now, body["model"], body["name"])
    state.assistants.put(_changed(state, call, assistant, body))
    return json_answer({"assistant_id": assistant.id, "created_at": now})


def modify(state: State, call: Call) -> Answer:
    assistant, body = _named(state, call)
    changed = _changed(state, call, assistant, body)
    return json_answer(state.assistants.put(msgspec.structs.replace(changed, updated_at=int(state.clock()))).told())


def delete(state: State, call: Call) -> Answer:
    assistant, _ = _named(state, call)
    state.assistants.delete(assistant)
    return json_answer({"assistant_id": assistant.id, "deleted": True})


def delete_file(state: State, call: Call) -> Answer:
    assistant, body = _named(state, call, "file_id")
    kept = tuple(file for file in assistant.files if file[0] != body["file_id"])
    if kept == assistant.files:
        raise rules.FILE_UNKNOWN.refuse()
    state.assistants.put(msgspec.structs.replace(assistant, files=kept, updated_at=int(state.clock())))
    return json_answer({"file_id": body["file_id"], "deleted": True})


def _body(call: Call, *required: str) -> Raw:
    raw = {name: value for name, value in call.raw.items() if value is not None} if is_object(call.raw) else None
    return fit(raw, FIELDS, required, SHAPE)


def _named(state: State, call: Call, *required: str) -> tuple[Assistant, Raw]:
    body = _body(call, "assistant_id", *required)
    return state.assistants.need(body["assistant_id"], call.account.client_id), body


def _changed(state: State, call: Call, assistant: Assistant, body: Raw) -> Assistant:
    """Raises RefusalError for a model, a function or a file that is none."""
    changes: Raw = {
        name: body[name] for name in ("model", "name", "description", "instructions", "metadata") if name in body
    }
    model = state.model(changes.get("model", assistant.model), "chat")
    if "functions" in body:
        for function in body["functions"]:
            fit(function, FUNCTION, ("name",), rules.FUNCTION_SHAPE)
        check_functions(body["functions"], model)
        changes["functions"] = tuple(body["functions"])
    if "file_ids" in body:
        files = [state.files.need(file_id, call.account.client_id, call.end_user) for file_id in body["file_ids"]]
        changes["files"] = tuple((file.id, file.filename) for file in files)
    return msgspec.structs.replace(assistant, **changes)
