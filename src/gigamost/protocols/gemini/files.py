"""`files` of the Gemini API (ai.google.dev/api/files): what clients see of a file, and where it is."""

from collections.abc import Sequence
from typing import Any

import msgspec

from gigamost.core.face import Incoming
from gigamost.core.instant import SECOND, rfc3339
from gigamost.core.tasks import StoredFile
from gigamost.protocols.gemini.pages import page

_PAGE = 10  # files, where the query says nothing: Google's own default


class Files:
    """Under one prefix of the API (`/v1beta`): a file's `uri` names it."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def encode(self, file: StoredFile, incoming: Incoming) -> bytes:
        return msgspec.json.encode(self._told(file, incoming))

    def encode_uploaded(self, file: StoredFile, incoming: Incoming) -> bytes:
        return msgspec.json.encode({"file": self._told(file, incoming)})

    def encode_list(self, files: Sequence[StoredFile], incoming: Incoming) -> bytes:
        """Newest first. Raises GatewayError (400) for a page that cannot be."""
        newest = sorted(files, key=lambda file: (file.created, file.id), reverse=True)
        part = page(len(newest), incoming.query, _PAGE)
        return msgspec.json.encode({"files": [self._told(file, incoming) for file in part.of(newest)]} | part.following)

    def _told(self, file: StoredFile, incoming: Incoming) -> dict[str, Any]:
        created = rfc3339(file.created * SECOND, fraction=False)
        return {
            "name": f"files/{file.id}",
            "displayName": file.name,
            "mimeType": file.mime or "application/octet-stream",
            "sizeBytes": str(file.size),  # int64 in protobuf's JSON
            "createTime": created,
            "updateTime": created,
            "uri": f"{incoming.origin}{self._prefix}/files/{file.id}",
            "state": "ACTIVE",
            "source": "UPLOADED",
        }


def encode_deleted(file_id: str) -> bytes:
    return b"{}"
