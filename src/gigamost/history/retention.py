"""How long things are kept. Answers: 30 days (OpenAI's API reference, "Responses"), and as long as a later one that is
kept builds on them. Conversations: until they are deleted (the same, "Conversations")."""

from typing import Final

ANSWERS: Final = 30 * 86_400  # seconds
SWEEP: Final = 3600.0  # seconds between two sweeps


def expires(created: int) -> int:
    """Unix seconds."""
    return created + ANSWERS
