"""Threads that the API keeps: both versions remember, and in one place."""

from typing import Any

import httpx
import msgspec
import pytest

from gigamost.emulator import COMPANY, PERSON, EmulatorSettings, Running, build
from tests.emulator.conftest import MODEL, Api, frames
from tests.emulator.test_brain import WEATHER
from tests.emulator.test_v2 import origin, said, stream


async def v1(api: Api, text: str, **storage: object) -> dict[str, Any]:
    response = await api.chat(text, storage={"is_stateful": True, **storage})
    assert response.status_code == 200, response.text
    document: dict[str, Any] = response.json()
    return document


async def v2(api: Api, *messages: object, **fields: object) -> httpx.Response:
    body = {"model": MODEL, "messages": list(messages), **fields}
    return await api.http.post(f"{origin(api)}/v2/chat/completions", json=body)


async def test_a_thread_remembers_what_was_said(api: Api) -> None:
    first = await v1(api, "My name is Ann")
    then = await v1(api, "What is my name?", thread_id=first["thread_id"])
    assert then["choices"][0]["message"]["content"] == "Your name is Ann."
    assert then["thread_id"] == first["thread_id"]
    assert then["message_id"] != first["message_id"]
    assert then["usage"]["prompt_tokens"] > first["usage"]["prompt_tokens"] + first["usage"]["completion_tokens"] - 11
    fresh = await v1(api, "What is my name?")
    assert "Ann" not in fresh["choices"][0]["message"]["content"]


async def test_a_thread_of_one_version_goes_on_in_the_other(api: Api) -> None:
    first = (await v2(api, said("Меня зовут Анна"), storage={})).json()
    then = await v1(api, "Как меня зовут?", thread_id=first["thread_id"])
    assert then["choices"][0]["message"]["content"] == "Вас зовут Анна."
    last = (await v2(api, said("Что я только что спросил?"), storage={"thread_id": first["thread_id"]})).json()
    assert last["messages"][0]["content"] == [{"text": "Вы сказали: «Как меня зовут?»."}]


async def test_streams_are_kept_too(api: Api) -> None:
    done = (await stream(api, "My name is Ann", storage={}))[-1][1]
    assert done["message_id"]
    last = frames(
        await api.chat("What is my name?", stream=True, storage={"is_stateful": True, "thread_id": done["thread_id"]})
    )
    assert last[0]["choices"][0]["delta"]["content"] == "Your name is Ann."
    assert (last[-1]["thread_id"], bool(last[-1]["message_id"])) == (done["thread_id"], True)


async def test_a_limit_forgets(api: Api) -> None:
    first = await v1(api, "My name is Ann")
    thread: dict[str, Any] = {"thread_id": first["thread_id"]}
    assert "Ann" not in str((await v1(api, "What is my name?", **thread, limit=1))["choices"])
    assert "Ann" in str((await v1(api, "What is my name?", **thread))["choices"])


async def test_a_call_is_answered_in_its_thread(api: Api) -> None:
    tools: Any = [{"functions": {"specifications": [WEATHER]}}]
    called = (await v2(api, said("What is the weather in Paris?"), tools=tools, storage={})).json()
    assert called["finish_reason"] == "function_call"
    result = {"role": "tool", "content": [{"function_result": {"name": "get_weather", "result": {"sky": "rain"}}}]}
    told = (await v2(api, result, tools=tools, storage={"thread_id": called["thread_id"]})).json()
    assert "rain" in told["messages"][0]["content"][0]["text"]
    again = await v2(api, result, tools=tools, storage={"thread_id": called["thread_id"]})
    assert again.status_code == 422


async def test_what_is_not_to_be_kept_is_not(api: Api) -> None:
    response = await api.chat("Hi", storage={"is_stateful": False})
    assert {"thread_id", "message_id"}.isdisjoint(response.json())
    assert not api.app.state.threads.of(COMPANY.client_id)


async def test_a_request_that_failed_leaves_nothing(api: Api) -> None:
    thread = (await v1(api, "My name is Ann"))["thread_id"]
    for directive in ("status=500", "html_502"):
        api.app.script.next(directive)
        assert (await api.chat("My name is Eve", storage={"thread_id": thread})).status_code >= 500
    assert "Ann" in str((await v1(api, "What is my name?", thread_id=thread))["choices"])


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_a_thread_of_somebody_else_does_not_exist(version: str) -> None:
    async with Running(build(EmulatorSettings())) as running:
        ours, theirs = Api(running, COMPANY), Api(running, PERSON)
        async with ours.http, theirs.http:
            thread = (await v1(await ours.authorize(), "Hi"))["thread_id"]
            storage = {"thread_id": thread}
            asked = theirs.chat("Hi", storage=storage) if version == "v1" else v2(theirs, said("Hi"), storage=storage)
            await theirs.authorize()
            refused = await asked
            assert (refused.status_code, msgspec.json.decode(refused.content)["message"]) == (404, "No such thread")
