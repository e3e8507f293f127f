"""`/functions/validate` and `/functions/convert` (section 6.8)."""

from gigamost.emulator.http import Answer, json_answer
from gigamost.emulator.openapi import functions_of
from gigamost.emulator.plain import object_of
from gigamost.emulator.refusal import RefusalError
from gigamost.emulator.state import Call, State
from gigamost.emulator.validator.functions import FUNCTION, check_function
from gigamost.emulator.validator.json_types import Raw


def validate(_: State, call: Call) -> Answer:
    """Always 200: errors without warnings, or warnings alone (section 6.8)."""
    function = object_of(call.raw)
    errors = _function_errors(function)
    if errors:
        return json_answer({"status": 200, "message": "Incorrect function syntax", "errors": errors})
    warnings = [
        {"description": f"{name} {verb} missing", "schema_location": "(root)"}
        for name, verb in (("description", "is"), ("few_shot_examples", "are"), ("return_parameters", "are"))
        if not function.get(name)
    ]
    told = {"status": 200, "message": "Function is valid", "json_ai_rules_version": "1.0.5"}
    return json_answer({**told, "warnings": warnings} if warnings else told)


def _function_errors(function: Raw) -> list[dict[str, str]]:
    missing = [name for name in ("name", "parameters") if name not in function]
    if missing:
        return [{"description": f"{name} is required", "schema_location": "(root)"} for name in missing]
    for name, shape in FUNCTION.items():
        if name in function and not shape(function[name]):
            return [{"description": f"{name} has an invalid type", "schema_location": "(root)"}]
    try:
        check_function(function, lenient=False)
    except RefusalError as refusal:
        return [{"description": refusal.message, "schema_location": "(root)"}]
    return []


def convert(_: State, call: Call) -> Answer:
    """The body is the text of an OpenAPI document. [sdk]"""
    return json_answer({"functions": functions_of(call.request.body)})
