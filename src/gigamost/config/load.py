"""The sources merged by precedence and made into `Settings`, or one `ConfigError` with everything that is wrong."""

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from gigamost.config import checks, pool, routes
from gigamost.config.build import Builder
from gigamost.config.environment import CONFIG_FILE, PLACES, Variables, data_folder, from_dotenv, from_environment
from gigamost.config.origin import DEFAULT, ConfigError, Node, Origin, Raw
from gigamost.config.settings import Settings

CONFIG_NAME = "gigamost.yaml"
Flags = Mapping[str, str | int | None]


def load(
    flags: Flags | None = None,
    *,
    config: Path | None = None,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    text: str | None = None,
) -> Settings:
    """`flags` are settings of the command line by path (`{"server.port": 8080}`; None: not given), `config` is
    `--config`, `folder` is where `.env` and `gigamost.yaml` are looked for (by default the working directory). A `text`
    is read in place of the YAML file. Raises ConfigError."""
    environ = os.environ if environ is None else environ
    folder = Path() if folder is None else folder
    problems: list[str] = []
    environment, dotenv, document = from_environment(environ), Variables(()), Node({}, DEFAULT)
    try:
        dotenv = from_dotenv(folder / ".env")
    except ConfigError as error:
        problems += error.problems
    try:
        document = _document(config, environment, dotenv, folder, text)
    except ConfigError as error:
        problems += error.problems
    return _settled(flags or {}, environment, dotenv, document, environ, problems)


def files(
    *, config: Path | None = None, environ: Mapping[str, str] | None = None, folder: Path | None = None
) -> tuple[Path, Path]:
    """The `.env` and the YAML file that `load` reads, whether they exist or not."""
    folder = Path() if folder is None else folder
    environment, dotenv = from_environment(os.environ if environ is None else environ), Variables(())
    with suppress(ConfigError):  # `load` says what is wrong with it
        dotenv = from_dotenv(folder / ".env")
    return folder / ".env", _named(config, environment, dotenv) or folder / CONFIG_NAME


def isolated(flags: Flags) -> Settings:
    """Settings of these flags alone, with the user's state folder: nothing else that was configured counts."""
    places = {name: text for name, text in os.environ.items() if name in (*PLACES, "GIGAMOST_STATE_DIR")}
    return _settled(flags, from_environment(places), Variables(()), Node({}, DEFAULT), places, [])


def _settled(
    flags: Flags,
    environment: Variables,
    dotenv: Variables,
    document: Node,
    environ: Mapping[str, str],
    problems: list[str],
) -> Settings:
    """The sources as settings, checked. Raises ConfigError with `problems` and whatever else is found."""
    warnings: list[str] = []
    for variables in (environment, dotenv):
        variables.check_names(problems, warnings)
    tree = Node({"state_dir": Node(str(data_folder(environ, sys.platform)), DEFAULT)}, DEFAULT)
    layers = (
        routes.normalised(pool.normalised(document)),
        _tree(dotenv.tree(warnings)),
        _tree(environment.tree(warnings)),
        _flags(flags),
    )
    for layer in layers:
        tree = _merged(tree, layer)

    def look_up(name: str) -> str | None:
        node = environment.nodes.get(name) or dotenv.nodes.get(name)
        return None if node is None else str(node.value)

    builder = Builder(look_up)
    settings = builder.section(Settings, tree)
    problems += builder.problems
    if settings is not None:
        settings = msgspec.structs.replace(
            settings,
            gigachat=pool.filled(settings.gigachat, builder.origins, problems, warnings),
            require_key=True if settings.mode == "prod" and settings.require_key is None else settings.require_key,
            origins={path: origin for path, origin in builder.origins.items() if origin.kind != "default"},
        )
        settings = routes.filled(settings)
        problems += checks.problems(settings)
        settings = msgspec.structs.replace(settings, warnings=(*warnings, *checks.warnings(settings)))
    if problems or settings is None:
        raise ConfigError(problems)
    return settings


def _document(
    config: Path | None, environment: Variables, dotenv: Variables, folder: Path, text: str | None = None
) -> Node:
    """The file that was named must exist; the one that is looked for need not."""
    named = _named(config, environment, dotenv)
    file = named or folder / CONFIG_NAME
    if text is None and named is None and not file.is_file():
        return Node({}, DEFAULT)
    from gigamost.config.document import from_text, from_yaml  # who has no file need not load YAML

    return from_yaml(file) if text is None else from_text(text, str(file))


def _named(config: Path | None, environment: Variables, dotenv: Variables) -> Path | None:
    named = environment.nodes.get(CONFIG_FILE) or dotenv.nodes.get(CONFIG_FILE)
    return Path(str(named.value)).expanduser() if config is None and named is not None else config


def _flags(flags: Flags) -> Node:
    given = {path: value for path, value in flags.items() if value is not None}
    names = {path: f"--{path.rpartition('.')[2].replace('_', '-')}" for path in given}
    return _tree({path: Node(value, Origin("flag", names[path])) for path, value in given.items()})


def _tree(by_path: Mapping[str, Node]) -> Node:
    """`{"server.port": node}` as nested mappings."""
    root: dict[str, Node] = {}
    for path, node in by_path.items():
        *sections, name = path.split(".")
        at = root
        for section in sections:
            below = at.setdefault(section, Node({}, node.origin)).value
            assert isinstance(below, dict)
            at = below
        at[name] = node
    return Node(root, DEFAULT)


def _merged(low: Node, high: Node) -> Node:
    """Mappings are merged, everything else is replaced. A null leaves the setting alone."""
    if not (isinstance(low.value, dict) and isinstance(high.value, dict)):
        return low if high.value is None else high
    merged: dict[str, Node] = dict(low.value)
    for name, node in high.value.items():
        merged[name] = _merged(merged[name], node) if name in merged else node
    value: Raw = merged
    return Node(value, high.origin)
