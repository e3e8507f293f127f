"""Sums in prompts: found, worked out, bounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigamost.emulator.arithmetic import find_sum, show


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("How much is 17 * 3?", "17 * 3 = 51"),
        ("2+2=?", "2+2 = 4"),
        ("Сколько будет (1 + 2) * 3 - 4 / 2?", "(1 + 2) * 3 - 4 / 2 = 7"),
        ("12 × 12", "12 * 12 = 144"),
        ("12 х 3", "12 * 3 = 36"),
        ("2^10 please", "2**10 = 1024"),
        ("7 // 2 and 10 % 4 + 1", "10 % 4 + 1 = 3"),
        ("sqrt(2) rounded", "sqrt(2) = 1.414213562"),
        ("max(3, 10, 7)", "max(3, 10, 7) = 10"),
        ("What is -5 + 3?", "-5 + 3 = -2"),
        ("2 * pi", "2 * pi = 6.283185307"),
    ],
)
def test_sums(text: str, told: str) -> None:
    found = find_sum(text)
    assert found is not None
    assert f"{found[0]} = {show(found[1])}" == told


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Count from 1 to 3",
        "42",
        "on 2026-12-11",
        "1 / 0",
        "9**9**9",
        "9**99999",
        "(-8)**0.5",
        "log(-1)",
        "exp(1000)",
        "min()",
        "round(1, 2, 3)",
        "__import__('os')",
        "1+" * 200 + "1",
        "((((((1",
        "version 3.11-beta",
        "a-1 steak",
    ],
)
def test_what_is_no_sum(text: str) -> None:
    assert find_sum(text) is None


@given(st.text("0123456789.+-*/%()e pisqrtlogx^, ", max_size=40))
def test_any_text_is_survived(text: str) -> None:
    found = find_sum(text)
    assert found is None or show(found[1])
