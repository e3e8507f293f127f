"""Brings what an upstream generated into the answer: a client cannot follow an upstream's file id."""

import msgspec

from gigamost.core.errors import GatewayError, Kind, Problem
from gigamost.core.events import Event, Failure, PartEnd
from gigamost.core.messages import FileRef, Inline, Media
from gigamost.pipeline.uploads import FileStore
from gigamost.protocols.gigachat.files import sniff


async def localise(end: PartEnd, files: FileStore) -> tuple[Event, ...]:
    """The events to put in the place of `end`: the same with the bytes of its media. Call it for a PartEnd with media;
    `files` must speak for the client that the answer was generated for, or the upstream refuses the download.

    A download that fails ends the answer in a Failure, after the part is closed empty. The picture is what was asked
    for, so an answer without it is no success, and a note in its place would be shown, stored and replayed as one. The
    request is not sent again: the generation happened. Repeating the download is up to `files`.
    """
    media: list[Media] = []
    for each in end.media:
        if isinstance(each.source, FileRef):
            try:
                data = await files.download(each.source.id)
            except GatewayError as error:
                return msgspec.structs.replace(end, media=()), Failure(_lost(each, error))
            each = Media(each.kind, Inline(data), sniff(data) or each.mime or "application/octet-stream", each.name)
        media.append(each)
    return (msgspec.structs.replace(end, media=tuple(media)),)


def _lost(media: Media, error: GatewayError) -> Problem:
    message = f"The {media.kind} was generated but could not be downloaded from GigaChat. Try again."
    return Problem(Kind.UPSTREAM_FAILED, message, detail=f"{error.problem.kind.label}: {error.problem.message}")
