"""The official SDK's assistants and threads against the emulator."""

from collections.abc import AsyncIterator

import pytest
from gigachat import GigaChat
from gigachat.exceptions import NotFoundError
from gigachat.models import Chat, Function, FunctionParameters
from gigachat.models.threads import ThreadRunOptions

from gigamost.emulator import TRADER, EmulatorSettings, Running, build
from tests.emulator.test_sdk import WEATHER, sdk


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with Running(build(EmulatorSettings())) as started:
        yield started


@pytest.fixture
async def client(running: Running) -> AsyncIterator[GigaChat]:
    async with sdk(running) as made:
        yield made


async def test_assistants_live_and_die(client: GigaChat) -> None:
    stored = await client.aupload_file(("notes.txt", b"It rains", "text/plain"))
    made = await client.a_assistants.create("GigaChat-2", "Ann", "Be kind", "d", [stored.id_], [WEATHER], {"a": "b"})
    (told,) = (await client.a_assistants.get()).data
    assert (told.assistant_id, told.model, told.name, told.instructions) == (
        made.assistant_id,
        "GigaChat-2",
        "Ann",
        "Be kind",
    )
    assert [(file.file_id, file.name) for file in told.files or ()] == [(stored.id_, "notes.txt")]
    assert [function.name for function in told.functions or ()] == ["weather_forecast"]
    changed = await client.a_assistants.update(made.assistant_id, name="Eve")
    assert (changed.name, changed.instructions, changed.metadata) == ("Eve", "Be kind", {"a": "b"})
    assert (await client.a_assistants.delete_file(made.assistant_id, stored.id_)).deleted
    assert not (await client.a_assistants.get(made.assistant_id)).data[0].files
    assert (await client.a_assistants.delete(made.assistant_id)).deleted
    with pytest.raises(NotFoundError):
        await client.a_assistants.get(made.assistant_id)


async def test_assistants_refused(client: GigaChat) -> None:
    with pytest.raises(NotFoundError):
        await client.a_assistants.create("gpt-4o", "Ann")
    with pytest.raises(NotFoundError):
        await client.a_assistants.create("GigaChat", "Ann", file_ids=["nobody's"])
    with pytest.raises(NotFoundError):
        await client.a_assistants.update("nobody's", name="Eve")
    bad = Function(name="1f", parameters=FunctionParameters.model_validate({"type": "object", "properties": {}}))
    with pytest.raises(Exception, match="Invalid function names"):
        await client.a_assistants.create("GigaChat", "Ann", functions=[bad])


async def test_a_thread_is_run(client: GigaChat) -> None:
    thread = await client.a_threads.create_thread()
    added = await client.a_threads.add_message(thread, "My name is Ann")
    assert (added.thread_id, len(added.messages)) == (thread, 1)
    started = await client.a_threads.run(thread, thread_options=ThreadRunOptions(max_tokens=50))
    assert (started.status, started.thread_id) == ("in_progress", thread)
    done = await client.a_threads.get_run(thread)
    assert done.status == "ready"
    assert [message.finish_reason for message in done.messages or ()] == ["stop"]
    answered = await client.a_threads.run_messages(["What is my name?"], thread_id=thread)
    assert (answered.object_, answered.message.content) == ("threads.messages.run", "Your name is Ann.")
    assert answered.usage.total_tokens > 0
    told = await client.a_threads.get_messages(thread)
    assert [message.role for message in told.messages] == ["user", "assistant", "user", "assistant"]
    assert told.messages[-1].message_id == answered.message_id
    again = await client.a_threads.rerun_messages(thread)
    assert again.message.content == "Your name is Ann."
    assert len((await client.a_threads.get_messages(thread)).messages) == 4
    assert len((await client.a_threads.get_messages(thread, limit=2)).messages) == 2


async def test_a_run_is_streamed(client: GigaChat) -> None:
    chunks = [chunk async for chunk in client.a_threads.run_messages_stream(["Tell me a story"], model="GigaChat")]
    assert {(chunk.object_, chunk.thread_id, chunk.message_id) for chunk in chunks} == {
        ("threads.messages.run", chunks[0].thread_id, chunks[0].message_id)
    }
    assert "Tell me a story" in "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert all(chunk.usage.total_tokens for chunk in chunks)
    thread = chunks[0].thread_id
    await client.a_threads.add_message(thread, "Reply with exactly yes")
    streamed = [chunk async for chunk in client.a_threads.run_stream(thread)]
    assert streamed[0].choices[0].delta.content == "yes"


async def test_threads_are_listed_and_deleted(client: GigaChat, running: Running) -> None:
    first, second = [await client.a_threads.create_thread() for _ in range(2)]
    assert {thread.id_ for thread in (await client.a_threads.list()).threads} == {first, second}
    assert [thread.id_ for thread in (await client.a_threads.retrieve([second])).threads] == [second]
    assert await client.a_threads.delete(first)
    with pytest.raises(NotFoundError):
        await client.a_threads.retrieve([first])
    async with sdk(running, TRADER) as other:
        assert (await other.a_threads.list()).threads == []
        with pytest.raises(NotFoundError):
            await other.a_threads.run_messages(["Hi"], thread_id=second)


async def test_an_assistant_lends_its_model_words_and_functions(client: GigaChat) -> None:
    assistant = (await client.a_assistants.create("GigaChat-2-Pro", "Ann", "Be kind", functions=[WEATHER])).assistant_id
    ran = await client.a_threads.run_messages(["What is the weather in Paris for 3 days?"], assistant_id=assistant)
    assert ran.model == "GigaChat-2-Pro:2.0.28.2"
    assert ran.message.function_call is not None
    assert ran.message.function_call.arguments == {"location": "Paris", "num_days": 3}
    roles = [message.role for message in (await client.a_threads.get_messages(ran.thread_id)).messages]
    assert roles == ["system", "user", "assistant"]
    other = (await client.a_assistants.create("GigaChat", "Eve")).assistant_id
    assert (await client.a_threads.list([other])).threads == []
    assert [thread.id_ for thread in (await client.a_threads.list([assistant, other])).threads] == [ran.thread_id]

    second = await client.achat.create(
        {"assistant_id": assistant, "messages": [{"role": "user", "content": "Weather in Oslo"}], "storage": True}
    )
    assert second.model == "GigaChat-2-Pro:2.0.28.2"
    assert second.finish_reason == "function_call"
    with pytest.raises(NotFoundError):
        await client.achat.create({"assistant_id": "nobody's", "messages": [{"role": "user", "content": "Hi"}]})


async def test_the_first_version_takes_an_assistant_in_its_storage(client: GigaChat) -> None:
    assistant = (await client.a_assistants.create("GigaChat-2-Max", "Ann", "Be kind")).assistant_id
    asked = {"messages": [{"role": "user", "content": "My name is Ann"}]}
    storage = {"is_stateful": True, "assistant_id": assistant}
    first = await client.achat(Chat.model_validate({**asked, "storage": storage}))
    assert first.thread_id
    assert [thread.assistant_id for thread in (await client.a_threads.list()).threads] == [assistant]
