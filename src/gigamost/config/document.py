"""The YAML file as a tree of raw values that remember their lines."""

from pathlib import Path

import yaml

from gigamost.config.origin import ConfigError, Node, Origin, Raw, unreadable


def from_yaml(file: Path) -> Node:
    """The document; an empty one is an empty mapping. Raises ConfigError when it cannot be read as one mapping."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{file} cannot be read: {unreadable(error)}"]) from error
    return from_text(text, str(file))


def from_text(text: str, name: str) -> Node:
    """`name` is what errors call it. Raises ConfigError."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError([f"{name}:{line}: this is not YAML: {error.problem}"]) from error
    except yaml.YAMLError as error:
        raise ConfigError([f"{name} is not YAML: {error}".replace("\n", " ")]) from error
    if root is None:
        return Node({}, Origin("file", "", name, 1))
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError([f"{name}:1: the file has to be a mapping of settings (`mode: dev`)"])
    problems: list[str] = []
    tree = _read(root, name, "", problems)
    if problems:
        raise ConfigError(problems)
    return tree


def _read(node: yaml.Node, file: str, path: str, problems: list[str]) -> Node:
    origin = Origin("file", path, file, node.start_mark.line + 1)
    match node:
        case yaml.MappingNode():
            _refuse_repeats(node, file, path, problems)
            yaml.constructor.SafeConstructor().flatten_mapping(
                node
            )  # `<<: *anchor`: its keys first, so that own ones win
            values: dict[str, Node] = {}
            for key_node, value_node in node.value:
                key = str(key_node.value)
                below = f"{path}.{key}" if path else key
                read = _read(value_node, file, below, problems)
                values[key] = Node(read.value, Origin("file", below, file, key_node.start_mark.line + 1))
            return Node(values, origin)
        case yaml.SequenceNode():
            return Node([_read(item, file, f"{path}[{i}]", problems) for i, item in enumerate(node.value)], origin)
        case _:
            return Node(_scalar(node), origin)


def _refuse_repeats(node: yaml.MappingNode, file: str, path: str, problems: list[str]) -> None:
    seen: set[str] = set()
    for key_node, _ in node.value:
        if key_node.value in seen:
            problems.append(
                f"{file}:{key_node.start_mark.line + 1}: {path + '.' if path else ''}{key_node.value} repeats"
            )
        seen.add(str(key_node.value))


def _scalar(node: yaml.Node) -> Raw:
    """Dates and bytes, which YAML has and no setting is, stay the text they were written as."""
    value = yaml.constructor.SafeConstructor().construct_object(node)
    return value if isinstance(value, str | int | float | bool | None) else str(node.value)
