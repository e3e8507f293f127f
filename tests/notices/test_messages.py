"""Messages: what is sent, how it is signed, and when it is tried again."""

import base64
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigamost.core.notices import Attempt, Notice, Webhook
from gigamost.core.secret import Secret
from gigamost.notices.messages import body_of, fault_in_secret, headers_of, new_secret, signature
from gigamost.notices.retries import FIRST_PAUSE, LONGEST_PAUSE, TRIED, outcome, pause
from gigamost.notices.wishes import wants

NOTICE = Notice("notice_1", 1_700_000_000.9, "batch.done", "t1", msgspec.Raw('{"имя":"a"}'.encode()), "key")


def half() -> float:
    return 0.5


def test_the_signature_is_that_of_the_convention() -> None:
    """The vector that its libraries are tested with."""
    secret = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    said = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert said == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_message() -> None:
    body = body_of(NOTICE)
    assert json.loads(body) == {
        "id": "notice_1",
        "type": "batch.done",
        "timestamp": "2023-11-14T22:13:20Z",
        "tenant_id": "t1",
        "data": {"имя": "a"},
    }
    secret = new_secret(bytes(32))
    assert headers_of(NOTICE, body, secret, 1_700_000_060.7) == (
        ("content-type", "application/json"),
        ("webhook-id", "notice_1"),
        ("webhook-timestamp", "1700000060"),
        ("webhook-signature", signature(secret, "notice_1", "1700000060", body)),
    )
    assert [name for name, _ in headers_of(NOTICE, body, Secret(""), 0)][-1] == "webhook-timestamp"
    operators = msgspec.structs.replace(NOTICE, tenant="")
    assert json.loads(body_of(operators))["tenant_id"] is None


@pytest.mark.parametrize(
    "text",
    [
        "whsec_",
        "whsec_!!!!",
        "c2VjcmV0" * 5,
        "whsec_" + base64.b64encode(bytes(23)).decode(),
        "whsec_" + base64.b64encode(bytes(65)).decode(),
        "",
    ],
)
def test_what_is_no_secret(text: str) -> None:
    assert "whsec_" in fault_in_secret(Secret(text))
    assert not text or text not in fault_in_secret(Secret(text)).replace('"whsec_"', "")


@pytest.mark.parametrize("size", [24, 32, 64])
def test_what_is_one(size: int) -> None:
    assert fault_in_secret(new_secret(bytes(size))) == ""


@pytest.mark.parametrize(
    ("status", "state", "disables"),
    [
        (200, "delivered", False),
        (204, "delivered", False),
        (299, "delivered", False),
        (302, "waiting", False),
        (400, "waiting", False),
        (404, "waiting", False),
        (410, "failed", True),
        (429, "waiting", False),
        (500, "waiting", False),
        (0, "waiting", False),
    ],
)
def test_what_becomes_of_an_attempt(status: int, state: str, disables: bool) -> None:
    found = outcome(Attempt(1000.0, status, "x"), 1, 990.0, half)
    assert (found.state, found.disables) == (state, disables)


def test_it_is_tried_for_a_day_with_growing_pauses() -> None:
    now, attempts, moments = 0.0, 0, [0.0]
    while True:
        attempts += 1
        found = outcome(Attempt(now, 503), attempts, 0.0, half)
        if found.state != "waiting":
            break
        now = found.due
        moments.append(now)
    assert found.state == "failed"
    assert TRIED - LONGEST_PAUSE < moments[-1] < TRIED
    assert 25 < len(moments) < 60
    assert sum(moment < 600 for moment in moments) >= 6  # who was away for minutes is found within minutes


def test_a_receiver_may_ask_for_time() -> None:
    assert outcome(Attempt(100.0, 429, "", 600.0), 1, 100.0, half).due == 700
    assert outcome(Attempt(100.0, 429, "", 1e9), 1, 100.0, half).due == 100 + LONGEST_PAUSE
    assert outcome(Attempt(100.0, 429, "", 0.1), 1, 100.0, half).due > 102


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_pauses_have_bounds(attempts: int, chance: float) -> None:
    assert FIRST_PAUSE / 2 <= pause(attempts, lambda: chance) <= LONGEST_PAUSE


def test_who_wants_what() -> None:
    def hook(tenant: str = "", *events: str) -> Webhook:
        return Webhook("w", tenant, "u", events, None, 1)

    assert wants(hook(), NOTICE)
    assert wants(hook("t1"), NOTICE)
    assert wants(hook("t1", "batch.done", "budget.soft"), NOTICE)
    assert not wants(hook("t2"), NOTICE)
    assert not wants(hook("", "budget.soft"), NOTICE)
    assert not wants(hook("t1"), msgspec.structs.replace(NOTICE, tenant=""))
    assert not wants(msgspec.structs.replace(hook(), disabled="gone"), NOTICE)
