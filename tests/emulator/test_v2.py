"""What v2 answers: useful in a demo, foreseeable for a test."""

from typing import Any

import httpx
import jsonschema_rs
import msgspec
import pytest

from gigamost.emulator import PERSON, EmulatorSettings
from gigamost.framing import sse
from tests.emulator.conftest import Api, serve

MODEL = "GigaChat-3-Ultra"
WEATHER = {
    "name": "get_weather",
    "description": "Get the forecast for a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
CLOCK = {
    "name": "get_time",
    "description": "The hour in a zone",
    "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]},
}
TOOLS = [{"functions": {"specifications": [WEATHER, CLOCK]}}]


def said(text: str, role: str = "user") -> dict[str, Any]:
    return {"role": role, "content": [{"text": text}]}


async def post(api: Api, *messages: object, headers: dict[str, str] | None = None, **fields: Any) -> httpx.Response:
    body = {"model": MODEL, "messages": list(messages), **fields}
    return await api.http.post(f"{origin(api)}/v2/chat/completions", json=body, headers=headers)


def origin(api: Api) -> str:
    return api.running.base_url.removesuffix("/api/v1")


async def whole(api: Api, text: str, **fields: Any) -> dict[str, Any]:
    response = await post(api, said(text), **fields)
    assert response.status_code == 200, response.text
    document: dict[str, Any] = response.json()
    return document


async def parts(api: Api, text: str, **fields: Any) -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = (await whole(api, text, **fields))["messages"][-1]["content"]
    return content


async def stream(api: Api, text: str, **fields: Any) -> list[tuple[str, dict[str, Any]]]:
    response = await post(api, said(text), stream=True, **fields)
    assert response.headers["content-type"] == "text/event-stream"
    return [(frame.event, msgspec.json.decode(frame.data)) for frame in sse.Reader().feed(response.content)]


def text_of(frames: list[tuple[str, dict[str, Any]]]) -> str:
    messages = [message for _, document in frames for message in document.get("messages", [])]
    return "".join(part.get("text", "") for message in messages for part in message["content"])


@pytest.mark.parametrize("prefix", ["/v2", "/api/v2"])
async def test_an_answer_looks_like_the_recorded_one(api: Api, prefix: str) -> None:
    body = {"model": MODEL, "messages": [said("Reply with exactly Hello")]}
    response = await api.http.post(f"{origin(api)}{prefix}/chat/completions", json=body)
    document = response.json()
    created = document.pop("created_at")
    assert isinstance(created, int)
    assert document == {
        "model": "GigaChat-3-Ultra:32.3.18.5",
        "messages": [{"role": "assistant", "content": [{"text": "Hello"}]}],
        "finish_reason": "stop",
        "usage": {
            "input_tokens": 16,
            "input_tokens_details": {"prompt_tokens": 16, "cached_tokens": 0},
            "output_tokens": 2,
            "total_tokens": 18,
        },
    }


async def test_v2_has_chat_alone(api: Api) -> None:
    assert (await api.http.get(f"{origin(api)}/v2/models")).status_code == 404
    assert (await api.http.get(f"{origin(api)}/api/v2/chat/completions")).status_code == 405


async def test_a_stream_is_the_answer_in_phrases(api: Api) -> None:
    (one,) = await parts(api, "Расскажи про дождь и ветер")
    frames = await stream(api, "Расскажи про дождь и ветер")
    assert text_of(frames) == one["text"]
    assert [event for event, _ in frames] == ["response.message.delta"] * (len(frames) - 1) + ["response.message.done"]
    assert {message["role"] for _, document in frames[:-1] for message in document["messages"]} == {"assistant"}
    assert list(frames[-1][1]) == ["model", "created_at", "finish_reason", "usage"]


async def test_text_parts_are_paragraphs(api: Api) -> None:
    asked = {"role": "user", "content": [{"text": "Two numbers:"}, {"text": "17 * 3"}]}
    answer = (await post(api, asked)).json()["messages"][0]["content"]
    assert answer == [{"text": "17 * 3 = 51"}]


async def test_calls_stand_together_in_one_message(api: Api) -> None:
    document = await whole(api, "What is the weather in Paris and Rome?", tools=TOOLS)
    (message,) = document["messages"]
    assert list(message) == ["role", "tool_state_id", "content"]
    assert [part["function_call"]["arguments"] for part in message["content"]] == [{"city": "Paris"}, {"city": "Rome"}]
    assert len({part["function_call"]["id"] for part in message["content"]}) == 2
    assert document["finish_reason"] == "function_call"
    both = await parts(api, "Call get_time zone=UTC, then get_weather city=Oslo", tools=TOOLS)
    assert [(part["function_call"]["name"], part["function_call"]["arguments"]) for part in both] == [
        ("get_time", {"zone": "UTC"}),
        ("get_weather", {"city": "Oslo"}),
    ]


async def test_results_of_several_calls_are_told_in_their_order(api: Api) -> None:
    asked = said("What is the weather in Paris and Rome?")
    called = (await post(api, asked, tools=TOOLS)).json()["messages"][0]
    results = [
        {"role": role, "content": [{"function_result": {"name": "get_weather", "result": result}}]}
        for role, result in (("tool", '{"sky":"rain"}'), ("function", {"sky": "sun"}))
    ]
    answer = (await post(api, asked, called, *results, tools=TOOLS)).json()
    assert answer["messages"][0]["content"] == [
        {"text": 'The function get_weather returned: {"sky":"rain"}\nThe function get_weather returned: {"sky":"sun"}'}
    ]
    assert answer["finish_reason"] == "stop"


async def test_streamed_calls_come_in_the_last_frame(api: Api) -> None:
    ((event, document),) = await stream(api, "Weather in Paris and Rome", tools=TOOLS)
    assert (event, document["finish_reason"]) == ("response.message.done", "function_call")
    assert [part["function_call"]["arguments"]["city"] for part in document["messages"][0]["content"]] == [
        "Paris",
        "Rome",
    ]
    assert document["messages"][0]["tool_state_id"]


async def test_tool_config(api: Api) -> None:
    async def names(**config: str) -> list[str]:
        found = await parts(api, "What is the weather in Paris?", tools=TOOLS, tool_config=config)
        return [part["function_call"]["name"] for part in found if "function_call" in part]

    assert await names(mode="auto") == ["get_weather"]
    assert await names(mode="none") == []
    assert await names(mode="forced", function_name="get_time") == ["get_time"]


async def test_a_search_names_its_sources(api: Api) -> None:
    document = await whole(api, "Find the latest news about rain", tools=[{"web_search": {}}])
    (message,) = document["messages"]
    assert message["tool_state_id"][14] == "7"
    (part,) = message["content"]
    assert "[sources=[1]]" in part["text"]
    assert "[sources=[2]]" in part["text"]
    assert list(part["inline_data"]) == ["images", "sources", "widgets"]
    assert list(part["inline_data"]["sources"]) == ["1", "2"]
    assert all(source["url"].startswith("https://") for source in part["inline_data"]["sources"].values())
    assert document["finish_reason"] == "stop"


async def test_a_streamed_tool_reports_before_it_answers(api: Api) -> None:
    frames = await stream(api, "Draw a cat", tools=[{"image_generate": {}}])
    events = [event for event, _ in frames]
    assert events[0] == "response.tool.in_progress"
    assert events.index("response.tool.completed") < events.index("response.message.delta")
    assert events[-1] == "response.message.done"
    working = [document for event, document in frames if event == "response.tool.in_progress"]
    assert {document["messages"][0]["content"][0]["tool_execution"]["name"] for document in working} == {
        "image_generate"
    }
    (done,) = [document for event, document in frames if event == "response.tool.completed"]
    assert done["messages"][0]["content"][0]["tool_execution"]["status"] == "success"
    assert "tool_state_id" in str(frames)


@pytest.mark.parametrize(
    ("tool", "prompt", "target", "mime", "begins"),
    [
        ("image_generate", "Draw a cat", "image", "image/jpeg", b"\xff\xd8\xff"),
        ("model_3d_generate", "Сделай 3D-модель вазы", "3dmodel", "model/obj", b"# vase"),
    ],
)
async def test_what_a_tool_makes_can_be_downloaded(
    api: Api, tool: str, prompt: str, target: str, mime: str, begins: bytes
) -> None:
    made, caption = await parts(api, prompt, tools=[{tool: {}}])
    (file,) = made["files"]
    assert (file["target"], file["mime"]) == (target, mime)
    assert caption["text"]
    content = await api.http.get(f"/files/{file['id']}/content")
    assert content.content.startswith(begins)
    assert (await api.http.get(f"/files/{file['id']}")).json()["modalities"] == [target]


@pytest.mark.parametrize(
    ("tool", "prompt", "answer"),
    [
        ("code_interpreter", "How much is (17*3 + 2**10)/5?", "The code `print((17*3 + 2**10)/5)` printed 215."),
        ("code_interpreter", "Посчитай sqrt(16) + 1", "Код `print(sqrt(16) + 1)` вывел 5."),
        (
            "url_content_extraction",
            "Что на https://docs.example/api-guide?",
            "Страница https://docs.example/api-guide: сайт docs.example, о чём: api guide.",
        ),
        ("url_content_extraction", "Read http://[1/ for me", "The address http://[1/ cannot be read."),
        ("web_search", "Tell me about rain", None),
        ("image_generate", "Tell me about rain", None),
    ],
)
async def test_tools_work_where_a_prompt_needs_them(api: Api, tool: str, prompt: str, answer: str | None) -> None:
    document = await whole(api, prompt, tools=[{tool: {}}])
    texts = [part["text"] for part in document["messages"][-1]["content"] if "text" in part]
    if answer is None:
        assert "tool_state_id" not in document["messages"][-1]
    else:
        assert texts == [answer]


async def test_the_clock_knows_time_zones(api: Api) -> None:
    async def told(zone: str) -> str:
        (part,) = await parts(api, "What time is it?", tools=[{"get_datetime": {}}], user_info={"timezone": zone})
        return str(part["text"])

    assert (await told("Europe/Moscow")).endswith("(Europe/Moscow).")
    assert (await told("nowhere/at all")).endswith("(UTC).")


async def test_a_forced_tool(api: Api) -> None:
    async def forced(prompt: str, tool: str) -> dict[str, Any]:
        config = {"mode": "forced", "tool_name": tool}
        return await whole(api, prompt, tools=[{tool: {}}], tool_config=config)

    assert "files" in (await forced("A quiet sea", "image_generate"))["messages"][0]["content"][0]
    assert "[sources=[1]]" in str(await forced("Tell me about rain", "web_search"))
    # Seen on the real API: a greeting is answered in plain words all the same.
    assert "sources" not in str(await forced("Привет!", "web_search"))


async def test_individuals_lack_a_tool() -> None:
    async with serve(EmulatorSettings(), PERSON) as person:
        response = await post(person, said("2+2"), tools=[{"code_interpreter": {}}])
        assert (response.status_code, response.content) == (
            422,
            b'{"status":422,"message":"Tool code_interpreter is unavailable"}\n',
        )


async def test_structured_answers(api: Api) -> None:
    schema = {
        "type": "object",
        "properties": {"answer": {"type": "string"}, "n": {"type": "integer", "maximum": 10}},
        "required": ["answer", "n"],
    }
    asked = {"response_format": {"type": "json_schema", "schema": schema, "strict": True}}
    document = await whole(api, 'Return {"answer":"ok","n":3} exactly.', model_options=asked)
    assert document["messages"][0]["content"] == [{"text": '{\n    "answer": "ok",\n    "n": 3\n}'}]  # recorded
    assert document["usage"]["input_tokens"] == 24  # recorded
    (other,) = await parts(api, "Tell me about 99 rains", model_options=asked)
    jsonschema_rs.validate(schema, msgspec.json.decode(other["text"]))


async def test_reasoning_is_a_message_of_its_own(api: Api) -> None:
    fields: dict[str, Any] = {"model": "GigaChat-2-Reasoning", "model_options": {"reasoning": {"effort": "low"}}}
    document = await whole(api, "Reply with exactly A", **fields)
    assert document["messages"] == [said("The user writes: Reply with exactly A", "reasoning"), said("A", "assistant")]
    roles = [d["messages"][0]["role"] for _, d in (await stream(api, "Reply with exactly A", **fields))[:-1]]
    assert roles == ["reasoning"] * roles.count("reasoning") + ["assistant"]
    off = {**fields, "model_options": {"reasoning": {"effort": "off"}}}
    assert len((await whole(api, "Hi", **off))["messages"]) == 1


async def test_max_tokens_cuts(api: Api) -> None:
    document = await whole(api, "Count from 1 to 100", model_options={"max_tokens": 10})
    assert document["finish_reason"] == "length"
    assert document["usage"]["output_tokens"] <= 11


async def test_an_update_interval_makes_larger_chunks(api: Api) -> None:
    assert len(await stream(api, "Count from 1 to 100", model_options={"update_interval": 1})) == 2


async def test_files_are_seen(api: Api) -> None:
    upload = {"file": ("notes.txt", b"It rains in Oslo", "text/plain")}
    stored = (await api.http.post("/files", files=upload, data={"purpose": "general"})).json()["id"]
    asked = {"role": "user", "content": [{"text": "What is it?"}, {"files": [{"id": stored}]}]}
    (part,) = (await post(api, asked)).json()["messages"][0]["content"]
    assert "It rains in Oslo" in part["text"]
    assert (await post(api, asked)).json()["usage"]["input_tokens"] > 18
    nobody = {"role": "user", "content": [{"text": "x"}, {"files": [{"id": "nobody's"}]}]}
    assert (await post(api, nobody)).status_code == 404


async def test_a_session_finds_its_prefix_in_the_cache(api: Api) -> None:
    session = {"X-Session-ID": "dialog"}
    first = said("My name is Ann and I like rain.")
    await post(api, first, headers=session)
    then = await post(api, first, said("Noted.", "assistant"), said("What is my name?"), headers=session)
    assert then.json()["usage"]["input_tokens_details"]["cached_tokens"] == 9
    assert then.json()["messages"][0]["content"] == [{"text": "Your name is Ann."}]


async def test_one_stream_of_an_individual_shuts_the_other_version_out() -> None:
    async with serve(EmulatorSettings(), PERSON) as api:
        body = {"model": MODEL, "messages": [said("[[emulator: stall_after=1]] Hi")], "stream": True}
        async with api.http.stream("POST", f"{origin(api)}/v2/chat/completions", json=body) as held:
            assert held.status_code == 200
            assert (await api.chat("Hi")).status_code == 429
            assert (await post(api, said("Hi"))).status_code == 429
