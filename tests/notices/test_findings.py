"""What is found in how things stand: budgets, keys, upstreams, certificates, batches."""

from typing import get_args

import msgspec
import pytest

from gigamost.core.accounting import Refusal, Standing
from gigamost.core.jobs import Job, Plan, Tally
from gigamost.core.notices import FOR_EVER, KINDS, Finding
from gigamost.core.tenancy import Budget, Key, Period
from gigamost.notices import batches, budgets, certificates, expiry, upstreams
from gigamost.notices.budgets import Purse
from gigamost.notices.certificates import Checked
from gigamost.notices.expiry import DAY
from gigamost.notices.sentences import sentence
from gigamost.notices.upstreams import Seen, Tokens

NOW = 1_700_000_000
SOFT = Budget(1000, "month", soft=800)
PURSE = Purse("key:k1", "one", "t1", SOFT, 500, 900)


def found(*standings: Standing, purse: Purse = PURSE) -> list[Finding]:
    return list(budgets.crossed([purse], standings, str))


def spent(amount: int, began: int = 500, period: Period = "month") -> Standing:
    return Standing("key:k1", period, began, amount, 7)


def key(left: float, life: float = 100 * DAY) -> Key:
    expires = int(NOW + left)
    return Key("k1", "one", "t1", b"", "gm-1", created=int(expires - life), expires=expires)


def stages(*keys: Key) -> list[object]:
    return [each.data["days"] for each in expiry.keys(keys, NOW)]


def seen(tokens: Tokens = "valid", *, is_closed: bool = True, left: float | None = 900.0) -> Seen:
    return Seen("a", "gigachat", is_closed, tokens, left, "why")


def test_a_soft_budget_is_told_of_from_its_limit_on() -> None:
    assert found(spent(799)) == []
    (told,) = found(spent(800))
    assert (told.kind, told.key, told.tenant) == ("budget.soft", "budget.soft:key:k1:month:500:800", "t1")
    assert told.keep == 900 + budgets.LATE
    assert told.data == {
        "owner": "key",
        "id": "k1",
        "name": "one",
        "period": "month",
        "period_began": 500,
        "spent": "800",
        "reserved": "7",
        "soft": "800",
        "amount": "1000",
        "currency": "RUB",
    }


def test_what_another_period_spent_does_not_count() -> None:
    assert found(spent(900, began=499), spent(900, period="day")) == []


def test_a_budget_without_a_soft_limit_warns_nobody() -> None:
    assert found(spent(999), purse=msgspec.structs.replace(PURSE, budget=Budget(1000))) == []


def test_a_limit_that_was_raised_is_another_one() -> None:
    raised = msgspec.structs.replace(PURSE, budget=Budget(2000, "month", soft=850))
    assert found(spent(900))[0].key != found(spent(900), purse=raised)[0].key


def test_a_total_budget_is_remembered_for_ever() -> None:
    purse = msgspec.structs.replace(PURSE, budget=Budget(1000, "total", soft=1), began=0, ends=None)
    (told,) = found(spent(5, began=0, period="total"), purse=purse)
    assert told.keep == FOR_EVER


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        (Refusal("key:k1", "month", 900, 95, 1000), True),
        (Refusal("key:k2", "month", 900, 95, 1000), False),
        (Refusal("key:k1", "day", 900, 95, 1000), False),
        (Refusal("key:k1", "month", 900, 95, 999), False),  # it was another budget then
    ],
)
def test_a_hard_budget_is_told_of_when_it_refuses(refusal: Refusal, told: bool) -> None:
    findings = list(budgets.exhausted([PURSE], [refusal], str))
    assert [each.key for each in findings] == (["budget.hard:key:k1:month:500:1000"] if told else [])
    assert all((each.data["spent"], each.data["reserved"]) == ("900", "95") for each in findings)


def test_a_key_is_told_of_three_times_before_it_ends() -> None:
    assert stages(key(14 * DAY + 1)) == []
    assert stages(key(14 * DAY), key(3 * DAY + 1), key(3 * DAY), key(DAY + 1), key(DAY), key(1)) == [14, 14, 3, 3, 1, 1]
    assert stages(key(0), key(-1)) == []
    assert stages(msgspec.structs.replace(key(DAY), revoked=5), msgspec.structs.replace(key(DAY), expires=None)) == []
    assert len({each.key for each in expiry.keys([key(14 * DAY), key(3 * DAY), key(DAY)], NOW)}) == 3


def test_a_key_that_lives_shortly_is_not_told_of_at_its_birth() -> None:
    assert stages(key(DAY, life=DAY), key(DAY / 2, life=DAY)) == []
    assert stages(key(2 * DAY, life=2 * DAY), key(DAY, life=2 * DAY)) == [1]
    assert stages(key(3 * DAY, life=10 * DAY)) == [3]


@pytest.mark.parametrize(
    ("state", "reasons"),
    [
        (seen(), []),
        (seen("none"), []),
        (seen("refreshing"), []),
        (seen("fallback"), []),
        (seen("failed"), ["token"]),
        (seen(is_closed=False), ["breaker"]),
    ],
)
def test_an_upstream_is_down_without_a_token_or_with_an_open_breaker(state: Seen, reasons: list[str]) -> None:
    findings = list(upstreams.down([state]))
    assert [each.data["reason"] for each in findings] == reasons
    assert all((each.key, each.lasts, each.tenant) == ("upstream.down:a", True, "") for each in findings)


@pytest.mark.parametrize(
    ("state", "reasons"),
    [
        (seen(), []),
        (seen(is_closed=False), []),
        (seen("failed"), ["refused"]),
        (seen("fallback"), ["fallback"]),
        (seen("fallback", left=None), ["fallback"]),
        (seen("fallback", left=300), ["fallback", "fallback_ending"]),
    ],
)
def test_trouble_with_tokens(state: Seen, reasons: list[str]) -> None:
    assert [each.data["reason"] for each in upstreams.troubled([state])] == reasons


@pytest.mark.parametrize(
    ("state", "over"),
    [
        (seen(), {"upstream.down:a", "token.trouble:refused:a", "token.trouble:fallback:a"}),
        (seen("fallback"), {"upstream.down:a", "token.trouble:refused:a", "token.trouble:fallback:a"}),
        (seen(is_closed=False), {"token.trouble:refused:a", "token.trouble:fallback:a"}),
        (seen("none"), set()),
        (seen("refreshing"), set()),
        (seen("failed"), set()),
        (None, {"upstream.down:a", "token.trouble:refused:a", "token.trouble:fallback:a"}),
    ],
)
def test_it_is_over_when_that_is_known(state: Seen | None, over: set[str]) -> None:
    keys = {"upstream.down:a", "token.trouble:refused:a", "token.trouble:fallback:a"}
    by_name = {"a": state} if state is not None else {}
    assert {key for key in keys if upstreams.is_over(key, by_name)} == over
    assert {upstreams.name_in(key) for key in keys} == {"a"}


def test_certificates() -> None:
    def days(left: float) -> list[object]:
        return [each.data["days"] for each in certificates.troubled([Checked("ca", "f", NOW + left)], NOW)]

    assert (days(15 * DAY), days(14 * DAY), days(2 * DAY), days(1), days(0), days(-DAY)) == (
        [],
        [14],
        [3],
        [1],
        [0],
        [0],
    )
    (unreadable,) = certificates.troubled([Checked("ca", "f", None, "no such file")], NOW)
    assert (unreadable.lasts, unreadable.data["reason"], unreadable.data["error"]) == (
        True,
        "unreadable",
        "no such file",
    )


def test_a_batch() -> None:
    job = Job("b1", "openai", "t1", Plan("k1", "one", "openai", "/x"), 1, 2, tally=Tally(succeeded=3, failed=1))
    told = batches.done(job, "completed", NOW)
    assert (told.kind, told.key, told.tenant, told.data["total"]) == ("batch.done", "batch.done:b1", "t1", 4)


def test_every_kind_has_a_sentence() -> None:
    job = Job("b1", "openai", "t1", Plan("k1", "one", "openai", "/x"), 1, 2)
    every = [
        *found(spent(800)),
        *budgets.exhausted([PURSE], [Refusal("key:k1", "month", 900, 95, 1000)], str),
        *expiry.keys([key(DAY)], NOW),
        *upstreams.down([seen("failed")]),
        upstreams.up("a", seen()),
        *upstreams.troubled([seen("failed")]),
        *certificates.troubled([Checked("ca", "f", NOW)], NOW),
        batches.done(job, "completed", NOW),
    ]
    assert {each.kind for each in every} == set(KINDS)
    assert all(sentence(each) for each in every)
    assert sentence(every[0]) == (
        "the month budget of the key 'one' (k1) is over its soft limit of 800: 800 of 1000 RUB are spent"
    )
    assert sentence(upstreams.up("a", None)) == "the credential a is taken out"
    assert get_args(Tokens)
