"""Commands run as a user runs them: in a folder and a home of their own, with nothing configured."""

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

import msgspec
import pytest

from gigamost.cli import main
from gigamost.emulator import Emulator, EmulatorSettings, Running, build


class Outcome(msgspec.Struct, frozen=True):
    code: int
    out: str
    err: str


Command = Callable[..., Outcome]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, which is the home too."""
    for name in list(os.environ):
        is_ours = name.startswith(("GIGAMOST_", "GIGACHAT_", "OPENROUTER_"))
        if is_ours or name.upper() in ("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def gigamost(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """`gigamost("config", "check")`; keywords are environment variables."""

    def run(*arguments: str, **environ: str) -> Outcome:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["gigamost", *arguments])
            for name, value in environ.items():
                patch.setenv(name, value)
            try:
                main()
                code = 0
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else int(end.code is not None)
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Outcome(code, captured.out, captured.err)

    return run


class GigaChat(msgspec.Struct, frozen=True):
    """An emulator in a thread of its own: commands have event loops of their own."""

    app: Emulator
    environ: dict[str, str]


@pytest.fixture
def gigachat() -> Iterator[GigaChat]:
    app = build(EmulatorSettings())
    ready, stop = Event(), asyncio.Event()
    running = Running(app)
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with running:
            ready.set()
            await stop.wait()

    thread = Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert ready.wait(10)
        yield GigaChat(
            app,
            {
                "GIGACHAT_BASE_URL": running.base_url,
                "GIGACHAT_AUTH_URL": running.auth_url,
                "GIGACHAT_CREDENTIALS": app.settings.accounts[2].credentials,
                "GIGACHAT_SCOPE": app.settings.accounts[2].scope,
            },
        )
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
