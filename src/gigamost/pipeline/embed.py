"""Texts to vectors: cut into calls that GigaChat takes, sent some at a time, put together in order."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from gigamost.auth.scopes import check_model
from gigamost.core.errors import GatewayError, Kind, invalid
from gigamost.core.models import Model
from gigamost.core.tasks import EmbedReply, EmbedRequest
from gigamost.core.text import clean_text
from gigamost.core.usage import Usage
from gigamost.objects.ids import Seal
from gigamost.pipeline.ask import ask
from gigamost.pipeline.context import Context, client_id
from gigamost.pipeline.plain import each, json_headers
from gigamost.pipeline.routes import Routes
from gigamost.pipeline.vectors import Vector, VectorCache
from gigamost.protocols.gigachat.tasks import EMBEDDINGS, Embedded, decode_embeddings, encode_texts

# Of one call (gigachat-api.md section 6.1). A longer text goes alone: GigaChat itself says what is too long.
MAX_ITEMS: Final = 64
MAX_BYTES: Final = 120_000
# What an upstream refuses because of the texts it was sent.
_OF_TEXTS: Final = frozenset({Kind.INVALID_REQUEST, Kind.CONTEXT_OVERFLOW, Kind.TOO_LARGE})


class Batch(msgspec.Struct, frozen=True):
    """The texts of one call. `first` is the place of the first of them among those that are asked for."""

    first: int
    texts: tuple[str, ...]

    def place(self, places: Sequence[int]) -> str:
        """In the request, where `places` are those that are asked for."""
        first, last = places[self.first], places[self.first + len(self.texts) - 1]
        return f"input[{first}]" if last == first else f"input[{first}] to input[{last}]"


class Embedder:
    def __init__(self, routes: Routes, seal: Seal, cache: VectorCache) -> None:
        self._routes = routes
        self._cache = cache
        self._seal = seal

    async def embed(self, request: EmbedRequest, context: Context) -> EmbedReply:
        """Raises GatewayError: 404 and 400 for the model, 400 for `dimensions` that it does not have."""
        model = await self._routes.model(request.model, "embedder")
        check_model(context.principal, request.model, model.id)
        if model.capabilities.dimensions:
            _check_dimensions(request, model, model.capabilities.dimensions)

        async def ask(places: Sequence[int]) -> Sequence[Vector]:
            return await self._ask(request, places, model.id, context)

        if context.principal.defaults.cache_seconds:
            vectors = await self._cache.embed(request, model.id, context, ask)
        else:
            vectors = await ask(range(len(request.inputs)))
        _check_dimensions(request, model, len(vectors[0].values))
        return EmbedReply(tuple(each.values for each in vectors), sum(each.tokens for each in vectors), model.id)

    async def _ask(
        self, request: EmbedRequest, places: Sequence[int], model: str, context: Context
    ) -> Sequence[Vector]:
        texts = [request.inputs[at] for at in places]
        await context.visit.reserve(model, Usage(sum(len(text.encode("utf-8", "replace")) for text in texts)))
        headers = json_headers(context, client_id(self._seal, context, request.user))

        async def call(batch: Batch) -> Embedded:
            body = encode_texts(model, batch.texts)
            accounts = self._routes.accounts(context.principal)
            gate = (context.principal.tenant, self._routes.plan.queue_timeout)
            try:
                answer = await ask(accounts, "POST", EMBEDDINGS, headers, body, visit=context.visit, gate=gate)
            except GatewayError as error:
                raise _located(error, batch.place(places)) from None
            embedded = decode_embeddings(answer.body, len(batch.texts))
            context.visit.spend(Usage(sum(embedded.tokens)))
            return embedded

        parts = await each(batches(texts), call)
        return [Vector(*each) for part in parts for each in zip(part.vectors, part.tokens, strict=True)]


def batches(texts: Sequence[str]) -> Iterator[Batch]:
    """The texts in their order, at most 64 and 120 kB of JSON in each batch."""
    first, size = 0, 0
    for at, text in enumerate(texts):
        length = len(msgspec.json.encode(clean_text(text)))
        if at > first and (at - first == MAX_ITEMS or size + length > MAX_BYTES):
            yield Batch(first, tuple(texts[first:at]))
            first, size = at, 0
        size += length
    yield Batch(first, tuple(texts[first:]))


def _check_dimensions(request: EmbedRequest, model: Model, given: int) -> None:
    if request.dimensions not in (None, given):
        message = f"The model {model.id} gives vectors of {given} dimensions and no others: send {given} or nothing."
        raise invalid(message, "dimensions", "unsupported_value")


def _located(error: GatewayError, place: str) -> GatewayError:
    problem = error.problem
    if problem.kind not in _OF_TEXTS:
        return error
    return GatewayError.of(msgspec.structs.replace(problem, message=f"{place}: {problem.message}", param="input"))
