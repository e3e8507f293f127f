"""The environment and the `.env` file as a tree of raw values.

An unknown `GIGAMOST_*` name is a problem, an unknown `GIGACHAT_*` one a warning (the official SDK has names that mean
nothing here). What a container platform injects for a Service called gigamost is known by its form and only warned of.
"""

import re
from collections.abc import Iterable, Mapping
from io import StringIO
from pathlib import Path

from gigamost.config.fields import paths_by_variable
from gigamost.config.origin import ConfigError, Node, Origin, nearest, unreadable

CONFIG_FILE = "GIGAMOST_CONFIG"
PLACES = ("HOME", "USERPROFILE", "LOCALAPPDATA", "XDG_DATA_HOME")  # what tells where a user's data is
# Names that Kubernetes gives to the service links of a pod, and Docker to its links.
_SERVICE_LINK = re.compile(r"_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$")


class Variables:
    """The variables of one source, with their origins. An empty value counts as not set."""

    def __init__(self, values: Iterable[tuple[str, str, Origin]]) -> None:
        self.nodes = {name: Node(text, origin) for name, text, origin in values if text.strip()}

    def tree(self, warnings: list[str]) -> dict[str, Node]:
        """Settings by dotted path. Of two names of one setting the first counts."""
        found: dict[str, Node] = {}
        for name, path in paths_by_variable().items():
            node = self.nodes.get(name)
            if node is None:
                continue
            if path in found and found[path].value != node.value:
                warnings.append(f"{node.origin} is ignored: {found[path].origin} sets the same and goes first")
            found.setdefault(path, node)
        return found

    def check_names(self, problems: list[str], warnings: list[str]) -> None:
        known = [*paths_by_variable(), CONFIG_FILE]
        injected = []
        for name, node in self.nodes.items():
            if name in known or not name.startswith(("GIGAMOST_", "GIGACHAT_")):
                continue
            if _SERVICE_LINK.search(name) or str(node.value).startswith(("tcp://", "udp://")):
                injected.append(name)
            elif name.startswith("GIGAMOST_"):
                problems.append(f"{node.origin}: there is no such setting{nearest(name, known)}")
            else:
                warnings.append(f"{node.origin} is not used here{nearest(name, known)}")
        if injected:
            names = ", ".join(sorted(injected)[:3]) + (", ..." if len(injected) > 3 else "")
            warnings.append(
                f"{names}: put there by the container platform (service links) and ignored; "
                "`enableServiceLinks: false` keeps them out"
            )


def from_environment(environ: Mapping[str, str]) -> Variables:
    return Variables((name, text, Origin("environment", name)) for name, text in environ.items())


def from_dotenv(file: Path) -> Variables:
    """The `.env` file by python-dotenv's grammar (quotes, comments, `export`), values taken as they are: a `$` in a
    password means itself. Nothing when there is no file. Raises ConfigError."""
    from dotenv.parser import parse_stream

    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return Variables(())
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{file.name} cannot be read: {unreadable(error)}"]) from error
    problems, values = [], []
    for binding in parse_stream(StringIO(text)):
        original = binding.original.string
        line = binding.original.line + len(original[: len(original) - len(original.lstrip())].splitlines())
        if binding.error:
            problems.append(f"{file.name}:{line}: this line is no NAME=value")
        elif binding.key is not None and binding.value is not None:
            values.append((binding.key, binding.value, Origin(".env", binding.key, file.name, line)))
    if problems:
        raise ConfigError(problems)
    return Variables(values)


def data_folder(environ: Mapping[str, str], platform: str) -> Path:
    """Where the platform keeps a program's data. `platform` is `sys.platform`."""
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or Path.home())
    match platform:
        case "win32":
            return Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "gigamost"
        case "darwin":
            return home / "Library" / "Application Support" / "gigamost"
        case _:
            return Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "gigamost"
