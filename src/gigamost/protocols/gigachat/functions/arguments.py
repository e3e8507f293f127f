"""Arguments and results of functions as GigaChat wants them, and its arguments as clients want them.

arguments   clients: JSON text          GigaChat: an object, a string is refused (quirk 7)
results     clients: any text           GigaChat: a string that holds a JSON object (quirk 8)
"""

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

import msgspec

from gigamost.core.request import JsonObject
from gigamost.core.text import clean_text

_UNWRAPS: Final = 2  # times that JSON inside a JSON string is opened
_CACHED: Final = 16 * 1024  # characters; a longer text is read every time, or the caches could eat the memory
# Most results are prose or code: no parser has to find that out.
_JSON: Final = re.compile(r'\ufeff*[ \t\n\r]*(?:[{\["0-9-]|true|false|null|NaN|Infinity)')
_DEPTH: Final = 64  # levels; what is nested deeper goes as text, or its depth could have the whole request refused
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
# The same characters inside JSON text; an escaped backslash is matched first, so that it is not half of an escape.
_ESCAPED: Final = re.compile(r"\\(?:(u00(?:0[0-8bcefBCEF]|1[0-9a-fA-F])|[bf])|.)")
# GigaChat 3's own separators, and what is left of the template's `function call{recipient}` (quirk 20).
_LEAK: Final = re.compile(
    r"(?:<\|message_sep\|>\s*)?(?:assistant\s+)?"
    r"(?:function call(?:<\|role_sep\|>|recipient(?=\{))|<\|function_call\|>)\s*"
)
_END: Final = re.compile(r"\s*(?:</s>|<\|message_sep\|>)?\s*")

_encode = msgspec.json.encode
_decoder = json.JSONDecoder(strict=False)


def to_object(arguments: str) -> JsonObject:
    """The arguments of a past call as an object: what is not one becomes `{"input": ...}`, nothing at all `{}`."""
    if not arguments.strip():
        return {}
    value = _read(arguments)
    if isinstance(value, dict):
        return value
    return {"input": _CONTROL.sub("", clean_text(arguments)) if value is msgspec.UNSET else value}


def arguments_json(arguments: str) -> msgspec.Raw:
    """`to_object` as the JSON that goes into a request."""
    return _arguments_json(arguments) if len(arguments) <= _CACHED else _arguments_json.__wrapped__(arguments)


@lru_cache(maxsize=1024)  # every turn of a conversation brings the calls of all earlier ones
def _arguments_json(arguments: str) -> msgspec.Raw:
    return msgspec.Raw(_encode(to_object(arguments)))


def from_object(arguments: object) -> str:
    """What GigaChat gave as arguments, as JSON text; text of its own stays as it is."""
    if isinstance(arguments, str):
        return arguments if arguments.strip() else "{}"
    return "{}" if arguments is None else _encode(arguments).decode()


def result_text(content: str, *, is_error: bool) -> str:
    """A tool's result as the text of a JSON object, compact and without control characters.

    An object stays itself; anything else becomes `{"result": ...}`, nothing at all `{}`, and an error `{"error": ...}`.
    """
    return (_result_text if len(content) <= _CACHED else _result_text.__wrapped__)(content, is_error)


@lru_cache(maxsize=1024)  # as are the results
def _result_text(content: str, is_error: bool) -> str:
    value = _read(content)
    if value is msgspec.UNSET:
        value = _CONTROL.sub("", clean_text(content)).strip()
    if isinstance(value, dict) and (not is_error or "error" in value):
        return _encode(value).decode()
    if is_error:
        return _encode({"error": "the tool failed without a message" if value in ("", None) else value}).decode()
    return "{}" if value == "" else _encode({"result": value}).decode()


def split_leaked_call(text: str) -> tuple[str, tuple[str, str] | None]:
    """A call that the model wrote into its text: the text without it, and (name, arguments as JSON text).

    A prelude without a whole call after it is taken out too; text without a prelude comes back as it is.
    """
    found = _LEAK.search(text) if "function" in text else None
    if found is None:
        return text, None
    before = text[: found.start()].rstrip()
    try:
        value, end = _decoder.raw_decode(text, found.end())
    except (ValueError, RecursionError):
        return before if text[found.end() : found.end() + 1] in ("{", "") else before + text[found.end() :], None
    name = value.get("name") if isinstance(value, dict) else None
    if not isinstance(name, str) or not name:
        return before, None
    after = _END.sub("", text[end:], count=1)
    arguments = value.get("arguments")
    words = arguments if isinstance(arguments, str) else json.dumps(arguments or {}, ensure_ascii=False)
    return before + after, (name, from_object(to_object(words)))


def _read(text: str) -> Any:
    """The JSON value in the text, clean and opened where it is JSON inside a string; UNSET when it is not JSON."""
    value = _value(text)
    for _ in range(_UNWRAPS):
        if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
            break
        inner = _value(value)
        if inner is msgspec.UNSET:
            break
        value = inner
    return msgspec.UNSET if text.count("{") + text.count("[") > _DEPTH and _is_deep(value) else value


def _is_deep(value: object) -> bool:
    level = [value]
    for _ in range(_DEPTH):
        level = [child for node in level for child in _children(node)]
        if not level:
            return False
    return True


def _children(node: object) -> Iterable[object]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()


def _value(text: str) -> Any:
    """What no JSON encoder takes is mended: control characters go, NaN is null, a lone surrogate U+FFFD."""
    if _JSON.match(text) is None:
        return msgspec.UNSET
    try:
        try:
            value = msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeEncodeError):
            bare = text.lstrip("\ufeff")
            return _without_controls(json.loads(bare, strict=False, parse_constant=lambda _: None, parse_float=_finite))
        return _without_controls(value) if "\\u00" in text or "\\b" in text or "\\f" in text else value
    except (ValueError, RecursionError, msgspec.DecodeError):
        return msgspec.UNSET


def _without_controls(value: object) -> Any:
    text = clean_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    return msgspec.json.decode(_ESCAPED.sub(lambda found: "" if found[1] else found[0], text))


def _finite(text: str) -> float | None:
    number = float(text)
    return number if abs(number) != float("inf") else None
