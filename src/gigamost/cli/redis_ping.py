"""Whether the configured Redis answers, asked with nothing but a socket."""

import asyncio
import ssl
from urllib.parse import unquote, urlsplit

from gigamost.cli.finding import Finding
from gigamost.core.secret import Secret

_SECONDS = 5.0


async def check(url: Secret) -> Finding:
    parts = urlsplit(url.reveal())
    where = f"{parts.hostname}:{parts.port or 6379}"
    if parts.scheme not in ("redis", "rediss") or not parts.hostname:
        return Finding(
            "fail", "Redis: GIGAMOST_REDIS_URL is no redis:// or rediss:// URL", "Correct GIGAMOST_REDIS_URL"
        )
    commands: list[tuple[str, ...]] = [("PING",)]
    if parts.password:
        user = (unquote(parts.username),) if parts.username else ()
        commands.insert(0, ("AUTH", *user, unquote(parts.password)))
    tls = ssl.create_default_context() if parts.scheme == "rediss" else None
    try:
        async with asyncio.timeout(_SECONDS):
            answers = await _ask(parts.hostname, parts.port or 6379, tls, commands)
    except (OSError, TimeoutError) as error:
        return Finding(
            "fail", f"Redis: {where} cannot be reached ({str(error) or 'no answer'})", "Start it, or correct its URL"
        )
    refusal = next((answer for answer in answers if not answer.startswith("+")), None)
    if refusal is not None:
        return Finding("fail", f"Redis: {where} says {refusal}", "Correct the password in GIGAMOST_REDIS_URL")
    return Finding("ok", f"Redis: {where} answers")


async def _ask(host: str, port: int, tls: ssl.SSLContext | None, commands: list[tuple[str, ...]]) -> list[str]:
    reader, writer = await asyncio.open_connection(host, port, ssl=tls)
    try:
        answers = []
        for words in commands:
            encoded = [word.encode() for word in words]
            writer.write(b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in encoded))
            answers.append((await reader.readline()).decode("utf-8", "replace").strip())
        return answers
    finally:
        writer.close()
