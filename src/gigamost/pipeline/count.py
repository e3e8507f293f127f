"""How many tokens a chat request would cost: asked of the upstream's tokenizer, or estimated when that takes long."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from hashlib import blake2b
from typing import Final

import msgspec

from gigamost.auth.scopes import check_chat_model, model_for
from gigamost.core.errors import GatewayError
from gigamost.core.estimate import TEMPLATE_TOKENS, input_tokens
from gigamost.core.messages import Media, Reasoning, Text, ToolCall, ToolResult
from gigamost.core.request import ChatRequest
from gigamost.core.text import clean_text
from gigamost.core.usage import Usage
from gigamost.pipeline.ask import ask
from gigamost.pipeline.catalogue import needs_kind
from gigamost.pipeline.context import Context
from gigamost.pipeline.imposed import imposed
from gigamost.pipeline.plain import json_headers
from gigamost.pipeline.routes import Routes
from gigamost.protocols.gigachat.tasks import COUNT, decode_count, encode_texts
from gigamost.routing.table import GIGACHAT

WAIT: Final = 3.0  # seconds: agents ask before they do anything else
_KEPT: Final = 4096


class Counter:
    """Remembers counts by model and digest: an agent asks about the same system text and tools every time."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes
        self._kept: OrderedDict[tuple[str, bytes], int] = OrderedDict()

    async def count(self, request: ChatRequest, context: Context) -> tuple[int, bool]:
        """The tokens, and whether they are an estimate. Raises GatewayError (404, 400) for the model alone.

        The tokenizer counts raw texts (gigachat-api.md section 6.2); the template around a conversation is added.
        """
        principal = context.principal
        name = model_for(principal, request.model)
        model = needs_kind(await self._routes.find(name, self._routes.plan.default), "chat")
        check_chat_model(principal, request.model, model.id)
        if model.upstream != GIGACHAT:
            return input_tokens(request), True
        request = imposed(request, principal.defaults)
        texts = list(filter(None, _texts(request)))
        digests = [blake2b(text.encode(), digest_size=16).digest() for text in texts]
        missing = {
            digest: text for digest, text in zip(digests, texts, strict=True) if (model.id, digest) not in self._kept
        }
        if missing:
            await context.visit.reserve("", Usage())  # the tokenizer costs nothing
            try:
                async with asyncio.timeout(WAIT):
                    accounts = self._routes.accounts(context.principal)
                    body = encode_texts(model.id, tuple(missing.values()))
                    answer = await ask(accounts, "POST", COUNT, json_headers(context), body, visit=context.visit)
                for digest, tokens in zip(missing, decode_count(answer.body, len(missing)), strict=True):
                    self._kept[(model.id, digest)] = tokens
            except (GatewayError, TimeoutError):
                return input_tokens(request), True
        counted = sum(self._count(model.id, digest) for digest in digests)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        media = any(isinstance(part, Media) for message in request.messages for part in message.parts)
        return (input_tokens(request), True) if media else (TEMPLATE_TOKENS + counted, False)

    def _count(self, model: str, digest: bytes) -> int:
        self._kept.move_to_end((model, digest))
        return self._kept[(model, digest)]


def _texts(request: ChatRequest) -> Iterator[str]:
    """Everything of the request that becomes part of the prompt; the cost of a picture cannot be asked for."""
    for tool in request.tools:
        yield clean_text(f"{tool.name}\n{tool.description}\n{msgspec.json.encode(tool.parameters).decode()}")
    for message in request.messages:
        for part in message.parts:
            match part:
                case Text(text=text) | Reasoning(text=text):
                    yield clean_text(text)
                case ToolCall(name=name, arguments=arguments):
                    yield clean_text(name + arguments)
                case ToolResult(content=content):
                    yield from (clean_text(item.text) for item in content if isinstance(item, Text))
                case _:
                    pass
