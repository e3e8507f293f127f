"""Input items as they are kept and listed: each with an id and in its full form, the API's short forms written out."""

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from gigamost.core.codec import Stamp
from gigamost.core.history import Item

JsonObject = dict[str, Any]
# What the ids of each kind begin with; others begin with `item`.
_PREFIXES: Final = {
    "message": "msg",
    "reasoning": "rs",
    "function_call": "fc",
    "function_call_output": "fco",
    "custom_tool_call": "ctc",
    "custom_tool_call_output": "ctco",
    "compaction": "cmp",
}
_ID: Final = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
# Items of which the API says how far they have come.
_WITH_STATUS: Final = ("message", "function_call", "function_call_output")


def keep_items(items: Sequence[JsonObject], stamp: Stamp) -> tuple[Item, ...]:
    """An item's own id stays, or what names it elsewhere would find nothing. One that is no id, or the second of the
    same id in these items, gets a new one."""
    kept: list[Item] = []
    taken: set[str] = set()
    for at, item in enumerate(items):
        full = _full(item)
        own = full.get("id")
        if not (isinstance(own, str) and _ID.fullmatch(own) and own not in taken):
            own = f"{_PREFIXES.get(full['type'], 'item')}_{stamp.id}{at:02}"
        taken.add(own)
        kept.append(Item(own, msgspec.json.encode({**full, "id": own})))
    return tuple(kept)


def _full(item: JsonObject) -> JsonObject:
    full = {"id": None, "type": "message", **{name: value for name, value in item.items() if value is not None}}
    if full["type"] == "message" and isinstance(text := full.get("content", ""), str):
        is_answer = full.get("role") == "assistant"
        part: JsonObject = {"type": "output_text" if is_answer else "input_text", "text": text}
        full["content"] = [{**part, "annotations": []} if is_answer else part]
    if full["type"] in _WITH_STATUS:
        full.setdefault("status", "completed")
    return full
