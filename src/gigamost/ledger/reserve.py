"""The most that a request can cost, known before it is sent: what a budget has to have left.

Every token is at least one byte of text, so the bytes of a prompt are an upper bound of its tokens. What a picture or a
document comes to is not documented; it cannot be more than the model's context.
"""

from typing import Final

import msgspec

from gigamost.core.estimate import TEMPLATE_TOKENS
from gigamost.core.memo import by_identity
from gigamost.core.messages import Media, Reasoning, Text, ToolCall, ToolResult
from gigamost.core.models import Capabilities
from gigamost.core.request import AnyTool, ChatRequest, Function, JsonSchema, OneTool, PlainText
from gigamost.core.usage import Usage

FOLLOW_UPS: Final = 2  # new generations that one request may cause (the contract, "Retry, failover, follow-up")
_PER_MESSAGE: Final = 16  # tokens of the template around a message; a bare one was recorded with about 10


def most(request: ChatRequest, model: Capabilities) -> Usage:
    """The upper bound of what a chat request uses, follow-ups included."""
    tokens = TEMPLATE_TOKENS + _tools(request.tools) + _schema(request)
    for message in request.messages:
        tokens += _PER_MESSAGE
        for part in message.parts:
            match part:
                case Text(text=text) | Reasoning(text=text):
                    tokens += _bytes(text)
                case ToolCall(name=name, arguments=arguments):
                    tokens += _bytes(name) + _bytes(arguments)
                case ToolResult(content=content):
                    tokens += sum(_bytes(item.text) for item in content if isinstance(item, Text))
                    tokens += model.context if any(isinstance(item, Media) for item in content) else 0
                case Media():
                    tokens += model.context
                case _:
                    pass
    output = min(request.max_tokens or model.max_output, model.max_output)
    rounds = 1 + (FOLLOW_UPS if _may_be_asked_again(request) else 0)
    return Usage(min(tokens, model.context) * rounds, output * rounds, estimated=True)


def _may_be_asked_again(request: ChatRequest) -> bool:
    """A demanded call and a demanded form are judged; anything else is asked again only when it is degenerate, and
    such an answer has a handful of tokens."""
    return isinstance(request.tool_choice, AnyTool | OneTool) or not isinstance(request.format, PlainText)


def _schema(request: ChatRequest) -> int:
    return len(msgspec.json.encode(request.format.schema)) if isinstance(request.format, JsonSchema) else 0


@by_identity
def _tools(tools: tuple[Function, ...]) -> int:
    return sum(
        len(msgspec.json.encode(tool.parameters)) + _bytes(tool.name) + _bytes(tool.description) + _PER_MESSAGE
        for tool in tools
    )


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
