"""The answer of an upstream that refused, without our secrets: some servers and proxies repeat the key they were sent,
and the text of an error goes to clients and into the log."""

from collections.abc import Mapping, Sequence
from typing import Final

from gigamost.core.secret import Secret
from gigamost.upstreams.http import Response

_SHORTEST: Final = 6  # characters of a secret that can be told from ordinary text


class Discreet:
    """`Response`, read as a whole before any of it is given away: a secret may lie across two pieces."""

    def __init__(self, response: Response, secrets: Sequence[Secret]) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self._response = response
        self._secrets = [text.encode() for each in secrets if len(text := each.reveal()) >= _SHORTEST]
        self._is_read = False

    async def chunk(self) -> bytes:
        return b"" if self._is_read else await self.read()

    async def read(self, limit: int = 64 * 1024 * 1024) -> bytes:
        data = await self._response.read(limit)
        self._is_read = True
        for secret in self._secrets:
            data = data.replace(secret, Secret.STARS.encode())
        return data

    def close(self) -> None:
        self._response.close()
