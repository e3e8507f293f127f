"""The wires that clients and upstreams speak: pure translation, one folder each; `ALL` registers them."""

from gigamost.core.face import Face
from gigamost.protocols import openai_chat, openai_tasks

ALL = (Face("openai", (*openai_chat.ENDPOINTS, *openai_tasks.ENDPOINTS), openai_chat.encode_error),)
