"""JSON text changed in place: comments, order and layout of everything else stay.

Reads what editors and agents accept in their settings: JSON with `//` and `/* */` comments and trailing commas.
"""

import json
import re
from typing import Any

import msgspec

_SPACE = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_SCALAR = re.compile(r'"(?:[^"\\\n]|\\.)*"|[-+.\w]+')
_LINE_END = re.compile(r"[ \t]*,?[ \t]*(?://[^\n]*|/\*[^\n]*?\*/[ \t]*)?(?=\r?\n|$)")

Edit = tuple[int, int, str]  # from, to, the new text


class _Node(msgspec.Struct):
    """A value and where it stands. Members and items know where they begin: at the key, or at the value."""

    start: int
    end: int
    value: Any
    inside: dict[Any, tuple[int, "_Node"]] = {}


def parsed(text: str) -> Any:
    """{} for nothing at all. Raises ValueError."""
    return _whole(text).value if text.strip() else {}


def dumped(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def changed(text: str, new: Any) -> str:
    """The text with the value `new`. Raises ValueError; the caller compares what came out with what it wanted."""
    if not text.strip():
        return dumped(new)
    for start, end, piece in sorted(_edits(text, _whole(text), new), reverse=True):
        text = text[:start] + piece + text[end:]
    return text


def _whole(text: str) -> _Node:
    node = _read(text, _skip(text, 0))
    if _skip(text, node.end) != len(text):
        raise ValueError("something stands behind the end of the JSON")
    return node


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _read(text: str, at: int) -> _Node:
    match text[at : at + 1]:
        case "{":
            return _container(text, at, "}")
        case "[":
            return _container(text, at, "]")
        case _:
            scalar = _SCALAR.match(text, at)
            if scalar is None:
                raise ValueError(f"no JSON at character {at}")
            return _Node(at, scalar.end(), json.loads(scalar[0]))


def _container(text: str, start: int, closing: str) -> _Node:
    inside: dict[Any, tuple[int, _Node]] = {}
    at = _skip(text, start + 1)
    while text[at : at + 1] != closing:
        first = at
        name: Any = len(inside)
        if closing == "}":
            key = _read(text, at)
            at = _skip(text, key.end)
            if not isinstance(key.value, str) or key.value in inside or text[at : at + 1] != ":":
                raise ValueError(f"no single name of a member at character {first}")
            name, at = key.value, _skip(text, at + 1)
        node = _read(text, at)
        inside[name] = first, node
        at = _skip(text, node.end)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif text[at : at + 1] != closing:
            raise ValueError(f"neither a comma nor {closing} at character {at}")
    values = {name: node.value for name, (_, node) in inside.items()}
    return _Node(start, at + 1, values if closing == "}" else [*values.values()], inside)


def _edits(text: str, node: _Node, new: Any) -> list[Edit]:
    old = node.value
    if old == new and type(old) is type(new):
        return []
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() <= new.keys() and old:
        kept = [edit for name, (_, inner) in node.inside.items() for edit in _edits(text, inner, new[name])]
        return kept + _appended(text, node, {name: new[name] for name in new if name not in old})
    if isinstance(old, list) and isinstance(new, list) and 0 < len(old) <= len(new):
        heads, rest = new[: len(new) - len(old)], new[len(new) - len(old) :]
        kept = [
            edit
            for (_, inner), item in zip(node.inside.values(), rest, strict=True)
            for edit in _edits(text, inner, item)
        ]
        return kept + _prepended(text, node, heads)
    return _replaced(text, node, new)


def _appended(text: str, node: _Node, members: dict[str, Any]) -> list[Edit]:
    """New members behind the last one and the comment on its line."""
    if not members:
        return []
    first, last = next(iter(node.inside.values()))[0], list(node.inside.values())[-1][1]
    indent = _indent(text, first)
    pieces = [_member(name, value, indent) for name, value in members.items()]
    if indent is None:
        return [(last.end, last.end, "".join(f", {piece}" for piece in pieces))]
    tail = _LINE_END.match(text, last.end)
    at = tail.end() if tail else last.end
    below = ",".join(f"\n{indent}{piece}" for piece in pieces)
    if "," in text[last.end : at].partition("/")[0]:
        return [(at, at, below)]
    return [(at, at, f",{below}")] if at == last.end else [(last.end, last.end, ","), (at, at, below)]


def _prepended(text: str, node: _Node, items: list[Any]) -> list[Edit]:
    if not items:
        return []
    first = next(iter(node.inside.values()))[0]
    indent = _indent(text, first)
    gap = " " if indent is None else f"\n{indent}"
    return [(first, first, "".join(f"{_text(item, indent)},{gap}" for item in items))]


def _replaced(text: str, node: _Node, new: Any) -> list[Edit]:
    within = text[node.start + 1 : node.end - 1].strip()
    if isinstance(node.value, dict | list) and not node.value and within:
        raise ValueError("a comment stands where the settings belong")
    line = text.rfind("\n", 0, node.start) + 1
    indent = text[line : node.start]
    return [(node.start, node.end, _text(new, indent[: len(indent) - len(indent.lstrip())]))]


def _indent(text: str, at: int) -> str | None:
    """The white space before it on its line; None where something else stands there too."""
    before = text[text.rfind("\n", 0, at) + 1 : at]
    return before if "\n" in text[:at] and not before.strip() else None


def _member(name: str, value: Any, indent: str | None) -> str:
    return f"{json.dumps(name, ensure_ascii=False)}: {_text(value, indent)}"


def _text(value: Any, indent: str | None) -> str:
    """On one line where its neighbours are."""
    if indent is None:
        return json.dumps(value, ensure_ascii=False)
    unit: str | int = "\t" if "\t" in indent else 2
    return json.dumps(value, indent=unit, ensure_ascii=False).replace("\n", f"\n{indent}")
