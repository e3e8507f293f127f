"""What a batch's rules decide, without a gateway: lines, repetition, and the forms of the vendors."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gigamost.batch.intake import LONGEST_LINE, lines
from gigamost.batch.recurrence import INTERRUPTED, again
from gigamost.core.errors import GatewayError, Kind, Problem
from gigamost.core.face import Incoming
from gigamost.core.jobs import Again, Job, Plan, Result, Tally
from gigamost.core.usage import Usage
from gigamost.protocols.anthropic_messages import batches as anthropic
from gigamost.protocols.gemini import batches as gemini
from gigamost.protocols.openai_tasks import batches as openai

CHAT = "/v1/chat/completions"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
WORDS = st.sampled_from(
    ["requests", "custom_id", "params", "batch", "inputConfig", "input_config", "body", "method", "url", "metadata"]
)
INNER = st.dictionaries(WORDS, JSON, max_size=4)
SHAPED = st.dictionaries(WORDS, INNER | st.lists(INNER) | JSON)
BODIES = st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()) | SHAPED.map(msgspec.json.encode)


def refused_or_done(call: Callable[[], object]) -> None:
    status = 400
    try:
        call()
    except GatewayError as error:
        status = error.problem.status
    assert status == 400


async def pieces(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


@given(st.lists(st.text(alphabet="ab é🎉\r", max_size=9)), st.integers(1, 7))
async def test_lines_are_the_same_however_the_bytes_are_cut(texts: list[str], size: int) -> None:
    data = "\n".join(texts).encode()
    found = [line async for line in lines(pieces(data, size))]
    expected = data.split(b"\n")
    assert found == (expected if expected[-1] else expected[:-1])


async def test_an_endless_line_does_not_fill_the_memory() -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(25):
            yield b"x" * 2**20
        yield b"\nshort"

    sizes = [len(line) async for line in lines(endless())]
    assert sizes == [LONGEST_LINE, 5]


@pytest.mark.parametrize(
    ("kind", "was_sent", "attempts", "expected"),
    [
        (Kind.RATE_LIMITED, True, 50, True),
        (Kind.RATE_LIMITED, False, 1, True),
        (Kind.UNAVAILABLE, False, 1, True),
        (Kind.UNAVAILABLE, False, 8, False),
        (Kind.UNAVAILABLE, True, 1, False),
        (Kind.UPSTREAM_FAILED, False, 1, True),
        (Kind.UPSTREAM_FAILED, True, 1, False),
        (Kind.UPSTREAM_TIMEOUT, True, 1, False),
        (Kind.INVALID_REQUEST, False, 1, False),
        (Kind.QUOTA_EXHAUSTED, False, 1, False),
        (Kind.INTERNAL, False, 1, False),
    ],
)
def test_what_is_tried_again(kind: Kind, was_sent: bool, attempts: int, expected: bool) -> None:
    assert (again(Problem(kind, "x"), was_sent=was_sent, attempts=attempts) is not None) is expected


def test_how_long_it_waits() -> None:
    def pause(attempts: int, after: float | None = None) -> float:
        found = again(Problem(Kind.RATE_LIMITED, "x", retry_after=after), was_sent=False, attempts=attempts)
        assert isinstance(found, Again)
        return found.after

    assert [pause(attempts) for attempts in (1, 2, 3, 40)] == [2, 4, 8, 600]
    assert [pause(1, 30), pause(1, 1e9), pause(1, -1)] == [30, 600, 2]


@given(BODIES)
@example(b'{"custom_id":"\\ud800","method":"POST","url":"/v1/chat/completions","body":{}}')
def test_no_line_breaks_the_reader(line: bytes) -> None:
    refused_or_done(lambda: openai.read_line(line, CHAT))


@pytest.mark.parametrize("decode", [openai.decode, anthropic.decode, gemini.decode])
@given(body=BODIES)
@example(body=b'{"batch":{"inputConfig":{"requests":{"requests":[{"request":{"a":"\\ud800"}}]}}}}')
@example(body=b'{"requests":[{"custom_id":"a","params":{"a":"\\udc00"}}]}')
@example(body=b"[" * 5000)
def test_no_body_breaks_a_decoder(decode: Any, body: bytes) -> None:
    refused_or_done(lambda: decode(Incoming(body, {"model": "m"}, {}, {})))


@pytest.mark.parametrize("window", [openai.decode_window, anthropic.decode_window, gemini.decode_window])
@given(limit=st.text(max_size=6))
@example(limit="²")
def test_no_window_breaks_a_decoder(window: Any, limit: str) -> None:
    refused_or_done(lambda: window(Incoming(b"", {}, {"limit": limit, "pageSize": limit}, {})))


def job(**changes: Any) -> Job:
    plan = Plan("k", "key", "openai", CHAT, about=msgspec.Raw(b'{"metadata":null}'), input_file="file-batch-1")
    return msgspec.structs.replace(Job("batch_1", "openai", "one", plan, 1000, 87_400), **changes)


def shown(each: Job) -> Any:
    return json.loads(openai.encode_created(each, Incoming(b"", {}, {}, {})))


def test_the_states_of_a_batch() -> None:
    ended = {"state": "ended", "started": 1001, "ended": 2000}
    assert shown(job())["status"] == "validating"
    assert shown(job(state="running", started=1001))["in_progress_at"] == 1001
    assert shown(job(state="running", cancelling=1500))["status"] == "cancelling"
    tally = Tally(succeeded=2, failed=1, expired=3, usage=Usage(5, 7, 1, 2))
    late = shown(job(**ended, outcome="expired", tally=tally))
    assert (late["status"], late["expired_at"], late["completed_at"]) == ("expired", 2000, None)
    assert late["request_counts"] == {"total": 6, "completed": 2, "failed": 1}
    assert late["usage"]["total_tokens"] == 12
    assert (late["output_file_id"], late["error_file_id"]) == ("file-batch-1-output", "file-batch-1-errors")
    done = shown(job(**ended, outcome="completed", tally=Tally(succeeded=2)))
    assert (done["error_file_id"], done["finalizing_at"], done["completed_at"]) == (None, 2000, 2000)


def test_lines_of_results() -> None:
    late = json.loads(openai.encode_line("batch_1", Result(3, "c", "expired", 0, b"", "")))
    assert late["error"]["code"] == "batch_expired"
    assert late["response"] is None
    kinds = {"succeeded": "succeeded", "failed": "errored", "cancelled": "canceled", "expired": "expired"}
    for state, kind in kinds.items():
        line = json.loads(anthropic.encode_line(Result(0, "a", state, 200, b"{}", "r")))  # type: ignore[arg-type]  # each
        assert (line["custom_id"], line["result"]["type"]) == ("a", kind)


def test_what_was_interrupted_is_told_in_every_form() -> None:
    assert INTERRUPTED.status == 502
    assert "not sent again" in INTERRUPTED.message
