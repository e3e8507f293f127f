"""The routes of upstreams: how each credential stands, and what can be done to it while requests are under way."""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from gigamost.admin import wire
from gigamost.admin.exchange import Answer, Asked, Route
from gigamost.admin.office import Office
from gigamost.core.secret import Secret
from gigamost.upstreams.fleet import Fleet, Standing, Trial


class Standings(msgspec.Struct, frozen=True):
    data: tuple[Standing, ...]
    next_cursor: None = None


class Drain(msgspec.Struct, frozen=True):
    """`resume` takes an earlier call back."""

    resume: bool = False


class NewSecret(msgspec.Struct, frozen=True):
    """The upstream has to take the new key before the old one is given up."""

    key: Annotated[str, msgspec.Meta(min_length=1, max_length=10_000)]


def upstream_routes(fleet: Fleet, office: Office) -> Sequence[Route]:
    async def standings(asked: Asked) -> Answer:
        return Answer(Standings(tuple(fleet.standings())))

    async def drain(asked: Asked) -> Answer:
        wanted = asked.read(Drain)
        answer = fleet.drain(asked.path["name"], resume=wanted.resume)
        await written("upstream.resume" if wanted.resume else "upstream.drain", asked)
        return Answer(answer)

    async def test(asked: Asked) -> Answer:
        asked.read(wire.Nothing)
        return Answer(await fleet.test(asked.path["name"]))

    async def rotate(asked: Asked) -> Answer:
        answer = await fleet.rotate(asked.path["name"], Secret(asked.read(NewSecret).key))
        await written("upstream.rotate", asked)
        return Answer(answer)

    async def written(action: str, asked: Asked) -> None:
        await (await office.directory()).audit.add(office.change(asked.actor, action, asked.path["name"]))

    return (
        Route("GET", "/upstreams", standings, "How every credential stands.", Standings),
        Route("POST", "/upstreams/{name}/drain", drain, "Gives a credential nothing new.", Standing, Drain),
        Route(
            "POST", "/upstreams/{name}/test", test, "Asks the upstream for a token and its models.", Trial, wire.Nothing
        ),
        Route("POST", "/upstreams/{name}/rotate", rotate, "Replaces a credential's key.", Standing, NewSecret),
    )
