"""The wires that clients and upstreams speak: pure translation, one folder each; `ALL` registers them."""

from gigamost.core.face import Face
from gigamost.protocols import (
    anthropic_messages,
    bedrock_converse,
    gemini,
    ollama,
    openai_chat,
    openai_responses,
    openai_tasks,
)
from gigamost.protocols.gigachat import native

_OPENAI = (*openai_chat.ENDPOINTS, *openai_responses.ENDPOINTS, *openai_tasks.ENDPOINTS)

ALL = (
    Face("openai", _OPENAI, openai_chat.encode_error),
    anthropic_messages.FACE,
    bedrock_converse.FACE,
    gemini.FACE,
    native.FACE,
    native.OAUTH_FACE,
    ollama.FACE,
)
