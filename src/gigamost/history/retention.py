"""How long things are kept. Answers: 30 days (OpenAI's API reference, "Responses"), and as long as a later one that is
kept builds on them. Conversations: until they are deleted (the same, "Conversations")."""

from typing import Final

from gigamost.core.errors import GatewayError, Kind
from gigamost.core.tenancy import Defaults

ANSWERS: Final = 30 * 86_400  # seconds
SWEEP: Final = 3600.0  # seconds between two sweeps


def expires(created: int) -> int:
    """Unix seconds."""
    return created + ANSWERS


def may_keep(defaults: Defaults) -> bool:
    """Whether what a key's requests say may be kept for its clients."""
    return defaults.keeps_responses is not False


def check_keeps(defaults: Defaults) -> None:
    """Raises GatewayError (403) for what makes no sense without being kept."""
    if not may_keep(defaults):
        message = "Nothing is kept for this key: send the whole conversation with every request."
        raise GatewayError(Kind.FORBIDDEN, message, code="responses_not_kept")
