"""Files that clients keep in GigaChat's storage. Whose they are is written on the files themselves, not in a table:

    id      file-<sealed id>                       opens only for the same tenant and credential
    name    gm-<tag>-<purpose>-<name>.<type>       `tag` stands for the tenant; upstream only, clients see `name`

GigaChat's list is one for all tenants of a credential: what has no tag, or another's, is not shown.
"""

import asyncio
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final
from urllib.parse import unquote

import msgspec

from gigamost.core.errors import GatewayError, Kind, invalid
from gigamost.core.face import NewFile
from gigamost.core.tasks import StoredFile
from gigamost.core.text import clean_text
from gigamost.core.usage import Usage
from gigamost.objects.ids import Seal
from gigamost.pipeline.ask import ask
from gigamost.pipeline.context import FILE, Context, client_ids, owner_of
from gigamost.pipeline.files import AccountFiles
from gigamost.pipeline.plain import each
from gigamost.pipeline.routes import Routes
from gigamost.protocols.gigachat.files import (
    ACCEPTED,
    MAX_BYTES,
    FileType,
    decode_file,
    decode_files,
    encode_upload,
    sniff,
)
from gigamost.upstreams.account import Account

PREFIX: Final = "file-"
_NAME: Final = re.compile(r"gm-(?P<tag>[0-9A-Za-z]{22})-(?P<purpose>[^-]*)-(?P<name>.*)\.[a-z0-9]+", re.DOTALL)
_UNSAFE: Final = re.compile(r'[\x00-\x1f\x7f"%/\\]')  # in a multipart header, or in ours
_LONGEST_NAME: Final = 100  # characters; the end of a longer one, with its ending, is kept


class StoredFiles:
    def __init__(self, routes: Routes, seal: Seal) -> None:
        self._routes = routes
        self._seal = seal

    async def upload(self, file: NewFile, context: Context) -> StoredFile:
        """Raises GatewayError: 400 for a type that GigaChat does not keep, 413 for too many bytes."""
        name = clean_text(file.name[-_LONGEST_NAME:]) or "file"
        content_type, body = await asyncio.to_thread(self._written, file, name, context)
        headers = {**_headers(context), "Content-Type": content_type}

        await context.visit.reserve("", Usage())
        accounts = self._routes.accounts(context.principal)
        account, answer = await ask(accounts, "POST", "/files", headers, body, visit=context.visit)
        stored = decode_file(answer)
        told = msgspec.structs.replace(stored, name=name, purpose=file.purpose, size=len(file.data))
        return self._sealed(told, account, context)

    async def list_files(self, context: Context) -> Sequence[StoredFile]:
        """All files of this tenant, under every credential. Raises GatewayError when one of them does not answer: a
        part of a list would look like the whole."""

        async def of(account: Account) -> list[StoredFile]:
            answer = await ask((account,), "GET", "/files", _headers(context), visit=context.visit)
            tags = self._tags(context)
            named = (_named(file, tags) for file in decode_files(answer.body))
            return [self._sealed(file, account, context) for file in named if file is not None]

        await context.visit.reserve("", Usage())
        found = await each(self._routes.accounts(context.principal), of)
        return [file for files in found for file in files]

    async def get_file(self, file_id: str, context: Context) -> StoredFile:
        """Raises GatewayError (404), as the next two do: a file of somebody else is one that does not exist."""
        account, upstream_id = self._opened(file_id, context)
        await context.visit.reserve("", Usage())
        with _missing(file_id):
            answer = await ask((account,), "GET", f"/files/{upstream_id}", _headers(context), visit=context.visit)
        file = decode_file(answer.body)
        return self._sealed(_named(file, self._tags(context)) or file, account, context)

    async def read_file(self, file_id: str, context: Context) -> tuple[bytes, str]:
        """The bytes and their media type."""
        account, upstream_id = self._opened(file_id, context)
        await context.visit.reserve("", Usage())
        data = await self._downloaded(file_id, upstream_id, account, context)
        return data, await asyncio.to_thread(sniff, data) or "application/octet-stream"

    async def delete_file(self, file_id: str, context: Context) -> None:
        account, upstream_id = self._opened(file_id, context)
        await context.visit.reserve("", Usage())
        with _missing(file_id):
            await AccountFiles(account, "").delete(upstream_id)

    async def _downloaded(self, file_id: str, upstream_id: str, account: Account, context: Context) -> bytes:
        """A picture that GigaChat made is shown only to the end user it was made for, by their name of then."""
        for client in client_ids(self._seal, context, context.user):
            try:
                return await AccountFiles(account, client).download(upstream_id)
            except GatewayError as error:
                if error.problem.kind is not Kind.MODEL_NOT_FOUND:
                    raise
        raise _no_file(file_id)

    def _written(self, file: NewFile, name: str, context: Context) -> tuple[str, bytes]:
        accepted = _accepted(file)
        purpose = _escaped(file.purpose).replace("-", "%2D")
        tagged = f"gm-{self._tags(context)[0]}-{purpose}-{_escaped(name)}.{accepted.extension}"
        return encode_upload(file.data, accepted.mime, tagged)

    def _tags(self, context: Context) -> Sequence[str]:
        """The first is for new files, the others stand on those from before the root secret was replaced."""
        return self._seal.tags("files", context.principal.tenant)

    def _sealed(self, file: StoredFile, account: Account, context: Context) -> StoredFile:
        sealed = self._seal.close(FILE, file.id, owner_of(context, account), PREFIX)
        if sealed is None:
            detail = f"file id {file.id!r} is no UUID"
            raise GatewayError(Kind.UPSTREAM_FAILED, "GigaChat gave a file an id that cannot be used.", detail=detail)
        return msgspec.structs.replace(file, id=sealed)

    def _opened(self, file_id: str, context: Context) -> tuple[Account, str]:
        """The account that keeps the file, and its id there."""
        for account in self._routes.accounts(context.principal):
            upstream_id = self._seal.open(FILE, file_id, owner_of(context, account))
            if upstream_id is not None:
                return account, upstream_id
        raise _no_file(file_id)


def _headers(context: Context) -> dict[str, str]:
    return {"Accept": "application/json", "X-Request-ID": context.request_id}


def _accepted(file: NewFile) -> FileType:
    if not file.data:
        raise invalid("file is empty.", "file")
    mime = sniff(file.data)
    accepted = ACCEPTED.get(mime)
    if accepted is None:
        formats = ", ".join(accepts.extension for accepts in ACCEPTED.values())
        what = mime or "of a format that is not recognised (a text must be UTF-8)"
        raise invalid(f"file is {what}. GigaChat keeps {formats}: convert it first.", "file", "unsupported_file")
    limit = MAX_BYTES[accepted.modality]
    if len(file.data) > limit:
        message = f"file: {len(file.data)} bytes are over GigaChat's limit for {accepted.modality}, {limit} bytes."
        raise GatewayError(Kind.TOO_LARGE, message, param="file")
    return accepted


def _escaped(text: str) -> str:
    return _UNSAFE.sub(lambda found: f"%{ord(found[0]):02X}", text)


def _named(file: StoredFile, tags: Sequence[str]) -> StoredFile | None:
    """The file by the name and purpose that its client gave it, None when it does not have one of these tags."""
    found = _NAME.fullmatch(file.name)
    if found is None or found["tag"] not in tags:
        return None
    return msgspec.structs.replace(file, name=unquote(found["name"]), purpose=unquote(found["purpose"]))


@contextmanager
def _missing(file_id: str) -> Iterator[None]:
    """GigaChat's 404 for a file says "No such model" (sic)."""
    try:
        yield
    except GatewayError as error:
        if error.problem.kind is Kind.MODEL_NOT_FOUND:
            raise _no_file(file_id) from None
        raise


def _no_file(file_id: str) -> GatewayError:
    return GatewayError(Kind.NOT_FOUND, f"There is no file {file_id[:80]!r}.", param="file_id")
