"""Which version of GigaChat's wire a request is spoken in."""

from typing import Literal

import msgspec
import pytest

from gigamost.core.messages import Message, Text
from gigamost.core.models import Capabilities, Model
from gigamost.core.request import Builtin, BuiltinKind, ChatRequest, JsonSchema, Regex
from gigamost.protocols.gigachat.choice import AnyVersion, choose
from gigamost.protocols.gigachat.problems import problem_of

PLAIN = ChatRequest("m", (Message("user", (Text("Hi"),)),))
OF_V1 = Model("GigaChat-2-Max", "gigachat")
OF_V2 = Model("GigaChat-3-Ultra", "gigachat", capabilities=Capabilities(api="v2"))
BASE = "https://h.example/v1"
NOTHING: frozenset[str] = frozenset()


def wanting(kind: BuiltinKind) -> ChatRequest:
    return msgspec.structs.replace(PLAIN, builtins=(Builtin(kind, f"tools.{kind}"),))


SEARCH = wanting("web_search")
PATTERN = msgspec.structs.replace(PLAIN, format=Regex("a"))


@pytest.mark.parametrize(
    ("request_", "model", "api", "name"),
    [
        (PLAIN, OF_V1, "auto", "gigachat_v1"),
        (PLAIN, OF_V2, "auto", "gigachat_v2"),
        (SEARCH, OF_V1, "auto", "gigachat_v2"),
        (wanting("web_fetch"), OF_V1, "auto", "gigachat_v2"),
        (wanting("code_interpreter"), OF_V1, "auto", "gigachat_v2"),
        (wanting("image_generation"), OF_V1, "auto", "gigachat_v1"),
        (wanting("model_3d"), OF_V1, "auto", "gigachat_v1"),
        (PATTERN, OF_V1, "auto", "gigachat_v2"),
        (msgspec.structs.replace(PLAIN, format=JsonSchema({})), OF_V1, "auto", "gigachat_v1"),
        (SEARCH, OF_V2, "v1", "gigachat_v1"),
        (PLAIN, OF_V1, "v2", "gigachat_v2"),
    ],
)
def test_choice(request_: ChatRequest, model: Model, api: Literal["auto", "v1", "v2"], name: str) -> None:
    assert choose(request_, model, api).name == name


def test_what_v1_cannot_do_is_listed() -> None:
    call = AnyVersion("v1").encode(SEARCH, OF_V1, NOTHING)
    assert call.url(BASE) == "https://h.example/v1/chat/completions"
    assert call.ignored == ("tools.web_search",)
    words = AnyVersion("v1").encode(PATTERN, OF_V1, NOTHING)
    assert "expression" in msgspec.json.decode(words.body)["messages"][0]["content"]


def test_an_upstream_without_v2_is_spoken_to_in_v1() -> None:
    call = AnyVersion("auto").encode(SEARCH, OF_V2, NOTHING)
    correction = call.correct(problem_of(404, ""))
    assert correction is not None
    again = AnyVersion("auto").encode(SEARCH, OF_V2, frozenset({correction}))
    assert again.url(BASE) == "https://h.example/v1/chat/completions"
    assert again.ignored == ("tools.web_search",)


def test_a_version_that_is_configured_stays() -> None:
    call = AnyVersion("v2").encode(SEARCH, OF_V1, NOTHING)
    assert call.url(BASE) == "https://h.example/v2/chat/completions"
    assert call.correct(problem_of(404, "")) is None
