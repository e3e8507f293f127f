"""The marks by which an answer names its sources, `[sources=[2]]` or `[sources=[1, 3]]`, made citations (quirk 26).

They are taken out of the text, with the one space before them: what may be the beginning of a mark waits for the rest.
A citation covers the sentence that its mark closes, or what of it stands behind the mark before.
"""

import re
from typing import Final

import msgspec

from gigamost.core.messages import Citation

_OPEN: Final = "[sources=["
_MARK: Final = re.compile(r" ?\[sources=\[([\d,\s]{0,200})\]\]")
_INSIDE: Final = re.compile(r"[\d,\s]{0,200}\]?")
_SENTENCE: Final = re.compile(r"[.!?…][\"'»”)\]]*\s+|\n+")
_SEPARATOR: Final = re.compile(r"[\s,;:.!?…]*")


class SourceMarks:
    """Feed the text of one part, get what may be shown; `close` ends the part and begins the next one. What the
    numbers stand for may come at any time before that: put it into `known`."""

    def __init__(self) -> None:
        self.known: dict[str, Citation] = {}
        self._cited = False
        self._held = ""
        self._begin()

    def _begin(self) -> None:
        self._length = 0  # characters shown
        self._since: list[str] = []  # the text behind the last mark
        self._passage = (0, 0)
        self._marks: list[tuple[str, int, int]] = []  # number, start, end

    def feed(self, text: str) -> str:
        if not self._held and "[" not in text and not text.endswith(" "):
            return self._out(text)
        text = self._held + text
        shown: list[str] = []
        at = 0
        for found in _MARK.finditer(text):
            shown.append(self._out(text[at : found.start()]))
            self._mark(found[1])
            at = found.end()
        keep = _held_back(text, at)
        shown.append(self._out(text[at:keep]))
        self._held = text[keep:]
        return "".join(shown)

    def close(self) -> tuple[str, tuple[Citation, ...]]:
        """What was held back, and the part's citations. An answer without a mark cites all its sources at its end."""
        held, self._held = self._out(self._held), ""
        marks = self._marks
        if not marks and not self._cited and self._length:
            marks = [(number, self._length, self._length) for number in self.known]
        self._cited = self._cited or bool(marks)
        cited = tuple(
            msgspec.structs.replace(source, start=start, end=end)
            for number, start, end in marks
            if (source := self.known.get(number)) is not None
        )
        self._begin()
        return held, cited

    def _out(self, text: str) -> str:
        if text:
            self._length += len(text)
            self._since.append(text)
        return text

    def _mark(self, numbers: str) -> None:
        since = "".join(self._since)
        self._since = []
        start = _start(since)
        if start < len(since):  # else it stands right behind another mark and covers the same
            self._passage = (self._length - len(since) + start, self._length)
        self._marks += [(number, *self._passage) for number in re.findall(r"\d+", numbers)]


def _start(text: str) -> int:
    """Where the last sentence of the text begins, spaces and separators in front of it left out."""
    begin = 0
    for found in _SENTENCE.finditer(text.rstrip()):
        begin = found.end()
    separator = _SEPARATOR.match(text, begin)
    return separator.end() if separator is not None else begin


def _held_back(text: str, start: int) -> int:
    """The place from which `text` may be the beginning of a mark; its length when nothing can be one."""
    at = text.rfind("[", start)
    # The brackets of a mark are two: the one found may be the inner one.
    for place in (text.rfind("[", start, at), at) if at >= 0 else ():
        if place >= 0 and _may_begin(text[place:]):
            return place - 1 if place > start and text[place - 1] == " " else place
    return len(text) - 1 if len(text) > start and text[-1] == " " else len(text)


def _may_begin(tail: str) -> bool:
    if len(tail) <= len(_OPEN):
        return _OPEN.startswith(tail)
    return tail.startswith(_OPEN) and _INSIDE.fullmatch(tail, len(_OPEN)) is not None
