"""`/files` in GigaChat's form (gigachat-api.md section 6.3), server role."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from gigamost.core.errors import invalid
from gigamost.core.face import Incoming, NewFile
from gigamost.core.tasks import StoredFile
from gigamost.framing import form
from gigamost.protocols.gigachat.files import ACCEPTED

_PRIVATE: Final = "private"


def decode_upload(incoming: Incoming) -> NewFile:
    """Raises GatewayError (400) for a body that is no form with a part `file`."""
    try:
        given = form.read(incoming.headers.get("content-type", ""), incoming.body)
    except ValueError as error:
        raise invalid(f"The request body must be multipart/form-data with the part `file`: {error}.") from None
    upload = next((upload for upload in given.uploads if upload.field == "file"), None)
    if upload is None:
        raise invalid("file is missing: send it as the part `file` of the form, with a file name.", "file")
    ignored = tuple(name for name in given.fields if name != "purpose")
    return NewFile(upload.name, upload.data, upload.mime, given.fields.get("purpose") or "general", ignored)


def encode_file(file: StoredFile, incoming: Incoming) -> bytes:
    return msgspec.json.encode(_told(file))


def encode_list(files: Sequence[StoredFile], incoming: Incoming) -> bytes:
    return msgspec.json.encode({"data": [_told(file) for file in files]})


def encode_deleted(file_id: str) -> bytes:
    return msgspec.json.encode({"id": file_id, "deleted": True, "access_policy": _PRIVATE})


def _told(file: StoredFile) -> dict[str, Any]:
    accepted = ACCEPTED.get(file.mime)
    return {
        "id": file.id,
        "object": "file",
        "bytes": file.size,
        "created_at": file.created,
        "filename": file.name,
        "purpose": file.purpose,
        "access_policy": _PRIVATE,
        "modalities": [accepted.modality] if accepted is not None else [],
    }
