"""The rules of style that a machine can check. Who imports whom is checked by import-linter (`make contracts`)."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "gigamost"
LONGEST_FILE, LONGEST_FUNCTION = 400, 60  # lines
VAGUE_NAMES = {"base", "common", "handler", "handlers", "helper", "helpers", "manager", "util", "utils"}
# The edges, where nothing may get through, whatever it is: an HTTP entry or a background task.
EDGES = {
    "app/reload.py": "the background task that takes changed settings over",
    "batch/worker.py": "the background task that does an item of a job",
    "emulator/app.py": "the emulator's HTTP entry",
    "pipeline/uploads.py": "the background task that deletes uploaded files",
    "server/application.py": "the HTTP entry",
    "server/cycle.py": "the HTTP entry of any ASGI application",
    "server/respond.py": "the HTTP entry, once the head of a stream is out",
    "store/ledger/lane.py": "the background task that writes the ledger on PostgreSQL",
    "store/ledger/opening.py": "the background task that looks after the ledger",
    "store/ledger/postgres.py": "the background task that brings there what was spooled",
    "store/ledger/writer.py": "the thread that writes the ledger on SQLite",
    "store/prompts/recorder.py": "the background task that writes what was said",
    "telling/courier.py": "the background task that sends notices",
    "telling/watch.py": "the background task that looks what there is to tell",
}
CHAT_FILES = {"__init__.py", "wire.py", "request.py", "response.py", "stream.py", "errors.py"}
# Distributions whose import name is another.
IMPORT_NAMES = {"pillow": "PIL", "python-dotenv": "dotenv", "pyyaml": "yaml"}


def sources() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def inside(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


@cache
def parsed() -> list[tuple[str, ast.Module]]:
    return [(inside(path), ast.parse(path.read_text(encoding="utf-8"))) for path in sources()]


def declared(*groups: str) -> set[str]:
    """The distributions that pyproject.toml names: those of the gateway itself and of the given extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lists = [project["dependencies"], *(project["optional-dependencies"][group] for group in groups)]
    return {re.split(r"[^\w.-]", line)[0].lower() for group in lists for line in group}


def test_no_file_is_too_long() -> None:
    lengths = {inside(path): len(path.read_bytes().splitlines()) for path in sources()}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_no_function_is_too_long() -> None:
    lengths = {
        f"{name}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for name, tree in parsed()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {function: lines for function, lines in lengths.items() if lines > LONGEST_FUNCTION} == {}


def test_every_module_says_what_it_is() -> None:
    assert [name for name, tree in parsed() if not ast.get_docstring(tree)] == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [inside(path) for path in sources() if VAGUE_NAMES & set(Path(inside(path)).with_suffix("").parts)] == []


def test_only_the_edges_catch_everything() -> None:
    assert {name for name, tree in parsed() if any(_swallows(node) for node in ast.walk(tree))} == set(EDGES)


def _swallows(node: ast.AST) -> bool:
    """Whether it is an `except` of Exception or wider that does not end by raising again."""
    if not isinstance(node, ast.ExceptHandler) or isinstance(node.body[-1], ast.Raise):
        return False
    caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    names = {kind.id for kind in caught if isinstance(kind, ast.Name)}
    return node.type is None or bool(names & {"Exception", "BaseException"})


def test_only_the_configuration_reads_the_environment() -> None:
    readers = {
        name
        for name, tree in parsed()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv"))
        or (isinstance(node, ast.ImportFrom) and node.module == "os" and {"environ", "getenv"} & _names(node))
    }
    assert {name for name in readers if not name.startswith("config/")} == set()


def _names(node: ast.ImportFrom) -> set[str]:
    return {alias.name for alias in node.names}


def test_every_chat_protocol_has_the_same_files() -> None:
    chats = [path.parent for path in (SOURCE / "protocols").rglob("stream.py")]
    missing = {inside(folder): CHAT_FILES - {file.name for file in folder.iterdir()} for folder in chats}
    assert {name: files for name, files in missing.items() if files} == {}


def test_every_imported_package_is_declared() -> None:
    imported = {module.partition(".")[0] for _, tree in parsed() for module in _imports(tree)}
    foreign = imported - set(sys.stdlib_module_names) - {"gigamost"}
    names = {IMPORT_NAMES.get(name, name.replace("-", "_")) for name in declared("demo", "images")}
    assert foreign - names == set()


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_every_declared_package_has_one_version() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9.-]+==[\w.]+", line)] == []
    names = [line.partition("==")[0] for line in lines]
    assert len(names) == len(set(names))
    assert declared("demo", "dev", "images") - set(names) == set()
