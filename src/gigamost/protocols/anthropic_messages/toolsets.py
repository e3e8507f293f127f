"""The tools that a client runs by a schema that Anthropic knows, and so does not send: as functions with that schema.

Names, parameters and which of them are required are those of the official client's types (`*_input`); a toolset's
member is called `<toolset>_<member>` here, because both toolsets have a `screenshot`.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from gigamost.core.request import JsonObject

_TEXT: JsonObject = {"type": "string"}
_NUMBER: JsonObject = {"type": "number"}
_WHOLE: JsonObject = {"type": "integer"}
_TEXTS: JsonObject = {"type": "array", "items": _TEXT}
_NUMBERS: JsonObject = {"type": "array", "items": _WHOLE}
_DIRECTION: JsonObject = {"type": "string", "enum": ["up", "down", "left", "right"]}
_SPOT: JsonObject = {**_NUMBERS, "description": "x and y: pixels from the left and the upper edge."}
_REGION: JsonObject = {**_NUMBERS, "description": "x and y of two opposite corners, in pixels."}
_LINES: JsonObject = {**_NUMBERS, "description": "First and last line to show; -1 is the last one."}


class Member(NamedTuple):
    """`optional` parameters stand after the required ones."""

    description: str
    required: Mapping[str, Any] = {}
    optional: Mapping[str, Any] = {}

    @property
    def parameters(self) -> JsonObject:
        return schema_of(self.required, self.optional)


def schema_of(required: Mapping[str, Any], optional: Mapping[str, Any]) -> JsonObject:
    return {"type": "object", "properties": {**required, **optional}, "required": list(required)}


_HELD = {"text": {**_TEXT, "description": 'Keys to hold down meanwhile, such as "ctrl" or "ctrl+shift".'}}
_AT = {"coordinate": _SPOT} | _HELD

COMPUTER: Mapping[str, Member] = {
    "cursor_position": Member("Tells where the mouse pointer is."),
    "double_click": Member("Double-clicks at the coordinate, or where the pointer is.", {}, _AT),
    "hold_key": Member("Holds a key or a combination down for some seconds.", {"text": _TEXT, "duration": _WHOLE}),
    "key": Member('Presses a key or a combination, such as "Return" or "ctrl+s".', {"text": _TEXT}, {"repeat": _WHOLE}),
    "left_click": Member("Clicks at the coordinate, or where the pointer is.", {}, _AT),
    "left_click_drag": Member(
        "Drags with the left button held down.", {"start_coordinate": _SPOT, "coordinate": _SPOT}, _HELD
    ),
    "left_mouse_down": Member("Presses the left button and holds it."),
    "left_mouse_up": Member("Releases the left button."),
    "middle_click": Member("Clicks the middle button at the coordinate, or where the pointer is.", {}, _AT),
    "mouse_move": Member("Moves the pointer without a click.", {"coordinate": _SPOT}),
    "right_click": Member("Clicks the right button at the coordinate, or where the pointer is.", {}, _AT),
    "screenshot": Member("Shows the screen."),
    "scroll": Member(
        "Turns the mouse wheel at the coordinate, or where the pointer is.",
        {"scroll_direction": _DIRECTION, "scroll_amount": _WHOLE},
        _AT,
    ),
    "triple_click": Member("Clicks three times at the coordinate, or where the pointer is.", {}, _AT),
    "type": Member("Types text.", {"text": _TEXT}),
    "wait": Member("Waits for some seconds.", {"duration": _WHOLE}),
    "zoom": Member("Shows a part of the screen enlarged.", {"region": _REGION}),
}

_TAB = {"tab_id": {**_TEXT, "description": "The active tab when left out."}}
_CHORD = {"modifiers": {**_TEXT, "description": 'Keys to hold down meanwhile, such as "ctrl+shift".'}} | _TAB
_POINT: JsonObject = schema_of({"type": {"type": "string", "enum": ["coordinate"]}, "x": _WHOLE, "y": _WHOLE}, {})
_ELEMENT: JsonObject = schema_of({"type": {"type": "string", "enum": ["ref"]}, "ref": _TEXT}, {})
_TARGET: JsonObject = {
    **schema_of({"type": {"type": "string", "enum": ["coordinate", "ref"]}}, {"x": _WHOLE, "y": _WHOLE, "ref": _TEXT}),
    "description": "A point of the page by x and y, or an element by the ref that read_page or find gave it.",
}
_CLICK: tuple[JsonObject, JsonObject] = ({"target": _TARGET}, _CHORD)

BROWSER: Mapping[str, Member] = {
    "close_tab": Member("Closes a tab.", {"tab_id": _TEXT}),
    "double_click": Member("Double-clicks a point or an element.", *_CLICK),
    "file_upload": Member(
        "Chooses files in a file input.", {"target": _ELEMENT}, {"paths": _TEXTS, "document_ids": _TEXTS} | _TAB
    ),
    "find": Member("Finds elements by a description in words.", {"query": _TEXT}, _TAB),
    "form_input": Member(
        "Sets the value of a form's element; true or false for a checkbox.",
        {"target": _ELEMENT, "value": {"type": ["string", "number", "boolean"]}},
        _TAB,
    ),
    "get_page_text": Member("Gives the text of the page.", {}, _TAB),
    "hold_key": Member("Holds a key down for some seconds, 30 at most.", {"text": _TEXT, "duration": _NUMBER}, _TAB),
    "hover": Member("Moves the pointer over a point or an element.", {"target": _TARGET}, _TAB),
    "javascript_exec": Member("Runs JavaScript in the page and gives its last value.", {"text": _TEXT}, _TAB),
    "key": Member('Presses keys, such as "Return" or "ctrl+a".', {"text": _TEXT}, {"repeat": _WHOLE} | _TAB),
    "left_click": Member("Clicks a point or an element.", *_CLICK),
    "left_click_drag": Member("Drags from one point to another.", {"from": _POINT, "target": _POINT}, _TAB),
    "left_mouse_down": Member("Presses the left button at a point and holds it.", {"target": _POINT}, _TAB),
    "left_mouse_up": Member("Releases the left button at a point.", {"target": _POINT}, _TAB),
    "list_tabs": Member("Lists the open tabs."),
    "middle_click": Member("Clicks the middle button on a point or an element.", *_CLICK),
    "mouse_move": Member("Moves the pointer to a point.", {"target": _POINT}, _TAB),
    "navigate": Member('Opens a URL, or goes "back", "forward" or does "reload".', {"url": _TEXT}, _TAB),
    "new_tab": Member("Opens an empty tab."),
    "read_console": Member("Gives what the page wrote to its console since the last time.", {}, _TAB),
    "read_network": Member("Gives the requests that the page made since the last time.", {}, _TAB),
    "read_page": Member(
        "Gives the elements of the page as a tree, each with its ref.",
        {},
        {"ref": _TEXT, "depth": _WHOLE, "filter": {"type": "string", "enum": ["all", "interactive"]}} | _TAB,
    ),
    "right_click": Member("Clicks the right button on a point or an element.", *_CLICK),
    "screenshot": Member("Shows the page as it is seen.", {}, _TAB),
    "scroll": Member(
        "Turns the mouse wheel at a point.",
        {"scroll_direction": _DIRECTION, "target": _POINT},
        {"scroll_amount": _WHOLE} | _TAB,
    ),
    "scroll_to": Member("Scrolls until an element is seen.", {"target": _ELEMENT}, _TAB),
    "switch_tab": Member("Makes a tab the active one.", {"tab_id": _TEXT}),
    "triple_click": Member("Clicks three times on a point or an element.", *_CLICK),
    "type": Member("Types text where the cursor is.", {"text": _TEXT}, _TAB),
    "wait": Member("Waits for some seconds, 30 at most.", {"duration": _NUMBER}, _TAB),
    "zoom": Member("Shows a part of the page enlarged.", {"region": _REGION}, _TAB),
}
TOOLSETS: Mapping[str, Mapping[str, Member]] = {"computer": COMPUTER, "browser": BROWSER}

BASH = Member(
    "Runs a command in a Bash session that lasts. Send restart to begin a new session.",
    {},
    {"command": _TEXT, "restart": {"type": "boolean"}},
)
_EDITS = {
    "view_range": _LINES,
    "file_text": {**_TEXT, "description": "For create: the whole text of the file."},
    "old_str": {**_TEXT, "description": "For str_replace: the text to replace, exactly as it stands there, once."},
    "new_str": {**_TEXT, "description": "For str_replace: what comes in its place."},
    "insert_line": {**_WHOLE, "description": "For insert: after which line; 0 is the beginning."},
}
_INSERTED = {"insert_text": {**_TEXT, "description": "For insert: the text to insert."}}
_PATH = {"path": {**_TEXT, "description": "The file or the folder."}}
EDITOR = Member(
    "Shows, creates and changes text files.",
    {"command": {"type": "string", "enum": ["view", "create", "str_replace", "insert"]}, **_PATH},
    _EDITS | _INSERTED,
)
# Until 2025-01: it can take a change back, and what insert inserts is called new_str.
OLD_EDITOR = Member(
    "Shows, creates and changes text files. For insert, new_str is the text to insert.",
    {"command": {"type": "string", "enum": ["view", "create", "str_replace", "insert", "undo_edit"]}, **_PATH},
    _EDITS,
)
MEMORY = Member(
    "Your own notes, kept in files under /memories between conversations. View that folder before you begin.",
    {"command": {"type": "string", "enum": ["view", "create", "str_replace", "insert", "delete", "rename"]}},
    {**_PATH, **_EDITS, **_INSERTED, "old_path": _TEXT, "new_path": _TEXT},
)
_OLD_ACTIONS = (
    "key",
    "type",
    "cursor_position",
    "mouse_move",
    "left_click",
    "left_click_drag",
    "right_click",
    "middle_click",
    "double_click",
    "screenshot",
)
_NEW_ACTIONS = ("left_mouse_down", "left_mouse_up", "triple_click", "scroll", "hold_key", "wait")


def computer(version: str, width: int | None, height: int | None, *, zooms: bool) -> Member:
    """The computer tool of one version (`20250124`): one function whose `action` is what became the toolset's members.
    Width and height are of the display, in pixels."""
    actions = [*_OLD_ACTIONS, *(_NEW_ACTIONS if version > "20241022" else ()), *(("zoom",) if zooms else ())]
    optional: dict[str, Any] = {}
    for action in actions:
        member = COMPUTER[action]
        optional |= {**member.required, **member.optional}
    optional.pop("repeat", None)  # only the toolset has it
    size = f" The display has {width} x {height} pixels." if width and height else ""
    said = "; ".join(f"{action}: {COMPUTER[action].description.rstrip('.')}" for action in actions)
    # `text` means something else for key and type than for a click: the actions say what.
    optional["text"] = {**_TEXT, "description": "What to type, the key to press, or the keys to hold down meanwhile."}
    return Member(f"Uses a computer.{size} Actions: {said}.", {"action": {"type": "string", "enum": actions}}, optional)
