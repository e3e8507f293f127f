"""What both versions of GigaChat's wire say with the same words."""

from collections.abc import Mapping
from typing import Final

from gigamost.core.events import FinishReason

ORIGIN: Final = "gigachat"  # of state ids, and of GigaChat's own request fields in `ChatRequest.extra`

# v1 documents the first four; the filter's own words are v2's with detail permission. `error` and `function_call_error`
# are failures (`problems.BROKEN_CALL`).
FINISH: Final[Mapping[str, FinishReason]] = {
    "stop": "stop",
    "length": "length",
    "function_call": "tool_calls",
    "blacklist": "content_filter",
    "request_blacklist": "content_filter",
    "request_whitelist": "content_filter",
    "request_filter": "content_filter",
    "response_blacklist": "content_filter",
}
FINISH_OUT: Final[Mapping[FinishReason, str]] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "function_call",
    "content_filter": "blacklist",
}
BROKEN: Final = frozenset({"error", "function_call_error"})

JSON_HEADERS: Final[Mapping[str, str]] = {"Content-Type": "application/json", "Accept": "application/json"}
SSE_HEADERS: Final[Mapping[str, str]] = {
    "Content-Type": "application/json",
    "Accept": "text/event-stream",
    "Cache-Control": "no-store",
}
