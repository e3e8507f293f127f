"""R4: the same answer in one-byte pieces, with CR LF, a byte order mark or comments: every face hears the same."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gigamost.config import Models
from tests.gateway.conftest import IN_MEMORY, World, world_of
from tests.hazards.asking import WEATHER, ask, said
from tests.hazards.dialects import ALL
from tests.hazards.dialects.talk import MODEL, Dialect, Heard

TEXT = "Мост 🌉 — «ёлка» 👨‍👩‍👧 é ن \u2028 end"  # two to four bytes a character, so pieces split them
FORMS = ("one_byte", "crlf", "bom", "keepalive", "one_byte; crlf; bom; keepalive")


@pytest.fixture(params=["v1", "v2"])
async def world(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    models = Models(capabilities={MODEL: {"api": request.param}})
    async with world_of(tmp_path, database_url=IN_MEMORY, models=models) as made:
        yield made


def said_by(heard: Heard) -> tuple[object, ...]:
    return heard.text, heard.finish, heard.ended, heard.error, [(call.name, call.arguments) for call in heard.calls]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("dialect", ALL, ids=lambda each: each.face + each.path(said("x"))[-6:].replace("/", ""))
async def test_pieces_and_line_ends_change_nothing(world: World, dialect: Dialect, stream: bool) -> None:
    for directive, asked in (
        (f"text={TEXT}", said("hi")),
        ("call=get_weather", said('in "Омск 🌉"', tools=(WEATHER,))),
    ):
        world.script(directive)
        plain = said_by((await ask(world, dialect, asked, stream=stream)).heard)
        assert plain[2:4] == (True, None)
        for form in FORMS:
            world.script(f"{directive}; {form}")
            assert said_by((await ask(world, dialect, asked, stream=stream)).heard) == plain, form
