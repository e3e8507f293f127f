"""What was said earlier in a conversation, for those who ask whether it is remembered."""

import re

from gigamost.emulator.ask import Ask
from gigamost.emulator.facts import is_russian

_ASKED_BEFORE = re.compile(
    r"(?i)\bwhat did i (?:just )?(?:say|ask|write)\b"
    r"|\bчто я (?:только что |раньше )?(?:сказал|спросил|спрашивал|написал)"
)
_ASKED_NAME = re.compile(r"(?i)\bwhat(?:'s| is) my name\b|\bкак меня зовут")
_NAME = re.compile(r"(?i:\bmy name is|\bменя зовут)\s+([^\W\d_][\w-]*)")


def remember(ask: Ask) -> str | None:
    """The answer to a question about what the user said; None for another question, or when nothing was said."""
    prompt = ask.prompt
    russian = is_russian(prompt)
    if _ASKED_NAME.search(prompt):
        names = [match[1] for text in ask.earlier for match in _NAME.finditer(text)]
        if names:
            return f"Вас зовут {names[-1]}." if russian else f"Your name is {names[-1]}."
    if _ASKED_BEFORE.search(prompt) and ask.earlier:
        last = ask.earlier[-1]
        return f"Вы сказали: «{last}»." if russian else f'You said: "{last}".'
    return None
