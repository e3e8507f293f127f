"""Functions and the schema subset of their parameters (sections 4.4 and 4.4.1)."""

import re
from collections import Counter

from gigamost.emulator.catalogue import Facts
from gigamost.emulator.validator import rules
from gigamost.emulator.validator.json_types import Fields, Raw, array, is_object, is_schema, text

FUNCTION: Fields = {
    "name": text,
    "description": text,
    "parameters": is_object,
    "few_shot_examples": array,
    "return_parameters": is_object,
}
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
BUILTINS = frozenset({"text2image", "text2model3d", "text2video", "get_file_content"})
RESERVED = BUILTINS | {
    "web_search",
    "image_generate",
    "code_interpreter",
    "url_content_extraction",
    "get_datetime",
}

TYPES = ("object", "array", "string", "number", "integer", "boolean")
# int32 stands in a sample of the docs; the others are what gpt2giga lets through.
FORMATS = ("date", "date-time", "time", "int32")
KEYWORDS = frozenset(
    {"type", "description", "properties", "required", "items", "enum", "format", "nullable"}
    | {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
    | {"minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems"}
)


def check_functions(functions: list[Raw], model: Facts, *, by_name: frozenset[str] = BUILTINS) -> None:
    """`by_name`: the built-in functions that a bare name among the custom ones enables."""
    if functions and not model.functions:
        raise rules.NO_FUNCTIONS.refuse()
    for name, times in Counter(function["name"] for function in functions).items():
        if times > 1:
            raise rules.FUNCTION_TWICE.refuse(name=name)
    for function in functions:
        check_function(function, lenient=model.lenient, by_name=by_name)


def check_call(mode: object, functions: list[Raw]) -> None:
    """v1's `function_call`: what is forced must be there."""
    if is_object(mode) and mode["name"] not in {function["name"] for function in functions}:
        raise rules.FORCED_UNKNOWN.refuse(name=mode["name"])


def check_function(function: Raw, *, lenient: bool, by_name: frozenset[str] = BUILTINS) -> None:
    """Raises RefusalError. `lenient`: an object schema may lack `properties`."""
    name: str = function["name"]
    if not NAME.fullmatch(name):
        raise rules.FUNCTION_NAME.refuse(name=name)
    if len(name) > 64:
        raise rules.FUNCTION_NAME_LENGTH.refuse(name=name)
    if name in RESERVED:
        if name not in by_name or set(function) != {"name"}:
            raise rules.RESERVED_NAME.refuse(name=name)
        return
    if "parameters" not in function:
        raise rules.PARAMETERS_MISSING.refuse()
    if function["parameters"]:  # `{}` stands in samples of the docs
        check_schema(function["parameters"], "", lenient=lenient)
        if not is_schema(function["parameters"]):
            raise rules.SCHEMA_INVALID.refuse(name=name)
    for example in function.get("few_shot_examples", ()):
        if not (is_object(example) and isinstance(example.get("request"), str) and is_object(example.get("params"))):
            raise rules.FEW_SHOT.refuse(name=name)


def check_schema(node: object, path: str, *, lenient: bool) -> None:
    """`path` is where the node stands, with a dot at its end (`properties.city.`), empty at the root."""
    if not is_object(node):
        raise rules.TYPE_UNKNOWN.refuse(path=path.rstrip("."))
    for keyword in node:
        if keyword not in KEYWORDS:
            raise rules.KEYWORD.refuse(path=path + keyword)
    match node.get("type"):
        case None:
            raise rules.FIELD_MISSING.refuse(path=path + "type")
        case list():
            raise rules.TYPE_LIST.refuse(path=path + "type")
        case "object":
            _check_object(node, path, lenient=lenient)
        case "array":
            if "items" not in node:
                raise rules.FIELD_MISSING.refuse(path=path + "items")
            check_schema(node["items"], path + "items.", lenient=lenient)
        case kind:
            if kind not in TYPES:
                raise rules.TYPE_UNKNOWN.refuse(path=path + "type")
    if "enum" in node and not _strings(node["enum"]):
        raise rules.ENUM.refuse(path=path + "enum")
    if "format" in node and node["format"] not in FORMATS:
        raise rules.SCHEMA_FORMAT.refuse(path=path + "format")


def _check_object(node: Raw, path: str, *, lenient: bool) -> None:
    properties = node.get("properties")
    if properties is None and not lenient:
        raise rules.FIELD_MISSING.refuse(path=path + "properties")
    if properties is not None and not is_object(properties):
        raise rules.TYPE_UNKNOWN.refuse(path=path + "properties")
    names = set(properties or ())
    if "required" in node and not (_strings(node["required"]) and names.issuperset(node["required"])):
        raise rules.REQUIRED.refuse(path=path + "required")
    for name, child in (properties or {}).items():
        check_schema(child, f"{path}properties.{name}.", lenient=lenient)


def _strings(value: object) -> bool:
    """A list of at least one string, none of them twice."""
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(item, str) for item in value) and len(set(value)) == len(value)
