"""Files that accounts keep (section 6.3): what may be uploaded, who may see it, how it is told."""

from io import BytesIO
from typing import Literal
from uuid import uuid4

import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File, parse_form

from gigamost.emulator.http import HttpRequest
from gigamost.emulator.picture import measure
from gigamost.emulator.refusal import Rule
from gigamost.emulator.tokens import count

Modality = Literal["text", "image", "audio", "3dmodel"]

UPLOAD = Rule("upload", 400, "Your request contains invalid JSON syntax.", "6.3: no file part, text inferred")
UPLOAD_TYPE = Rule("upload_type", 400, "Invalid file format", "6.3 live3p: octet-stream and unlisted types, inferred")
UPLOAD_PURPOSE = Rule("upload_purpose", 400, "Invalid purpose", "6.3: general, or assistant without PDFs, inferred")
UPLOAD_SIZE = Rule("upload_size", 413, "Payload too large", "4.3 docs: 15 MB image, 35 MB audio, 40 MB text")
NO_FILE = Rule("no_file", 404, "No such model", "6.3 spec (sic)")

MEGABYTE = 1024 * 1024
SIZES: dict[Modality, int] = {"image": 15 * MEGABYTE, "audio": 35 * MEGABYTE, "text": 40 * MEGABYTE}
_OFFICE = "application/vnd.openxmlformats-officedocument"
TYPES: dict[str, Modality] = {
    "text/plain": "text",
    "application/msword": "text",
    f"{_OFFICE}.wordprocessingml.document": "text",
    "application/pdf": "text",
    "application/epub": "text",
    "application/ppt": "text",
    f"{_OFFICE}.presentationml.presentation": "text",
    "application/vnd.ms-excel": "text",
    f"{_OFFICE}.spreadsheetml.sheet": "text",
    "image/jpeg": "image",
    "image/png": "image",
    "image/tiff": "image",
    "image/bmp": "image",
    "audio/mp4": "audio",
    "audio/mp3": "audio",
    "audio/x-m4a": "audio",
    "audio/x-wav": "audio",
    "audio/wave": "audio",
    "audio/wav": "audio",
    "audio/x-pn-wav": "audio",
    "audio/webm": "audio",
    "audio/x-ogg": "audio",
    "audio/opus": "audio",
}


class StoredFile(msgspec.Struct, frozen=True):
    """A file as the API tells it, its bytes, and who may have it: an account, and an end user where one made it."""

    id: str
    filename: str
    created_at: int
    purpose: str
    modality: Modality
    mime: str
    data: bytes
    owner: str
    end_user: str | None = None

    @property
    def size(self) -> int:
        return len(self.data)

    @property
    def tokens(self) -> int:
        """What the text of a document costs; only plain text can be read here."""
        return count(self.data.decode("utf-8", "replace")) if self.mime == "text/plain" else 0

    @property
    def label(self) -> str:
        """Kind and size in words: `PNG 10x10`, `text/plain, 120 bytes`."""
        measured = measure(self.data) if self.modality == "image" else None
        return f"{measured[0]} {measured[1]}x{measured[2]}" if measured else f"{self.mime}, {self.size} bytes"

    def told(self) -> dict[str, object]:
        return {
            "id": self.id,
            "object": "file",
            "bytes": self.size,
            "created_at": self.created_at,
            "filename": self.filename,
            "purpose": self.purpose,
            "access_policy": "private",
            "modalities": [self.modality],
        }


class Files:
    """All files of all accounts. A file of somebody else is a file that does not exist."""

    def __init__(self) -> None:
        self._files: dict[str, StoredFile] = {}

    def put(self, file: StoredFile) -> StoredFile:
        self._files[file.id] = file
        return file

    def get(self, file_id: str, owner: str) -> StoredFile | None:
        file = self._files.get(file_id)
        return file if file is not None and file.owner == owner else None

    def need(self, file_id: str, owner: str, end_user: str | None) -> StoredFile:
        """Raises RefusalError (404), also for a picture that was made for another `X-Client-ID`."""
        file = self.get(file_id, owner)
        if file is None or (file.end_user is not None and file.end_user != (end_user or "")):
            raise NO_FILE.refuse()
        return file

    def of(self, owner: str) -> list[StoredFile]:
        return [file for file in self._files.values() if file.owner == owner]

    def delete(self, file: StoredFile) -> None:
        del self._files[file.id]


def receive(request: HttpRequest, owner: str, now: int) -> StoredFile:
    """An upload: multipart `file` with a name and a supported part type, and `purpose`. Raises RefusalError."""
    files: list[File] = []
    fields: dict[str, str] = {}

    def keep(field: Field) -> None:
        fields[(field.field_name or b"").decode()] = (field.value or b"").decode()

    headers = {"Content-Type": request.headers.get("content-type", "").encode()}
    try:
        parse_form(headers, BytesIO(request.body), keep, files.append)
    except (FormParserError, ValueError):
        raise UPLOAD.refuse() from None
    upload = next((file for file in files if file.field_name == b"file"), None)
    if upload is None or not upload.file_name:
        raise UPLOAD.refuse()
    upload.file_object.seek(0)
    data = upload.file_object.read()
    upload.close()
    mime = (upload.content_type or "").partition(";")[0].strip().lower()
    purpose = fields.get("purpose", "")
    _check_upload(mime, purpose, len(data))
    name = upload.file_name.decode("utf-8", "replace")
    return StoredFile(str(uuid4()), name, now, purpose, TYPES[mime], mime, data, owner)


def _check_upload(mime: str, purpose: str, size: int) -> None:
    if mime not in TYPES:
        raise UPLOAD_TYPE.refuse()
    if purpose not in ("general", "assistant") or (purpose == "assistant" and mime == "application/pdf"):
        raise UPLOAD_PURPOSE.refuse()
    if size > SIZES[TYPES[mime]]:
        raise UPLOAD_SIZE.refuse()
