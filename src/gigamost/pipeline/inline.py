"""Puts a request's media into the request itself, for upstreams that keep no files of ours.

    Inline | Url --> bytes --> what is it? may it go? --> (text | converted picture | as it is) --> Inline

Addresses are followed here, behind the guard, and never by the upstream: that would reach what only it can reach.
"""

import asyncio
from typing import Final, assert_never

import msgspec

from gigamost.core.errors import invalid
from gigamost.core.messages import ClientFile, FileRef, Inline, Media, Text, Url
from gigamost.core.models import Model
from gigamost.core.request import ChatRequest
from gigamost.pipeline.media import has_media, media_in, with_media
from gigamost.pipeline.pictures import convert
from gigamost.protocols.gigachat.files import MAX_BYTES, sniff
from gigamost.upstreams.fetch import Fetcher

# What OpenAI documents for pictures in a request; everything else is converted.
_PICTURES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


class Inliner:
    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    async def prepare(self, request: ChatRequest, model: Model) -> ChatRequest:
        """Raises GatewayError: 400 or 413 for what the client sent."""
        if not has_media(request.messages):
            return request
        found = [await self._put(media, model, param) for media, param in media_in(request.messages)]
        replacements = iter(found)
        messages = tuple(with_media(message, replacements) for message in request.messages)
        return msgspec.structs.replace(request, messages=messages)

    async def _put(self, media: Media, model: Model, param: str) -> Media | Text:
        _check(media, model, param)
        name = media.name
        match media.source:
            case Inline(data=data):
                pass
            case Url(url=url):
                fetched = await self._fetcher.fetch(url, max_bytes=max(MAX_BYTES.values()), param=param)
                data, name = fetched.data, name or fetched.name
            case ClientFile() | FileRef():
                message = (
                    f"{param}: the file lies with GigaChat, and {model.upstream} serves this model: send its data."
                )
                raise invalid(message, param, "file_not_found")
            case _:
                assert_never(media.source)
        mime = await asyncio.to_thread(sniff, data) or media.mime
        if media.kind == "image" and mime not in _PICTURES:
            data, mime = await asyncio.to_thread(convert, data, mime)
        if media.kind == "document" and mime == "text/plain":
            return Text(f"{name}:\n{data.decode('utf-8', 'replace')}" if name else data.decode("utf-8", "replace"))
        return Media(media.kind, Inline(data), mime, name)


def _check(media: Media, model: Model, param: str) -> None:
    can = {"image": model.capabilities.vision, "audio": model.capabilities.audio, "document": True}
    if not can.get(media.kind, False):
        raise invalid(f"{param}: the model {model.id} of {model.upstream} takes no {media.kind}.", param)
