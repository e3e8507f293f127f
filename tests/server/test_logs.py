"""Log lines as a process writes them: their form, their levels, and what can never become a line."""

import asyncio
import json
import logging
import re
from collections.abc import Iterator

import pytest

from gigamost.server import logs

Captured = pytest.CaptureFixture[str]
own = logging.getLogger("gigamost.server.test")


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("gigamost")
    levels = root.level, ours.level
    yield
    logs.configure("error", "console")
    for handler in tuple(root.handlers):
        if isinstance(handler, logs.Lines):
            root.removeHandler(handler)
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


async def test_requests_as_json(capsys: Captured) -> None:
    logs.configure("info", "json")
    logs.access("POST", "/v1/x", 200, "abc", 0.01234, 0)
    own.warning("later, in order")
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first.pop("timestamp"))
    assert first == {
        "level": "info",
        "logger": "gigamost.access",
        "message": "POST /v1/x 200",
        "request_id": "abc",
        "duration_ms": 12.3,
        "bytes": 0,
    }
    second.pop("timestamp")
    assert second == {"level": "warning", "logger": "gigamost.server.test", "message": "later, in order"}


async def test_requests_on_the_console(capsys: Captured) -> None:
    logs.configure("info", "console")
    logs.access("GET", "/v1/models", 200, "abc", 1.0, 5)
    err = ""
    while not err:  # they are written together, a little later
        await asyncio.sleep(0.001)
        err = capsys.readouterr().err
    pattern = r"\d\d:\d\d:\d\d\.\d{3}Z info    access   GET /v1/models 200 request_id=abc duration_ms=1000.0 bytes=5\n"
    assert re.fullmatch(pattern, err)


async def test_many_requests_do_not_wait(capsys: Captured) -> None:
    logs.configure("info", "console")
    for at in range(1000):
        logs.access("GET", f"/{at}", 200, "abc", 1.0, 5)
    assert capsys.readouterr().err.count("\n") == 1000


@pytest.mark.parametrize("form", ["console", "json"])
async def test_what_a_client_sends_is_no_line_of_its_own(form: logs.Form, capsys: Captured) -> None:
    logs.configure("info", form)
    evil = "/a\n12:00:00 error \x1b[31m\x85\u2028fake"
    logs.access("GET", evil, 404, "abc", 1, 5)
    own.warning("path %s", evil)
    err = capsys.readouterr().err
    assert err.count("\n") == 2
    assert "\x1b" not in err
    if form == "console":
        assert len(err.splitlines()) == 2


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_traceback_is_there(form: logs.Form, capsys: Captured) -> None:
    logs.configure("info", form)
    try:
        raise ValueError("broken")
    except ValueError:
        own.exception("failed")
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "ValueError: broken" in err
    if form == "json":
        assert set(json.loads(err)) == {"timestamp", "level", "logger", "message", "exception"}


@pytest.mark.parametrize(
    ("level", "heard"),
    [
        ("debug", "debug info warning error"),
        ("info", "info warning error"),
        ("warning", "warning error"),
        ("error", "error"),
    ],
)
async def test_levels(level: str, heard: str, capsys: Captured) -> None:
    logs.configure(level, "json")
    for each in ("debug", "info", "warning", "error"):
        own.log(getattr(logging, each.upper()), "ours")
    logging.getLogger("library").info("not heard")
    logs.access("GET", "/", 200, "abc", 1.0, 5)
    logging.getLogger("library").error("heard")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert " ".join(line["level"] for line in lines if line["message"] == "ours") == heard
    assert [line["logger"] for line in lines if line["message"] == "heard"] == ["library"]
    assert any(line["logger"] == "gigamost.access" for line in lines) is (level in ("debug", "info"))
    assert not any(line["message"] == "not heard" for line in lines)
