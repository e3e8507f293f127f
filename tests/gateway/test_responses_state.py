"""Responses and conversations that the gateway keeps, by OpenAI's client: over a socket, and inside the process."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import openai
import pytest

from gigamost.core.secret import Secret
from tests.gateway.conftest import OTHER_KEY, World, world_of

MODEL = "GigaChat-2"
WEATHER: Any = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather of a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


async def ask(client: openai.AsyncOpenAI, text: Any, **fields: Any) -> Any:
    return await client.responses.create(model=MODEL, input=text, **fields)


async def streamed(client: openai.AsyncOpenAI, text: Any, **fields: Any) -> Any:
    """The response of the last event."""
    last: Any = None
    async for event in await ask(client, text, stream=True, **fields):
        last = event
    assert last.type == "response.completed"
    return last.response


def said(world: World) -> list[str]:
    """What GigaChat was sent last, message by message."""
    return [message["content"] for message in world.sent["messages"]]


@pytest.mark.parametrize("how", [ask, streamed])
async def test_an_answer_builds_on_earlier_ones(client: openai.AsyncOpenAI, world: World, how: Any) -> None:
    first = await how(client, "My name is Ada.")
    second = await how(client, "I live in Omsk.", previous_response_id=first.id)
    assert said(world) == ["My name is Ada.", first.output_text, "I live in Omsk."]
    assert second.previous_response_id == first.id
    await how(client, "Who am I?", previous_response_id=second.id)
    assert said(world) == [
        "My name is Ada.",
        first.output_text,
        "I live in Omsk.",
        second.output_text,
        "Who am I?",
    ]
    await how(client, "And now another way.", previous_response_id=first.id)
    assert said(world) == ["My name is Ada.", first.output_text, "And now another way."]


async def test_instructions_are_not_carried_over(client: openai.AsyncOpenAI, world: World) -> None:
    first = await ask(client, "Hello", instructions="Speak like a pirate.")
    await ask(client, "Again", instructions="Speak like a poet.", previous_response_id=first.id)
    assert "pirate" not in str(world.sent)
    assert "poet" in str(world.sent)


async def test_a_stream_is_kept_before_its_end_is_seen(client: openai.AsyncOpenAI, world: World) -> None:
    """The next request leaves while the event is in hand."""
    async for event in await ask(client, "My name is Ada.", stream=True):
        if event.type == "response.completed":
            again = await ask(client, "Who am I?", previous_response_id=event.response.id)
    assert said(world)[0] == "My name is Ada."
    assert again.status == "completed"


async def test_what_is_kept_is_what_was_shown(client: openai.AsyncOpenAI) -> None:
    whole = await ask(client, "What is a bridge?", metadata={"topic": "мосты"}, tools=[WEATHER])
    assert (await client.responses.retrieve(whole.id)).model_dump() == whole.model_dump()
    last = await streamed(client, "What is a river?")
    assert (await client.responses.retrieve(last.id)).model_dump() == last.model_dump()


async def test_an_answer_that_was_cut_short_is_kept_as_it_is(client: openai.AsyncOpenAI, world: World) -> None:
    world.script("length")
    short = await ask(client, "Tell me everything")
    assert short.status == "incomplete"
    assert (await client.responses.retrieve(short.id)).status == "incomplete"


@pytest.mark.parametrize("how", [ask, streamed])
async def test_tool_results_build_on_the_call(client: openai.AsyncOpenAI, world: World, how: Any) -> None:
    first = await how(client, "weather in Omsk and in Tomsk?", tools=[WEATHER])
    calls = [item for item in first.output if item.type == "function_call"]
    assert calls
    results = [{"type": "function_call_output", "call_id": call.call_id, "output": '{"t": -5}'} for call in calls]
    second = await how(client, results, previous_response_id=first.id, tools=[WEATHER])
    assert second.status == "completed"
    roles = [message["role"] for message in world.sent["messages"]]
    assert roles.count("function") == len(calls)
    third = await how(client, "Thanks!", previous_response_id=second.id, tools=[WEATHER])
    assert third.status == "completed"


@pytest.mark.parametrize("how", [ask, streamed])
async def test_items_may_be_named_instead_of_repeated(client: openai.AsyncOpenAI, world: World, how: Any) -> None:
    """As the AI SDK does: the whole history in the input, what the model said as references."""
    first = await how(client, "weather in Omsk?", tools=[WEATHER])
    call = next(item for item in first.output if item.type == "function_call")
    history: list[Any] = [
        {"role": "user", "content": "weather in Omsk?"},
        *({"type": "item_reference", "id": item.id} for item in first.output),
        {"type": "function_call_output", "call_id": call.call_id, "output": "-5"},
    ]
    assert (await how(client, history, tools=[WEATHER])).status == "completed"
    sent = world.sent["messages"]
    assert [message["role"] for message in sent] == ["user", "assistant", "function"]
    assert sent[1]["function_call"]["arguments"] == {"city": "Omsk"}


async def test_a_named_item_that_is_not_kept_is_told(client: openai.AsyncOpenAI, world: World) -> None:
    unkept = await ask(client, "Hello", store=False)
    for name in (unkept.output[0].id, "msg_unknown"):
        with pytest.raises(openai.NotFoundError, match="Item with id") as error:
            await ask(client, [{"type": "item_reference", "id": name}])
        assert error.value.param == "input"


@pytest.mark.parametrize("how", [ask, streamed])
async def test_nothing_is_kept_of_what_shall_not_be(client: openai.AsyncOpenAI, how: Any) -> None:
    unkept = await how(client, "Hello", store=False)
    with pytest.raises(openai.NotFoundError, match=f"Response with id '{unkept.id}' not found"):
        await client.responses.retrieve(unkept.id)
    with pytest.raises(openai.BadRequestError) as error:
        await how(client, "Go on", previous_response_id=unkept.id)
    assert (error.value.param, error.value.code) == ("previous_response_id", "previous_response_not_found")


BREAKS = "long=200; cut=900; delay=0.01"


@pytest.mark.parametrize("directive", ["status=400", BREAKS])
async def test_an_answer_that_failed_is_not_kept(client: openai.AsyncOpenAI, world: World, directive: str) -> None:
    talk = await client.conversations.create(items=[{"role": "user", "content": "Before"}])
    world.script(directive)
    with pytest.raises(openai.APIError):
        await ask(client, "Hello", conversation=talk.id)
    assert len([item async for item in client.conversations.items.list(talk.id)]) == 1
    await ask(client, "Again", conversation=talk.id)  # the turn was given back
    assert "Hello" not in str(world.sent)


async def test_a_stream_that_broke_is_not_kept(client: openai.AsyncOpenAI, world: World) -> None:
    talk = await client.conversations.create()
    world.script(BREAKS)
    events = [event async for event in await ask(client, "Hello", conversation=talk.id, stream=True)]
    assert events[-1].type == "response.failed"
    with pytest.raises(openai.NotFoundError):
        await client.responses.retrieve(events[-1].response.id)
    assert [item async for item in client.conversations.items.list(talk.id)] == []
    await ask(client, "Again", conversation=talk.id)
    assert said(world) == ["Again"]


async def test_deletion(client: openai.AsyncOpenAI) -> None:
    first = await ask(client, "Hello")
    second = await ask(client, "Hello again", previous_response_id=first.id)
    await client.responses.delete(first.id)
    for again in (client.responses.retrieve, client.responses.delete):
        with pytest.raises(openai.NotFoundError, match="not found"):
            await again(first.id)
    assert (await client.responses.retrieve(second.id)).id == second.id
    with pytest.raises(openai.BadRequestError, match="deleted or has expired") as error:
        await ask(client, "Go on", previous_response_id=second.id)
    assert error.value.code == "previous_response_not_found"


async def test_deletion_says_so(world: World) -> None:
    first = await ask(world.openai, "Hello")
    answer = await world.openai.responses.with_raw_response.delete(first.id)
    assert answer.http_response.json() == {"id": first.id, "object": "response", "deleted": True}


async def test_the_input_of_an_answer_in_pages(client: openai.AsyncOpenAI) -> None:
    history: list[Any] = [{"role": "user" if at % 2 == 0 else "assistant", "content": f"part {at}"} for at in range(7)]
    answer = await ask(client, history)
    listed: list[Any] = [item async for item in client.responses.input_items.list(answer.id, limit=3, order="asc")]
    assert [item.content[0].text for item in listed] == [f"part {at}" for at in range(7)]
    assert [item.content[0].type for item in listed[:2]] == ["input_text", "output_text"]
    assert {item.type for item in listed} == {"message"}
    assert all(item.id.startswith("msg_") and item.id[4:].isalnum() for item in listed)
    assert len({item.id for item in listed}) == 7
    newest: Any = await client.responses.input_items.list(answer.id, limit=2)
    assert [item.content[0].text for item in newest.data] == ["part 6", "part 5"]
    assert (newest.has_more, newest.data[-1].id) == (True, listed[5].id)
    after = await client.responses.input_items.list(answer.id, after=listed[1].id, order="desc")
    assert [item.id for item in after.data] == [listed[0].id]
    assert after.has_more is False
    follow = await ask(client, "And then?", previous_response_id=answer.id)
    alone: Any = await client.responses.input_items.list(follow.id)
    assert [item.content[0].text for item in alone.data] == ["And then?"]


@pytest.mark.parametrize(
    ("query", "param"),
    [({"limit": 0}, "limit"), ({"limit": 101}, "limit"), ({"order": "up"}, "order"), ({"after": "msg_no"}, "after")],
)
async def test_a_page_that_cannot_be(client: openai.AsyncOpenAI, query: Any, param: str) -> None:
    answer = await ask(client, "Hello")
    with pytest.raises(openai.BadRequestError) as error:
        await client.responses.input_items.list(answer.id, **query)
    assert error.value.param == param


async def test_what_is_finished_is_neither_cancelled_nor_streamed_again(client: openai.AsyncOpenAI) -> None:
    answer = await ask(client, "Hello")
    with pytest.raises(openai.BadRequestError, match="Cannot cancel a synchronous response"):
        await client.responses.cancel(answer.id)
    with pytest.raises(openai.NotFoundError):
        await client.responses.cancel("resp_unknown")
    with pytest.raises(openai.BadRequestError) as error:
        await client.responses.retrieve(answer.id, stream=True)
    assert error.value.param == "stream"


async def test_a_conversation_is_made_described_and_deleted(client: openai.AsyncOpenAI) -> None:
    talk = await client.conversations.create(metadata={"topic": "мосты"})
    assert (talk.object, talk.metadata) == ("conversation", {"topic": "мосты"})
    assert talk.id.startswith("conv_")
    assert talk.id[5:].isalnum()
    assert (await client.conversations.retrieve(talk.id)).model_dump() == talk.model_dump()
    changed = await client.conversations.update(talk.id, metadata={"topic": "реки", "n": "2"})
    assert (changed.id, changed.metadata) == (talk.id, {"topic": "реки", "n": "2"})
    assert changed.created_at == talk.created_at
    assert (await client.conversations.update(talk.id, metadata=None)).metadata == {}
    gone = await client.conversations.delete(talk.id)
    assert (gone.id, gone.object, gone.deleted) == (talk.id, "conversation.deleted", True)
    with pytest.raises(openai.NotFoundError, match="Conversation with id"):
        await client.conversations.retrieve(talk.id)


async def test_items_of_a_conversation(client: openai.AsyncOpenAI) -> None:
    talk = await client.conversations.create(items=[{"role": "developer", "content": "Be short."}])
    added: Any = await client.conversations.items.create(
        talk.id,
        items=[
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello"}]},
            {"type": "function_call", "call_id": "call1", "name": "now", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "call1", "output": "noon"},
        ],
    )
    assert (added.object, added.has_more) == ("list", False)
    assert [item.type for item in added.data] == ["message", "function_call", "function_call_output"]
    assert (added.first_id, added.last_id) == (added.data[0].id, added.data[-1].id)
    listed = [item async for item in client.conversations.items.list(talk.id, order="asc", limit=2)]
    assert [item.model_dump() for item in listed[1:]] == [item.model_dump() for item in added.data]
    first: Any = listed[0]
    assert (first.role, first.status, first.content[0].text) == ("developer", "completed", "Be short.")
    one = await client.conversations.items.retrieve(added.data[1].id, conversation_id=talk.id)
    assert one.model_dump() == added.data[1].model_dump()
    left = await client.conversations.items.delete(first.id, conversation_id=talk.id)
    assert left.id == talk.id
    for again in (client.conversations.items.delete, client.conversations.items.retrieve):
        with pytest.raises(openai.NotFoundError, match="Item with id"):
            await again(first.id, conversation_id=talk.id)
    assert len([item async for item in client.conversations.items.list(talk.id)]) == 3


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"items": [{"role": "user", "content": "x"}] * 21}, "items"),
        ({"items": [{"role": "somebody", "content": "x"}]}, "items[0].role"),
        ({"items": [{"type": "nonsense"}]}, "items[0].type"),
        ({"items": [{"type": "item_reference", "id": "msg_1"}]}, "items[0].id"),
        ({"items": [{"role": "user", "content": [{"type": "input_image"}]}]}, "items[0].content[0]"),
        ({"metadata": {"k": "v" * 513}}, "metadata"),
        ({"metadata": {str(at): "" for at in range(17)}}, "metadata"),
    ],
)
async def test_a_conversation_that_cannot_be(client: openai.AsyncOpenAI, fields: Any, param: str) -> None:
    with pytest.raises(openai.BadRequestError) as error:
        await client.conversations.create(**fields)
    assert error.value.param is not None
    assert error.value.param.startswith(param)


@pytest.mark.parametrize("how", [ask, streamed])
async def test_answers_are_given_in_a_conversation(client: openai.AsyncOpenAI, world: World, how: Any) -> None:
    talk = await client.conversations.create(items=[{"role": "user", "content": "My name is Ada."}])
    first = await how(client, "I live in Omsk.", conversation=talk.id)
    assert first.conversation.id == talk.id
    second = await how(client, "Who am I?", conversation={"id": talk.id})
    assert said(world)[-2:] == [first.output_text, "Who am I?"]
    assert "My name is Ada." in said(world)[0]
    listed: list[Any] = [item async for item in client.conversations.items.list(talk.id, order="asc", limit=2)]
    assert [item.content[0].text for item in listed] == [
        "My name is Ada.",
        "I live in Omsk.",
        first.output_text,
        "Who am I?",
        second.output_text,
    ]
    assert listed[2].id == first.output[0].id
    assert (await client.responses.retrieve(second.id)).model_dump() == second.model_dump()
    with pytest.raises(openai.BadRequestError, match="send `conversation`"):
        await how(client, "Go on", previous_response_id=second.id)


async def test_a_conversation_takes_one_request_after_the_other(client: openai.AsyncOpenAI, world: World) -> None:
    """Two at once: the second sees what the first one said."""
    talk = await client.conversations.create()
    world.script("text=One; stall_before=0.2", "text=Two")
    await asyncio.gather(*(ask(client, f"Question {at}", conversation=talk.id) for at in range(2)))
    listed: list[Any] = [item async for item in client.conversations.items.list(talk.id, order="asc")]
    texts = [item.content[0].text for item in listed]
    assert [texts[1], texts[3]] == ["One", "Two"]
    assert {texts[0], texts[2]} == {"Question 0", "Question 1"}
    assert said(world) == texts[:3]


async def test_who_waits_too_long_is_told(tmp_path: Path) -> None:
    async with world_of(tmp_path, queue_timeout=0.1) as world:
        talk = await world.openai.conversations.create()
        world.script("long=400; delay=0.02")
        stream = await ask(world.openai, "Hello", conversation=talk.id, stream=True)
        with pytest.raises(openai.RateLimitError, match="at work on this conversation") as error:
            await ask(world.openai, "Me too", conversation=talk.id)
        assert error.value.response.headers["retry-after"] == "1"
        await stream.close()


async def test_a_client_that_leaves_gives_its_turn_back(world: World) -> None:
    talk = await world.openai.conversations.create()
    world.script("long=400; delay=0.02")
    stream = await ask(world.openai, "Hello", conversation=talk.id, stream=True)
    async for _ in stream:
        break
    await stream.close()
    async with asyncio.timeout(5):
        await ask(world.openai, "Again", conversation=talk.id)
    assert said(world) == ["Again"]


async def reaches(client: openai.AsyncOpenAI, response: str, talk: str, item: str) -> list[tuple[int, str]]:
    """Everything that names what is kept, and the refusal that each gets: (status, message)."""
    conversations, responses = client.conversations, client.responses
    named: Any = {"type": "item_reference", "id": item}
    more: Any = [{"role": "user", "content": "x"}]
    tries: list[Callable[[], Any]] = [
        lambda: responses.retrieve(response),
        lambda: responses.cancel(response),
        lambda: responses.input_items.list(response),
        lambda: responses.delete(response),
        lambda: ask(client, "Go on", previous_response_id=response),
        lambda: ask(client, "Go on", conversation=talk),
        lambda: ask(client, [named]),
        lambda: conversations.retrieve(talk),
        lambda: conversations.update(talk, metadata={}),
        lambda: conversations.items.create(talk, items=more),
        lambda: conversations.items.list(talk),
        lambda: conversations.items.retrieve(item, conversation_id=talk),
        lambda: conversations.items.delete(item, conversation_id=talk),
        lambda: conversations.delete(talk),
    ]
    refusals = []
    for attempt in tries:
        with pytest.raises(openai.APIStatusError) as error:
            await attempt()
        words = str(error.value.body)
        for name in (response, talk, item):
            words = words.replace(name, "*")
        refusals.append((error.value.status_code, words))
    return refusals


async def test_what_another_tenant_keeps_is_as_absent_as_what_never_was(world: World) -> None:
    talk = await world.openai.conversations.create()
    answer = await ask(world.openai, "Hello", conversation=talk.id)
    alone = await ask(world.openai, "Hello")
    async with world.client(OTHER_KEY) as other:
        foreign = await reaches(other, alone.id, talk.id, answer.output[0].id)
        unknown = await reaches(other, "resp_no", "conv_no", "msg_no")
    assert foreign == unknown
    assert {status for status, _ in foreign} == {400, 404}
    assert (await world.openai.responses.retrieve(alone.id)).id == alone.id
    assert len([item async for item in world.openai.conversations.items.list(talk.id)]) == 2
    assert world.sent["messages"][-1]["content"] == "Hello"


async def test_nobody_reaches_anything_without_a_key(world: World) -> None:
    answer = await ask(world.openai, "Hello")
    async with world.client("gm-nobody") as nobody:
        with pytest.raises(openai.AuthenticationError):
            await nobody.responses.retrieve(answer.id)
        with pytest.raises(openai.AuthenticationError):
            await nobody.conversations.create()


async def test_what_is_kept_outlives_a_restart(tmp_path: Path) -> None:
    async with world_of(tmp_path) as world:
        talk = await world.openai.conversations.create()
        first = await ask(world.openai, "My name is Ada.", conversation=talk.id)
        alone = await ask(world.openai, "I live in Omsk.")
    async with world_of(tmp_path) as world:
        assert (await world.openai.responses.retrieve(first.id)).model_dump() == first.model_dump()
        await ask(world.openai, "Who am I?", conversation=talk.id)
        assert said(world) == ["My name is Ada.", first.output_text, "Who am I?"]
        await ask(world.openai, "Where am I?", previous_response_id=alone.id)
        assert said(world)[0] == "I live in Omsk."


async def test_the_database_may_be_elsewhere_or_in_memory(tmp_path: Path) -> None:
    elsewhere = tmp_path / "data" / "kept.db"
    for url, files in ((f"sqlite:///{elsewhere}", True), ("sqlite://", False)):
        async with world_of(tmp_path / "state", database_url=Secret(url)) as world:
            first = await ask(world.openai, "My name is Ada.")
            await ask(world.openai, "Who am I?", previous_response_id=first.id)
            assert said(world)[0] == "My name is Ada."
        assert elsewhere.exists() or not files
        assert not (tmp_path / "state" / "gigamost.db").exists()


async def test_strange_ids_name_nothing(world: World) -> None:
    await ask(world.openai, "Hello")
    for name in ("%ED%A0%80", "%00", "%FF", "resp_%F0%9F%8C%89", "..."):
        with pytest.raises(openai.NotFoundError, match="not found"):
            await world.openai.get(f"/responses/{name}", cast_to=object)
    for name in ("\0", "🌉", "x" * 100_000):
        with pytest.raises(openai.BadRequestError, match="not found"):
            await ask(world.openai, "Go on", previous_response_id=name)


def take_away(file: Path, *tables: str) -> None:
    with closing(sqlite3.connect(file)) as database:
        for table in tables or ("responses",):
            database.execute(f"ALTER TABLE {table} RENAME TO {table}_away")


@pytest.fixture
async def on_disk(tmp_path: Path) -> AsyncIterator[World]:
    async with world_of(tmp_path) as world:
        yield world


@pytest.mark.parametrize("talks", [True, False])
async def test_a_stream_whose_end_cannot_be_kept(on_disk: World, tmp_path: Path, talks: bool) -> None:
    """The database fails while the answer comes: in a conversation, which would have a hole, the answer fails."""
    talk = await on_disk.openai.conversations.create()
    on_disk.script("long=30; delay=0.01")
    fields = {"conversation": talk.id} if talks else {}
    events: list[Any] = []
    async for event in await ask(on_disk.openai, "Hello", stream=True, **fields):
        if not events:
            await asyncio.to_thread(take_away, tmp_path / "gigamost.db")
        events.append(event)
    assert events[-1].type == ("response.failed" if talks else "response.completed")
    assert any(event.type == "response.output_text.done" for event in events)
    if talks:
        with pytest.raises(openai.InternalServerError):
            await ask(on_disk.openai, "Hello", conversation=talk.id)
    else:
        assert (await ask(on_disk.openai, "Hello")).status == "completed"


@pytest.fixture
async def broken(on_disk: World, tmp_path: Path) -> World:
    """No response can be kept or read."""
    await asyncio.to_thread(take_away, tmp_path / "gigamost.db", "responses", "conversations", "items")
    return on_disk


@pytest.mark.parametrize("how", [ask, streamed])
async def test_an_answer_that_cannot_be_kept_is_given_all_the_same(broken: World, how: Any) -> None:
    assert (await how(broken.openai, "Hello")).output_text
    assert (await how(broken.openai, "Hello", store=False)).output_text


async def test_what_needs_the_database_says_that_it_is_away(broken: World) -> None:
    for attempt in (
        broken.openai.conversations.create,
        lambda: broken.openai.responses.retrieve("resp_1"),
        lambda: ask(broken.openai, "Hello", previous_response_id="resp_1"),
        lambda: ask(broken.openai, "Hello", conversation="conv_1"),
    ):
        with pytest.raises(openai.InternalServerError) as error:
            await attempt()
        assert error.value.status_code == 503
        assert "gigamost.db" not in error.value.message
    assert not broken.seen
