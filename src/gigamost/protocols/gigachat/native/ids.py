"""Where ids of what GigaChat keeps stand in its own wires, v1 and v2 alike: opened going in, sealed coming out.

    request   messages[].attachments, messages[].content[].files[].id and .inline_data.images, messages[].*_state_id,
              *_state_id, storage.thread_id, <img src=".." fuse=".."/> in a replayed answer
    answer    choices[].message|delta.functions_state_id and .content, messages[].*_state_id,
              messages[].content[].files[].id and .inline_data.images, thread_id

A body that says nothing of them is not touched. JSON of arbitrary shape comes in, hence `Any`.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final, Literal, Protocol

import msgspec

from gigamost.core.errors import GatewayError, invalid

JsonObject = dict[str, Any]
BAD_JSON: Final = "Your request contains invalid JSON syntax."  # GigaChat's own words
Kind = Literal["file", "thread", "call"]

STATES: Final = ("functions_state_id", "tools_state_id", "tool_state_id")
_THREAD: Final = "thread_id"
# What belongs to the whole credential, and so to every tenant: nobody may name it.
_SHARED: Final = ("assistant_id", "memory_id")
_GUARDED: Final = frozenset(
    (
        *STATES,
        *_SHARED,
        _THREAD,
        "attachments",
        "files",
        "storage",
        "messages",
        "content",
        "id",
        "inline_data",
        "images",
    )
)
_TAG: Final = re.compile(r'<(?:img|video)\s[^<>]*\sfuse="[^<>]*>')
_SOURCE: Final = re.compile(r'(?<=\s)((?:src|cover)=")([^"<>]+)(")')
_HINTS: Final = (b"_id", b"attachments", b"files", b"storage", b"images", b"fuse=", b"\\u")


class Ids(Protocol):
    """The ids of one owner."""

    def open(self, kind: Kind, shown: str) -> str | None:
        """None for what is not this owner's."""
        ...

    def close(self, kind: Kind, upstream_id: str) -> str | None:
        """None for what cannot be shown."""
        ...


def is_touched(data: bytes) -> bool:
    """Whether there may be an id in this JSON. An escape may hide any word."""
    return any(hint in data for hint in _HINTS)


def open_ids(body: bytes, ids: Ids) -> tuple[bytes, tuple[str, ...]]:
    """The request as GigaChat is to have it, and the fields that were left out of it: states that were not made under
    this credential. Raises GatewayError (400) for a body that is no JSON and for somebody else's file or thread."""
    try:
        request = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise invalid(BAD_JSON) from None
    if not isinstance(request, dict) or not is_touched(body.lower()):
        return body, ()
    ignored: list[str] = []
    _check_spelling(request)
    _open_states(request, "", ids, ignored)
    _open_storage(request, ids)
    messages = request.get("messages")
    for at, message in enumerate(messages if isinstance(messages, list) else ()):
        if isinstance(message, dict):
            _check_spelling(message)
            _open_message(message, f"messages[{at}]", ids, ignored)
    return msgspec.json.encode(request), tuple(dict.fromkeys(ignored))


def _check_spelling(given: JsonObject) -> None:
    """No guarded word may come in a spelling that another parser takes for it. Raises GatewayError (400)."""
    for name in given:
        if name not in _GUARDED and name.lower() in _GUARDED:
            raise invalid(f"{name} is written {name.lower()}.", name)
    for name in _SHARED:
        if given.get(name) is not None:
            raise invalid(f"{name} is not supported: it belongs to every user of the gateway's credential.", name)


def _open_storage(request: JsonObject, ids: Ids) -> None:
    storage = request.get("storage")
    if not isinstance(storage, dict):
        return
    _check_spelling(storage)
    if storage.get(_THREAD) is not None:
        storage[_THREAD] = _opened(storage[_THREAD], "thread", "storage.thread_id", ids)


def _open_states(given: JsonObject, place: str, ids: Ids, ignored: list[str]) -> None:
    for name in STATES:
        shown = given.get(name)
        if shown is None:
            continue
        state = ids.open("call", shown) if isinstance(shown, str) else None
        if state is None:
            del given[name]
            ignored.append(place + name)
        else:
            given[name] = state


def _open_message(message: JsonObject, path: str, ids: Ids, ignored: list[str]) -> None:
    _open_states(message, "messages.", ids, ignored)
    attachments = message.get("attachments")
    if attachments is not None:
        place = f"{path}.attachments"
        if not isinstance(attachments, list):
            raise invalid(f"{place} must be a list of file ids.", place)
        message["attachments"] = [_opened(file, "file", f"{place}[{at}]", ids) for at, file in enumerate(attachments)]
    content = message.get("content")
    if isinstance(content, str):
        message["content"] = _in_tags(content, lambda shown: ids.open("file", shown) or shown)
    for at, part in enumerate(content if isinstance(content, list) else ()):
        if isinstance(part, dict):
            _check_spelling(part)
            place = f"{path}.content[{at}]"
            _open_files(part, "files", f"{place}.files", ids)
            inline = part.get("inline_data")
            if isinstance(inline, dict):
                _check_spelling(inline)
                _open_files(inline, "images", f"{place}.inline_data.images", ids)


def _open_files(given: JsonObject, name: str, place: str, ids: Ids) -> None:
    """Objects with an id, or bare ids: how GigaChat writes `images` was never seen."""
    files = given.get(name)
    if files is None:
        return
    if not isinstance(files, list):
        raise invalid(f"{place} must be a list.", place)
    for at, file in enumerate(files):
        if isinstance(file, dict):
            _check_spelling(file)
            file["id"] = _opened(file.get("id"), "file", f"{place}[{at}].id", ids)
        else:
            files[at] = _opened(file, "file", f"{place}[{at}]", ids)


def _opened(shown: Any, kind: Kind, place: str, ids: Ids) -> str:
    found = ids.open(kind, shown) if isinstance(shown, str) else None
    if found is None:
        raise _foreign(kind, place)
    return found


def _foreign(kind: Kind, place: str) -> GatewayError:
    return invalid(f"{place} names no {kind} of yours.", place)


def seal_ids(answer: JsonObject, ids: Ids) -> None:
    """Changes a whole answer, or one chunk of a stream, in place."""
    _seal(answer, _THREAD, "thread", ids)
    for said in _said(answer):
        for name in STATES:
            _seal(said, name, "call", ids)
        content = said.get("content")
        if isinstance(content, str):
            said["content"] = _seal_tags(content, ids)
        for part in content if isinstance(content, list) else ():
            if isinstance(part, dict):
                _seal_files(part, "files", ids)
                if isinstance(part.get("inline_data"), dict):
                    _seal_files(part["inline_data"], "images", ids)


def _said(answer: JsonObject) -> Iterator[JsonObject]:
    """The messages of an answer, and itself: v2 may name a state beside them."""
    yield answer
    for choice in _objects(answer, "choices"):
        yield from (choice[name] for name in ("message", "delta") if isinstance(choice.get(name), dict))
    yield from _objects(answer, "messages")


def _objects(given: JsonObject, name: str) -> Iterator[JsonObject]:
    listed = given.get(name)
    yield from (each for each in (listed if isinstance(listed, list) else ()) if isinstance(each, dict))


def _seal_files(given: JsonObject, name: str, ids: Ids) -> None:
    files = given.get(name)
    for at, file in enumerate(files if isinstance(files, list) else ()):
        if isinstance(file, dict):
            _seal(file, "id", "file", ids)
        elif isinstance(file, str):
            given[name][at] = ids.close("file", file) or ""


def _seal(given: JsonObject, name: str, kind: Kind, ids: Ids) -> None:
    if isinstance(given.get(name), str):
        sealed = ids.close(kind, given[name])
        if sealed is None:
            del given[name]
        else:
            given[name] = sealed


def _seal_tags(text: str, ids: Ids) -> str:
    return _in_tags(text, lambda file: ids.close("file", file) or "")


def _in_tags(text: str, change: Callable[[str], str]) -> str:
    if "fuse=" not in text:
        return text
    return _TAG.sub(lambda tag: _SOURCE.sub(lambda found: found[1] + change(found[2]) + found[3], tag[0]), text)
