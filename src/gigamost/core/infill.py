"""Filling a gap between two texts, asked for in words: for the wires whose clients send a suffix, and the models that
have no mode for it."""

from gigamost.core.messages import Message, Text

_TASK = (
    "You fill a gap in a text or a program. You get what stands before the gap and what stands after it. Answer with "
    "exactly the characters that belong into the gap: no explanation, no code fence, and nothing of what is there "
    "already."
)


def infill(before: str, after: str) -> tuple[Message, ...]:
    """The messages that ask for the text between `before` and `after`."""
    asked = f"<before_gap>{before}</before_gap>\n<after_gap>{after}</after_gap>"
    return Message("system", (Text(_TASK),)), Message("user", (Text(asked),))
