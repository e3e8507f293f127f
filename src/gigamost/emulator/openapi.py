"""Functions made of an OpenAPI document: one for every operation (section 6.8).

`$ref` is inlined, the name is `operationId` or the method and the path, parameters are those of the path, those of the
operation and the properties of its JSON body.
"""

import re
from collections.abc import Iterator

import yaml

from gigamost.emulator.refusal import Rule
from gigamost.emulator.validator.json_types import Raw, is_object

DOCUMENT = Rule("openapi", 400, "Your request contains invalid JSON syntax.", "6.8: not an OpenAPI text, inferred")
METHODS = ("get", "put", "post", "delete", "patch")
DEPTH = 30
NODES = 100_000  # references may multiply


def functions_of(text: bytes) -> list[Raw]:
    """YAML or JSON. Raises RefusalError (400) for what is no OpenAPI document."""
    try:
        document: object = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        raise DOCUMENT.refuse() from None
    paths = document.get("paths") if is_object(document) else None
    if not is_object(document) or not is_object(paths):
        raise DOCUMENT.refuse()
    return list(_Reader(document).functions(paths))


class _Reader:
    def __init__(self, document: Raw) -> None:
        self._document = document
        self._nodes = 0

    def functions(self, paths: Raw) -> Iterator[Raw]:
        for path, raw in paths.items():
            item = self._object(raw)
            for method in METHODS:
                if method in item:
                    yield self._function(str(path), method, self._object(item[method]), item.get("parameters"))

    def _function(self, path: str, method: str, operation: Raw, around: object) -> Raw:
        properties: Raw = {}
        required: list[str] = []
        for raw in (*_items(around), *_items(operation.get("parameters"))):
            parameter = self._object(raw)
            name = str(parameter.get("name", ""))
            described = {"description": parameter["description"]} if "description" in parameter else {}
            properties[name] = {**self._object(parameter.get("schema")), **described}
            required += [name] if parameter.get("required") else []
        body = self._content(operation.get("requestBody"))
        properties |= self._object(body.get("properties"))
        required += [str(name) for name in _items(body.get("required"))]
        parameters: Raw = {"type": "object", "properties": properties}
        answer = next((self._content(answer) for answer in self._object(operation.get("responses")).values()), {})
        return {
            "name": _name(operation.get("operationId") or f"{method}_{path}"),
            "description": str(operation.get("description") or operation.get("summary") or ""),
            "parameters": {**parameters, "required": list(dict.fromkeys(required))} if required else parameters,
            **({"return_parameters": answer} if answer else {}),
        }

    def _content(self, raw: object) -> Raw:
        """The JSON schema of a request body or of an answer, {} without one."""
        content = self._object(self._object(raw).get("content"))
        return self._object(self._object(content.get("application/json")).get("schema"))

    def _object(self, raw: object) -> Raw:
        """The object with its references inlined, {} for anything else."""
        inlined = self._inlined(raw, 0)
        return inlined if is_object(inlined) else {}

    def _inlined(self, node: object, depth: int) -> object:
        self._nodes += 1
        if self._nodes > NODES:
            raise DOCUMENT.refuse()
        if depth > DEPTH:
            return {"type": "object", "properties": {}}  # a schema that contains itself
        if isinstance(node, list):
            return [self._inlined(item, depth + 1) for item in node]
        if not is_object(node):
            return node
        if isinstance(node.get("$ref"), str):
            return self._inlined(self._target(node["$ref"]), depth + 1)
        return {str(name): self._inlined(value, depth + 1) for name, value in node.items()}

    def _target(self, reference: str) -> object:
        """What `#/components/...` points at, None for anything else."""
        node: object = self._document
        for step in reference.removeprefix("#/").split("/"):
            node = node.get(step.replace("~1", "/").replace("~0", "~")) if is_object(node) else None
        return node


def _items(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _name(text: object) -> str:
    """A name as functions may have it: `get_/users/{id}` is get_users_id."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", str(text)).strip("_").replace("__", "_")[:64] or "function"
