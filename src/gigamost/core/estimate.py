"""Token counts where the upstream gives none: a cut answer, a stream without usage."""

from typing import assert_never

import msgspec

from gigamost.core.memo import by_identity
from gigamost.core.messages import BuiltinCall, Media, Reasoning, Text, ToolCall, ToolResult
from gigamost.core.request import ChatRequest, Function

# GigaChat's published figure is 3 to 4 characters of Russian or English text per token; the lower one is taken, so
# that an estimate does not fall short. The template around a bare message costs about 10 tokens. [recorded]
CHARACTERS_PER_TOKEN = 3
TEMPLATE_TOKENS = 10
_MEDIA_TOKENS = 1000  # an attachment's cost is not documented


def output_tokens(characters: int) -> int:
    return -(-characters // CHARACTERS_PER_TOKEN)


def input_tokens(request: ChatRequest) -> int:
    """About how many tokens the prompt has."""
    characters = _of_tools(request.tools)
    media = 0
    for message in request.messages:
        for part in message.parts:
            match part:
                case Text(text=text) | Reasoning(text=text):
                    characters += len(text)
                case ToolCall(arguments=arguments):
                    characters += len(arguments)
                case ToolResult(content=content):
                    characters += sum(len(item.text) for item in content if isinstance(item, Text))
                case Media():
                    media += 1
                case BuiltinCall():
                    pass
                case _:
                    assert_never(part)
    return TEMPLATE_TOKENS + output_tokens(characters) + media * _MEDIA_TOKENS


@by_identity
def _of_tools(tools: tuple[Function, ...]) -> int:
    return sum(len(msgspec.json.encode(tool.parameters)) + len(tool.description) for tool in tools)
