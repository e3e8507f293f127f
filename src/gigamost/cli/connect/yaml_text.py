"""Top-level keys of a YAML text set in place, so that comments and the order of everything else stay.

Knows block mappings with values that are scalars or block lists of mappings. The caller compares what came out with
what it wanted: a form that is not known here is noticed there.
"""

from collections.abc import Mapping
from typing import Any

import yaml


def set_keys(text: str, values: Mapping[str, Any]) -> str:
    for name, value in values.items():
        text = _set(text, name, value)
    return text


def _set(text: str, name: str, value: Any) -> str:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    node = _value(root, name) if isinstance(root, yaml.MappingNode) else None
    if node is None:
        before = f"{text.rstrip()}\n" if text.strip() else ""
        return before + _dump({name: value})
    if isinstance(node, yaml.SequenceNode) and not node.flow_style and isinstance(value, list):
        return _set_items(text, node, value)
    if isinstance(node, yaml.ScalarNode) and not isinstance(value, list | dict):
        return text[: node.start_mark.index] + _scalar(value) + text[node.end_mark.index :]
    block = "\n" + _indented(_dump(value), 2).rstrip()
    return text[: node.start_mark.index].rstrip(" ") + block + text[node.end_mark.index :]


def _set_items(text: str, node: yaml.SequenceNode, items: list[Any]) -> str:
    """Items that are there are replaced where they differ, new ones go first. From the end, so that places stay."""
    column = node.start_mark.column
    there = yaml.safe_load(_own(text, node))
    new = items[: len(items) - len(there)]
    for old, item_node, item in reversed(list(zip(there, node.value, items[len(new) :], strict=True))):
        if old != item:
            body = _indented(_dump(item), column + 2).strip()
            text = text[: item_node.start_mark.index] + body + text[_end(item_node) :]
    start = node.start_mark.index - column
    return text[:start] + (_indented(_dump(new), column) if new else "") + text[start:]


def _value(root: yaml.MappingNode, name: str) -> yaml.Node | None:
    return next((value for key, value in root.value if key.value == name), None)


def _own(text: str, node: yaml.Node) -> str:
    return " " * node.start_mark.column + text[node.start_mark.index : node.end_mark.index]


def _end(node: yaml.Node) -> int:
    """Where its last character is: a block's own end mark lies behind the comments that follow it."""
    if not isinstance(node, yaml.CollectionNode) or node.flow_style:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _end(last[1] if isinstance(node, yaml.MappingNode) else last)


def _dump(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True)


def _scalar(value: Any) -> str:
    return _dump(value).removesuffix("...\n").rstrip()


def _indented(text: str, columns: int) -> str:
    return "".join(f"{' ' * columns}{line}" for line in text.splitlines(keepends=True))
