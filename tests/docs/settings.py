"""The table of settings in `docs/configuration.md` and its Russian twin, made from the settings' types. `make docs`
writes it, between `<!-- settings -->` and `<!-- /settings -->`. What each setting means stands in `settings.yaml`.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import yaml

from gigamost.config import Settings
from gigamost.config.fields import leaves
from gigamost.config.reloading import is_live
from gigamost.config.shown import in_json, value_at

FOLDER: Final = Path(__file__).parents[2] / "docs"
_PLACE: Final = re.compile(r"(?<=<!-- settings -->\n).*?(?=<!-- /settings -->)", re.DOTALL)
_DEFAULTS: Final = Settings(state_dir=Path())
# In YAML it is `gigachat.credentials` as a list.
HIDDEN: Final = ("gigachat.entries",)


class Language(NamedTuple):
    suffix: str
    head: tuple[str, ...]
    yes: str
    no: str


LANGUAGES: Final = (
    Language("", ("Setting", "Variable", "Default", "Meaning", "Reloaded"), "yes", "restart"),
    Language(".ru", ("Настройка", "Переменная", "По умолчанию", "Смысл", "На ходу"), "да", "перезапуск"),
)


def meanings() -> dict[str, Sequence[str]]:
    """By path: in English and in Russian."""
    found: dict[str, Sequence[str]] = yaml.safe_load((FOLDER / "settings.yaml").read_text(encoding="utf-8"))
    return found


def path_of(language: Language) -> Path:
    return FOLDER / f"configuration{language.suffix}.md"


def written(language: Language) -> str:
    """The page as it is, with the current table. Raises ValueError for a page without a place for it."""
    new, count = _PLACE.subn(lambda _: f"\n{''.join(_rows(language))}\n", path_of(language).read_text(encoding="utf-8"))
    if count != 1:
        raise ValueError(f"{path_of(language).name}: <!-- settings --> and <!-- /settings --> are needed once")
    return new


def _rows(language: Language) -> Iterator[str]:
    yield f"| {' | '.join(language.head)} |\n|{'---|' * len(language.head)}\n"
    every = meanings()
    for path, field in leaves():
        if path in HIDDEN:
            continue
        variables = ", ".join(f"`{name}`" for name in field.variables if name.isupper())
        meaning = every[path][LANGUAGES.index(language)]
        cells = (f"`{path}`", variables, _default(path), meaning, language.yes if is_live(path) else language.no)
        yield re.sub(r"\|  (?=\|)", "| ", f"| {' | '.join(cells)} |\n")


def _default(path: str) -> str:
    value = value_at(_DEFAULTS, path)
    if path == "state_dir" or value in (None, (), {}, ""):
        return ""
    text = in_json(value).decode()
    return f"`{text.strip(chr(34))}`"


def main() -> None:
    for language in LANGUAGES:
        path_of(language).write_text(written(language), encoding="utf-8")


if __name__ == "__main__":
    main()
