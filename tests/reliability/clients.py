"""Many clients at once, as cheap as they can be: a socket each, HTTP by hand, and no patience for a wrong answer."""

import asyncio
import json
from collections.abc import Sequence
from typing import NamedTuple

from tests.reliability.processes import KEY, PATIENCE, Gateway


class Heard(NamedTuple):
    """`status` 0: the connection ended before a head came. `is_whole`: a proper end of the protocol was seen."""

    name: str
    status: int
    is_whole: bool
    body: bytes


class Question(NamedTuple):
    """`name` goes along as the client's own request id, by which the ledger knows it."""

    gateway: Gateway
    name: str
    key: str = KEY
    stream: bool = False
    text: str = "hi"


async def ask(question: Question) -> Heard:
    body = {
        "model": "GigaChat-2",
        "stream": question.stream,
        "max_tokens": 100,
        "messages": [{"role": "user", "content": question.text}],
    }
    content = json.dumps(body).encode()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {question.key}\r\nX-Request-ID: {question.name}\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    data = b""
    writer: asyncio.StreamWriter | None = None
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", question.gateway.port)
        writer.write(head.encode() + content)
        while piece := await reader.read(65_536):
            data += piece
    except ConnectionError:
        pass
    finally:
        if writer is not None:
            writer.transport.abort()
    status = int(data.split(b" ", 2)[1]) if data.startswith(b"HTTP/1.1 ") else 0
    answer = data.partition(b"\r\n\r\n")[2]
    end = b"data: [DONE]" if question.stream else b'"choices"'
    return Heard(question.name, status, status == 200 and end in answer and b'"error"' not in answer, answer)


async def ask_all(questions: Sequence[Question], patience: float = PATIENCE) -> list[Heard]:
    async with asyncio.timeout(patience):
        return await asyncio.gather(*map(ask, questions))
