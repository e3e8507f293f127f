"""`/v1/files` of OpenAI (API reference, "Files"), server role."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File, FormParser, parse_options_header

from gigamost.core.body import Rule
from gigamost.core.errors import invalid
from gigamost.core.face import Incoming, NewFile
from gigamost.core.tasks import StoredFile

RULES: Mapping[str, Rule] = {
    "file": Rule("exact", "what its bytes are decides, not the declared type; GigaChat's types and sizes"),
    "purpose": Rule("emulated", "kept in the file's name upstream; fine-tune and evals are refused"),
    "expires_after": Rule("ignored", "GigaChat keeps a file until it is deleted"),
}
PURPOSES = ("user_data", "assistants", "vision", "batch")
_WITHOUT_USE = ("fine-tune", "evals")
# GigaChat's own word for any purpose, seen on files that no purpose is known of.
_UNKNOWN_PURPOSE = "user_data"
MAX_LIMIT = 10_000  # files of one page, as OpenAI documents


def decode_upload(incoming: Incoming) -> NewFile:
    """Raises GatewayError (400) for a body that is no form, and for a missing or unusable part."""
    upload, fields = _parse(incoming)
    if upload is None:
        raise invalid("file is missing: send it as the part `file` of the form, with a file name.", "file")
    ignored = [name for name in fields if RULES.get(name, Rule("ignored")).fate == "ignored"]
    name = (upload.file_name or b"").decode("utf-8", "replace")
    data = upload.file_object
    data.seek(0)
    return NewFile(name, data.read(), upload.content_type or "", _purpose(fields.get("purpose", "")), tuple(ignored))


def _parse(incoming: Incoming) -> tuple[File | None, dict[str, str]]:
    """The part `file`, and the fields by name; a field `a[b]` counts as `a`."""
    content_type, options = parse_options_header(incoming.headers.get("content-type"))
    boundary = options.get(b"boundary")
    if content_type != b"multipart/form-data" or not boundary:
        raise invalid("The request body must be multipart/form-data with the parts `file` and `purpose`.")
    files: list[File] = []
    fields: dict[str, str] = {}

    def keep(field: Field) -> None:
        name = (field.field_name or b"").decode("utf-8", "replace").partition("[")[0]
        fields[name] = (field.value or b"").decode("utf-8", "replace")

    # No part may go to a temporary file: the body is in memory already.
    config = {"MAX_MEMORY_FILE_SIZE": len(incoming.body) + 1}
    try:
        parser = FormParser("multipart/form-data", keep, files.append, boundary=boundary, config=config)
        parser.write(incoming.body)
        parser.finalize()
    except FormParserError as error:
        raise invalid(f"The request body is not valid multipart/form-data: {error}.") from None
    return next((file for file in files if file.field_name == b"file"), None), fields


def _purpose(given: str) -> str:
    if given in _WITHOUT_USE:
        raise invalid(f"purpose {given!r} has no use here: GigaChat has neither fine-tuning nor evals.", "purpose")
    if given not in PURPOSES:
        raise invalid(f"purpose must be one of {', '.join(PURPOSES)}.", "purpose")
    return given


def encode(file: StoredFile) -> bytes:
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
    return file.purpose if file.purpose in PURPOSES else _UNKNOWN_PURPOSE
