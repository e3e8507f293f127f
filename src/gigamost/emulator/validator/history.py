"""The order of messages, calls and their results (section 4.2), and what is attached to them (section 4.3)."""

from collections.abc import Callable

import msgspec

from gigamost.emulator.catalogue import Facts
from gigamost.emulator.files import StoredFile
from gigamost.emulator.validator import rules
from gigamost.emulator.validator.shapes import Raw

PLACES: dict[str, frozenset[str]] = {
    "name": frozenset({"function"}),
    "function_call": frozenset({"assistant"}),
    "functions_state_id": frozenset({"assistant"}),
    "reasoning_content": frozenset({"assistant"}),
    "attachments": frozenset({"user"}),
}
IMAGES_PER_REQUEST = 10
MEDIA_BYTES = 80 * 1024 * 1024


def check_history(body: Raw) -> None:
    messages: list[Raw] = body["messages"]
    for index, message in enumerate(messages):
        role: str = message["role"]
        if role == "system" and index > 0:
            raise rules.SYSTEM_FIRST.refuse()
        if role == "user" and not message["content"]:
            raise rules.USER_EMPTY.refuse()
        for field, roles in PLACES.items():
            if field in message and role not in roles:
                raise rules.MISPLACED.refuse(field=field, role=role)
    _check_calls(messages)
    if messages[-1]["role"] == "assistant":
        raise rules.ASSISTANT_LAST.refuse()
    defined = {function["name"] for function in body.get("functions") or ()}
    for message in messages:
        if "function_call" in message and message["function_call"]["name"] not in defined:
            raise rules.UNDEFINED.refuse(name=message["function_call"]["name"])


def _check_calls(messages: list[Raw]) -> None:
    """A call is answered by the next message and nothing else; a result answers the message before it."""
    pending: str | None = None
    for message in messages:
        if message["role"] == "function":
            if "name" not in message:
                raise rules.RESULT_NAME.refuse()
            if pending is None or message["name"] != pending:
                raise rules.RESULT_ALONE.refuse()
            _check_result(message)
            pending = None
        elif pending is not None:
            raise rules.CALL_ALONE.refuse()
        elif "function_call" in message:
            pending = message["function_call"]["name"]
    if pending is not None:
        raise rules.CALL_ALONE.refuse()


def _check_result(message: Raw) -> None:
    try:
        msgspec.json.decode(message["content"])
    except (msgspec.DecodeError, RecursionError):
        raise rules.RESULT_JSON.refuse(name=message["name"], text=message["content"]) from None


def check_attachments(body: Raw, model: Facts, find: Callable[[str], StoredFile | None]) -> None:
    """`find` gives a file that the caller may use, None for any other id."""
    images = size = 0
    for message in body["messages"]:
        files = [find(file_id) for file_id in message.get("attachments", ())]
        here = 0
        for file in files:
            if file is None:
                raise rules.FILE_UNKNOWN.refuse()
            here += file.modality == "image"
            size += file.size if file.modality in ("image", "audio") else 0
        if here and not model.vision:
            raise rules.NO_VISION.refuse(model=model.id)
        if here > 1:
            raise rules.IMAGES_PER_MESSAGE.refuse()
        images += here
    if images > IMAGES_PER_REQUEST:
        raise rules.IMAGES_PER_REQUEST.refuse()
    if size >= MEDIA_BYTES:
        raise rules.MEDIA_SIZE.refuse()
