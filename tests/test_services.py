"""The tests' own servers: started by whoever needs them, also by root, and named when they cannot be had."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests import services


def test_a_missing_program_fails_with_the_command_that_installs_it(tmp_path: Path) -> None:
    with pytest.raises(pytest.fail.Exception, match="sudo apt-get install -y redis-server"):
        services.program("redis-server", "redis-server", path=str(tmp_path))


def test_processes_of_a_run_start_one_private_postgresql_together() -> None:
    """As those of pytest-xdist do, with nothing on this machine that answers."""
    script = (
        "from tests import services; services.answers = lambda url: False; url = services.postgres();"
        "services.tell('SELECT 1', url); print(url)"
    )
    environ = {
        name: value for name, value in os.environ.items() if name not in (services.RUN, "GIGAMOST_TEST_POSTGRES")
    }
    folder = subprocess.run(
        [sys.executable, "-c", "from tests import services; print(services.run_folder())"],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    environ[services.RUN] = folder

    def ask(_: int) -> str:
        return subprocess.run(
            [sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        with ThreadPoolExecutor(3) as threads:
            urls = set(threads.map(ask, range(3)))
        assert len(urls) == 1
        assert services.answers(urls.pop())
    finally:
        subprocess.run(
            [sys.executable, "-c", "from tests import services; services.end_run()"], env=environ, check=True
        )
    assert not Path(folder).exists()
