"""What a refusal of GigaChat v2 asks us to say in another way. Its errors are read and written in `problems`."""

import re
from collections.abc import Collection
from typing import Final

from gigamost.core.errors import Kind, Problem

# Section 5.2: the role of results is `tool` in the documentation and on internal fronts, `function` on the public API.
RESULTS_OF_TOOL: Final = "results_of_tool"
# Quirk 16: some deployments refuse the state id that they gave.
NO_STATE_ID: Final = "no_state_id"
# Another word for all of v2: the host, or the account, has v1 only.
NO_V2: Final = "no_v2"
# The format is recorded on an internal front, and in no documentation.
NO_REGEX: Final = "no_regex"
_GENERIC: Final = "invalid json syntax"  # what is said of any wrong shape
_NO_TOOL: Final = re.compile(r"\bUnknown tool ([\w.-]+)|\bTool ([\w.-]+) is unavailable")
_NO_REGEX: Final = re.compile(r'\bUnknown type "regex"')


def without(tool: str) -> str:
    """The correction that leaves a built-in tool out."""
    return f"no_{tool}"


def correction(
    problem: Problem, dialect: frozenset[str], *, tools: Collection[str], has_results: bool, echoes: bool
) -> str | None:
    """`tools` are the built-in ones of the refused request. One correction at a time: what the message names, then the
    role of results for the generic refusal, then the state id."""
    refused = _NO_TOOL.search(problem.message)
    if refused is not None:
        name = (refused[1] or refused[2]).rstrip(".")
        return without(name) if name in tools else None
    if _is_missing(problem) and NO_V2 not in dialect:
        return NO_V2
    if problem.kind is not Kind.INVALID_REQUEST:
        return None
    if _NO_REGEX.search(problem.message) is not None and NO_REGEX not in dialect:
        return NO_REGEX
    if has_results and RESULTS_OF_TOOL not in dialect and _GENERIC in problem.message.lower():
        return RESULTS_OF_TOOL
    return NO_STATE_ID if echoes else None


def _is_missing(problem: Problem) -> bool:
    """The front answers a path that it does not have with a page (403 or 404), and v2 a model that it does not have
    with a 404."""
    if problem.kind is Kind.MODEL_NOT_FOUND:
        return True
    return problem.kind is Kind.FORBIDDEN and bool(problem.detail)
