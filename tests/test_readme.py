"""The README says what is there: the same in both languages, with commands, settings and routes that exist."""

import re
from pathlib import Path

import pytest
import typer

from gigamost import protocols
from gigamost.cli.commands import app
from gigamost.config.fields import paths_by_variable
from tests.docs.tables import PAGES

ROOT = Path(__file__).parent.parent
TEXTS = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.ru.md")}


def blocks(text: str) -> list[str]:
    return re.findall(r"^ *```.*?^ *```$", text, re.MULTILINE | re.DOTALL)


def code(text: str) -> list[str]:
    """What stands in code, short or in blocks."""
    return [*blocks(text), *re.findall(r"`[^`\n]+`", text)]


def test_both_languages_show_the_same_code() -> None:
    english, russian = TEXTS.values()
    assert blocks(english) == blocks(russian)
    assert set(code(english)) == set(code(russian))
    assert len(re.findall(r"^## ", english, re.MULTILINE)) == len(re.findall(r"^## ", russian, re.MULTILINE))


@pytest.mark.parametrize("name", TEXTS)
def test_commands_exist(name: str) -> None:
    command = typer.main.get_command(app)
    known = set(getattr(command, "commands", {}))
    assert {found for part in code(TEXTS[name]) for found in re.findall(r"gigamost ([a-z]+)", part)} - known == set()


@pytest.mark.parametrize("name", TEXTS)
def test_variables_exist(name: str) -> None:
    known = set(paths_by_variable())
    scopes = {"GIGACHAT_API_PERS", "GIGACHAT_API_B2B", "GIGACHAT_API_CORP"}
    named = set(re.findall(r"GIGA(?:CHAT|MOST)_[A-Z0-9_]+", TEXTS[name]))
    assert named - known - scopes == set()


@pytest.mark.parametrize("name", TEXTS)
def test_every_protocol_is_there_and_links_lead_somewhere(name: str) -> None:
    """What the pages say is tested in tests/docs."""
    suffix = ".ru.md" if ".ru." in name else ".md"
    targets = {target for target in re.findall(r"\]\(([^)#]+)", TEXTS[name]) if not target.startswith("http")}
    assert [target for target in targets if not (ROOT / target).exists()] == []
    assert {f"docs/protocols/{page}{suffix}" for page in (*PAGES, "gigachat", "README")} <= targets


@pytest.mark.parametrize("name", TEXTS)
def test_routes_are_those_that_exist(name: str) -> None:
    served = {endpoint.path.replace(":path", "") for face in protocols.ALL for endpoint in face.endpoints}
    named = {path for part in code(TEXTS[name]) for path in re.findall(r"^`(?:[A-Z]+ )?(/v1/[^`]+)`$", part)}
    assert named - served == set()


@pytest.mark.parametrize("name", TEXTS)
def test_base_urls_are_those_of_the_overview(name: str) -> None:
    pages = (ROOT / "docs" / "protocols" / name).read_text(encoding="utf-8")
    assert re.findall(r"`(http://[^`]+)`", TEXTS[name])
    assert set(re.findall(r"`(http://[^`]+)`", TEXTS[name])) == set(re.findall(r"`(http://[^`]+)`", pages))
