"""Money, prices and periods: whole numbers, no drift, the edges of the calendar."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigamost.core.tenancy import Period
from gigamost.core.usage import Usage
from gigamost.ledger.money import amount, micros
from gigamost.ledger.periods import began, ends
from gigamost.ledger.prices import Price, Prices


@pytest.mark.parametrize(
    ("text", "value"),
    [("1000.00", 1_000_000_000), ("0", 0), ("0.000065", 65), ("12.5", 12_500_000), (" 7 ", 7_000_000)],
)
def test_amounts(text: str, value: int) -> None:
    assert micros(text) == value
    assert micros(amount(value)) == value


@pytest.mark.parametrize("text", ["", "-1", "1,5", "1e3", "1.0000001", ".5", "1.", "NaN", "1" * 13, "١"])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match="no amount"):
        micros(text)


@given(st.integers(0, 10**17))
def test_every_value_has_one_form(value: int) -> None:
    assert micros(amount(value)) == value
    assert amount(-value) == ("-" if value else "") + amount(value)


def test_a_request_costs_what_the_tariff_says() -> None:
    prices = Prices()
    # 650 roubles per million: 17 + 3 tokens, 2 of them cached and free.
    assert prices.of("GigaChat-2-Max").of(Usage(17, 3, 2)) == 18 * 650
    assert prices.of("GigaChat-2-Max-preview") == prices.of("GigaChat-2-Max")
    assert not prices.knows("unheard-of")
    assert prices.of("unheard-of").of(Usage(10**6, 10**6)) == 0


def test_the_operators_price_wins_and_a_part_of_a_micro_is_rounded_up() -> None:
    own = Prices({"GigaChat-2": Price(input=1, output=3_000_000, cached=500_000)})
    assert own.of("GigaChat-2").of(Usage(1, 0)) == 1
    assert own.of("GigaChat-2").of(Usage(10, 2, 4)) == 6 + 2 + 1
    assert own.of("GigaChat-2-Pro").of(Usage(1, 0)) == 500


def test_a_credential_may_have_a_tariff_of_its_own_and_the_dearest_one_is_reserved() -> None:
    prices = Prices({"packages/GigaChat-2": Price(90_000_000, 90_000_000), "far/a": Price(1_000_000, 0)})
    usage = Usage(1_000_000, 0)
    assert prices.of("GigaChat-2", "packages").of(usage) == 90_000_000
    assert prices.of("GigaChat-2", "other").of(usage) == prices.of("GigaChat-2").of(usage) == 65_000_000
    assert prices.most("GigaChat-2", usage) == 90_000_000
    # A model of another upstream is called by both names, whoever asks it.
    assert prices.of("far/a", "far").of(usage) == prices.most("far/a", usage) == 1_000_000


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_costs_of_parts_are_never_less_than_the_cost_of_the_whole(a: int, b: int, c: int) -> None:
    price = Price(input=333_333, output=777_777, cached=1)
    parts = price.of(Usage(a, 0)) + price.of(Usage(0, b)) + price.of(Usage(c, 0, c))
    assert price.of(Usage(a + c, b, c)) <= parts <= price.of(Usage(a + c, b, c)) + 3


@pytest.mark.parametrize(
    ("period", "now", "start", "end"),
    [
        ("day", "2026-11-21T23:59:59", "2026-11-21", "2026-11-22"),
        ("day", "2026-12-31T00:00:00", "2026-12-31", "2027-01-01"),
        ("month", "2028-02-29T12:00:00", "2028-02-01", "2028-03-01"),
        ("month", "2026-12-31T23:59:59", "2026-12-01", "2027-01-01"),
        ("month", "2026-01-31T00:00:00", "2026-01-01", "2026-02-01"),
    ],
)
def test_periods(period: Period, now: str, start: str, end: str) -> None:
    def at(text: str) -> int:
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())

    assert began(period, at(now)) == at(start)
    assert ends(period, at(now)) == at(end)
    assert began(period, at(end)) == at(end)


def test_a_total_has_no_end() -> None:
    assert (began("total", 1e9), ends("total", 1e9)) == (0, None)
