"""What GigaChat writes into the text of an answer that is not text: built-in pictures, thoughts, leaked calls.

A scanner over text cut anywhere. Text goes out as soon as it cannot be the beginning of one of these:

    <img src="UUID" fuse="true"/>                       a generated picture (also <video cover=".." src=".." .../>)
    <think> ... </think>                                thoughts, only at the start of an answer
    assistant function callrecipient{ ...               a call that leaked into the text, to the end of the answer
    ...<|message_sep|> ... function call<|role_sep|> .. the same with the model's own separators
"""

import re

import msgspec

from gigamost.core.messages import FileRef, Media


class Prose(msgspec.Struct, frozen=True, tag=True):
    text: str


class Thought(msgspec.Struct, frozen=True, tag=True):
    text: str


class Picture(msgspec.Struct, frozen=True, tag=True):
    media: Media


Segment = Prose | Thought | Picture

# An id and the mark of the built-in: HTML that a model writes about has neither.
_TAG = re.compile(r'<(img|video)(?=[^<>]*\sfuse=")(?:\s[a-z]+="[^"<>]*")*?\ssrc="([0-9a-fA-F-]{36})"[^<>]*?/>')
_TAG_LIMIT = 512  # a longer "<img ..." is prose that talks about HTML
_SEPARATORS = ("<|message_sep|>", "<|role_sep|>", "<|function_call|>")
_OPENERS = ("<img ", "<video ", *_SEPARATORS)
_LEAKS = ("assistant function callrecipient{", "function call<|role_sep|>", *_SEPARATORS)
_THINK, _UNTHINK = "<think>", "</think>"


class Scanner:
    """Feed text, get segments. What is held back at the end is in `leaked` (a call) or comes from `close`."""

    def __init__(self) -> None:
        self._held = ""
        self._at_start = True
        self._thinking = False
        self._thought = False  # thoughts have just ended: the line breaks that part them from the text are dropped
        self._leaking = False

    def is_plain(self, text: str) -> bool:
        """Whether nothing is held and nothing can begin in this text: it is prose as it is. The usual piece."""
        return not (self._held or self._at_start or self._thinking or self._thought or self._leaking or "<" in text)

    def feed(self, text: str) -> list[Segment]:
        if self.is_plain(text):
            return [Prose(text)] if text else []
        self._held += text
        segments: list[Segment] = []
        while self._held and not self._leaking and self._step(segments):
            pass
        return segments

    def close(self) -> tuple[list[Segment], str]:
        """What was held back: segments to show, and the text of a leaked call ("" when there is none)."""
        held, self._held = self._held, ""
        if self._leaking:
            return [], held
        if not held:
            return [], ""
        return [Thought(held) if self._thinking else Prose(held)], ""

    def _step(self, segments: list[Segment]) -> bool:
        """Moves one segment out of what is held; False when more text is needed to decide."""
        if self._thinking:
            return self._think(segments)
        if self._at_start:
            held = self._held.lstrip()
            if held.startswith(_THINK):
                self._thinking, self._at_start = True, False
                self._held = held[len(_THINK) :]
                return True
            if held.startswith(_LEAKS):
                self._leaking = True
                return False
            if not held or any(start.startswith(held) for start in (_THINK, *_LEAKS)):
                return False
            self._at_start = False
        return self._prose(segments)

    def _think(self, segments: list[Segment]) -> bool:
        thought, closed, rest = self._held.partition(_UNTHINK)
        if closed:
            self._thinking, self._thought = False, True
            self._held = rest
        else:
            keep = _overlap(thought, (_UNTHINK,))
            thought, self._held = thought[: len(thought) - keep], thought[len(thought) - keep :]
        if thought:
            segments.append(Thought(thought))
        return bool(closed)

    def _prose(self, segments: list[Segment]) -> bool:
        if self._thought:
            self._held = self._held.lstrip("\n")
            self._thought = not self._held
        start = self._held.find("<")
        while start >= 0:
            tail = self._held[start:]
            if tail.startswith(_SEPARATORS):
                self._out(segments, start)
                self._leaking = True
                return False
            found = _TAG.match(tail)
            if found is not None:
                self._out(segments, start)
                self._held = self._held[found.end() :]
                kind = "image" if found[1] == "img" else "video"
                segments.append(Picture(Media("image" if kind == "image" else "video", FileRef(found[2]))))
                return True
            opened = tail.startswith(("<img ", "<video ")) and ">" not in tail and len(tail) < _TAG_LIMIT
            if opened or any(opener.startswith(tail) for opener in _OPENERS):
                self._out(segments, start)
                return False
            start = self._held.find("<", start + 1)
        self._out(segments, len(self._held))
        return False

    def _out(self, segments: list[Segment], length: int) -> None:
        if length:
            segments.append(Prose(self._held[:length]))
            self._held = self._held[length:]


def _overlap(text: str, marks: tuple[str, ...]) -> int:
    """How many characters at the end of `text` may be the beginning of a mark."""
    longest = min(max(map(len, marks)) - 1, len(text))
    return next((n for n in range(longest, 0, -1) if any(mark.startswith(text[-n:]) for mark in marks)), 0)
