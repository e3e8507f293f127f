"""The parts of built-in tools and the sources of a text go through what the gateway enforces."""

from gigamost.core.events import Event, Finish, PartDelta, PartEnd, PartStart, Start
from gigamost.core.fold import fold
from gigamost.core.grammar import checked
from gigamost.core.messages import BuiltinCall, Citation, Message, Text
from gigamost.core.request import ChatRequest, Regex
from gigamost.core.usage import Usage
from gigamost.objects.ids import Owner, Seal
from gigamost.pipeline.context import Ids
from gigamost.pipeline.enforce import Enforcer, StrictText
from gigamost.pipeline.fitting import bared

IDS = Ids(Seal(b"k" * 32), Owner("tenant", "credential"), lambda: "new")
PAGE = Citation("https://a.example", "A", 0, 3)
ANSWER: list[Event] = [
    Start("m"),
    PartStart("builtin", "web_search"),
    PartDelta("x" * 300),
    PartEnd(is_failed=True),
    PartStart("text"),
    PartDelta("Ока — река"),
    PartEnd(citations=(PAGE,)),
    Finish("stop", Usage(estimated=True)),
]


def enforced(**fields: object) -> list[Event]:
    request = ChatRequest("m", (Message("user", (Text("q"),)),), **fields)  # type: ignore[arg-type]  # any of its fields
    enforcer = Enforcer(request, IDS)
    return list(checked([event for given in ANSWER for event in enforcer.feed([given])]))


def test_nothing_is_lost() -> None:
    reply = fold(enforced())
    assert reply.parts == (BuiltinCall("web_search", log="x" * 300, is_failed=True), Text("Ока — река", (PAGE,)))


def test_the_progress_of_a_tool_is_not_counted_as_the_models_words() -> None:
    assert fold(enforced()).usage.output_tokens == 4


def test_a_stop_sequence_is_looked_for_in_the_text_alone() -> None:
    reply = fold(enforced(stop=("xx", " —")))
    assert reply.parts == (BuiltinCall("web_search", log="x" * 300, is_failed=True), Text("Ока"))
    assert reply.stop_sequence == " —"


def test_a_pattern_is_checked_against_the_text_alone() -> None:
    assert isinstance(StrictText(Regex("Ока — река")).feed(ANSWER)[-1], Finish)
    assert not isinstance(StrictText(Regex("x+.*")).feed(ANSWER)[-1], Finish)


def test_what_models_put_around_a_value() -> None:
    for text in ("ABC", " ABC\n", "`ABC`", '"ABC"', "«ABC»", "```\nABC\n```", "```text\nABC```"):
        assert bared(text, Regex("[A-Z]+")) == "ABC"
