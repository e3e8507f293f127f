"""GigaChat's files (gigachat-api.md sections 4.3 and 6.3), without I/O: what may be uploaded, as which type, how an
upload is written and how the answers are read. What a file is, its bytes say: clients name wrong types."""

import hashlib
import re
from collections.abc import Mapping
from typing import Literal, TypeVar

import msgspec

from gigamost.core.errors import GatewayError, Kind
from gigamost.core.tasks import StoredFile
from gigamost.core.text import clean_text

Modality = Literal["image", "audio", "text"]
Shape = TypeVar("Shape")

# Bytes per file, bytes of images and audio together, images per request. Megabytes are read as 10^6: whichever the
# API means, that is accepted.
MAX_BYTES: Mapping[Modality, int] = {"image": 15_000_000, "audio": 35_000_000, "text": 40_000_000}
MAX_MEDIA_BYTES = 80_000_000
MAX_IMAGES = 10


class FileType(msgspec.Struct, frozen=True):
    """`mime` is the Content-Type that the upload's part must have: `application/octet-stream` is refused, and some
    documented types are not the registered ones."""

    modality: Modality
    mime: str
    extension: str


_OFFICE = "application/vnd.openxmlformats-officedocument"
# By the registered type, as `sniff` says it.
ACCEPTED: Mapping[str, FileType] = {
    "image/jpeg": FileType("image", "image/jpeg", "jpg"),
    "image/png": FileType("image", "image/png", "png"),
    "image/tiff": FileType("image", "image/tiff", "tiff"),
    "image/bmp": FileType("image", "image/bmp", "bmp"),
    "audio/mp4": FileType("audio", "audio/x-m4a", "m4a"),
    "video/mp4": FileType("audio", "audio/mp4", "mp4"),
    "audio/mpeg": FileType("audio", "audio/mp3", "mp3"),
    "audio/wav": FileType("audio", "audio/x-wav", "wav"),
    "video/webm": FileType("audio", "audio/webm", "weba"),
    "audio/ogg": FileType("audio", "audio/x-ogg", "ogg"),
    "audio/opus": FileType("audio", "audio/opus", "opus"),
    "text/plain": FileType("text", "text/plain", "txt"),
    "application/pdf": FileType("text", "application/pdf", "pdf"),
    "application/epub+zip": FileType("text", "application/epub", "epub"),
    "application/msword": FileType("text", "application/msword", "doc"),
    f"{_OFFICE}.wordprocessingml.document": FileType("text", f"{_OFFICE}.wordprocessingml.document", "docx"),
    "application/vnd.ms-powerpoint": FileType("text", "application/ppt", "ppt"),
    f"{_OFFICE}.presentationml.presentation": FileType("text", "application/pptx", "pptx"),
    f"{_OFFICE}.spreadsheetml.sheet": FileType("text", "application/vnd.ms-excel", "xlsx"),
}
_MIME_BY_EXTENSION = {kind.extension: mime for mime, kind in ACCEPTED.items()} | {"jpeg": "image/jpeg"}

_MAGIC = (
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"II\*\0|MM\0\*"), "image/tiff"),
    (re.compile(rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0", re.DOTALL), "image/bmp"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb".{4}ftypavi[fs]", re.DOTALL), "image/avif"),
    (re.compile(rb".{4}ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1)", re.DOTALL), "image/heic"),
    (re.compile(rb".{4}ftypM4[AB] ", re.DOTALL), "audio/mp4"),
    (re.compile(rb".{4}ftypqt  ", re.DOTALL), "video/quicktime"),
    (re.compile(rb".{4}ftyp", re.DOTALL), "video/mp4"),
    (re.compile(rb"(?:\0\0\0\x0cjP  |\xff\x4f\xff\x51)"), "image/jp2"),
    (re.compile(rb"RIFF.{4}WAVE", re.DOTALL), "audio/wav"),
    (re.compile(rb"ID3|\xff[\xe2\xe3\xf2\xf3\xfa\xfb]"), "audio/mpeg"),
    (re.compile(rb"OggS.{24}OpusHead", re.DOTALL), "audio/opus"),
    (re.compile(rb"OggS"), "audio/ogg"),
    (re.compile(rb"fLaC"), "audio/flac"),
    (re.compile(rb"\xff[\xf0\xf1\xf8\xf9]"), "audio/aac"),
    (re.compile(rb"\x1a\x45\xdf\xa3"), "video/webm"),
    (re.compile(rb"glTF"), "model/gltf-binary"),
    (re.compile(rb"%PDF-"), "application/pdf"),
    (re.compile(rb"PK\x03\x04.{26}mimetypeapplication/epub\+zip", re.DOTALL), "application/epub+zip"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# Stream names stand in UTF-16 in an OLE file, member names as they are in a ZIP file.
_IN_OLE = (
    ("WordDocument".encode("utf-16-le"), "application/msword"),
    ("PowerPoint Document".encode("utf-16-le"), "application/vnd.ms-powerpoint"),
)
_IN_ZIP = (
    (b"word/document.xml", f"{_OFFICE}.wordprocessingml.document"),
    (b"ppt/presentation.xml", f"{_OFFICE}.presentationml.presentation"),
    (b"xl/workbook.", f"{_OFFICE}.spreadsheetml.sheet"),
)
_NOT_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def sniff(data: bytes) -> str:
    """The registered media type of the bytes, "" when nothing is recognised. Text is UTF-8 without control characters.

    An MP4 or WebM file is `video/...` whatever is in it: the container does not say at its beginning.
    """
    for magic, mime in _MAGIC:
        if magic.match(data):
            return mime
    if data.startswith(_OLE):
        return next((mime for name, mime in _IN_OLE if name in data), "")
    if data.startswith(b"PK\x03\x04"):
        # The last name found is the outer archive's: its directory stands behind any document embedded in it.
        at, mime = max((data.rfind(name), mime) for name, mime in _IN_ZIP)
        return mime if at >= 0 else "application/zip"
    if b"%PDF-" in data[:1024]:  # readers allow bytes before the header
        return "application/pdf"
    return "text/plain" if _is_text(data) else ""


def _is_text(data: bytes) -> bool:
    if not data or _NOT_TEXT.search(data):
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def encode_upload(data: bytes, mime: str, name: str, purpose: str = "general") -> tuple[str, bytes]:
    """`POST /files` as (Content-Type, body): multipart/form-data (RFC 7578) with `purpose` and `file`.

    The boundary is the digest of the data, so the same file gives the same bytes and no data can contain it.
    The file name is written as browsers and the official SDK do: UTF-8, with `"` and line breaks as %XX.
    """
    boundary = hashlib.sha256(data).hexdigest()
    quoted = clean_text(name).replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\n{purpose}\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{quoted}"\r\n'
        f"Content-Type: {mime}\r\n\r\n"
    )
    return f"multipart/form-data; boundary={boundary}", b"%b%b\r\n--%b--\r\n" % (head.encode(), data, boundary.encode())


def file_name(name: str, extension: str) -> str:
    """A safe name that ends in the extension of its type: the last part of a path, no control characters, at most 100
    characters; `file` where nothing is left."""
    last = re.split(r"[/\\]", name)[-1]
    clean = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", "", clean_text(last)).strip(" .")
    stem, dot, ending = clean.rpartition(".")
    if not dot or not 1 <= len(ending) <= 5:
        stem = clean
    return f"{stem[:90].strip(' .') or 'file'}.{extension}"


class _File(msgspec.Struct):
    id: str
    filename: str | None = None
    bytes: int | None = None
    created_at: float | None = None
    purpose: str | None = None

    def stored(self) -> StoredFile:
        name = self.filename or ""
        mime = _MIME_BY_EXTENSION.get(name.rpartition(".")[2].lower(), "")
        return StoredFile(self.id, name, self.bytes or 0, int(self.created_at or 0), self.purpose or "general", mime)


class _Files(msgspec.Struct):
    data: list[_File]


class _Deleted(msgspec.Struct):
    deleted: bool = False


def decode_file(body: bytes) -> StoredFile:
    """A file object. All but its id may be missing. Raises GatewayError (502) when it is not one."""
    return _decode(body, _File).stored()


def decode_files(body: bytes) -> tuple[StoredFile, ...]:
    """The answer of `GET /files`. Raises GatewayError (502)."""
    return tuple(file.stored() for file in _decode(body, _Files).data)


def decode_deleted(body: bytes) -> bool:
    """The answer of `POST /files/{id}/delete`. Raises GatewayError (502)."""
    return _decode(body, _Deleted).deleted


def _decode(body: bytes, shape: type[Shape]) -> Shape:
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as why:
        raise GatewayError(
            Kind.UPSTREAM_FAILED,
            "GigaChat's file storage gave an answer that cannot be read. Try again.",
            detail=f"{why}: {body[:200]!r}",
        ) from None
