"""`/v1/files` of OpenAI (API reference, "Files"), server role."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from gigamost.core.body import Rule
from gigamost.core.errors import invalid
from gigamost.core.face import Incoming, NewFile
from gigamost.core.tasks import StoredFile
from gigamost.framing import form

RULES: Mapping[str, Rule] = {
    "file": Rule(
        "exact",
        "the bytes tell the type, not what is declared; GigaChat's types and sizes, or JSONL of 100 MB for batches",
    ),
    "purpose": Rule(
        "emulated", "batch: kept by the gateway; others in the file's name upstream; fine-tune and evals are refused"
    ),
    "expires_after": Rule("ignored", "GigaChat keeps a file until it is deleted"),
}
PURPOSES = ("user_data", "assistants", "vision", "batch")
_WITHOUT_USE = ("fine-tune", "evals")
# GigaChat's own word for any purpose, seen on files that no purpose is known of.
_UNKNOWN_PURPOSE = "user_data"
MAX_LIMIT = 10_000  # files of one page, as OpenAI documents


def decode_upload(incoming: Incoming) -> NewFile:
    """Raises GatewayError (400) for a body that is no form, and for a missing or unusable part."""
    try:
        given = form.read(incoming.headers.get("content-type", ""), incoming.body)
    except ValueError as error:
        message = f"The request body must be multipart/form-data with the parts `file` and `purpose`: {error}."
        raise invalid(message) from None
    upload = next((upload for upload in given.uploads if upload.field == "file"), None)
    if upload is None:
        raise invalid("file is missing: send it as the part `file` of the form, with a file name.", "file")
    purpose = _purpose(given.fields.get("purpose", ""))
    return NewFile(upload.name, upload.data, upload.mime, purpose, unused(given.fields))


def unused(fields: Mapping[str, str]) -> tuple[str, ...]:
    """The names of what a form says in vain."""
    names = dict.fromkeys(name.partition("[")[0] for name in fields)  # `a[b]` is a part of `a`
    return tuple(name for name in names if RULES.get(name, Rule("ignored")).fate == "ignored")


def _purpose(given: str) -> str:
    if given in _WITHOUT_USE:
        raise invalid(f"purpose {given!r} has no use here: GigaChat has neither fine-tuning nor evals.", "purpose")
    if given not in PURPOSES:
        raise invalid(f"purpose must be one of {', '.join(PURPOSES)}.", "purpose")
    return given


def encode(file: StoredFile, incoming: Incoming) -> bytes:
    return msgspec.json.encode(_told(file))


def encode_deleted(file_id: str) -> bytes:
    return msgspec.json.encode({"id": file_id, "object": "file", "deleted": True})


def encode_list(files: Sequence[StoredFile], incoming: Incoming) -> bytes:
    """One page: `purpose`, `order` (by time, newest first), `after` (a file's id) and `limit` of the query.

    Raises GatewayError (400) for a value that OpenAI does not document.
    """
    query = incoming.query
    order, purpose, after = query.get("order", "desc"), query.get("purpose", ""), query.get("after", "")
    if order not in ("asc", "desc"):
        raise invalid("order must be asc or desc.", "order")
    limit = _limit(query.get("limit", str(MAX_LIMIT)))
    found = sorted(files, key=lambda file: (file.created, file.id), reverse=order == "desc")
    if purpose:
        found = [file for file in found if _purpose_of(file) == purpose]
    if after:
        at = next((at for at, file in enumerate(found) if file.id == after), None)
        if at is None:
            raise invalid(f"after: there is no file {after!r} in this list.", "after")
        found = found[at + 1 :]
    page = found[:limit]
    return msgspec.json.encode(
        {
            "object": "list",
            "data": [_told(file) for file in page],
            "first_id": page[0].id if page else None,
            "last_id": page[-1].id if page else None,
            "has_more": len(found) > limit,
        }
    )


def _limit(given: str) -> int:
    limit = int(given) if given.isascii() and given.isdigit() and len(given) <= 6 else 0
    if not 1 <= limit <= MAX_LIMIT:
        raise invalid(f"limit must be a whole number from 1 to {MAX_LIMIT}.", "limit")
    return limit


def _told(file: StoredFile) -> dict[str, Any]:
    return {
        "id": file.id,
        "object": "file",
        "bytes": file.size,
        "created_at": file.created,
        "expires_at": None,
        "filename": file.name,
        "purpose": _purpose_of(file),
        "status": "processed",
        "status_details": None,
    }


def _purpose_of(file: StoredFile) -> str:
    return file.purpose if file.purpose in (*PURPOSES, "batch_output") else _UNKNOWN_PURPOSE
