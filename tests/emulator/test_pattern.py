"""Text for a regular expression, judged by Python's own `re`."""

import re
import warnings

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gigamost.emulator.pattern import PatternError, compile_pattern
from gigamost.emulator.pattern_nodes import Writer

PROMPT = "Generate one support ticket code."


def write(pattern: str, prompt: str = PROMPT) -> str:
    return Writer(prompt, prompt.rstrip(".").split()).write(compile_pattern(pattern))


@pytest.mark.parametrize(
    "pattern",
    [
        r"[A-Z]{3}-\d{4}",
        r"^(yes|no|maybe)$",
        r"\A\+7 \(\d{3}\) \d{3}(?:-\d{2}){2}\Z",
        r"[\w.+-]+@[\w-]+\.(com|ru)",
        r"(?P<y>\d{4})-(0[1-9]|1[0-2])-([0-2]\d|3[01])",
        r"[^\s]+",
        r"a{2,}b*?c+d??",
        r".*",
        r"{a}{,}{",
        r"x{,3}y{2}",
        r"[а-яё]+",
        r"[]a-]+",
        r"[^]]\]",
        r"[\d\-x]+",
        r"\x41\u0042\t\.",
        r"\D\W\S",
        "",
        "(|a)b",
    ],
)
def test_what_is_written_matches(pattern: str) -> None:
    for prompt in (PROMPT, "Сгенерируй код", "", "a"):
        assert re.fullmatch(pattern, write(pattern, prompt)), pattern


def test_words_of_the_prompt_are_used_and_the_rest_is_always_the_same() -> None:
    assert write(r"[A-Z]{3}-\d{4}") == write(r"[A-Z]{3}-\d{4}")
    assert write(r"[A-Z]{3}-\d{4}").startswith("ONE-")
    assert write(r"[a-z]+ [a-z]+") == "generate one"
    assert write(r"\d{6}", "one") != write(r"\d{6}", "two")


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(", "not closed"),
        ("[a", "not closed"),
        (")", "unbalanced"),
        ("*a", "nothing to repeat"),
        ("^*", "nothing to repeat"),
        ("a**", "repeat of a repeat"),
        ("a{3,2}", "least over its most"),
        ("[z-a]", "bad range"),
        (r"\x4", "hexadecimal"),
        ("\\", "backslash at the end"),
        ("a{5000}", "longer than 1000"),
        ("a" * 1001, "longer than 1000"),
        (r"[^\s\S]", "no character"),
        ("(" * 60 + ")" * 60, "too deeply"),
        # What is not covered.
        ("(?=a)a", "does not cover"),
        ("(?<!a)b", "does not cover"),
        ("(?i)a", "does not cover"),
        ("(?P=a)", "does not cover"),
        (r"(a)\1", "not covered"),
        (r"\bfoo", "not covered"),
        ("a*+", "not covered"),
        ("a(^b)", "not covered"),
        ("(a$)b", "not covered"),
    ],
)
def test_what_is_broken_or_not_covered_is_told(pattern: str, why: str) -> None:
    with pytest.raises(PatternError, match=why):
        compile_pattern(pattern)


def test_repeats_of_repeats_end() -> None:
    pattern = "(" * 40 + "a+" + ")+" * 40
    assert set(write(pattern)) == {"a"}


@given(st.text("ab1.^$|()[]{}*+?\\-,dwsDWSZx&#", max_size=14), st.text(max_size=20))
def test_any_pattern_is_matched_or_refused(pattern: str, prompt: str) -> None:
    try:
        node = compile_pattern(pattern)
    except PatternError:
        return
    with warnings.catch_warnings(action="ignore"):
        assume(re.compile(pattern))
    assert re.fullmatch(pattern, Writer(prompt, prompt.split()).write(node), re.DOTALL)
