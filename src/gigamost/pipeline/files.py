"""The file storage of one credential on behalf of one end user (`pipeline.uploads.FileStore`). What it does belongs to
a request that is in the ledger, or deletes what such a request has left."""

from urllib.parse import quote

from gigamost.pipeline.ask import ask
from gigamost.protocols.gigachat.files import decode_deleted, decode_file, encode_upload
from gigamost.upstreams.account import Account


class AccountFiles:
    """`client` is the value of `X-Client-ID`, "" for none: GigaChat shows a generated picture only to the same one."""

    def __init__(self, account: Account, client: str) -> None:
        self._account = account
        self._headers = {"Accept": "application/json"} | ({"X-Client-ID": client} if client else {})

    @property
    def credential_id(self) -> str:
        return self._account.id

    async def upload(self, data: bytes, mime: str, name: str) -> str:
        content_type, body = encode_upload(data, mime, name)
        headers = {**self._headers, "Content-Type": content_type}
        answer = await ask((self._account,), "POST", "/files", headers, body, visit=None)
        return decode_file(answer.body).id

    async def delete(self, file_id: str) -> None:
        path = f"/files/{quote(file_id, safe='')}/delete"
        decode_deleted((await ask((self._account,), "POST", path, self._headers, visit=None)).body)

    async def download(self, file_id: str) -> bytes:
        headers = {**self._headers, "Accept": "*/*"}
        path = f"/files/{quote(file_id, safe='')}/content"
        return (await ask((self._account,), "GET", path, headers, visit=None)).body
