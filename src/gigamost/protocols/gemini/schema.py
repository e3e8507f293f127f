"""Google's Schema (ai.google.dev/api/caching#Schema) in the words of JSON Schema.

Upper-case types and `nullable` stay: `core.schema` and the reduction for GigaChat read both dialects.
"""

from gigamost.core.errors import invalid
from gigamost.core.request import JsonObject
from gigamost.core.schema.keywords import map_subschemas

_WORDS = {
    "any_of": "anyOf",
    "additional_properties": "additionalProperties",
    "max_items": "maxItems",
    "max_length": "maxLength",
    "max_properties": "maxProperties",
    "min_items": "minItems",
    "min_length": "minLength",
    "min_properties": "minProperties",
    "property_ordering": "propertyOrdering",
    "ref": "$ref",
    "defs": "$defs",
}


def json_schema(schema: JsonObject, param: str) -> JsonObject:
    """Raises GatewayError (400) for a schema that is nested too deeply. `propertyOrdering` orders the properties."""
    try:
        return _node(schema)
    except RecursionError:
        raise invalid(f"{param} is nested too deeply.", param) from None


def _node(schema: JsonObject) -> JsonObject:
    node = {_WORDS.get(word, word): value for word, value in schema.items()}
    ref = node.get("$ref")
    if isinstance(ref, str) and ref.startswith("#/defs/"):
        node["$ref"] = f"#/$defs/{ref.removeprefix('#/defs/')}"
    order, properties = node.pop("propertyOrdering", None), node.get("properties")
    if isinstance(order, list) and isinstance(properties, dict):
        first = [name for name in order if isinstance(name, str) and name in properties]
        node["properties"] = {name: properties[name] for name in dict.fromkeys([*first, *properties])}
    return map_subschemas(node, _any)


def _any(schema: object) -> object:
    return _node(schema) if isinstance(schema, dict) else schema
