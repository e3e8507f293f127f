"""Legacy completions, server role: whole and streamed, judged by the official SDK's types."""

from collections.abc import Iterable
from typing import Any, get_type_hints

import msgspec
import pytest
from openai.types import Completion, completion_create_params

from gigamost.core.codec import Stamp
from gigamost.core.errors import GatewayError, Kind, Problem
from gigamost.core.events import Event, Failure, Finish, PartDelta, PartEnd, PartStart, Start
from gigamost.core.face import Incoming
from gigamost.core.fold import Reply, unfold
from gigamost.core.messages import Inline, Media, Message, Reasoning, Text
from gigamost.core.request import ChatRequest
from gigamost.core.usage import Usage
from gigamost.framing import sse
from gigamost.protocols.openai_chat.completions import RULES, Exchange

STAMP = Stamp("0123abc", 1768996176, "gpt-3.5-turbo-instruct")
REPLY = Reply((Text("Hello"), Text(".")), "stop", Usage(17, 3, 2))


def exchange(**fields: Any) -> Exchange:
    body = {"model": "gpt-3.5-turbo-instruct", "prompt": "Say hello", **fields}
    return Exchange(Incoming(msgspec.json.encode(body), {}, {}, {}))


def whole(reply: Reply, **fields: Any) -> Completion:
    return Completion.model_validate_json(exchange(**fields).encode(reply, STAMP), strict=True)


def stream(events: Iterable[Event], **fields: Any) -> list[bytes]:
    """The data of the frames."""
    encoder = exchange(stream=True, **fields).encoder(STAMP)
    reader = sse.Reader()
    return [data for _, data in reader.feed(b"".join(encoder.feed(event) for event in events))]


def test_every_field_of_the_official_client_has_a_rule() -> None:
    assert set(get_type_hints(completion_create_params.CompletionCreateParamsStreaming)) == set(RULES)


def test_a_prompt_is_a_message() -> None:
    asked = exchange(
        temperature=0, top_p=1, max_tokens=16, stop=["\n", ""], user="u", stream=True, n=1, best_of=1, seed=7
    ).request
    assert asked == ChatRequest(
        model="gpt-3.5-turbo-instruct",
        messages=(Message("user", (Text("Say hello"),)),),
        temperature=0,
        top_p=1,
        max_tokens=16,
        stop=("\n",),
        user="u",
        stream=True,
        ignored=("seed",),
    )
    assert exchange(prompt=["Say hello"], stop="\n").request.stop == ("\n",)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": ""}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": ["a", "b"]}, "prompt"),
        ({"prompt": [1, 2]}, "prompt"),
        ({"prompt": [[1, 2]]}, "prompt"),
        ({"best_of": 2}, "best_of"),
        ({"n": 2}, "n"),
        ({"logprobs": 0}, "logprobs"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"stop": ["a", "b", "c", "d", "e"]}, "stop"),
    ],
)
def test_what_cannot_be_done_is_refused(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(GatewayError) as caught:
        exchange(**fields)
    assert (caught.value.problem.status, caught.value.problem.param) == (400, param)


def test_a_suffix_asks_for_what_stands_before_it() -> None:
    system, asked = exchange(prompt="def add(a, b):", suffix="print(add(1, 2))").request.messages
    assert (system.role, asked.role) == ("system", "user")
    (text,) = asked.parts
    assert isinstance(text, Text)
    assert text.text.index("def add(a, b):") < text.text.index("print(add(1, 2))")
    assert exchange(suffix="").request.messages == exchange().request.messages


def test_a_deployment_is_the_model_where_the_body_names_none() -> None:
    body = msgspec.json.encode({"prompt": "x"})
    assert Exchange(Incoming(body, {"model": "gpt-4o"}, {}, {})).request.model == "gpt-4o"


def test_a_whole_completion() -> None:
    said = whole(REPLY)
    assert (said.id, said.object, said.created) == ("cmpl-0123abc", "text_completion", 1768996176)
    (choice,) = said.choices
    assert (choice.text, choice.finish_reason, choice.index) == ("Hello.", "stop", 0)
    assert said.usage is not None
    assert (said.usage.prompt_tokens, said.usage.completion_tokens, said.usage.total_tokens) == (17, 3, 20)


def test_an_echo_stands_before_the_completion() -> None:
    assert whole(REPLY, echo=True).choices[0].text == "Say helloHello."
    frames = [msgspec.json.decode(data) for data in stream(unfold(REPLY), echo=True)[:-1]]
    assert "".join(frame["choices"][0]["text"] for frame in frames) == "Say helloHello."


def test_a_filtered_completion_and_a_picture() -> None:
    picture = Media("image", Inline(b"\xff\xd8\xff"), "image/jpeg")
    said = whole(Reply((Reasoning("hm"), picture), "content_filter", Usage())).choices[0]
    assert said.finish_reason == "content_filter"
    assert said.text == "![image](data:image/jpeg;base64,/9j/)"


def test_a_stream_is_chunks_of_the_same_form() -> None:
    events: list[Event] = [
        Start(),
        PartStart("reasoning"),
        PartDelta("hm"),
        PartEnd(),
        PartStart("text"),
        PartDelta("Hel"),
        PartDelta("lo."),
        PartEnd(),
        Finish("length", Usage(17, 3)),
    ]
    *chunks, done = stream(events, stream_options={"include_usage": True})
    assert done == b"[DONE]"
    said = [msgspec.json.decode(chunk) for chunk in chunks]
    assert {(chunk["id"], chunk["object"]) for chunk in said} == {("cmpl-0123abc", "text_completion")}
    choices = [choice for chunk in said for choice in chunk["choices"]]
    assert [(choice["text"], choice["finish_reason"]) for choice in choices] == [
        ("Hel", None),
        ("lo.", None),
        ("", "length"),
    ]
    assert Completion.model_validate(said[-2], strict=True).choices[0].finish_reason == "length"
    assert said[-1]["choices"] == []
    assert said[-1]["usage"]["total_tokens"] == 20


def test_usage_comes_only_when_it_is_asked_for() -> None:
    assert all(b"usage" not in data for data in stream(unfold(REPLY)))


def test_a_stream_that_breaks_says_so_and_does_not_end_well() -> None:
    failure = Failure(Problem(Kind.UPSTREAM_FAILED, "It broke.", code="upstream_cut"))
    *_, last = stream([Start(), PartStart("text"), PartDelta("Hel"), PartEnd(), failure])
    assert msgspec.json.decode(last)["error"]["message"] == "It broke."


def test_a_keepalive_is_a_comment() -> None:
    assert exchange(stream=True).encoder(STAMP).keepalive().startswith(b":")
