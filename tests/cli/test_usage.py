"""`usage` and `db upgrade`, over a file that a gateway has written."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gigamost.core.accounting import Intent, Settlement
from gigamost.core.usage import Usage
from gigamost.store.ledger.opening import LedgerOpening
from gigamost.store.migrations import HEAD
from gigamost.store.place import FILE_NAME
from tests.cli.conftest import Command

NEW_YEAR = 1_798_761_600.0  # 2027-01-01


@pytest.fixture
def state(home: Path) -> Path:
    """Five requests on two days by two keys; the last one is open."""

    async def fill() -> None:
        opening = LedgerOpening(home / "state" / FILE_NAME, "here", home / "state")
        await opening.start()
        for at in range(5):
            started = NEW_YEAR + at // 3 * 86_400 + at
            key, model = f"key_{at % 2}", "GigaChat-2"
            await opening.ledger.open(Intent(f"r{at}", "here", started, key, "default", "openai", model, 9))
            if at < 4:
                usage = Usage(100, 20, 10, 0)
                opening.ledger.settle(
                    Settlement(f"r{at}", started + 2, "done", 200, usage, 650_000, (), "gigachat", 1, 250, 2000)
                )
        await opening.close()

    asyncio.run(fill())
    return home / "state"


Told = Callable[..., dict[str, Any]]  # what the command printed as JSON


@pytest.fixture
def told(gigamost: Command, state: Path) -> Told:
    def run(*arguments: str) -> dict[str, Any]:
        outcome = gigamost("usage", *arguments, "--format", "json", GIGAMOST_STATE_DIR=str(state))
        assert outcome.code == 0, outcome.err
        said: dict[str, Any] = json.loads(outcome.out)
        return said

    return run


def test_spending_by_day_and_by_key(told: Told) -> None:
    sums = {"failed": 0, "cached_tokens": 10}
    assert told() == {
        "data": [
            {
                "day": "2027-01-01",
                "requests": 3,
                **sums,
                "cached_tokens": 30,
                "prompt_tokens": 300,
                "completion_tokens": 60,
                "cost": "1.95",
            },
            {
                "day": "2027-01-02",
                "requests": 1,
                **sums,
                "prompt_tokens": 100,
                "completion_tokens": 20,
                "cost": "0.65",
            },
        ]
    }
    found = told("--by", "key", "--from", "2027-01-01", "--to", "2027-01-02")
    assert [(row["key_id"], row["cost"]) for row in found["data"]] == [("key_0", "1.30"), ("key_1", "0.65")]
    found = told("--by", "model", "--key", "key_1")
    assert [(row["model"], row["requests"]) for row in found["data"]] == [("GigaChat-2", 2)]


def test_requests_page_by_page(told: Told) -> None:
    first = told("--requests", "--limit", "3")
    assert [row["id"] for row in first["data"]] == ["r4", "r3", "r2"]
    newest = first["data"][0]
    assert (newest["state"], newest["status"], newest["finished_at"], newest["cost"]) == ("open", None, None, "0.00")
    assert first["data"][1] == {
        "id": "r3",
        "client_request_id": None,
        "started_at": "2027-01-02T00:00:03.000Z",
        "finished_at": "2027-01-02T00:00:05.000Z",
        "key_id": "key_1",
        "tenant_id": "default",
        "face": "openai",
        "model": "GigaChat-2",
        "upstream": "gigachat",
        "state": "done",
        "status": 200,
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "cached_tokens": 10,
        "estimated": False,
        "cost": "0.65",
        "ttft_ms": 250,
        "duration_ms": 2000,
        "attempts": 1,
    }
    second = told("--requests", "--limit", "3", "--cursor", first["next_cursor"])
    assert ([row["id"] for row in second["data"]], second["next_cursor"]) == (["r1", "r0"], None)


def test_tables_are_for_people(gigamost: Command, state: Path) -> None:
    outcome = gigamost("usage", GIGAMOST_STATE_DIR=str(state))
    assert (outcome.code, outcome.out.split()[7:14]) == (0, ["2027-01-01", "3", "0", "300", "60", "30", "1.95"])
    outcome = gigamost("usage", "--requests", "--limit", "1", GIGAMOST_STATE_DIR=str(state))
    assert outcome.out.splitlines()[1].split()[-1] == "r4"
    assert "--cursor" in outcome.err


@pytest.mark.parametrize("options", [("--from", "yesterday"), ("--requests", "--cursor", "x!"), ("--by", "colour")])
def test_what_cannot_be_meant_is_said(gigamost: Command, state: Path, options: tuple[str, ...]) -> None:
    outcome = gigamost("usage", *options, GIGAMOST_STATE_DIR=str(state))
    assert outcome.code in (1, 2)
    assert options[-2].strip("-") in outcome.err.replace("\x1b[0m", "")


def test_a_new_file_is_upgraded_and_then_it_is_new(gigamost: Command, home: Path) -> None:
    first = gigamost("db", "upgrade", GIGAMOST_STATE_DIR=str(home / "state"))
    assert (first.code, HEAD in first.out, "already" in first.out) == (0, True, False)
    second = gigamost("db", "upgrade", GIGAMOST_STATE_DIR=str(home / "state"))
    assert (second.code, "already" in second.out) == (0, True)
    assert gigamost("usage", GIGAMOST_STATE_DIR=str(home / "state")).code == 0


def test_there_is_nothing_to_upgrade_in_memory(gigamost: Command) -> None:
    outcome = gigamost("db", "upgrade", GIGAMOST_DATABASE_URL="sqlite://")
    assert (outcome.code, "memory" in outcome.err) == (1, True)
