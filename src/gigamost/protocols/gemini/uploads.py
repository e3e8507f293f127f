"""`media.upload` of the Gemini API (ai.google.dev/api/files): in one request, or in the steps of the SDK.

    start:   POST /upload/v1beta/files             metadata as JSON -> X-Goog-Upload-URL
    upload:  POST /upload/v1beta/files/resumable   the bytes, with X-Goog-Upload-Command: upload, finalize

Nothing is kept between the steps: what the client said at the start stands in the query of the second address. So the
bytes come in one piece (the SDKs cut files of more than 8 MiB).
"""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote, urlencode

from msgspec import UNSET, UnsetType
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from gigamost.core.body import BodyReader, Rule
from gigamost.core.errors import GatewayError, invalid
from gigamost.core.face import Incoming, NewFile
from gigamost.protocols.gemini import wire
from gigamost.protocols.gemini.names import Spelling

PURPOSE = "user_data"
FINAL = (("X-Goog-Upload-Status", "final"),)


class File(wire.Wire, frozen=True):
    name: str | None = None
    display_name: str | None = None
    mime_type: str | None = None
    size_bytes: int | str | None = None


class CreateFile(wire.Wire, frozen=True):
    """The metadata of an upload."""

    file: File | UnsetType = UNSET


RULES: Mapping[str, Rule] = {
    "file": Rule("exact", "displayName and mimeType; the bytes tell the type, the gateway gives the name"),
}
_spelling = Spelling(CreateFile)
_reader = BodyReader(CreateFile, RULES)


class Part(NamedTuple):
    content_type: str
    data: bytes


class Start:
    """The first step. `path` is where uploads are under this prefix of the API."""

    def __init__(self, path: str) -> None:
        self._path = path

    def headers(self, incoming: Incoming) -> tuple[tuple[str, str], ...]:
        """Raises GatewayError (400)."""
        said, ignored = _metadata(incoming.body or b"{}")
        headers = incoming.headers
        query = {
            "name": said.display_name or _file_name(incoming),
            "mime": said.mime_type or headers.get("x-goog-upload-header-content-type", ""),
            "size": headers.get("x-goog-upload-header-content-length", ""),
            "ignored": ",".join(ignored),
            # The SDKs send no key with the bytes: to Google the address alone is the permission.
            "key": headers.get("x-goog-api-key") or incoming.query.get("key", ""),
        }
        given = urlencode({name: value for name, value in query.items() if value})
        url = f"{incoming.origin}{self._path}/resumable?{given}"
        return (
            ("X-Goog-Upload-Status", "active"),
            ("X-Goog-Upload-URL", url),
            ("X-Goog-Upload-Control-URL", url),
            ("X-Goog-Upload-Chunk-Granularity", "1"),
        )


def decode_bytes(incoming: Incoming) -> NewFile:
    """The second step. Raises GatewayError (400) for anything but the whole file in one piece."""
    headers, query = incoming.headers, incoming.query
    commands = {command.strip().lower() for command in headers.get("x-goog-upload-command", "").split(",")}
    if "finalize" not in commands or headers.get("x-goog-upload-offset", "0") != "0":
        message = (
            "The gateway keeps no pieces of a file: send it in one request with X-Goog-Upload-Command: upload, finalize"
            " (or as multipart/related), not in several."
        )
        raise invalid(message, "file", "upload_in_pieces")
    size = query.get("size", "")
    if size.isdecimal() and size.isascii() and len(size) < 16 and int(size) != len(incoming.body):
        raise invalid(f"file: {size} bytes were announced and {len(incoming.body)} came.", "file")
    ignored = tuple(filter(None, query.get("ignored", "").split(",")))
    return NewFile(query.get("name", "file"), incoming.body, query.get("mime", ""), PURPOSE, ignored)


def decode_whole(incoming: Incoming) -> NewFile:
    """An upload in one request: metadata and bytes as multipart, or the bytes alone. Raises GatewayError (400)."""
    content_type, options = parse_options_header(incoming.headers.get("content-type"))
    if not content_type.startswith(b"multipart/"):
        if content_type == b"application/json":
            message = "An upload of metadata alone starts with X-Goog-Upload-Command: start; or send multipart/related."
            raise invalid(message, "file")
        mime = content_type.decode("latin-1")
        return NewFile(_file_name(incoming) or "file", incoming.body, mime, PURPOSE)
    parts = _parts(incoming.body, options.get(b"boundary", b""))
    if len(parts) != 2:
        raise invalid("The upload must have two parts: the metadata as JSON, then the file.", "file")
    said, ignored = _metadata(parts[0].data or b"{}")
    name = said.display_name or _file_name(incoming) or "file"
    return NewFile(name, parts[1].data, said.mime_type or parts[1].content_type, PURPOSE, tuple(ignored))


def _metadata(body: bytes) -> tuple[File, list[str]]:
    body, written = _spelling.camel(body)
    try:
        said, ignored = _reader.read(body)
    except GatewayError as error:
        raise written.error(error) from None
    file = said.file if isinstance(said.file, File) else File()
    if file.name:
        ignored.append("file.name")
    return file, ignored


def _file_name(incoming: Incoming) -> str:
    """The SDK's header, which may be raw UTF-8 or percent-encoded."""
    given = incoming.headers.get("x-goog-upload-file-name", "")
    return unquote(given.encode("latin-1", "replace").decode("utf-8", "replace"), errors="replace")


class _Collector:
    """The parts of a multipart body, whatever kind it is (RFC 2046)."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self._field = self._value = b""
        self._content_type = ""
        self._data: list[bytes] = []

    def parser(self, boundary: bytes) -> MultipartParser:
        return MultipartParser(
            boundary,
            {
                "on_header_field": self._on_field,
                "on_header_value": self._on_value,
                "on_header_end": self._on_header,
                "on_part_data": self._on_data,
                "on_part_end": self._on_part,
            },
        )

    def _on_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header(self) -> None:
        if self._field.lower() == b"content-type":
            self._content_type = self._value.decode("latin-1").partition(";")[0].strip()
        self._field = self._value = b""

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        self._data.append(data[start:end])

    def _on_part(self) -> None:
        self.parts.append(Part(self._content_type, b"".join(self._data)))
        self._content_type, self._data = "", []


def _parts(body: bytes, boundary: bytes) -> list[Part]:
    if not boundary:
        raise invalid("The Content-Type of a multipart upload must name its boundary.", "file")
    collector = _Collector()
    try:
        parser = collector.parser(boundary)
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise invalid(f"The request body is not valid multipart: {error}.", "file") from None
    return collector.parts
