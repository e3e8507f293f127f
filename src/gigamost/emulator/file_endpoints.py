"""`/files` (section 6.3). Deleting is a POST."""

from gigamost.emulator.files import receive
from gigamost.emulator.http import Answer, bytes_answer, json_answer
from gigamost.emulator.state import Call, State


def upload(state: State, call: Call) -> Answer:
    return json_answer(state.files.put(receive(call.request, call.account.client_id, int(state.clock()))).told())


def list_files(state: State, call: Call) -> Answer:
    return json_answer({"data": [file.told() for file in state.files.of(call.account.client_id)]})


def one_file(state: State, call: Call) -> Answer:
    return json_answer(state.files.need(call.named, call.account.client_id, call.end_user).told())


def content(state: State, call: Call) -> Answer:
    file = state.files.need(call.named, call.account.client_id, call.end_user)
    mime = "image/jpg" if file.mime == "image/jpeg" else "application/octet-stream"
    return bytes_answer(file.data, mime)


def delete(state: State, call: Call) -> Answer:
    file = state.files.need(call.named, call.account.client_id, call.end_user)
    state.files.delete(file)
    return json_answer({"id": file.id, "deleted": True, "access_policy": "private"})
