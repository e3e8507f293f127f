"""What is kept of messages: every word, but no bytes of media, nothing that only an upstream understands, and of a text
no more than `LONGEST`."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Final, assert_never
from urllib.parse import urlsplit

from gigamost.core.events import Event, Failure, Finish, PartDelta, PartEnd, PartStart, Start
from gigamost.core.fold import Content, Reply, unfold
from gigamost.core.messages import (
    BuiltinCall,
    ClientFile,
    FileRef,
    Inline,
    Media,
    Message,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
    Url,
)
from gigamost.core.prompts import (
    SaidBuiltin,
    SaidCall,
    SaidMedia,
    SaidMessage,
    SaidPart,
    SaidReasoning,
    SaidResult,
    SaidText,
)
from gigamost.core.text import clean_text

LONGEST: Final = 200_000  # characters of one text
_SPARE: Final = 1_000_000  # characters of all texts of one side of an exchange


class Teller:
    """For one side of an exchange: the texts that come after `_SPARE` characters are cut to nothing."""

    def __init__(self) -> None:
        self._left = _SPARE

    def messages(self, messages: Iterable[Message]) -> tuple[SaidMessage, ...]:
        """The last ones matter most, so they are told first."""
        newest = [
            SaidMessage(each.role, self.parts(each.parts), clean_text(each.name)) for each in reversed([*messages])
        ]
        return tuple(reversed(newest))

    def parts(self, parts: Iterable[Part]) -> tuple[SaidPart, ...]:
        return tuple(map(self._part, parts))

    def _part(self, part: Part) -> SaidPart:
        match part:
            case Text(text=text):
                return SaidText(*self._cut(text))
            case Reasoning(text=text):
                return SaidReasoning(*self._cut(text))
            case Media():
                return _media(part)
            case ToolCall(id=call_id, name=name, arguments=arguments):
                return SaidCall(clean_text(call_id), clean_text(name), *self._cut(arguments))
            case ToolResult(call_id=call_id, content=content, name=name, is_error=is_error):
                told = tuple(_media(each) if isinstance(each, Media) else self._text(each) for each in content)
                return SaidResult(clean_text(call_id), told, clean_text(name), is_error)
            case BuiltinCall(kind=kind, id=call_id, is_failed=is_failed):
                return SaidBuiltin(clean_text(kind), clean_text(call_id), is_failed)
            case _:
                assert_never(part)

    def _text(self, text: Text) -> SaidText:
        return SaidText(*self._cut(text.text))

    def _cut(self, text: str) -> tuple[str, int]:
        room = min(LONGEST, max(self._left, 0))
        self._left -= len(text)
        return (clean_text(text), 0) if len(text) <= room else (clean_text(text[:room]), len(text))


def _media(media: Media) -> SaidMedia:
    kind, mime, name = media.kind, clean_text(media.mime), clean_text(media.name)
    match media.source:
        case Inline(data=data):
            return SaidMedia(kind, mime, name, digest=sha256(data).hexdigest(), size=len(data))
        case Url(url=url):
            return SaidMedia(kind, mime, name, address=clean_text(_bare(url)))
        case FileRef(id=file) | ClientFile(id=file):
            return SaidMedia(kind, mime, name, file=clean_text(file))
        case _:
            assert_never(media.source)


def _bare(url: str) -> str:
    """Without a password and without what follows `?`, where signatures and tokens stand."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"[:2000]


def texts(parts: Iterable[SaidPart]) -> Iterator[str]:
    """What is said in them, to be found by it."""
    for part in parts:
        match part:
            case SaidText(text=text) | SaidReasoning(text=text):
                yield text
            case SaidCall(name=name, arguments=arguments):
                yield from (name, arguments)
            case SaidResult(content=content):
                yield from texts(content)
            case SaidMedia(name=name):
                yield name
            case SaidBuiltin(kind=kind):
                yield kind
            case _:
                assert_never(part)


class Shown:
    """What a client was shown: the whole parts of an answer, and the one that was cut."""

    def __init__(self, reply: Reply | None, events: Iterable[Event]) -> None:
        self.parts: list[Content] = []
        self.finish = ""
        self.failure: Failure | None = None
        self._opened: PartStart | None = None
        self._texts: list[str] = []
        for event in unfold(reply) if reply is not None else events:
            self._feed(event)
        self._close(PartEnd())  # what was cut

    def _feed(self, event: Event) -> None:
        match event:
            case PartDelta(text=text):
                self._texts.append(text)
            case PartStart():
                self._opened, self._texts = event, []
            case PartEnd():
                self._close(event)
            case Finish(reason=reason):
                self.finish = reason
            case Failure():
                self.failure = event
            case Start():
                pass
            case _:
                assert_never(event)

    def _close(self, end: PartEnd) -> None:
        opened, self._opened = self._opened, None
        if opened is None:
            return
        text = "".join(self._texts)
        match opened.kind:
            case "text" if text:
                self.parts.append(Text(text))
            case "reasoning" if text:
                self.parts.append(Reasoning(text))
            case "tool_call":
                self.parts.append(ToolCall(opened.id, opened.name, text))
            case "builtin":
                self.parts.append(BuiltinCall(opened.name, opened.id, is_failed=end.is_failed))
            case _:
                pass
        self.parts += end.media
