"""`setup` as a person meets it: at a terminal, where what is secret is not shown."""

import fcntl
import os
import pty
import subprocess
import sys
import termios
from pathlib import Path

from tests.cli.conftest import GigaChat


def test_it_asks_tries_and_writes(home: Path, gigachat: GigaChat) -> None:
    person = gigachat.app.settings.accounts[0]
    urls = {name: gigachat.environ[name] for name in ("GIGACHAT_BASE_URL", "GIGACHAT_AUTH_URL")}
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", "from gigamost.cli import main; main()", "setup"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, **urls, "HOME": str(home), "TERM": "dumb"},
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(theirs)
    shown = ""

    def until(text: str) -> None:
        nonlocal shown
        seen = ""
        while text not in seen:
            seen += os.read(ours, 1000).decode()
        shown += seen

    for question, answer in (
        ("Authorization key", "this is no key"),
        ("This cannot be a key", ""),
        ("client id", person.client_id),
        ("Client secret", person.secret),
        ("Scope", ""),
        ("Default model", "GigaChat-2-Pro"),
    ):
        until(question)
        if answer or question == "Scope":
            until(":")
            os.write(ours, f"{answer}\n".encode())
    until("gigamost serve")
    assert process.wait(timeout=30) == 0
    os.close(ours)
    assert "developers.sber.ru" in shown
    assert person.secret not in shown
    assert person.credentials not in shown
    written = (home / ".env").read_text()
    assert f"GIGACHAT_CREDENTIALS={person.credentials}\n" in written
    assert "GIGACHAT_SCOPE=GIGACHAT_API_PERS\n" in written
    assert "GIGACHAT_MODEL=GigaChat-2-Pro\n" in written
