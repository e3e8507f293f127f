"""The page of the configuration has every setting, as the types have it, in both languages."""

import re

import pytest

from gigamost.config.fields import leaves, paths_by_variable
from tests.docs import settings
from tests.docs.settings import FOLDER, HIDDEN, LANGUAGES
from tests.docs.test_pages import blocks, codes

TEXTS = [settings.path_of(language).read_text(encoding="utf-8") for language in LANGUAGES]


@pytest.mark.parametrize("language", LANGUAGES, ids=["en", "ru"])
def test_the_table_is_current(language: settings.Language) -> None:
    assert settings.path_of(language).read_text(encoding="utf-8") == settings.written(language), "run `make docs`"


def test_every_setting_has_a_meaning_in_both_languages() -> None:
    meanings = settings.meanings()
    assert set(meanings) == {path for path, _ in leaves()} - set(HIDDEN)
    assert [path for path, both in meanings.items() if len(both) != 2 or not all(both)] == []
    assert [path for path, (_, russian) in meanings.items() if not re.search("[а-яё]", russian)] == []


def test_both_languages_say_the_same() -> None:
    english, russian = TEXTS
    assert blocks(english) == blocks(russian)
    assert codes(english) == codes(russian)
    assert [english.count(mark) for mark in ("\n## ", "\n- ", "\n|")] == [
        russian.count(mark) for mark in ("\n## ", "\n- ", "\n|")
    ]


@pytest.mark.parametrize("text", TEXTS, ids=["en", "ru"])
def test_what_is_named_exists(text: str) -> None:
    named = set(re.findall(r"GIGA(?:CHAT|MOST)_[A-Z0-9_]+", text))
    scopes = {"GIGACHAT_API_PERS", "GIGACHAT_API_B2B", "GIGACHAT_API_CORP"}
    assert named - set(paths_by_variable()) - scopes == {"GIGAMOST_CONFIG"}
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (FOLDER / target).exists(), target
