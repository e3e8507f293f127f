"""Images, recordings, documents and search results of Converse to core parts."""

from collections.abc import Mapping
from typing import Final

from gigamost.core.dataurl import decode_base64
from gigamost.core.errors import invalid
from gigamost.core.messages import Inline, Media, Text
from gigamost.protocols.bedrock_converse import wire

DOCUMENTS: Final[Mapping[str, str]] = {
    "pdf": "application/pdf",
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "html": "text/html",
    "txt": "text/plain",
    "md": "text/markdown",
}


class Lost:
    """Notes what was said in vain, each name once."""

    def __init__(self, ignored: list[str]) -> None:
        self._ignored = ignored

    def __call__(self, name: str) -> None:
        if name not in self._ignored:
            self._ignored.append(name)


def image(block: wire.ImageBlock, path: str) -> Media | Text:
    if block.source is None and block.error is not None:
        return Text(f"[An image that failed: {block.error.message or 'no reason given'}]")
    return Media("image", _inline(block.source, path), f"image/{block.format}" if block.format else "", place=path)


def audio(block: wire.AudioBlock, path: str) -> Media | Text:
    if block.source is None and block.error is not None:
        return Text(f"[A recording that failed: {block.error.message or 'no reason given'}]")
    return Media("audio", _inline(block.source, path), f"audio/{block.format}" if block.format else "", place=path)


def video(block: wire.VideoBlock, path: str) -> Media:
    return Media("video", _inline(block.source, path), f"video/{block.format}" if block.format else "", place=path)


def document(block: wire.DocumentBlock, path: str, lost: Lost) -> tuple[Text | Media, ...]:
    """A document that is text stands in the message as text; one in bytes goes up as a file."""
    if block.citations is not None and block.citations.enabled:
        lost("messages.content.document.citations")
    name = block.name or "document"
    source = block.source
    if source is not None and (source.text is not None or source.content is not None):
        texts = [source.text or "", *(content.text or "" for content in source.content or ())]
        context = f" ({block.context})" if block.context else ""
        return (Text("\n".join([f"[Document {name}{context}]", *filter(None, texts)])),)
    given = wire.BytesSource(source.bytes, source.s3_location) if source is not None else None
    media = Media("document", _inline(given, path), DOCUMENTS.get(block.format or "", ""), name, path)
    return (Text(f"[Document {name}: {block.context}]"), media) if block.context else (media,)


def search_result(block: wire.SearchResultBlock, lost: Lost) -> Text:
    if block.citations is not None and block.citations.enabled:
        lost("messages.content.searchResult.citations")
    head = " ".join(filter(None, [block.title, f"({block.source})" if block.source else None]))
    texts = [content.text or "" for content in block.content or ()]
    return Text("\n".join([f"[Search result {head}]", *filter(None, texts)]))


def _inline(source: wire.BytesSource | None, path: str) -> Inline:
    if source is not None and source.s3_location is not None:
        place = f"{path}.source.s3Location"
        raise invalid(f"{place} is not supported: the gateway reads nothing from S3; send the data in bytes.", place)
    if source is None or source.bytes is None:
        raise invalid(f"{path}.source.bytes is missing.", f"{path}.source.bytes")
    return Inline(decode_base64(source.bytes, f"{path}.source.bytes"))
