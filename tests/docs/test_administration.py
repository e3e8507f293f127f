"""The page about administration: what it prints runs as it stands there, and both languages have the same code."""

import asyncio
import os
import re
import shutil
from pathlib import Path

import pytest
import typer

from gigamost.cli.commands import app
from gigamost.core.secret import Secret
from tests.docs.tables import FOLDER
from tests.gateway.conftest import world_of

ENGLISH, RUSSIAN = (
    (FOLDER.parent / f"administration{suffix}.md").read_text(encoding="utf-8") for suffix in ("", ".ru")
)
MASTER = "the master key of the tests"


def test_both_languages_have_the_same_code() -> None:
    for pattern in (r"^```.*?^```$", r"`[^`\n]+`", r"^## ", r"^\|", r"^- "):
        english, russian = (re.findall(pattern, text, re.MULTILINE | re.DOTALL) for text in (ENGLISH, RUSSIAN))
        if pattern.startswith("`["):
            assert set(english) == set(russian)
        else:
            assert len(english) == len(russian)
    blocks = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
    assert blocks.findall(ENGLISH) == blocks.findall(RUSSIAN)


def test_commands_exist() -> None:
    command = typer.main.get_command(app)
    admins = getattr(command, "commands", {})["admins"]
    assert set(re.findall(r"^gigamost admins (\w+)", ENGLISH, re.MULTILINE)) == set(admins.commands)


async def test_the_calls_run_one_after_the_other(tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    script = "\n".join(re.findall(r"^```sh\n(.*?)^```$", ENGLISH, re.MULTILINE | re.DOTALL))
    async with world_of(tmp_path / "state", master_key=Secret(MASTER)) as world:
        code = script.replace("http://127.0.0.1:8090", world.base).replace("curl ", "curl -sS --fail-with-body ")
        process = await asyncio.create_subprocess_exec(
            "sh",
            "-ec",
            code,
            env={**os.environ, "NO_PROXY": "127.0.0.1", "GIGAMOST_MASTER_KEY": MASTER},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, out.decode()
    assert '"role":"operator"' in out.decode()
    assert '"amount":"7000.00"' in out.decode()
    assert '"actor":"anna"' in out.decode()
