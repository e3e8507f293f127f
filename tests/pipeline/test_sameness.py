"""Which requests are the same question: everything in them counts that may change the answer."""

from typing import Any

import msgspec
import pytest

from gigamost.core.messages import (
    Citation,
    ClientFile,
    FileRef,
    Inline,
    Media,
    Message,
    Opaque,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
    Url,
)
from gigamost.core.request import (
    AnyJson,
    AnyTool,
    Builtin,
    ChatRequest,
    Function,
    JsonSchema,
    OneTool,
    Regex,
)
from gigamost.pipeline.sameness import LARGEST, UNCOUNTED, Sameness

SAMENESS = Sameness(b"k" * 32)
HELLO = (Message("user", (Text("hello"),)),)
REQUEST = ChatRequest("gpt-4o", HELLO)
IMAGE = Media("image", Inline(b"bytes"), "image/png", "a.png", "messages[0].content[0]")
CALL = ToolCall("call1", "weather", "{}")
RESULT = ToolResult("call1", (Text("5"), IMAGE), "weather")

# For each field values of which no two are the same question.
COUNTED: dict[str, tuple[Any, ...]] = {
    "model": ("gpt-4", "GPT-4o", ""),
    "tools": (
        *((each,) for each in (Function("a"), Function("b"), Function("a", "b"), Function("a", strict=True))),
        (Function("a", "", {"type": "object"}),),
        (Function("a"), Function("b")),
        (Function("b"), Function("a")),
    ),
    "tool_choice": (AnyTool(), OneTool("a"), OneTool("b")),
    "parallel_tool_calls": (False,),
    "format": (
        AnyJson(),
        JsonSchema({"type": "object"}),
        JsonSchema({"type": "array"}),
        JsonSchema({"type": "object"}, strict=True),
        JsonSchema({"type": "object"}, name="other"),
        Regex("a"),
        Regex("b"),
    ),
    "temperature": (0.0, 1.0),
    "top_p": (0.0, 1.0),
    "max_tokens": (1, 2),
    "stop": (("a",), ("a", "b"), ("ab",)),
    "effort": ("low", "high"),
    "extra": (
        {"gigachat": {"a": 1}},
        {"gigachat": {"a": 2}},
        {"other": {"a": 1}},
        {"gigachat": {"b": 1}},
        {"gigachat": {"a": "1"}},
    ),
    "messages": (
        (),
        (*HELLO, *HELLO),
        (Message("system", (Text("hello"),)),),
        (Message("user", (Text("hello"),), "name"),),
        (Message("user", (Text("hello "),)),),
        (Message("user", (Text("hel"), Text("lo"))),),
        (Message("user", (Text("hello", (Citation("https://a.example"),)),)),),
        (Message("user", (Reasoning("hello"),)),),
        (Message("user", (Reasoning("hello", Opaque("a", "b")),)),),
        (Message("user", (IMAGE,)),),
        (Message("user", (msgspec.structs.replace(IMAGE, source=Inline(b"other")),)),),
        (Message("user", (msgspec.structs.replace(IMAGE, kind="document"),)),),
        (Message("user", (msgspec.structs.replace(IMAGE, mime="image/gif"),)),),
        (Message("user", (msgspec.structs.replace(IMAGE, name="b.png"),)),),
        *((Message("assistant", (msgspec.structs.replace(CALL, **{field: "other"}),)),) for field in ("id", "name")),
        (Message("assistant", (CALL,)),),
        (Message("assistant", (msgspec.structs.replace(CALL, arguments="{ }"),)),),
        (Message("assistant", (msgspec.structs.replace(CALL, opaque=Opaque("a", "b")),)),),
        (Message("tool", (RESULT,)),),
        (Message("tool", (msgspec.structs.replace(RESULT, call_id="call2"),)),),
        (Message("tool", (msgspec.structs.replace(RESULT, content=(Text("5"),)),)),),
        (Message("tool", (msgspec.structs.replace(RESULT, name=""),)),),
        (Message("tool", (msgspec.structs.replace(RESULT, is_error=True),)),),
    ),
}


def digest(request: ChatRequest = REQUEST, tenant: str = "t", models: tuple[str, ...] = ("GigaChat-2",)) -> bytes:
    found = SAMENESS.of_chat(request, tenant, models)
    assert found is not None
    return found


def test_the_same_is_the_same() -> None:
    assert digest() == digest(ChatRequest("gpt-4o", (Message("user", (Text("hello"),)),)))
    assert len(digest()) == 32


@pytest.mark.parametrize("field", COUNTED)
def test_every_field_counts(field: str) -> None:
    requests = [REQUEST, *(msgspec.structs.replace(REQUEST, **{field: value}) for value in COUNTED[field])]
    assert len(set(map(digest, requests))) == len(requests)


def test_there_is_no_field_that_nobody_has_thought_of() -> None:
    assert {*COUNTED, *UNCOUNTED, "builtins"} == set(ChatRequest.__struct_fields__)


def test_a_new_field_counts_by_itself() -> None:
    class Wider(ChatRequest, frozen=True):
        new: str = ""

    assert digest(Wider("gpt-4o", HELLO)) != digest(Wider("gpt-4o", HELLO, new="value"))


def test_how_it_is_delivered_and_written_does_not_count() -> None:
    for name, value in {"stream": True, "user": "me", "ignored": ("seed",), "spelled": {"max_tokens": "n"}}.items():
        assert digest(msgspec.structs.replace(REQUEST, **{name: value})) == digest(), name

    def placed(place: str) -> ChatRequest:
        image = msgspec.structs.replace(IMAGE, place=place)
        result = msgspec.structs.replace(RESULT, content=(image,))
        return ChatRequest("m", (Message("user", (image,)), Message("tool", (result,))))

    assert digest(placed("a")) == digest(placed("b"))


def test_tenant_models_key_and_setting_count() -> None:
    others = [digest(tenant="u"), digest(models=()), digest(models=("a", "b")), digest(models=("ab",))]
    for key, setting in ((b"l" * 32, b""), (b"k" * 32, b"profanity")):
        found = Sameness(key, setting).of_chat(REQUEST, "t", ("GigaChat-2",))
        assert found is not None
        others.append(found)
    assert len({digest(), *others}) == len(others) + 1


@pytest.mark.parametrize(
    "request_",
    [
        *(
            ChatRequest("m", (Message("user", (msgspec.structs.replace(IMAGE, source=source),)),))
            for source in (Url("https://a.example/b.png"), FileRef("id"), ClientFile("id"))
        ),
        ChatRequest("m", (Message("tool", (ToolResult("c", (Media("image", Url("https://a.example")),)),)),)),
        ChatRequest("m", HELLO, builtins=(Builtin("web_search", "tools.web_search"),)),
        ChatRequest("m", HELLO, extra={"gigachat": {"storage": {}}}),
        ChatRequest("m", (Message("user", (Text("a" * (LARGEST + 1)),)),)),
        ChatRequest("m", (Message("user", (Text("half a pair: \ud83d"),)),)),
        ChatRequest("m", HELLO, extra={"gigachat": {"seed": 2**70}}),
    ],
)
def test_what_hangs_on_more_than_it_says_has_no_digest(request_: ChatRequest) -> None:
    assert SAMENESS.of_chat(request_, "t", ("m",)) is None


def test_texts_to_become_vectors() -> None:
    asked = [("text", "t", "m", None), ("other", "t", "m", None), ("text", "u", "m", None), ("text", "t", "n", None)]
    digests = {SAMENESS.of_text(*each) for each in (*asked, ("text", "t", "m", 1024))}
    assert len(digests) == 5
    assert None not in digests
    assert SAMENESS.of_text("\ud83d", "t", "m", None) is None
