"""What a client shows the model besides plain words: images, documents and search results, as texts and media."""

from typing import assert_never

from gigamost.core.dataurl import decode_base64, decode_data_url, source_of
from gigamost.core.messages import ClientFile, Inline, Media, MediaKind, Source, Text
from gigamost.protocols.anthropic_messages import wire

Shown = tuple[Text | Media, ...]


def read_image(block: wire.ImageBlock, path: str) -> Shown:
    """Raises GatewayError (400) naming the part of the source that is wrong; so does the next."""
    mime, source = _source(block.source, f"{path}.source")
    return (Media("image", source, mime, place=path),)


def read_document(block: wire.DocumentBlock, path: str) -> Shown:
    """A file is told its title by its name; words that belong to it stand before it."""
    source = block.source
    title, context = block.title or "", block.context or ""
    match source:
        case wire.PlainTextSource(data=text):
            return (_titled(title, context, text),)
        case wire.ContentSource(content=content):
            if isinstance(content, str):
                return (_titled(title, context, content),)
            shown: Shown = (_titled(title, context),)
            for at, inner in enumerate(content):
                place = f"{path}.source.content[{at}]"
                shown += (Text(inner.text),) if isinstance(inner, wire.TextBlock) else read_image(inner, place)
            return shown
        case wire.Base64Source() | wire.UrlSource() | wire.FileSource():
            mime, found = _source(source, f"{path}.source")
            kind: MediaKind = "image" if mime.startswith("image/") else "document"
            media = Media(kind, found, mime, title, path)
            return (_titled(title, context), media) if context else (media,)
        case _:
            assert_never(source)


def read_search_result(block: wire.SearchResultBlock) -> Text:
    head = f"[Search result: {block.title}]\n{block.source}"
    return Text("\n".join((head, *(inner.text for inner in block.content))))


def _source(source: wire.Base64Source | wire.UrlSource | wire.FileSource, path: str) -> tuple[str, Source]:
    match source:
        case wire.Base64Source(data=data) if data[:5].lower() == "data:":  # not Anthropic's form, but it is seen
            mime, raw = decode_data_url(data, f"{path}.data")
            return source.media_type or mime, Inline(raw)
        case wire.Base64Source(data=data, media_type=media_type):
            return media_type or "", Inline(decode_base64(data, f"{path}.data"))
        case wire.UrlSource(url=url):
            return source_of(url, f"{path}.url")
        case wire.FileSource(file_id=file_id):
            return "", ClientFile(file_id)
        case _:
            assert_never(source)


def _titled(title: str, context: str, text: str = "") -> Text:
    head = f"[Document: {title}]" if title else "[Document]"
    return Text("\n".join(filter(None, (head, context, text))))
