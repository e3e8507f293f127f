"""A value for a JSON Schema, made of what the prompt says where it says something: arguments and structured answers."""

from typing import Any

from gigamost.emulator.facts import Found

LONGEST = 1000  # characters or items that a schema can make us write
Schema = dict[str, Any]  # the caller's own JSON Schema


def fill_object(schema: Schema, found: Found, *, every: bool = False) -> dict[str, Any]:
    """The required properties and those that the prompt names; all of them with `every`, or when none is required."""
    schema = _plain(schema)
    properties: Schema = schema.get("properties") or {}
    required: list[str] = [] if every else schema.get("required") or []
    return {
        name: fill(child, name, found, every=every)
        for name, child in properties.items()
        if not required or name in required or _named(name, child, found)
    }


def fill(schema: Schema, name: str, found: Found, *, every: bool = False) -> Any:
    """One value. `name` is the property's: it says what kind of text is wanted."""
    schema = _plain(schema)
    if "const" in schema:
        return schema["const"]
    given = found.in_json(name)
    if given is not None and _has_type(given, schema):
        return given
    if schema.get("enum"):
        return _choose(schema["enum"], name, found)
    match schema.get("type"):
        case "object":
            return fill_object(schema, found, every=every)
        case "array":
            return _fill_array(schema, name, found, every=every)
        case "integer" | "number" as kind:
            return _fill_number(schema, name, found, whole=kind == "integer")
        case "boolean":
            return (found.said(name) or "true").lower() not in ("false", "no", "off", "0", "нет")
        case "null":
            return None
        case _:
            return _fill_text(schema, name, found)


def _plain(schema: object) -> Schema:
    """The first variant that is not null, the first type of several: lenient models and answers may have them."""
    if not isinstance(schema, dict):
        return {}  # `true` is a schema too
    for keyword in ("anyOf", "oneOf", "allOf"):
        if schema.get(keyword):
            variants = [_plain(variant) for variant in schema[keyword]]
            schema = {**schema, **next((item for item in variants if item.get("type") != "null"), variants[0])}
    kind = schema.get("type")
    if isinstance(kind, list):
        schema = {**schema, "type": next((item for item in kind if item != "null"), "null")}
    if kind is None and "properties" in schema:
        schema = {**schema, "type": "object"}
    return schema


def _named(name: str, schema: Schema, found: Found) -> bool:
    if found.said(name) is not None or found.in_json(name) is not None:
        return True
    mentioned = [item for item in schema.get("enum") or () if _mentions(found, str(item))]
    return bool(mentioned)


def _mentions(found: Found, text: str) -> bool:
    return len(text) > 1 and text.lower() in found.prompt.lower()


def _choose(options: list[Any], name: str, found: Found) -> Any:
    said = (found.said(name) or "").lower()
    for option in options:
        if str(option).lower() == said or _mentions(found, str(option)):
            return option
    return options[0]


def _has_type(value: object, schema: Schema) -> bool:
    kinds: dict[str, tuple[type, ...]] = {
        "object": (dict,),
        "array": (list,),
        "string": (str,),
        "integer": (int,),
        "number": (int, float),
        "boolean": (bool,),
    }
    if schema.get("enum") and value not in schema["enum"]:
        return False
    kind = schema.get("type", "string")
    return isinstance(value, kinds.get(kind, (object,))) and (kind == "boolean" or not isinstance(value, bool))


def _fill_number(schema: Schema, name: str, found: Found, *, whole: bool) -> int | float:
    said = found.said(name)
    value: float | None = None
    if said is not None and said.lstrip("-").replace(".", "", 1).isdigit():
        value = float(said)
        if value in found.numbers:
            found.numbers.remove(value)
    else:
        value = found.take_number(whole=whole)
    low, high = schema.get("minimum"), schema.get("maximum")
    if value is None:
        value = 1 if low is None else low
    if low is not None:
        value = max(value, low)
    if high is not None:
        value = min(value, high)
    return int(value) if whole or value == int(value) else value


def _fill_text(schema: Schema, name: str, found: Found) -> str:
    match schema.get("format"):
        case "date":
            return found.dates[0] if found.dates else "2026-01-01"
        case "date-time":
            return f"{found.dates[0] if found.dates else '2026-01-01'}T00:00:00Z"
        case "time":
            return "00:00:00"
        case _:
            text = found.said(name) or found.take_text(name.lower()) or found.prompt.strip()[:200] or name
    low, high = min(schema.get("minLength", 0), LONGEST), schema.get("maxLength")
    return text.ljust(low, ".")[:high]


def _fill_array(schema: Schema, name: str, found: Found, *, every: bool) -> list[Any]:
    items = _plain(schema.get("items") or {"type": "string"})
    low, high = min(schema.get("minItems", 1), LONGEST), schema.get("maxItems", 20)
    values: list[Any]
    match items.get("type"):
        case "integer" | "number" as kind:
            values = [int(number) if kind == "integer" else number for number in found.numbers]
            found.numbers.clear()
        case "string" if not items.get("enum"):
            values = list(found.quoted)
            found.quoted.clear()
        case _:
            values = [option for option in items.get("enum") or () if _mentions(found, str(option))]
    while len(values) < low:
        values.append(fill(items, name, found, every=every))
    return values[:high]
