"""Vectors that are given again for the same text, model and tenant: each text by itself, whoever it comes with."""

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from gigamost.core.ports import Cache
from gigamost.core.tasks import EmbedRequest
from gigamost.pipeline.caching import UPSTREAM, Now, wish_of
from gigamost.pipeline.context import Context
from gigamost.pipeline.sameness import Sameness


class Vector(msgspec.Struct, frozen=True):
    """`tokens` is what its text came to."""

    values: tuple[float, ...]
    tokens: int


# The vectors of the texts at these places of the request, in this order.
Ask = Callable[[Sequence[int]], Awaitable[Sequence[Vector]]]


class Entry(msgspec.Struct, frozen=True):
    at: float
    vector: Vector


class VectorCache:
    """Between an embedding whose model is known and whoever asks the upstream."""

    def __init__(self, cache: Cache, sameness: Sameness, now: Now) -> None:
        self._cache = cache
        self._sameness = sameness
        self._now = now
        self._decoder = msgspec.msgpack.Decoder(Entry)

    async def embed(self, request: EmbedRequest, model: str, context: Context, ask: Ask) -> Sequence[Vector]:
        """Asks for those that are not there. It is a hit when all of them were."""
        trail, wish, tenant = context.visit.trail, wish_of(context), context.principal.tenant
        trail.cache = "miss"
        places = range(len(request.inputs))
        if wish is None:
            return await ask(places)
        digests = [self._sameness.of_text(text, tenant, model, request.dimensions) for text in request.inputs]
        found = await self._find(digests, wish.seconds) if wish.reads else {}
        missing = [at for at in places if at not in found]
        if not missing:
            await context.visit.note(model)
            oldest = min(entry.at for entry in found.values())
            trail.cache, trail.age, trail.upstream = "hit", max(int(self._now() - oldest), 0), UPSTREAM
        vectors = {at: entry.vector for at, entry in found.items()}
        if missing:
            vectors |= zip(missing, await ask(missing), strict=True)
        for at in missing:
            digest = digests[at]
            if digest is not None:
                self._cache.put(digest, msgspec.msgpack.encode(Entry(self._now(), vectors[at])), wish.seconds)
        return [vectors[at] for at in places]

    async def _find(self, digests: Sequence[bytes | None], seconds: int) -> dict[int, Entry]:
        """By their places."""
        known = {at: digest for at, digest in enumerate(digests) if digest is not None}
        found: dict[int, Entry] = {}
        for at, value in zip(known, await self._cache.get(list(known.values())), strict=True):
            if value is None:
                continue
            try:
                entry = self._decoder.decode(value)
            except msgspec.MsgspecError:
                continue  # of another version
            if self._now() - entry.at < seconds:
                found[at] = entry
        return found
