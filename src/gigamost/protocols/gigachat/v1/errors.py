"""What a refusal of GigaChat v1 asks us to say in another way. Its errors are read and written in `problems`."""

from typing import Final

from gigamost.core.errors import Kind, Problem

# Quirk 16: some deployments refuse the state id that they gave.
NO_STATE_ID: Final = "no_state_id"


def correction(problem: Problem, *, echoes: bool) -> str | None:
    """A refused state id is reported in several ways (422, or the generic 400), so any refusal of a request that
    carried one asks for the correction, once."""
    return NO_STATE_ID if echoes and problem.kind is Kind.INVALID_REQUEST else None
