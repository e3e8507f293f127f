"""GigaChat's own wire on its way through: where ids stand in it, and everything else as it came."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigamost.core.errors import GatewayError, Kind, Problem
from gigamost.core.face import Incoming
from gigamost.core.tasks import StoredFile
from gigamost.core.usage import Usage
from gigamost.protocols.gigachat.native import encode_error, encode_oauth_error
from gigamost.protocols.gigachat.native.answers import Stream, problem_in, sealed, usage_in
from gigamost.protocols.gigachat.native.files import decode_upload, encode_deleted, encode_file, encode_list
from gigamost.protocols.gigachat.native.ids import Kind as IdKind
from gigamost.protocols.gigachat.native.ids import open_ids


class Marked:
    """Shows `x` as `<kind>!x`, and can show nothing that begins with a dash."""

    def open(self, kind: IdKind, shown: str) -> str | None:
        return shown.removeprefix(f"{kind}!") if shown.startswith(f"{kind}!") else None

    def close(self, kind: IdKind, upstream_id: str) -> str | None:
        return None if upstream_id.startswith("-") else f"{kind}!{upstream_id}"


IDS = Marked()


def packed(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def opened(request: Any) -> tuple[Any, tuple[str, ...]]:
    body, ignored = open_ids(packed(request), IDS)
    return json.loads(body), ignored


# Requests


def test_a_body_without_ids_is_the_same_bytes() -> None:
    body = b'{ "model" : "m", "messages": [{"role":"user","content":"\xd0\xb0"}], "temperature": 1.50 }'
    assert open_ids(body, IDS) == (body, ())
    assert open_ids(b"[1 ]", IDS) == (b"[1 ]", ())


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ({"messages": [{"attachments": ["file!a", "file!b"]}]}, {"messages": [{"attachments": ["a", "b"]}]}),
        ({"messages": [{"functions_state_id": "call!a"}]}, {"messages": [{"functions_state_id": "a"}]}),
        ({"messages": [{"tools_state_id": "call!a"}]}, {"messages": [{"tools_state_id": "a"}]}),
        ({"tools_state_id": "call!a"}, {"tools_state_id": "a"}),
        ({"storage": {"thread_id": "thread!a", "limit": 5}}, {"storage": {"thread_id": "a", "limit": 5}}),
        ({"storage": {}}, {"storage": {}}),
        (
            {"messages": [{"content": [{"text": "x"}, {"files": [{"id": "file!a"}]}]}]},
            {"messages": [{"content": [{"text": "x"}, {"files": [{"id": "a"}]}]}]},
        ),
        (
            {"messages": [{"content": [{"inline_data": {"images": ["file!a", {"id": "file!b"}]}}]}]},
            {"messages": [{"content": [{"inline_data": {"images": ["a", {"id": "b"}]}}]}]},
        ),
        (
            {"messages": [{"content": '<img src="file!a" fuse="true"/> a cat, <img src="b"/>'}]},
            {"messages": [{"content": '<img src="a" fuse="true"/> a cat, <img src="b"/>'}]},
        ),
        (  # a function's own words are not GigaChat's
            {"messages": [{"function_call": {"arguments": {"thread_id": "a", "attachments": ["b"]}}}]},
            {"messages": [{"function_call": {"arguments": {"thread_id": "a", "attachments": ["b"]}}}]},
        ),
        (
            {"functions": [{"name": "f", "parameters": {"files": {}}}]},
            {"functions": [{"name": "f", "parameters": {"files": {}}}]},
        ),
    ],
)
def test_ids_are_opened(shown: Any, expected: Any) -> None:
    assert opened(shown) == (expected, ())


def test_states_of_somebody_else_are_left_out_and_listed() -> None:
    request, ignored = opened(
        {"messages": [{"functions_state_id": "a"}, {"functions_state_id": 5}], "tools_state_id": "b"}
    )
    assert request == {"messages": [{}, {}]}
    assert ignored == ("tools_state_id", "messages.functions_state_id")


@pytest.mark.parametrize(
    ("request_body", "param"),
    [
        ({"messages": [{"attachments": ["a"]}]}, "messages[0].attachments[0]"),
        ({"messages": [{"attachments": "a"}]}, "messages[0].attachments"),
        ({"messages": [{"attachments": [5]}]}, "messages[0].attachments[0]"),
        ({"messages": [{"Attachments": ["a"]}]}, "Attachments"),
        ({"messages": [{"content": [{"files": [{"id": "a"}]}]}]}, "messages[0].content[0].files[0].id"),
        ({"messages": [{"content": [{"files": [{"ID": "a"}]}]}]}, "ID"),
        ({"messages": [{"content": [{"files": {"id": "a"}}]}]}, "messages[0].content[0].files"),
        (
            {"messages": [{"content": [{"inline_data": {"images": ["a"]}}]}]},
            "messages[0].content[0].inline_data.images[0]",
        ),
        ({"storage": {"thread_id": "a"}}, "storage.thread_id"),
        ({"storage": {"thread_id": 7}}, "storage.thread_id"),
        ({"storage": {"assistant_id": "a"}}, "assistant_id"),
        ({"assistant_id": "a"}, "assistant_id"),
        ({"memory_id": "a"}, "memory_id"),
        ({"Messages": [{"attachments": ["a"]}]}, "Messages"),
    ],
)
def test_what_is_not_ones_own_is_refused(request_body: Any, param: str) -> None:
    with pytest.raises(GatewayError) as caught:
        opened(request_body)
    assert (caught.value.problem.status, caught.value.problem.param) == (400, param)


def test_an_escape_hides_nothing() -> None:
    with pytest.raises(GatewayError):
        open_ids(b'{"messages":[{"\\u0061ttachments":["a"]}]}', IDS)
    with pytest.raises(GatewayError):
        open_ids('{"messages":[{"attachments":["a"]}]}'.encode("utf-16"), IDS)


def test_of_a_word_said_twice_only_one_goes_on() -> None:
    body, _ = open_ids(b'{"messages":[{"attachments":["raw"],"attachments":["file!a"]}]}', IDS)
    assert body == b'{"messages":[{"attachments":["a"]}]}'


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.sampled_from(["a", "file!a", "call!a", '<img src="a" fuse="b"/>']),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "messages",
                    "content",
                    "files",
                    "id",
                    "attachments",
                    "storage",
                    "thread_id",
                    "functions_state_id",
                    "choices",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(json_values | st.dictionaries(st.sampled_from(["messages", "storage", "choices"]), json_values))
def test_any_body_is_opened_or_refused_and_any_answer_is_sealed(value: Any) -> None:
    with suppress(GatewayError):
        open_ids(packed(value), IDS)
    assert json.loads(sealed(packed(value), IDS)) is not ...
    stream = Stream(IDS)
    stream.feed(b"data: " + packed(value) + b"\n\n")


@given(st.binary(max_size=60))
def test_any_bytes_are_opened_or_refused(data: bytes) -> None:
    with suppress(GatewayError):
        open_ids(data, IDS)
    assert sealed(data, IDS) is not None
    Stream(IDS).feed(data)


# Answers

V1 = {
    "choices": [{"message": {"content": "Привет", "role": "assistant", "functions_state_id": "s"}, "index": 0}],
    "thread_id": "t",
    "usage": {"prompt_tokens": 17, "completion_tokens": 3, "precached_prompt_tokens": 2},
}
V2 = {
    "messages": [
        {
            "role": "assistant",
            "tool_state_id": "s",
            "content": [
                {"files": [{"id": "f", "mime": "image/jpeg"}]},
                {"function_call": {"arguments": {"thread_id": "u"}}},
            ],
        }
    ],
    "usage": {"input_tokens": 88, "input_tokens_details": {"cached_tokens": 5}, "output_tokens": 25},
}


def test_an_answer_without_ids_is_the_same_bytes() -> None:
    body = b'{"choices": [{"message":{"content":"hi"}}]}'
    assert sealed(body, IDS) == body
    assert sealed(b"<html>_id</html>", IDS) == b"<html>_id</html>"


def test_answers_of_both_versions_are_sealed() -> None:
    first = json.loads(sealed(packed(V1), IDS))
    assert first["thread_id"] == "thread!t"
    assert first["choices"][0]["message"]["functions_state_id"] == "call!s"
    second = json.loads(sealed(packed(V2), IDS))["messages"][0]
    assert second["tool_state_id"] == "call!s"
    assert second["content"][0]["files"] == [{"id": "file!f", "mime": "image/jpeg"}]
    assert second["content"][1] == {"function_call": {"arguments": {"thread_id": "u"}}}


def test_an_id_that_cannot_be_shown_is_not() -> None:
    assert json.loads(sealed(packed({"thread_id": "-t", "choices": []}), IDS)) == {"choices": []}


def test_usage_of_both_versions_and_of_embeddings() -> None:
    assert usage_in(packed(V1)) == Usage(17, 3, 2)
    assert usage_in(packed(V2)) == Usage(88, 25, 5)
    items = [{"embedding": [1.0], "usage": {"prompt_tokens": 7}}, {"usage": {"prompt_tokens": 2}}]
    assert usage_in(packed({"data": items})) == Usage(9)
    assert usage_in(b"{}") == usage_in(b'"usage"') == Usage(estimated=True)


def test_an_error_inside_a_success() -> None:
    problem = problem_in(b'{"status":429,"message":"Too many requests"}')
    assert problem is not None
    assert problem.kind is Kind.RATE_LIMITED
    assert problem_in(b'{"status":200,"message":"Function is valid"}') is None
    assert problem_in(packed(V1)) is None


# Streams


def chunk(content: str, finish: str | None = None, **more: Any) -> bytes:
    choice = {"delta": {"content": content, **more}, "index": 0} | ({"finish_reason": finish} if finish else {})
    usage = {"usage": V1["usage"]} if finish else {}
    return b"data: " + packed({"choices": [choice], **usage}) + b"\n\n"


DONE = b"data: [DONE]\n\n"
PLAIN = chunk("При") + b": a comment\n\n" + chunk("вет") + chunk("", "stop") + DONE


def fed(stream: Stream, data: bytes, size: int) -> bytes:
    return b"".join(stream.feed(data[at : at + size]) for at in range(0, len(data), size)) + stream.end()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 10_000])
@pytest.mark.parametrize("line", [b"\n", b"\r\n"])
def test_a_stream_is_the_same_bytes_wherever_it_is_cut(size: int, line: bytes) -> None:
    stream = Stream(IDS)
    data = PLAIN.replace(b"\n", line)
    assert fed(stream, data, size) == data
    assert stream.finished
    assert stream.usage == Usage(17, 3, 2)


def test_an_event_is_not_sent_before_it_is_whole() -> None:
    stream = Stream(IDS)
    assert stream.feed(PLAIN[:20]) == b""
    assert stream.end() == b""
    assert not stream.finished


def test_the_last_event_may_lack_its_empty_line() -> None:
    stream = Stream(IDS)
    assert fed(stream, PLAIN.rstrip(b"\n"), 9) == PLAIN.rstrip(b"\n")
    assert stream.finished


def test_v2_ends_with_an_event_of_its_own() -> None:
    stream = Stream(IDS)
    data = b"event: response.message.done\ndata: " + packed(V2) + b"\n\n"
    sent = fed(stream, data, 5)
    assert sent.startswith(b"event: response.message.done\ndata: ")
    assert b'"call!s"' in sent
    assert b'"file!f"' in sent
    assert stream.finished
    assert stream.usage == Usage(88, 25, 5)


def texts(data: bytes) -> list[str]:
    lines = [line[6:] for line in data.split(b"\n") if line.startswith(b"data: {")]
    return [json.loads(line)["choices"][0]["delta"].get("content", "") for line in lines]


PICTURE = 'A cat: <img src="abc" fuse="true"/> done'


@pytest.mark.parametrize("at", range(len(PICTURE) + 1))
def test_a_picture_is_sealed_wherever_the_chunks_part_it(at: int) -> None:
    stream = Stream(IDS)
    sent = fed(stream, chunk(PICTURE[:at]) + chunk(PICTURE[at:]) + chunk("", "stop") + DONE, 11)
    assert "".join(texts(sent)) == 'A cat: <img src="file!abc" fuse="true"/> done'


def test_text_that_only_looks_like_a_picture_is_not_held_for_ever() -> None:
    stream = Stream(IDS)
    said = ["1 <", " 2 <img is a tag, <vi", "ew> and <i", ""]
    sent = fed(stream, b"".join(map(chunk, said[:-1])) + chunk(said[-1], "stop") + DONE, 10_000)
    assert "".join(texts(sent)) == "".join(said)
    endless = "<img " + "x" * 600
    assert "".join(texts(Stream(IDS).feed(chunk(endless)))) == endless


def test_a_state_in_a_stream_is_sealed_and_its_error_is_seen() -> None:
    stream = Stream(IDS)
    assert b'"functions_state_id":"call!s"' in stream.feed(chunk("", functions_state_id="s"))
    assert stream.problem is None
    stream.feed(b'data: {"status":500,"message":"Internal Server Error"}\n\n')
    assert stream.problem is not None


# Files and errors


def test_files_in_gigachats_form() -> None:
    nobody = Incoming(b"", {}, {}, {})
    file = StoredFile("file-1", "a.png", 5, 7, "general", "image/png")
    shown = {
        "id": "file-1",
        "object": "file",
        "bytes": 5,
        "created_at": 7,
        "filename": "a.png",
        "purpose": "general",
        "access_policy": "private",
        "modalities": ["image"],
    }
    assert json.loads(encode_file(file, nobody)) == shown
    assert json.loads(encode_list([file], nobody)) == {"data": [shown]}
    assert json.loads(encode_deleted("file-1")) == {"id": "file-1", "deleted": True, "access_policy": "private"}


def test_uploads() -> None:
    def upload(body: str, kind: str = "multipart/form-data; boundary=b") -> Any:
        return decode_upload(Incoming(body.encode(), {}, {}, {"content-type": kind}))

    head = 'Content-Disposition: form-data; name="{}"; filename="a.txt"\r\nContent-Type: text/plain'
    part = f"--b\r\n{head}\r\n\r\nhi\r\n--b--\r\n"
    new = upload(part.format("file"))
    assert (new.name, new.data, new.mime, new.purpose) == ("a.txt", b"hi", "text/plain", "general")
    for body, kind in ((part.format("other"), "multipart/form-data; boundary=b"), ("{}", "application/json")):
        with pytest.raises(GatewayError) as caught:
            upload(body, kind)
        assert caught.value.problem.status == 400


def test_errors_in_gigachats_forms() -> None:
    problem = Problem(Kind.NOT_FOUND, "There is no file.")
    assert encode_error(problem, "id") == b'{"status":404,"message":"There is no file."}\n'
    assert json.loads(encode_oauth_error(problem, "id")) == {"code": 4, "message": "There is no file."}
    unknown = json.loads(encode_oauth_error(Problem(Kind.UNAUTHENTICATED, "?"), "id"))
    assert unknown["code"] == 6
    assert unknown["message"].startswith("credentials doesn't match db data")
