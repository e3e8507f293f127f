"""What is kept of Responses, and conversations: their bodies, lists and items."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigamost.core.codec import Stamp
from gigamost.core.errors import GatewayError
from gigamost.core.face import Incoming
from gigamost.core.history import Conversation, Item, Page, Window
from gigamost.framing import sse
from gigamost.protocols.openai_responses import background, conversations, stored
from gigamost.protocols.openai_responses.background import decode_replay
from gigamost.protocols.openai_responses.kept_items import keep_items

STAMP = Stamp("0a1b2c", 1_700_000_000, "")


def incoming(body: Any = None, **query: str) -> Incoming:
    return Incoming(b"" if body is None else json.dumps(body).encode(), {}, query, {})


def kept(*items: Any) -> list[Any]:
    return [json.loads(item.body) for item in keep_items(items, STAMP)]


def test_a_stream_is_asked_for_from_an_event_on() -> None:
    for none in (incoming(), incoming(stream="false", include="message.output_text.logprobs"), incoming(stream="0")):
        assert decode_replay(none) is None
    for ask in ("true", "1", "True"):
        assert decode_replay(incoming(stream=ask)) == 0
    assert decode_replay(incoming(stream="true", starting_after="0")) == 1
    assert decode_replay(incoming(stream="true", starting_after="41")) == 42
    for wrong in ("-1", "x", "²", "9" * 10):
        with pytest.raises(GatewayError) as raised:
            decode_replay(incoming(stream="true", starting_after=wrong))
        assert raised.value.problem.param == "starting_after"


def test_the_frames_of_one_in_the_background_are_numbered_from_its_beginning() -> None:
    queued = b'{"id":"resp_1","status":"queued"}'
    frames = background.begun(queued)
    log = background.Renumbered()
    made = b"".join(
        sse.encode(b'{"type":"response.%b","response":{"n":%d},"sequence_number":%d}' % (name, at, at), name_of(name))
        for at, name in enumerate((b"created", b"in_progress", b"incomplete"))
    )
    frames += log.feed(made) + log.feed(background.DONE)
    numbers = [json.loads(frame.partition(b"data: ")[2])["sequence_number"] for frame in frames[:-1]]
    assert numbers == [0, 1, 2, 3]
    assert frames[-1] == background.DONE
    assert (log.response, log.succeeded, log.number) == (b'{"n":2}', True, 5)


def name_of(name: bytes) -> str:
    return f"response.{name.decode()}"


def test_windows() -> None:
    assert stored.decode_window(incoming()) == Window(20, "", "desc")
    assert stored.decode_window(incoming(limit="100", after="msg_1", order="asc")) == Window(100, "msg_1", "asc")


@pytest.mark.parametrize(
    "query", [{"limit": ""}, {"limit": "0"}, {"limit": "101"}, {"limit": "-1"}, {"limit": "²"}, {"order": "ASC"}]
)
def test_windows_that_cannot_be(query: Any) -> None:
    with pytest.raises(GatewayError) as raised:
        stored.decode_window(incoming(**query))
    assert raised.value.problem.param == next(iter(query))


def test_a_page() -> None:
    page = Page((Item("a", b'{"id":"a"}'), Item("b", b'{"id":"b"}')), has_more=True)
    assert json.loads(stored.encode_page(page)) == {
        "object": "list",
        "data": [{"id": "a"}, {"id": "b"}],
        "first_id": "a",
        "last_id": "b",
        "has_more": True,
    }
    empty = {"object": "list", "data": [], "first_id": "", "last_id": "", "has_more": False}
    assert json.loads(stored.encode_page(Page(()))) == empty


def test_short_forms_are_kept_in_full() -> None:
    assert kept({"role": "user", "content": "Привет"}, {"role": "assistant", "content": "Да?"}) == [
        {
            "id": "msg_0a1b2c00",
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": "Привет"}],
            "status": "completed",
        },
        {
            "id": "msg_0a1b2c01",
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Да?", "annotations": []}],
            "status": "completed",
        },
    ]


def test_an_item_keeps_its_own_id_and_what_it_holds() -> None:
    call = {"type": "function_call", "id": "fc_mine", "call_id": "call1", "name": "f", "arguments": "{}", "extra": 1}
    assert kept(call) == [{**call, "status": "completed"}]
    same = {"type": "reasoning", "id": "rs_1", "summary": []}
    assert [item["id"] for item in kept(same, same)] == ["rs_1", "rs_0a1b2c01"]
    for no_id in (None, "", "a\0b", "с", "x" * 129, 7):
        assert [item["id"] for item in kept({"type": "computer_call", "id": no_id})] == ["item_0a1b2c00"]


def test_a_new_conversation() -> None:
    body = {"metadata": {"k": "v"}, "items": [{"role": "user", "content": "x"}], "color": "red"}
    new = conversations.decode_new(incoming(body), STAMP)
    assert new.conversation == Conversation("conv_0a1b2c", 1_700_000_000, {"k": "v"})
    assert [item.id for item in new.items] == ["msg_0a1b2c00"]
    assert new.ignored == ("color",)
    for nothing in (None, {}, {"metadata": None, "items": None}):
        bare = conversations.decode_new(incoming(nothing), STAMP)
        assert (bare.conversation.metadata, bare.items, bare.ignored) == ({}, (), ())


def test_what_no_model_will_hear_of_is_listed() -> None:
    items = [{"type": "mcp_list_tools", "id": "x", "server_label": "s", "tools": []}]
    assert conversations.decode_items(incoming({"items": items}), STAMP).ignored == ("items.mcp_list_tools",)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "items"),
        ({"items": []}, "items"),
        ({"items": "x"}, "items"),
        ({"items": [7]}, "items[0]"),
        ({"items": [{"role": "user", "content": "x"}] * 21}, "items"),
        ({"items": [{"type": "compaction_trigger"}]}, "items"),
        ({"items": [{"role": "user", "content": "x"}, {"type": "function_call"}]}, "items[1]"),
    ],
)
def test_items_that_cannot_be_kept(body: Any, param: str) -> None:
    with pytest.raises(GatewayError) as raised:
        conversations.decode_items(incoming(body), STAMP)
    assert raised.value.problem.status == 400
    assert (raised.value.problem.param or "").startswith(param)


def test_every_field_has_a_rule() -> None:
    for shape in (conversations.Create, conversations.Update, conversations.Add):
        assert {field.encode_name for field in msgspec.structs.fields(shape)} <= set(conversations.RULES)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
KINDS = st.sampled_from(["message", "function_call", "reasoning", "item_reference", "local_shell_call", "mcp_call", 5])
items = st.fixed_dictionaries(
    {},
    optional={"type": KINDS, "role": st.sampled_from(["user", "x", None]), "content": json_values, "id": json_values},
)
bodies = json_values | st.fixed_dictionaries(
    {}, optional={"items": st.lists(items) | json_values, "metadata": json_values}
)


def read(decode: Any, *args: Any) -> Any:
    """None when it is refused as a client's mistake."""
    try:
        return decode(*args)
    except GatewayError as error:
        if error.problem.status != 400:
            raise
        return None


@given(bodies)
def test_whatever_comes_is_read_or_refused(body: Any) -> None:
    """And what was read has an id of text, one of each."""
    for decode in (conversations.decode_new, conversations.decode_items):
        new = read(decode, incoming(body), STAMP)
        kept_now = new.items if new is not None else ()
        assert len({item.id for item in kept_now}) == len(kept_now)
        assert all(json.loads(item.body)["id"] == item.id for item in kept_now)
    change = read(conversations.decode_metadata, incoming(body))
    assert change is None or all(isinstance(value, str) for value in change.metadata.values())


@given(st.binary())
def test_whatever_bytes_come_are_read_or_refused(data: bytes) -> None:
    read(conversations.decode_metadata, Incoming(data, {}, {}, {}))
    read(conversations.decode_items, Incoming(data, {}, {}, {}), STAMP)
