"""`serve`, `demo` and `emulator` as processes: what they print, that they serve, and how they end."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue
from threading import Thread
from urllib.request import Request, urlopen

import pytest

from gigamost.cli.connect.clients import CLIENTS
from tests.cli.conftest import Command, GigaChat

_MAIN = [sys.executable, "-c", "from gigamost.cli import main; main()"]


class Process:
    """A command that goes on until it is told to end."""

    def __init__(self, arguments: tuple[str, ...], environ: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [*_MAIN, *arguments],
            env={**os.environ, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: Queue[str | None] = Queue()
        self.output = ""
        self.pid = self._process.pid
        self._reader = Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def until(self, pattern: str) -> re.Match[str]:
        """The first match in what is printed from now on."""
        while True:
            line = self._lines.get(timeout=30)
            assert line is not None, self.output
            self.output += line
            if found := re.search(pattern, line):
                return found

    def end(self, number: int = signal.SIGTERM) -> int:
        self._process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        code = self._process.wait(timeout=30)
        self._reader.join()
        while (line := self._lines.get()) is not None:
            self.output += line
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self.wait()


Start = Callable[..., Process]


@pytest.fixture
def start(home: Path) -> Iterator[Start]:
    started: list[Process] = []

    def run(*arguments: str, **environ: str) -> Process:
        started.append(Process(arguments, {"HOME": str(home), **environ}))
        return started[-1]

    yield run
    for process in started:
        process.kill()


def test_serve_says_what_it_is_and_answers(start: Start, gigachat: GigaChat, gigamost: Command) -> None:
    process = start("serve", "--port", "0", **gigachat.environ, GIGACHAT_MODEL="GigaChat-2-Pro")
    base = process.until(r"at (http://127\.0\.0\.1:\d+)$")[1]
    process.until("configured")
    for text in (gigachat.environ["GIGACHAT_BASE_URL"], "GIGACHAT_API_CORP", "renewed by itself", "openai"):
        assert text in process.output
    assert gigachat.environ["GIGACHAT_CREDENTIALS"] not in process.output
    with urlopen(f"{base}/health/live") as answer:
        assert answer.status == 200
    for client in CLIENTS:
        outcome = gigamost("connect", client.name, "--check", "--url", base)
        assert outcome.code == 0, outcome.out + outcome.err
        assert "finish " in outcome.out
    assert process.end() == 0


def test_serve_ends_with_0_at_ctrl_c(start: Start, gigachat: GigaChat) -> None:
    process = start("serve", "--port", "0", **gigachat.environ)
    process.until("configured")
    assert process.end(signal.SIGINT) == 0
    assert "Traceback" not in process.output


def test_sighup_reads_the_files_again(start: Start, gigachat: GigaChat, home: Path) -> None:
    process = start("serve", "--port", "0", **gigachat.environ)
    process.until("configured")
    (home / "gigamost.yaml").write_text("log: {level: error}\nqueue_timeout: fast\n")
    os.kill(process.pid, signal.SIGHUP)
    assert "gigamost.yaml:2: queue_timeout" in process.until(r"was not reloaded \(.*\), the settings before stay.*")[0]
    (home / "gigamost.yaml").write_text("log: {level: debug, format: json}\n")
    os.kill(process.pid, signal.SIGHUP)
    process.until(r'"message":"the configuration was reloaded \(.*\): log.level, log.format"')
    assert process.end() == 0


def test_serve_starts_while_gigachat_is_away(start: Start, gigachat: GigaChat) -> None:
    away = {**gigachat.environ, "GIGACHAT_AUTH_URL": "http://127.0.0.1:9/oauth"}
    process = start("serve", "--port", "0", **away)
    base = process.until(r"at (http://\S+)$")[1]
    with urlopen(f"{base}/health/live") as answer:
        assert answer.status == 200
    assert process.end() == 0


def test_demo_once_needs_nothing(start: Start) -> None:
    process = start("demo", "--once", "--port", "0", GIGACHAT_CREDENTIALS="ignored", GIGAMOST_MODE="prod")
    assert process.wait() == 0, process.output
    for text in ("/v1/chat/completions", "gm-", "from openai import OpenAI", "claude -p", "connect codex --write"):
        assert text in process.output
    assert "Traceback" not in process.output


def test_demo_goes_on_serving(start: Start) -> None:
    process = start("demo", "--port", "0")
    base = process.until(r"^Gateway at (http://\S+)$")[1]
    process.until("Ctrl-C")
    body = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}).encode()
    request = Request(f"{base}/v1/chat/completions", body, {"Content-Type": "application/json"})
    with urlopen(request) as answer:
        assert json.load(answer)["choices"][0]["message"]["content"]
    assert process.end() == 0


def test_emulator_prints_what_a_client_needs(start: Start, home: Path) -> None:
    process = start("emulator", "--port", "0", "--tls", "--folder", str(home / "tls"))
    base = process.until(r"GIGACHAT_BASE_URL=(http://\S+)$")[1]
    assert process.until(r"GIGACHAT_CA_BUNDLE_FILE=(.+)$")[1] == str(home / "tls" / "ca.pem")
    process.until("Ctrl-C")
    assert base.endswith("/api/v1")
    assert (home / "tls" / "ca.pem").exists()
    assert process.end() == 0
