"""Directives on v2: those of v1 in v2's form, and those that only v2 has."""

from typing import Any

import msgspec
import pytest

from gigamost.emulator import COMPANY, EmulatorSettings
from tests.emulator.conftest import Api, serve
from tests.emulator.test_v2 import TOOLS, origin, parts, post, said, stream, text_of, whole

ASK = "What is the weather in Paris?"


async def called(api: Api, directives: str) -> dict[str, Any]:
    document = await whole(api, f"{ASK} [[emulator: {directives}]]", tools=TOOLS)
    message: dict[str, Any] = document["messages"][-1]
    return message


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize(
    ("directives", "finish", "content"),
    [
        ("text=Any words", "stop", "Any words"),
        ("empty", "stop", ""),
        ("lt", "stop", "<"),
        ("blacklist", "blacklist", "I would rather not talk about this topic."),
        ("finish=request_blacklist; text=No", "request_blacklist", "No"),
        ("error", "function_call_error", ""),
        ("text=one two three four; length", "length", "one two "),
        ("prelude", "function_call", "assistant function callrecipient{"),
        ("text=Yes; think", "stop", "<think>Let me think about what was asked. I know what to say.</think>\nYes"),
    ],
)
async def test_what_is_answered(api: Api, directives: str, finish: str, content: str, streams: bool) -> None:
    asked = f"{ASK} [[emulator: {directives}]]"
    if streams:
        frames = await stream(api, asked, tools=TOOLS)
        assert (text_of(frames), frames[-1][1]["finish_reason"]) == (content, finish)
    else:
        document = await whole(api, asked, tools=TOOLS)
        texts = [part.get("text", "") for part in document["messages"][-1]["content"]]
        assert ("".join(texts), document["finish_reason"]) == (content, finish)


@pytest.mark.parametrize(
    ("directives", "arguments"),
    [
        ("slow=0", {"city": "Paris"}),
        ("string_arguments", '{"city":"Paris"}'),
        ("invalid_arguments", '{"broken": "get_weather'),
    ],
)
async def test_how_arguments_look(api: Api, directives: str, arguments: object) -> None:
    assert (await called(api, directives))["content"][0]["function_call"]["arguments"] == arguments


async def test_what_is_missing(api: Api) -> None:
    assert "id" not in (await called(api, "no_call_id"))["content"][0]["function_call"]
    assert "tool_state_id" not in await called(api, "no_state")
    assert (await called(api, "empty_call"))["content"] == [{"function_call": {}}]
    for streams in (False, True):
        asked = said(f"{ASK} [[emulator: no_usage; no_finish]]")
        told = (await post(api, asked, tools=TOOLS, stream=streams)).text
        assert "usage" not in told
        assert "finish_reason" not in told
    assert "response.message.done" not in str(await stream(api, "Hi [[emulator: no_done]]"))


async def test_a_call_in_a_delta_of_its_own(api: Api) -> None:
    frames = await stream(api, f"{ASK} [[emulator: two_chunks]]", tools=TOOLS)
    assert [event for event, _ in frames] == ["response.message.delta", "response.message.done"]
    assert frames[0][1]["messages"][0]["content"][0]["function_call"]["name"] == "get_weather"
    assert "messages" not in frames[1][1]
    assert frames[1][1]["finish_reason"] == "function_call"


async def test_several_functions_by_directive(api: Api) -> None:
    found = await parts(api, "Hi [[emulator: call=get_time, get_weather]]", tools=TOOLS)
    assert [part["function_call"]["name"] for part in found] == ["get_time", "get_weather"]
    assert "function_call" not in str(await parts(api, f"{ASK} [[emulator: no_call]]", tools=TOOLS))


async def test_a_tool_by_directive_and_one_that_fails(api: Api) -> None:
    tools: list[Any] = [{"web_search": {}}, {"image_generate": {}}]
    assert "[sources=[1]]" in str(await parts(api, "Rain [[emulator: tool=web_search]]", tools=tools))
    failed = await stream(api, "Draw a cat [[emulator: tool_fails]]", tools=tools)
    (done,) = [document for event, document in failed if event == "response.tool.completed"]
    assert done["messages"][0]["content"][0]["tool_execution"]["status"] == "fail"
    assert "files" not in str(failed)


async def test_one_result_role_is_refused(api: Api) -> None:
    asked = said(ASK)
    called = (await post(api, asked, tools=TOOLS)).json()["messages"][0]

    def result(role: str) -> dict[str, Any]:
        return {"role": role, "content": [{"function_result": {"name": "get_weather", "result": "{}"}}]}

    async def status(api: Api, role: str, directives: str = "") -> int:
        headers = {"X-Emulator": directives}
        return (await post(api, asked, called, result(role), tools=TOOLS, headers=headers)).status_code

    assert [await status(api, role) for role in ("tool", "function")] == [200, 200]
    assert [await status(api, role, "result_role=function") for role in ("tool", "function")] == [400, 200]
    async with serve(EmulatorSettings(result_role="function"), COMPANY) as public:
        assert [await status(public, role) for role in ("tool", "function")] == [400, 200]
        assert [await status(public, role, "result_role=tool") for role in ("tool", "function")] == [200, 400]


async def test_state_ids_and_tools_are_refused_on_demand(api: Api) -> None:
    refusing = {"X-Emulator": "refuse_state"}
    assert (await post(api, said("Hi"), headers=refusing)).status_code == 200
    history = (said("Hi"), {**said("Hello", "assistant"), "tools_state_id": "s"}, said("Rain"))
    assert (await post(api, *history)).status_code == 200
    assert (await post(api, *history, headers=refusing)).status_code == 422
    assert (await post(api, said("Hi"), tools_state_id="s", headers=refusing)).status_code == 422
    missing = await post(api, said("Hi"), tools=[{"web_search": {}}], headers={"X-Emulator": "unavailable=web_search"})
    assert missing.json() == {"status": 422, "message": "Tool web_search is unavailable"}


@pytest.mark.parametrize("directives", ["status=429; retry_after=3", "html_502", "status=500"])
async def test_statuses(api: Api, directives: str) -> None:
    expected = {"s": 429, "h": 502}[directives[0]] if "500" not in directives else 500
    response = await post(api, said(f"Hi [[emulator: {directives}]]"), stream=True)
    assert response.status_code == expected


async def test_bytes_of_a_stream(api: Api) -> None:
    async def sent(directives: str) -> bytes:
        response = await post(api, said("Reply with exactly: a"), stream=True, headers={"X-Emulator": directives})
        return response.content

    plain = await sent("")
    assert plain.startswith(b"event: response.message.delta\ndata: {")
    assert b"[DONE]" not in plain
    assert (await sent("error_after=1")).endswith(b'data: {"status":500,"message":"Internal Server Error"}\n\n')
    assert (await sent("crlf")).count(b"\r\n") == plain.count(b"\n")
    body = {"model": "GigaChat", "messages": [said("Hi")], "stream": True}
    cut = await api.http.post(
        f"{origin(api)}/v2/chat/completions", content=msgspec.json.encode(body), headers={"X-Emulator": "malformed=1"}
    )
    assert cut.content.split(b"\n\n")[0].count(b"}") < plain.split(b"\n\n")[0].count(b"}")
