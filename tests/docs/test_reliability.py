"""The page of promises names tests that exist, all promises, and the same in both languages."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PAGES = [(ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("reliability.md", "reliability.ru.md")]
PROMISES = [*(f"R{at}" for at in range(1, 16)), *(f"S{at}" for at in range(3, 8))]


def functions(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_named_test_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGES[0])
    assert [f"{file}::{name}" for file, name in named if name not in functions(ROOT / file)] == []


def test_every_promise_has_a_row_with_a_test() -> None:
    for page in PAGES:
        assert re.findall(r"^\| (\w+) \| .*`tests/", page, re.MULTILINE) == PROMISES


def test_both_languages_name_the_same_tests() -> None:
    english, russian = (re.findall(r"`(tests/[^`]+)`", page) for page in PAGES)
    assert english == russian
