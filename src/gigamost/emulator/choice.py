"""Which functions a prompt plausibly needs: those that it names, else the one whose words it shares."""

import re
from typing import Any

from gigamost.emulator.facts import words
from gigamost.emulator.validator.functions import BUILTINS

# Words in names and descriptions that say nothing about what a function is for.
_EMPTY_WORDS = """
about after all and any are been before call can create current data delete description file find for from function get
given give have into list make name not only please read return returns run search set show string tell text than that
the this tool update use used user using value what when which will with write you your
для если или как какая какие какой можно нужно пользователь сейчас функция что этот это
"""
_EMPTY = frozenset(_EMPTY_WORDS.split())
_STEM = 5


def choose_functions(functions: list[dict[str, Any]], prompt: str, done: list[str]) -> list[str]:
    """All that the prompt names, in its order, else the one that it needs most.

    `done` names the functions that answered already in this turn: then only others that are named outright are called.
    """
    custom = [function for function in functions if function["name"] not in BUILTINS]
    named = [(at, function["name"]) for function in custom if (at := _position(function["name"], prompt)) is not None]
    remaining = [name for _, name in sorted(named) if name not in done]
    if remaining or named or done:
        return remaining
    asked = _stems(prompt)
    scores: list[tuple[int, str]] = [(_score(function, asked), function["name"]) for function in custom]
    best = max(scores, key=lambda entry: entry[0], default=(0, ""))
    return [best[1]] if best[0] >= 2 else []


def _position(name: str, prompt: str) -> int | None:
    """Where a prompt names a function, in its own spelling or with spaces."""
    spoken = re.escape(name).replace("_", "[_ ]").replace(r"\-", "[- ]")
    match = re.search(rf"(?i)(?<![\w.-]){spoken}(?![\w-])", prompt)
    return match.start() if match else None


def _score(function: dict[str, Any], asked: set[str]) -> int:
    """A shared word of the name counts 2, one of the description's first words or of a parameter's name 1."""
    in_name = _stems(function["name"])
    properties = (function.get("parameters") or {}).get("properties") or {}
    around = _stems(function.get("description", "")[:200] + " " + " ".join(properties))
    return 2 * len(asked & in_name) + len(asked & (around - in_name))


def _stems(text: str) -> set[str]:
    return {word[:_STEM] for word in words(text) if len(word) > 2 and word not in _EMPTY}
