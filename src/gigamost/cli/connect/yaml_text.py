"""YAML text changed in place: comments, order and layout of everything else stay.

Knows block mappings and block lists with scalars in them. The caller compares what came out with what it wanted: a form
that is not known here is noticed there.
"""

from typing import Any

import yaml

Edit = tuple[int, int, str]  # from, to, the new text


def parsed(text: str) -> Any:
    """None for nothing at all. Raises YAMLError."""
    return yaml.safe_load(text)


def dumped(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True)


def changed(text: str, new: Any) -> str:
    """The text with the value `new`. Raises YAMLError, and ValueError where a comment would be lost."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    if node is None:
        return (f"{text.rstrip()}\n" if text.strip() else "") + dumped(new)
    for start, end, piece in sorted(_edits(text, node, yaml.safe_load(text), new), reverse=True):
        text = text[:start] + piece + text[end:]
    return text


def _edits(text: str, node: yaml.Node, old: Any, new: Any) -> list[Edit]:
    if old == new and type(old) is type(new):
        return []
    block = isinstance(node, yaml.CollectionNode) and not node.flow_style
    if isinstance(node, yaml.MappingNode) and block and isinstance(new, dict) and old.keys() <= new.keys():
        edits = [
            edit for key, value in node.value for edit in _member(text, node, value, old[_name(key)], new[_name(key)])
        ]
        missing = {name: value for name, value in new.items() if name not in old}
        return edits + ([_behind(text, node, dumped(missing))] if missing else [])
    if isinstance(node, yaml.SequenceNode) and block and isinstance(new, list) and len(old) <= len(new):
        heads, rest = new[: len(new) - len(old)], new[len(new) - len(old) :]
        edits = [
            edit for item, was, now in zip(node.value, old, rest, strict=True) for edit in _edits(text, item, was, now)
        ]
        start = node.start_mark.index - node.start_mark.column
        return edits + ([(start, start, _indented(dumped(heads), node.start_mark.column))] if heads else [])
    return [(node.start_mark.index, _whole_end(text, node), _scalar(new))]


def _member(text: str, mapping: yaml.MappingNode, node: yaml.Node, old: Any, new: Any) -> list[Edit]:
    """A collection cannot stand on its key's line: it takes the place of a scalar, of nothing or of a flow below it."""
    if not isinstance(new, dict | list) or (isinstance(node, yaml.CollectionNode) and not node.flow_style):
        return _edits(text, node, old, new)
    if old == new:
        return []
    start = len(text[: node.start_mark.index].rstrip(" "))
    below = _indented(dumped(new), mapping.start_mark.column + 2).rstrip()
    return [(start, _whole_end(text, node), f"\n{below}")]


def _behind(text: str, node: yaml.Node, block: str) -> Edit:
    """Below the last line of a block mapping, and the comment on that line."""
    end = _end(node)
    line = text.find("\n", max(end - 1, 0))
    at = len(text) if line < 0 else line
    return at, at, "\n" + _indented(block, node.start_mark.column).rstrip() + ("" if line >= 0 else "\n")


def _name(key: yaml.Node) -> Any:
    return yaml.SafeLoader("").construct_object(key)


def _end(node: yaml.Node) -> int:
    """Where its last character is: a block's own end mark lies behind the comments that follow it."""
    if not isinstance(node, yaml.CollectionNode) or node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _end(last[1] if isinstance(node, yaml.MappingNode) else last)


def _whole_end(text: str, node: yaml.Node) -> int:
    """The end of a value that is replaced as a whole. Raises ValueError when a comment would go with it."""
    end = _end(node)
    if isinstance(node, yaml.CollectionNode) and "#" in text[node.start_mark.index : end]:
        raise ValueError("a comment may stand where the settings belong")
    return end


def _scalar(value: Any) -> str:
    return dumped(value).removesuffix("...\n").rstrip()


def _indented(text: str, columns: int) -> str:
    return "".join(f"{' ' * columns}{line}" for line in text.splitlines(keepends=True))
