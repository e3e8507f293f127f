"""Each agent runs a tool through the gateway and prints its result; the emulator saw only valid requests."""

from pathlib import Path

import pytest

from tests.clients.programs.conftest import name_of
from tests.clients.programs.table import PROGRAMS, Program
from tests.clients.running import EXPECTED, INSTALLED, binary, run
from tests.gateway.conftest import World


@pytest.mark.parametrize("program", PROGRAMS, ids=name_of)
async def test_it_runs_a_tool(world: World, tmp_path: Path, program: Program) -> None:
    home = tmp_path / "home"
    (home / "work").mkdir(parents=True)
    command = binary(program.folder, program.binary)
    node = INSTALLED / "node" / "node_modules" / ".bin" if program.needs_node_24 else None
    documented = program.at(world.base)
    documented.write(home)
    env = documented.variables | program.quiet
    for words in documented.setup:
        done = await run([command, *words], home=home, env=env, limit=60, node=node)
        assert done.code == 0, done.said
    words = [*documented.task(program.prompt), *(word.format(home=home) for word in program.more)]
    ran = await run([command, *words], home=home, env=env, limit=program.limit, node=node)
    refused = [(seen.status, seen.error) for seen in world.seen if seen.status != 200]
    assert EXPECTED in ran.out, f"{ran.said}\n--- seen\n{[seen.status for seen in world.seen]} {refused}"
    assert (ran.code, refused) == (0, [])
    assert any(EXPECTED in str(message) for seen in world.seen for message in seen.body["messages"])
