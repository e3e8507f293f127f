"""`multipart/form-data` (RFC 7578) of a client, read whole, or as it comes."""

from typing import NamedTuple

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File, FormParser, MultipartParser, parse_options_header


class Upload(NamedTuple):
    """A part with a file in it; `mime` is what the client said, "" for nothing."""

    field: str
    name: str
    mime: str
    data: bytes


class Form(NamedTuple):
    uploads: tuple[Upload, ...]
    fields: dict[str, str]


def read(content_type: str, body: bytes) -> Form:
    """Raises ValueError for a body that is no such form."""
    boundary = _boundary(content_type)
    files: list[File] = []
    fields: dict[str, str] = {}

    def keep(field: Field) -> None:
        fields[_text(field.field_name)] = _text(field.value)

    # No part may go to a temporary file: the body is in memory already.
    config = {"MAX_MEMORY_FILE_SIZE": len(body) + 1}
    try:
        parser = FormParser("multipart/form-data", keep, files.append, boundary=boundary, config=config)
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise ValueError(str(error)) from None
    return Form(tuple(map(_upload, files)), fields)


def _upload(file: File) -> Upload:
    data = file.file_object
    data.seek(0)
    return Upload(_text(file.field_name), _text(file.file_name), file.content_type or "", data.read())


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "replace")


class Reader:
    """A form as it comes: `fields` are those that are whole, `file_name` is "" until its file begins. What has come of
    the file is in `taken`, for the caller to take away; other files are dropped."""

    def __init__(self, content_type: str, field: str) -> None:
        """`field` is that of the file. Raises ValueError for what is no such form."""
        self.fields: dict[str, str] = {}
        self.file_name = ""
        self.taken = bytearray()
        self.ended = False
        self._field = field
        self._headers: dict[bytes, bytes] = {}
        self._name = self._value = b""
        self._part = bytearray()
        self._is_file = False
        self._key = ""
        self._parser = MultipartParser(
            _boundary(content_type),
            {
                "on_part_begin": self._begin,
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._head,
                "on_part_data": self._data,
                "on_part_end": self._end,
                "on_end": self._whole,
            },
        )

    def feed(self, chunk: bytes) -> None:
        """Raises ValueError."""
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise ValueError(str(error)) from None

    def _begin(self) -> None:
        self._headers, self._part = {}, bytearray()

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _head(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        self._key = _text(options.get(b"name"))
        self._is_file = b"filename" in options
        if self._is_file and self._key == self._field:
            self.file_name = _text(options[b"filename"]) or "file"

    def _data(self, data: bytes, start: int, end: int) -> None:
        if not self._is_file:
            self._part += data[start:end]
        elif self._key == self._field:
            self.taken += data[start:end]

    def _end(self) -> None:
        if not self._is_file:
            self.fields[self._key] = _text(bytes(self._part))

    def _whole(self) -> None:
        self.ended = True


def _boundary(content_type: str) -> bytes:
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise ValueError("the Content-Type is not multipart/form-data with a boundary")
    return boundary
