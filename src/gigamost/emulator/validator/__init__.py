"""The judge of chat requests: raw JSON in, the same JSON or a `RefusalError` out.

It has its own table (`rules.RULES`) and takes nothing from the protocols, so that it can judge what they send. It is
stricter than the API where the API's answer is in doubt: what may be refused must not be sent.
"""

from collections.abc import Callable, Collection

import msgspec

from gigamost.emulator.catalogue import Facts
from gigamost.emulator.files import StoredFile
from gigamost.emulator.tokens import count_prompt
from gigamost.emulator.validator import rules
from gigamost.emulator.validator.functions import check_function, check_functions
from gigamost.emulator.validator.history import check_attachments, check_history
from gigamost.emulator.validator.params import check_fields, check_params
from gigamost.emulator.validator.shapes import Raw, check_shapes

__all__ = ["attached", "check_function", "judge", "parse"]

DEPTH = 100
Find = Callable[[str], StoredFile | None]


def parse(body: bytes) -> object:
    """Any JSON value. Raises RefusalError for what is none, for invalid UTF-8, lone surrogates and depth over 100."""
    try:
        value: object = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise rules.JSON.refuse() from None
    level = [value]
    for _ in range(DEPTH):
        level = [child for node in level for child in _children(node)]
        if not level:
            return value
    raise rules.JSON.refuse()


def _children(node: object) -> Collection[object]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()


def judge(raw: object, models: dict[str, Facts], find: Find, *, strict_fields: bool) -> tuple[Raw, Facts]:
    """A chat request and its model, in the order of section 9.4: shape, model, values, functions, history, size."""
    body = check_shapes(raw)
    model = models.get(body["model"])
    if model is None or model.type != "chat":
        raise rules.MODEL.refuse()
    if strict_fields:
        check_fields(body)
    check_params(body)
    check_functions(body, model)
    check_history(body)
    check_attachments(body, model, find)
    _check_context(body, model, find)
    return body, model


def _check_context(body: Raw, model: Facts, find: Find) -> None:
    documents = sum(file.tokens for file in attached(body, find) if file.modality == "text")
    tokens = count_prompt(body, model.overhead) + documents
    if tokens > model.context:
        rule = rules.DOCUMENT_OVERFLOW if tokens - documents <= model.context else rules.CONTEXT_OVERFLOW
        raise rule.refuse(tokens=tokens, limit=model.context)


def attached(body: Raw, find: Find) -> list[StoredFile]:
    """Every file of a judged request, in order."""
    ids = [file_id for message in body["messages"] for file_id in message.get("attachments", ())]
    return [file for file_id in ids if (file := find(file_id)) is not None]
