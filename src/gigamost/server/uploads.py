"""Uploads as they come: the input of a batch goes into the store piece by piece, anything else is read whole."""

from collections.abc import AsyncIterator
from typing import NamedTuple

import msgspec

from gigamost.core.errors import invalid
from gigamost.core.face import Incoming
from gigamost.framing.form import Reader
from gigamost.server.exchange import Http


class BatchInput(NamedTuple):
    """`form` has all of its fields once `pieces` have ended."""

    form: Reader
    pieces: AsyncIterator[bytes]


async def take_in(http: Http, incoming: Incoming) -> BatchInput | Incoming:
    """The input of a batch where the form says so before its file, as the official clients write it; else the request
    with its whole body, for a decoder that knows what may be wrong with it."""
    chunks, body = http.chunks(), list[bytes]()
    form = _reader(incoming)
    async for chunk in chunks:
        body.append(chunk)
        if form is not None and not _feed(form, chunk):
            form = None
        if form is not None and form.file_name:
            if form.fields.get("purpose") == "batch":
                return BatchInput(form, _pieces(form, chunks))
            form = None
    return msgspec.structs.replace(incoming, body=b"".join(body))


def _reader(incoming: Incoming) -> Reader | None:
    try:
        return Reader(incoming.headers.get("content-type", ""), "file")
    except ValueError:
        return None


def _feed(form: Reader, chunk: bytes) -> bool:
    try:
        form.feed(chunk)
    except ValueError:
        return False
    return True


async def _pieces(form: Reader, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield _taken(form)
    async for chunk in chunks:
        if not _feed(form, chunk):
            raise invalid("The request body is no multipart/form-data from here on.", "file")
        yield _taken(form)
    if not form.ended:
        raise invalid("The request body ends in the middle of a part.", "file")


def _taken(form: Reader) -> bytes:
    data = bytes(form.taken)
    form.taken.clear()
    return data
