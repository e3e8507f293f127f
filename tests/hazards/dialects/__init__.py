"""How clients of each protocol ask and read: one small independent client per wire, written from the vendors' pages.

A hazard is one test file over all of them. A new protocol is covered by one more entry in `ALL`; a test fails while a
face that chats has none.
"""

from tests.hazards.dialects import anthropic, bedrock, chat, gemini, ollama, responses
from tests.hazards.dialects.talk import Dialect

ALL: tuple[Dialect, ...] = (
    chat.DIALECT,
    responses.DIALECT,
    anthropic.DIALECT,
    gemini.DIALECT,
    ollama.DIALECT,
    bedrock.DIALECT,
)
