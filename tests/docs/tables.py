"""The loss tables of `docs/protocols`, made from the rules that the code itself goes by. `make docs` writes them.

A page has one place for its tables, between `<!-- losses -->` and `<!-- /losses -->`. Russian notes are those of
`notes.ru.yaml`, by the English ones.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import yaml

from gigamost.core.body import Fate, Rule
from gigamost.protocols.anthropic_messages import batches as anthropic_batches
from gigamost.protocols.anthropic_messages import rules as anthropic
from gigamost.protocols.bedrock_converse import rules as bedrock
from gigamost.protocols.gemini import batches as gemini_batches
from gigamost.protocols.gemini import counting, uploads
from gigamost.protocols.gemini import embeddings as gemini_embeddings
from gigamost.protocols.gemini import rules as gemini
from gigamost.protocols.ollama import rules as ollama
from gigamost.protocols.openai_chat import completions, recordings
from gigamost.protocols.openai_chat import rules as openai_chat
from gigamost.protocols.openai_responses import conversations
from gigamost.protocols.openai_responses import rules as openai_responses
from gigamost.protocols.openai_tasks import batches, embeddings, files, images, moderations

FOLDER: Final = Path(__file__).parents[2] / "docs" / "protocols"
NOTES: Final = FOLDER / "notes.ru.yaml"
_PLACE: Final = re.compile(r"(?<=<!-- losses -->\n).*?(?=<!-- /losses -->)", re.DOTALL)


class Table(NamedTuple):
    """`title` is what the fields belong to, in code. Nested fields are dotted, as `x-gigamost-ignored` names them."""

    title: str
    rules: Mapping[str, Rule]


def _inside(field: str, rules: Mapping[str, Rule]) -> dict[str, Rule]:
    return {f"{field}.{name}": rule for name, rule in rules.items()}


# The fields that a count has and a chat request has not.
_COUNTED = {name: rule for name, rule in counting.RULES.items() if name not in gemini.RULES}
_CONVERSE = {
    **bedrock.RULES,
    **_inside("inferenceConfig", bedrock.INFERENCE),
    **_inside("additionalModelRequestFields", bedrock.ADDITIONAL),
    **bedrock.INNER,
}

PAGES: Final[Mapping[str, tuple[Table, ...]]] = {
    "openai-chat": (Table("POST /v1/chat/completions", openai_chat.RULES),),
    "openai-responses": (
        Table("POST /v1/responses", openai_responses.RULES),
        Table("POST /v1/conversations", conversations.RULES),
    ),
    "openai-other": (
        Table("POST /v1/completions", completions.RULES),
        Table("POST /v1/embeddings", embeddings.RULES),
        Table("POST /v1/files", files.RULES),
        Table("POST /v1/batches", batches.RULES),
        Table("POST /v1/images/generations", images.RULES),
        Table("POST /v1/audio/transcriptions", recordings.TRANSCRIPTION),
        Table("POST /v1/audio/translations", recordings.TRANSLATION),
        Table("POST /v1/moderations", moderations.RULES),
    ),
    "anthropic": (
        Table("POST /v1/messages", anthropic.RULES),
        Table("POST /v1/messages/batches", anthropic_batches.RULES),
    ),
    "gemini": (
        Table(":generateContent, :streamGenerateContent", gemini.RULES),
        Table(":batchGenerateContent", gemini_batches.RULES),
        Table(":countTokens", _COUNTED),
        Table(":embedContent", gemini_embeddings.RULES),
        Table(":batchEmbedContents", gemini_embeddings.BATCH_RULES),
        Table(":predict", gemini_embeddings.PREDICT_RULES),
        Table("POST /upload/v1beta/files", uploads.RULES),
    ),
    "ollama": (
        Table("POST /api/chat", ollama.CHAT),
        Table("POST /api/generate", ollama.GENERATE),
        Table("options", _inside("options", ollama.OPTIONS)),
        Table("POST /api/embed", ollama.EMBED),
        Table("POST /api/embeddings", ollama.EMBEDDINGS),
    ),
    "bedrock": (
        Table("converse, converse-stream", _CONVERSE),
        Table("count-tokens", bedrock.COUNT),
    ),
}


class Language(NamedTuple):
    """`notes` None: they stay as they are."""

    suffix: str
    head: tuple[str, str, str]
    fates: Mapping[Fate, str]
    notes: Mapping[str, str] | None


def languages() -> tuple[Language, ...]:
    notes = yaml.safe_load(NOTES.read_text(encoding="utf-8")) or {}
    return (
        Language("", ("Field", "Fate", "Note"), {fate: fate for fate in FATES}, None),
        Language(".ru", ("Поле", "Что с ним", "Пояснение"), FATES, notes),
    )


FATES: Final[Mapping[Fate, str]] = {
    "exact": "передаётся",
    "emulated": "эмулируется",
    "ignored": "игнорируется",
    "refused": "отклоняется",
}


def notes() -> dict[str, None]:
    """Every note of every table once, in their order."""
    rules = (rule for tables in PAGES.values() for table in tables for rule in table.rules.values())
    return {rule.note: None for rule in rules if rule.note}


def untranslated(translations: Mapping[str, str]) -> list[str]:
    return [note for note in notes() if not translations.get(note)]


def written(page: str, language: Language) -> str:
    """The page as it is, with current tables. Raises ValueError for a page without a place for them."""
    text = path_of(page, language).read_text(encoding="utf-8")
    tables = "\n".join(_table(table, language) for table in PAGES[page])
    new, count = _PLACE.subn(lambda found: f"\n{tables}\n", text)
    if count != 1:
        raise ValueError(f"{page}{language.suffix}.md: one pair of <!-- losses --> and <!-- /losses --> is needed")
    return new


def path_of(page: str, language: Language) -> Path:
    return FOLDER / f"{page}{language.suffix}.md"


def _table(table: Table, language: Language) -> str:
    title = ", ".join(f"`{part}`" for part in table.title.split(", "))
    head = f"| {' | '.join(language.head)} |\n|---|---|---|\n"
    return f"### {title}\n\n{head}{''.join(_rows(table.rules, language))}"


def _rows(rules: Mapping[str, Rule], language: Language) -> Iterator[str]:
    for name, rule in rules.items():
        note = rule.note if language.notes is None else language.notes.get(rule.note, "")
        cells = (f"`{name}`", language.fates[rule.fate], _shown(note))
        yield f"| {' | '.join(cells)} |\n".replace("|  |", "| |")


def _shown(note: str) -> str:
    """A note as a cell: the 400 of a refused field says it as a sentence, with a full stop."""
    return re.sub(r"([|*<])", r"\\\1", note.rstrip("."))


def main() -> None:
    both = languages()
    missing = untranslated(both[1].notes or {})
    if missing:
        sys.exit("\n".join([f"{NOTES.name} has no translation of:", *missing]))
    for page in PAGES:
        for language in both:
            path_of(page, language).write_text(written(page, language), encoding="utf-8")


if __name__ == "__main__":
    main()
