"""What holds for all tests: they talk to this machine alone, so the public roots are not loaded for each client."""

import atexit
import os
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp

import trustme

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
