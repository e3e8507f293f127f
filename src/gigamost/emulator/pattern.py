"""Regular expressions of `response_format`: read here, so that text can be written that matches them.

    pattern  = branch ( "|" branch )*        branch = piece*        piece = atom ( "?" | "*" | "+" | "{m,n}" ) "?"?
    atom     = character | "." | escape | "[" class "]" | "(" pattern ")" | "^" | "$"

Covered are literals, classes, escapes (\\d \\w \\s and their opposites, \\n, \\t, \\r, \\xHH, \\uHHHH), plain,
non-capturing and named groups, alternatives, greedy and lazy repeats, anchors at the ends. Not covered, and refused:
lookaround, back references, word boundaries, flags, conditions, possessive repeats and atomic groups.
"""

import re
import string

from gigamost.emulator.pattern_nodes import ANY, CLASSES, Anchor, Branches, Chars, Node, Repeat, Sequence, negated

DEPTH = 50
LONGEST = 1000  # characters of a pattern, and of the shortest text that matches it
MANY = 1_000_000  # an upper bound for what has none
_REPEAT = re.compile(r"\{(\d*)(?:(,)(\d*))?\}")
_NAMED = re.compile(r"\?P<[^\W\d]\w*>")
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a", "0": "\0"}
_HEX = {"x": 2, "u": 4}


class PatternError(ValueError):
    """The pattern is broken, or has what is not covered. The message says which."""


def compile_pattern(pattern: str) -> Node:
    """Raises PatternError."""
    if len(pattern) > LONGEST:
        raise PatternError(f"it is longer than {LONGEST}")
    reader = _Reader(pattern)
    node = reader.branches(0)
    if reader.at < len(pattern):
        raise PatternError(f"unbalanced parenthesis at position {reader.at}")
    _check_anchors(node, first=True, last=True)
    if _shortest(node) > LONGEST:
        raise PatternError(f"it matches only texts longer than {LONGEST}")
    return node


class _Reader:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    def _next(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def _take(self, text: str) -> bool:
        found = self.pattern.startswith(text, self.at)
        self.at += len(text) if found else 0
        return found

    def branches(self, depth: int) -> Node:
        if depth > DEPTH:
            raise PatternError("its groups are nested too deeply")
        nodes = [self._sequence(depth)]
        while self._take("|"):
            nodes.append(self._sequence(depth))
        return nodes[0] if len(nodes) == 1 else Branches(tuple(nodes))

    def _sequence(self, depth: int) -> Node:
        nodes: list[Node] = []
        while self._next() and self._next() not in "|)":
            nodes.append(self._repeated(self._atom(depth)))
        return Sequence(tuple(nodes))

    def _repeated(self, node: Node) -> Node:
        bounds = self._bounds()
        if bounds is None:
            return node
        if isinstance(node, Anchor):
            raise PatternError(f"nothing to repeat at position {self.at}")
        low, high = bounds
        if low > high:
            raise PatternError(f"a repeat has its least over its most, before position {self.at}")
        if self._take("+"):
            raise PatternError("possessive repeats are not covered by the emulator")
        self._take("?")
        if self._bounds() is not None:
            raise PatternError(f"a repeat of a repeat before position {self.at}")
        return Repeat(node, low, high)

    def _bounds(self) -> tuple[int, int] | None:
        for sign, bounds in (("?", (0, 1)), ("*", (0, MANY)), ("+", (1, MANY))):
            if self._take(sign):
                return bounds
        match = _REPEAT.match(self.pattern, self.at)
        if match is None or match[0] == "{}":
            return None  # a brace on its own is a character
        self.at = match.end()
        low = min(int(match[1] or 0), MANY)
        return low, (min(int(match[3]), MANY) if match[3] else MANY) if match[2] else low

    def _atom(self, depth: int) -> Node:
        char = self._next()
        self.at += 1
        match char:
            case "(":
                return self._group(depth)
            case "[":
                return self._class()
            case ".":
                return ANY
            case "^" | "$":
                return Anchor(start=char == "^")
            case "\\":
                return self._escape()
            case "*" | "+" | "?":
                raise PatternError(f"nothing to repeat at position {self.at - 1}")
            case _:
                return Chars(((char, char),))

    def _group(self, depth: int) -> Node:
        if self._next() == "?" and not self._take("?:"):
            named = _NAMED.match(self.pattern, self.at)
            if named is None:
                raise PatternError(f"the group at position {self.at - 1} is of a kind that the emulator does not cover")
            self.at = named.end()
        node = self.branches(depth + 1)
        if not self._take(")"):
            raise PatternError("a parenthesis is not closed")
        return node

    def _escape(self) -> Node:
        char = self._next()
        if char in ("A", "Z"):
            self.at += 1
            return Anchor(start=char == "A")
        return self._escaped()

    def _escaped(self) -> Chars:
        """What stands behind a backslash, outside a class and inside."""
        char = self._next()
        self.at += 1
        if char in CLASSES:
            return CLASSES[char]
        if char in _HEX:
            digits = self.pattern[self.at : self.at + _HEX[char]]
            self.at += len(digits)
            if len(digits) < _HEX[char] or not set(digits) <= set(string.hexdigits):
                raise PatternError(f"\\{char} needs {_HEX[char]} hexadecimal digits")
            return _one(chr(int(digits, 16)))
        if char in _CONTROLS:
            return _one(_CONTROLS[char])
        if not char or char.isalnum():
            raise PatternError(f"\\{char} is not covered by the emulator" if char else "a backslash at the end")
        return _one(char)

    def _class(self) -> Chars:
        negative = self._take("^")
        ranges: list[tuple[str, str]] = []
        first = True
        while first or self._next() != "]":
            first = False
            low = self._member()
            if self._next() == "-" and self.pattern[self.at + 1 : self.at + 2] not in ("]", ""):
                self.at += 1
                high = self._member()
                if not _is_one(low) or not _is_one(high) or low.ranges[0] > high.ranges[0]:
                    raise PatternError(f"a bad range in a class before position {self.at}")
                ranges.append((low.ranges[0][0], high.ranges[0][0]))
            else:
                ranges += low.ranges
        self.at += 1
        chars = negated(tuple(ranges)) if negative else Chars(tuple(ranges))
        if not chars.ranges:
            raise PatternError("a class leaves no character that the emulator would write")
        return chars

    def _member(self) -> Chars:
        char = self._next()
        if not char:
            raise PatternError("a class is not closed")
        self.at += 1
        return self._escaped() if char == "\\" else _one(char)


def _one(char: str) -> Chars:
    return Chars(((char, char),))


def _is_one(chars: Chars) -> bool:
    return len(chars.ranges) == 1 and chars.ranges[0][0] == chars.ranges[0][1]


def _check_anchors(node: Node, *, first: bool, last: bool) -> None:
    """An anchor may stand only where the text begins or ends. Raises PatternError."""
    match node:
        case Anchor(start=start):
            if not (first if start else last):
                raise PatternError("an anchor in the middle is not covered by the emulator")
        case Sequence(nodes=nodes):
            for at, item in enumerate(nodes):
                begins = first and all(isinstance(before, Anchor) for before in nodes[:at])
                ends = last and all(isinstance(after, Anchor) for after in nodes[at + 1 :])
                _check_anchors(item, first=begins, last=ends)
        case Branches(nodes=nodes):
            for item in nodes:
                _check_anchors(item, first=first, last=last)
        case Repeat(node=inner, high=high):
            _check_anchors(inner, first=first and high <= 1, last=last and high <= 1)
        case Chars():
            pass


def _shortest(node: Node) -> int:
    match node:
        case Chars():
            return 1
        case Anchor():
            return 0
        case Sequence(nodes=nodes):
            return sum(map(_shortest, nodes))
        case Branches(nodes=nodes):
            return min(map(_shortest, nodes))
        case Repeat(node=inner, low=low):
            return low * _shortest(inner)
