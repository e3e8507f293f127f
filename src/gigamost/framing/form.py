"""`multipart/form-data` (RFC 7578) of a client, read whole."""

from typing import NamedTuple

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File, FormParser, parse_options_header


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
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise ValueError("the Content-Type is not multipart/form-data with a boundary")
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
