"""`setup` as a person meets it: at a terminal, where what is secret is not shown."""

import os
import pty
import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import GigaChat

# The terminal has to be the process's own, or the hidden input would be asked for on the test's.
_SETUP = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from gigamost.cli import main
sys.argv = ["gigamost", "setup"]
main()
"""


def test_it_asks_tries_and_writes(home: Path, gigachat: GigaChat) -> None:
    person = gigachat.app.settings.accounts[0]
    urls = {name: gigachat.environ[name] for name in ("GIGACHAT_BASE_URL", "GIGACHAT_AUTH_URL")}
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _SETUP],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, **urls, "HOME": str(home), "TERM": "dumb"},
        start_new_session=True,
    )
    os.close(theirs)
    shown, read = "", 0
    try:
        for question, answer in (
            ("Authorization key (or client id): ", "this is no key"),
            ("Authorization key (or client id): ", person.client_id),
            ("Client secret: ", person.secret),
            ("Scope [GIGACHAT_API_PERS]: ", ""),
            ("Default model [GigaChat-2-Max]: ", "GigaChat-2-Pro"),
            ("gigamost serve", None),
        ):
            while question not in shown[read:]:
                shown += os.read(ours, 1000).decode()
            read = shown.index(question, read) + len(question)
            if answer is not None:
                os.write(ours, f"{answer}\n".encode())
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert "developers.sber.ru" in shown
    assert "This cannot be a key" in shown
    assert person.secret not in shown
    assert person.credentials not in shown
    written = (home / ".env").read_text()
    assert f"GIGACHAT_CREDENTIALS={person.credentials}\n" in written
    assert "GIGACHAT_SCOPE=GIGACHAT_API_PERS\n" in written
    assert "GIGACHAT_MODEL=GigaChat-2-Pro\n" in written
