"""The marks of sources in a text: taken out wherever they are cut, and nothing else is."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gigamost.core.messages import Citation
from gigamost.protocols.gigachat.sources import SourceMarks

PAGES = {str(at): Citation(f"https://{at}.example", f"Page {at}") for at in (1, 2, 3)}


def read(*pieces: str) -> tuple[str, list[tuple[str, str]]]:
    """The shown text, and (page, what it covers) of each citation."""
    marks = SourceMarks()
    shown = "".join(marks.feed(piece) for piece in pieces)
    marks.known.update(PAGES)
    held, citations = marks.close()
    text = shown + held
    return text, [(each.title[5:], text[each.start : each.end]) for each in citations]


@pytest.mark.parametrize(
    ("text", "shown", "cited"),
    [
        ("Ока[sources=[2]]", "Ока", [("2", "Ока")]),
        ("Ока [sources=[2]].", "Ока.", [("2", "Ока")]),
        ("A. B is b[sources=[1, 3]]", "A. B is b", [("1", "B is b"), ("3", "B is b")]),
        ("A a[sources=[1]], and B b[sources=[2]].", "A a, and B b.", [("1", "A a"), ("2", "and B b")]),
        ("Both[sources=[1]][sources=[2]]", "Both", [("1", "Both"), ("2", "Both")]),
        ("Both. [sources=[1]] [sources=[2]]", "Both.", [("1", "Both."), ("2", "Both.")]),
        ("One.\n\n- Two\n- Three[sources=[3]]\n", "One.\n\n- Two\n- Three\n", [("3", "- Three")]),
        ("3.5 of 7[sources=[1]]", "3.5 of 7", [("1", "3.5 of 7")]),
        ("Unknown[sources=[9]]", "Unknown", []),
        ("[sources=[1]]Late", "Late", [("1", "")]),
        ("None named", "None named", [("1", ""), ("2", ""), ("3", "")]),
        ("", "", []),
        ("[sources=[x]] [source] [[1]] sources=[1]", "[sources=[x]] [source] [[1]] sources=[1]", None),
        ("open [sources=[1", "open [sources=[1", None),
        ("ends with space ", "ends with space ", None),
    ],
)
def test_marks(text: str, shown: str, cited: list[tuple[str, str]] | None) -> None:
    for at in range(len(text) + 1):
        found = read(text[:at], text[at:])
        assert found[0] == shown
        assert cited is None or found[1] == cited
    assert read(*text)[0] == shown


def test_sources_that_no_mark_names_stand_at_the_end_once() -> None:
    marks = SourceMarks()
    marks.known.update(PAGES)
    marks.feed("abc")
    assert marks.close()[1][0] == Citation("https://1.example", "Page 1", 3, 3)
    marks.feed("abc")
    assert marks.close() == ("", ())


pieces = st.lists(
    st.sampled_from(["a", " ", "[", "]", "[sources=[", "1", ",", "]]", "[sources=[2]]", ". ", "\n"]), max_size=12
)


@given(pieces)
@example(["[", "[sources=[2]]"])
@example(["[sources=[", "[sources=[2]]"])
def test_the_cut_makes_no_difference(given_pieces: list[str]) -> None:
    whole = "".join(given_pieces)
    assert read(*given_pieces) == read(whole)
    assert read(*whole) == read(whole)


@given(st.text(alphabet="ab []=,12soure", max_size=60))
def test_only_what_may_be_a_mark_waits(text: str) -> None:
    marks = SourceMarks()
    shown = marks.feed(text)
    held, _ = marks.close()
    assert held in ("", " ") or held.lstrip(" ").startswith("[")
    if "[sources=[" not in text:
        assert shown + held == text
