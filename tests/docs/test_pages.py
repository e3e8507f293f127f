"""The pages of the protocols say what is there: every route and every rule, all of it in both languages."""

import gc
import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from gigamost import protocols
from gigamost.core.body import BodyReader, Rule
from gigamost.protocols.ollama import rules as ollama
from gigamost.protocols.ollama import wire
from tests.docs import tables
from tests.docs.tables import FOLDER, PAGES

ENGLISH, RUSSIAN = tables.languages()
NAMES = sorted(path.name.removesuffix(".md") for path in FOLDER.glob("*.md") if ".ru." not in path.name)
# Where the routes of the pages are served too, in place of the beginning that the pages give them.
ROOTS: Mapping[str, tuple[str, ...]] = {
    "openai-chat": ("/v1", "", "/openai/v1", "/openai", "/openai/deployments/{model}"),
    "openai-responses": ("/v1", "", "/openai/v1", "/openai", "/backend-api"),
    "openai-other": ("/v1", "", "/openai/v1", "/openai", "/openai/deployments/{model}"),
    "anthropic": ("/v1", "", "/anthropic/v1"),
    "gemini": (
        "/v1beta",
        "/v1",
        "",
        *(
            f"/{version}{scope}/publishers/google"
            for version in ("v1", "v1beta1")
            for scope in ("", "/projects/{project}/locations/{location}")
        ),
    ),
    "ollama": ("",),
    "bedrock": ("",),
    "gigachat": ("/gigachat/api", "/gigachat"),
}


def text_of(page: str, language: tables.Language = ENGLISH) -> str:
    return tables.path_of(page, language).read_text(encoding="utf-8")


def blocks(text: str, kind: str = "[a-z]*") -> list[str]:
    return re.findall(rf"^```(?:{kind})\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def codes(text: str) -> set[str]:
    return set(re.findall(r"`([^`\n]+)`", text))


def anchors(path: Path) -> set[str]:
    """What GitHub makes of the headings."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def routes(page: str) -> set[tuple[str, str]]:
    """(method, path), from the first column of the table of routes."""
    cells = re.findall(r"^\| (`(?:GET|POST|PUT|DELETE|HEAD) .*?) \|", text_of(page), re.MULTILINE)
    found = (code.partition(" ") for cell in cells for code in codes(cell))
    return {(method, path) for method, _, path in found}


def rule_sets() -> Iterator[tuple[str, Mapping[str, Rule]]]:
    """Every mapping of rules in the protocols: of modules, and of readers wherever they are kept."""
    for module in pkgutil.walk_packages(protocols.__path__, "gigamost.protocols."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, dict) and value and all(isinstance(each, Rule) for each in value.values()):
                yield f"{module.name}.{name}", value
    for found in gc.get_objects():
        if isinstance(found, BodyReader) and found.shape.__module__.startswith("gigamost.protocols."):
            yield f"the reader of {found.shape.__module__}.{found.shape.__name__}", found.rules


def is_shown(rules: Mapping[str, Rule], table: tables.Table) -> bool:
    """Whether a table has these very rules, under these names or nested ones."""
    shown = {(name.rpartition(".")[2], id(rule)) for name, rule in table.rules.items()}
    return all((name.rpartition(".")[2], id(rule)) in shown for name, rule in rules.items())


def test_every_page_is_there_in_both_languages() -> None:
    assert {*PAGES, "gigachat", "README"} == set(NAMES)
    assert {path.name for path in FOLDER.glob("*.ru.md")} == {f"{name}.ru.md" for name in NAMES}


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", [ENGLISH, RUSSIAN], ids=["en", "ru"])
def test_tables_are_current(page: str, language: tables.Language) -> None:
    assert text_of(page, language) == tables.written(page, language), "run `make docs`"


def test_every_rule_set_is_in_a_table() -> None:
    every = [table for page in PAGES.values() for table in page]
    printed = {id(rule) for table in every for rule in table.rules.values()}
    sets = list(rule_sets())
    assert len(sets) > 2 * len(PAGES)
    missing = [
        where
        for where, rules in sets
        if not {id(rule) for rule in rules.values()} <= printed
        or (where.startswith("the reader") and not any(is_shown(rules, table) for table in every))
    ]
    assert missing == []


def test_the_search_for_rule_sets_finds_a_new_reader() -> None:
    rules = {name: Rule("exact", "new") for name in BodyReader(wire.Embeddings, ollama.EMBEDDINGS).rules}
    reader = BodyReader(wire.Embeddings, rules)
    assert any(found is reader.rules for _, found in rule_sets())
    assert not any(is_shown(rules, table) for page in PAGES.values() for table in page)


def test_every_note_is_translated_and_no_translation_is_stale() -> None:
    assert RUSSIAN.notes is not None
    assert tables.untranslated(RUSSIAN.notes) == []
    assert set(RUSSIAN.notes) - set(tables.notes()) == set()
    assert [note for note in RUSSIAN.notes.values() if not re.search(r"[а-яё]", note, re.IGNORECASE)] == []


def test_both_languages_have_the_same_code_and_sections() -> None:
    for page in NAMES:
        english, russian = (
            re.sub(r"<!-- losses -->.*<!-- /losses -->", "", text_of(page, each), flags=re.DOTALL)
            for each in (ENGLISH, RUSSIAN)
        )
        assert blocks(english) == blocks(russian), page
        assert codes(english) == codes(russian), page
        assert english.count("\n## ") == russian.count("\n## "), page
        assert english.count("\n|") == russian.count("\n|"), page


def test_links_lead_somewhere() -> None:
    for page in NAMES:
        for language in (ENGLISH, RUSSIAN):
            text = text_of(page, language)
            for target, anchor in re.findall(r"\]\(([^)#]+)(?:#([^)]*))?\)", text):
                assert not anchor or anchor in anchors(FOLDER / target), f"{page}{language.suffix}: #{anchor}"
                assert (FOLDER / target).exists(), f"{page}{language.suffix}: {target}"


@pytest.mark.parametrize("page", ROOTS)
def test_roots_are_named(page: str) -> None:
    named = codes(text_of(page))
    assert [root for root in ROOTS[page] if root and not any(root in name for name in named)] == []


def test_routes_are_those_that_exist() -> None:
    served = {
        (endpoint.method, endpoint.path.replace(":path", "")) for face in protocols.ALL for endpoint in face.endpoints
    }
    written: set[tuple[str, str]] = set()
    for page, roots in ROOTS.items():
        listed = routes(page)
        assert listed - served == set(), page
        for method, path in listed:
            tail = path.removeprefix(roots[0])
            written |= {(method, path)} | {(method, root + tail) for root in roots if tail != path or not roots[0]}
            if path.startswith("/upload"):
                written |= {(method, path.replace("/v1beta", version)) for version in ("/v1", "")}
    assert served - written == set()
