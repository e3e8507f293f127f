"""What a regular expression is made of, and how a text that matches it is written."""

import hashlib
import string
from collections.abc import Iterator

import msgspec

Range = tuple[str, str]  # first and last character


class Chars(msgspec.Struct, frozen=True, tag=True):
    """One character of these ranges."""

    ranges: tuple[Range, ...]

    def __contains__(self, char: str) -> bool:
        return any(low <= char <= high for low, high in self.ranges)


class Anchor(msgspec.Struct, frozen=True, tag=True):
    """The beginning of the text, or its end."""

    start: bool


class Sequence(msgspec.Struct, frozen=True, tag=True):
    nodes: tuple["Node", ...]


class Branches(msgspec.Struct, frozen=True, tag=True):
    nodes: tuple["Node", ...]


class Repeat(msgspec.Struct, frozen=True, tag=True):
    node: "Node"
    low: int
    high: int


Node = Chars | Anchor | Sequence | Branches | Repeat

GENEROUS = 1000  # repeats that may be longer than they must be: repeats of repeats multiply
_PRINTABLE = string.ascii_letters + string.digits + " " + string.punctuation


def negated(ranges: tuple[Range, ...]) -> Chars:
    """The printable ASCII characters outside the ranges."""
    inside = Chars(ranges)
    return Chars(tuple((char, char) for char in _PRINTABLE if char not in inside))


_DIGIT: tuple[Range, ...] = (("0", "9"),)
_WORD: tuple[Range, ...] = (("a", "z"), ("A", "Z"), ("0", "9"), ("_", "_"))
_SPACE: tuple[Range, ...] = ((" ", " "),)
# `\w` and its like also cover letters of other scripts; these are what is written, and all of them match.
CLASSES = {
    "d": Chars(_DIGIT),
    "w": Chars(_WORD),
    "s": Chars(_SPACE),
    "D": negated(_DIGIT),
    "W": negated(_WORD),
    "S": negated(_SPACE),
}
ANY = negated(())


class Writer:
    """Writes a text for a pattern: words of the prompt where they fit, else what the prompt's digest chooses."""

    def __init__(self, prompt: str, words: list[str]) -> None:
        self._words = list(words)
        self._digest = _digest(prompt)
        self._left = GENEROUS

    def write(self, node: Node) -> str:
        match node:
            case Chars(ranges=ranges):
                return self._char(ranges)
            case Anchor():
                return ""
            case Sequence(nodes=nodes):
                return "".join(map(self.write, nodes))
            case Branches(nodes=nodes):
                return self.write(nodes[self._below(len(nodes))])
            case Repeat(node=inner, low=low, high=high):
                word = self._word(inner, low, high) if isinstance(inner, Chars) else None
                if word is not None:
                    return word
                self._left -= 1
                more = self._below(min(high - low, 3) + 1) if self._left > 0 else 0
                return "".join(self.write(inner) for _ in range(low + more))

    def _word(self, chars: Chars, low: int, high: int) -> str | None:
        """A word of the prompt, as it is or in another case, that is made of these characters and is long enough."""
        for word in self._words:
            for form in (word, word.upper(), word.lower()):
                if max(low, 3) <= len(form) <= high and all(char in chars for char in form):
                    self._words.remove(word)
                    return form
        return None

    def _char(self, ranges: tuple[Range, ...]) -> str:
        low, high = ranges[self._below(len(ranges))]
        return chr(ord(low) + self._below(ord(high) - ord(low) + 1))

    def _below(self, bound: int) -> int:
        return next(self._digest) % bound


def _digest(text: str) -> Iterator[int]:
    """The same endless numbers for the same text."""
    block = hashlib.sha256(text.encode("utf-8", "replace")).digest()
    while True:
        for at in range(0, len(block), 4):
            yield int.from_bytes(block[at : at + 4])
        block = hashlib.sha256(block).digest()
