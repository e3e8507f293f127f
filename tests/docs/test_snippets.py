"""What the pages of the protocols print runs as it stands there, but for the address and the key."""

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.docs.tables import FOLDER
from tests.gateway.conftest import KEY, world_of

PLACEHOLDER, ADDRESS = "gm-...", "http://127.0.0.1:8090"
_BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# The Russian pages have the same code: another test says so.
SNIPPETS = [
    pytest.param(kind, block, id=f"{path.stem}-{at}-{kind}")
    for path in sorted(FOLDER.glob("*.md"))
    if not path.name.endswith(".ru.md")
    for at, (kind, block) in enumerate(_BLOCK.findall(path.read_text(encoding="utf-8")))
]


@pytest.mark.parametrize(("kind", "block"), SNIPPETS)
async def test_a_snippet_runs(kind: str, block: str, tmp_path: Path) -> None:
    if kind == "sh" and shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    async with world_of(tmp_path / "state") as world:
        code = block.replace(ADDRESS, world.base).replace(PLACEHOLDER, KEY)
        if kind == "sh":
            command = ["sh", "-ec", code.replace("curl ", "curl -sS --fail-with-body ")]
        else:
            command = [sys.executable, "-c", code]
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=tmp_path,
            env={**os.environ, "NO_PROXY": "127.0.0.1"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, out.decode()
    assert out.strip()
