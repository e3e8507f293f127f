"""What holds for all tests: they talk to this machine alone, so the public roots are not loaded for each client.

Servers that were started for a run end with it.
"""

import atexit
import os
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp

import pytest
import trustme

from tests import services

# Every client and every gateway makes a TLS context, and reading the system's roots takes 40 ms of CPU each time: half
# of the time of all tests. OpenSSL and httpx know these variables, and so do the processes that tests start.
_DESCRIPTOR, _ROOT = mkstemp(suffix=".pem")
os.write(_DESCRIPTOR, trustme.CA().cert_pem.bytes())
os.close(_DESCRIPTOR)
os.environ["SSL_CERT_FILE"] = _ROOT
os.environ["SSL_CERT_DIR"] = str(Path(_ROOT).parent / "no-certificates")


@atexit.register
def _forget_root() -> None:
    with suppress(OSError):
        Path(_ROOT).unlink()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--prove", action="store_true", help="tests/reliability at full size: `make prove`")


def pytest_configure(config: pytest.Config) -> None:
    """The processes of pytest-xdist inherit the folder from the one that starts them."""
    services.run_folder()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        services.end_run()
