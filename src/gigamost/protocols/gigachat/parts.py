"""The parts of an answer while it is read: one is open at a time, and what stands in the text without being text
(`markup`, `sources`) becomes a part or a citation of its own."""

from typing import assert_never

from gigamost.core.events import Event, PartDelta, PartEnd, PartKind, PartStart
from gigamost.core.messages import Media, Opaque
from gigamost.protocols.gigachat.functions.arguments import split_leaked_call
from gigamost.protocols.gigachat.markup import Picture, Prose, Scanner, Segment, Thought
from gigamost.protocols.gigachat.sources import SourceMarks


class Parts:
    """Every method adds to `events`. `sources` is None where the wire has no marks of sources."""

    def __init__(self, sources: SourceMarks | None = None) -> None:
        self.open: PartKind | None = None
        self._name = ""
        self._scanner = Scanner()
        self._sources = sources

    def text(self, text: str, events: list[Event]) -> None:
        if self._scanner.is_plain(text):
            if self.open == "text" and self._sources is None:
                events.append(PartDelta(text))  # the usual piece, on the request path
            else:
                self._prose(text, events)
        else:
            self._show(self._scanner.feed(text), events)

    def thought(self, text: str, events: list[Event]) -> None:
        self.turn("reasoning", events)
        events.append(PartDelta(text))

    def media(self, media: tuple[Media, ...], events: list[Event]) -> None:
        self.turn(None, events)
        events += (PartStart("media"), PartEnd(media=media))

    def is_at_work(self, name: str) -> bool:
        """Whether the open part is that of this built-in tool."""
        return self.open == "builtin" and self._name == name

    def builtin(self, name: str, progress: str, events: list[Event]) -> None:
        """A built-in tool is at work; `progress` is for a progress bar, not for the answer."""
        if not self.is_at_work(name):
            self.turn(None, events)
            self.turn("builtin", events, name)
            self._name = name
        if progress:
            events.append(PartDelta(progress))

    def builtin_done(self, name: str, events: list[Event], *, is_failed: bool) -> None:
        self.builtin(name, "", events)
        self.open = None
        events.append(PartEnd(is_failed=is_failed))

    def call(self, name: str, arguments: str, opaque: Opaque | None, events: list[Event]) -> None:
        self.turn(None, events)
        events += (PartStart("tool_call", name, opaque=opaque), PartDelta(arguments), PartEnd())

    def close(self, events: list[Event], *, expects_call: bool) -> tuple[str, str] | None:
        """The end of the text: what was held back goes out. The call that leaked into it as (name, arguments), where
        one is expected."""
        segments, leaked = self._scanner.close()
        self._show(segments, events)
        call = None
        if leaked and expects_call:
            clean, call = split_leaked_call(leaked)
            self._show([Prose(leaked)] if call is None else [Prose(clean)] if clean else [], events)
        self.turn(None, events)
        return call

    def cut(self, events: list[Event]) -> None:
        """The answer broke off: the open text is closed, a built-in tool at work has failed."""
        segments, _ = self._scanner.close()
        self._show(segments, events)
        if self.open == "builtin":
            self.builtin_done(self._name, events, is_failed=True)
        self.turn(None, events)

    def turn(self, kind: PartKind | None, events: list[Event], name: str = "") -> None:
        """Closes the open part unless it is of this kind, and opens one of this kind."""
        if self.open == kind:
            return
        if self.open == "text" and self._sources is not None:
            held, citations = self._sources.close()
            if held:
                events.append(PartDelta(held))
            events.append(PartEnd(citations=citations))
        elif self.open is not None:
            events.append(PartEnd())
        if kind is not None:
            events.append(PartStart(kind, name))
        self.open = kind

    def _show(self, segments: list[Segment], events: list[Event]) -> None:
        for segment in segments:
            match segment:
                case Prose(text=text):
                    self._prose(text, events)
                case Thought(text=text):
                    self.thought(text, events)
                case Picture(media=media):
                    self.media((media,), events)
                case _:
                    assert_never(segment)

    def _prose(self, text: str, events: list[Event]) -> None:
        if not text:
            return
        self.turn("text", events)
        if self._sources is not None:
            text = self._sources.feed(text)
        if text:
            events.append(PartDelta(text))
