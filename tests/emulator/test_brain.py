"""What the emulator answers: useful in a demo, foreseeable for a test."""

from typing import Any

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigamost.emulator.speech import phrases
from tests.emulator.conftest import MODEL, Api, frames, message

WEATHER = {
    "name": "get_weather",
    "description": "Get the forecast for a city",
    "parameters": {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "days": {"type": "integer", "minimum": 1, "maximum": 10},
            "units": {"type": "string", "enum": ["celsius", "fahrenheit"]},
        },
        "required": ["city", "units"],
    },
}
BASH = {
    "name": "bash",
    "description": "Run a command in the shell",
    "parameters": {"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]},
}
READ = {
    "name": "read_file",
    "description": "Reads a file from disk",
    "parameters": {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
}
TOOLS = [WEATHER, BASH, READ]


@pytest.mark.parametrize(
    ("prompt", "answer"),
    [
        ("Say 'Hello' and nothing else", "Hello."),  # recorded
        ("Скажи «Привет» и ничего больше", "Привет."),
        ("Reply with exactly: PONG", "PONG"),
        ("Ответь только Да", "Да"),
        ("Count from 1 to 3", "1, 2, 3"),
        ("How much is 17 * 3?", "17 * 3 = 51"),
    ],
)
async def test_simple_prompts(api: Api, prompt: str, answer: str) -> None:
    assert message(await api.chat(prompt)) == {"content": answer, "role": "assistant"}


async def test_the_answer_is_in_the_prompts_language(api: Api) -> None:
    assert "Tell me about rain" in message(await api.chat("Tell me about rain"))["content"]
    russian = message(await api.chat("Расскажи про дождь"))["content"]
    assert russian.startswith("Вы написали: «Расскажи про дождь»")


async def test_the_same_prompt_has_the_same_answer(api: Api) -> None:
    assert message(await api.chat("Tell me a story")) == message(await api.chat("Tell me a story"))


async def test_a_stream_is_the_answer_in_phrases(api: Api) -> None:
    whole = message(await api.chat("Расскажи про дождь и ветер"))["content"]
    streamed = frames(await api.chat("Расскажи про дождь и ветер", stream=True))
    assert "".join(frame["choices"][0]["delta"]["content"] for frame in streamed) == whole
    assert 3 <= len(streamed) <= len(whole) / 10


@given(st.text())
def test_phrases_lose_nothing(text: str) -> None:
    assert "".join(phrases(text)) == text


@pytest.mark.parametrize(
    ("prompt", "name", "arguments"),
    [
        ("What is the weather in Paris?", "get_weather", {"city": "Paris", "units": "celsius"}),
        (
            "What's the weather in New York, 5 days, fahrenheit please",
            "get_weather",
            {"city": "New York", "days": 5, "units": "fahrenheit"},
        ),
        ("get_weather city=Oslo days=99", "get_weather", {"city": "Oslo", "days": 10, "units": "celsius"}),
        (
            'Call get_weather with {"city": "Rome", "days": 2, "units": "celsius"}',
            "get_weather",
            {"city": "Rome", "days": 2, "units": "celsius"},
        ),
        ("Use bash to run `echo hi`", "bash", {"command": "echo hi"}),
        ("Please read file src/app.py", "read_file", {"path": "src/app.py"}),
        ("Hello there!", None, None),
        ("Say 'weather' and nothing else", "get_weather", {"city": "weather", "units": "celsius"}),
    ],
)
async def test_a_tool_is_called_when_it_is_plausibly_needed(
    api: Api, prompt: str, name: str | None, arguments: dict[str, Any] | None
) -> None:
    said = message(await api.chat(prompt, functions=TOOLS, function_call="auto"))
    if name is None:
        assert "function_call" not in said
        return
    assert said["function_call"] == {"name": name, "arguments": arguments}
    assert said["content"] == ""
    assert list(said) == ["content", "role", "function_call", "functions_state_id"]
    assert msgspec.json.decode(msgspec.json.encode(said["functions_state_id"]))[14] == "7"


async def test_mode_none_never_calls_and_a_forced_call_always(api: Api) -> None:
    asked = "What is the weather in Paris?"
    assert "function_call" not in message(await api.chat(asked, functions=TOOLS, function_call="none"))
    forced = {"name": "bash", "partial_arguments": {"command": "ls"}}
    said = message(await api.chat(asked, functions=TOOLS, function_call=forced))
    assert said["function_call"] == {"name": "bash", "arguments": {"command": "ls"}}


def turn(prompt: str, *calls: tuple[str, str]) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = [{"role": "user", "content": prompt}]
    for name, result in calls:
        messages.append({"role": "assistant", "content": "", "function_call": {"name": name, "arguments": {}}})
        messages.append({"role": "function", "name": name, "content": result})
    return messages


async def ask(api: Api, messages: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    body = {"model": MODEL, "messages": messages, "functions": TOOLS, **fields}
    return message(await api.http.post("/chat/completions", json=body))


async def test_results_are_told_and_not_asked_for_again(api: Api) -> None:
    said = await ask(api, turn("What is the weather in Paris?", ("get_weather", '{"sky":"rain"}')))
    assert said["content"] == 'The function get_weather returned: {"sky":"rain"}'
    both = turn("Weather in Paris and Rome", ("get_weather", '{"sky":"rain"}'), ("get_weather", '{"sky":"sun"}'))
    content = (await ask(api, both))["content"]
    assert content.index("rain") < content.index("sun")


async def test_a_context_message_behind_the_results_changes_nothing(api: Api) -> None:
    # Some agents add a user message of their own after a tool's result.
    messages = [*turn("Use bash to run `ls`", ("bash", '{"out":"a.txt"}')), {"role": "user", "content": "Time: noon"}]
    assert "a.txt" in (await ask(api, messages))["content"]


async def test_tools_named_in_a_prompt_are_called_one_after_another(api: Api) -> None:
    prompt = "Call read_file on a.txt, then bash"
    assert (await ask(api, turn(prompt)))["function_call"]["name"] == "read_file"
    assert (await ask(api, turn(prompt, ("read_file", "{}"))))["function_call"]["name"] == "bash"
    assert "function_call" not in await ask(api, turn(prompt, ("read_file", "{}"), ("bash", "{}")))


async def test_a_forced_call_repeats_itself_after_the_result(api: Api) -> None:
    # What the real API does (section 8.38): the gateway has to stop forcing.
    said = await ask(api, turn("weather", ("get_weather", "{}")), function_call={"name": "get_weather"})
    assert said["function_call"]["name"] == "get_weather"


DEEP: dict[str, Any] = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "minLength": 3, "maxLength": 20},
        "when": {"type": "string", "format": "date"},
        "count": {"type": "integer", "minimum": 5},
        "ratio": {"type": "number", "maximum": 0.5},
        "done": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 2},
        "numbers": {"type": "array", "items": {"type": "integer"}, "maxItems": 2},
        "kind": {"type": "string", "enum": ["bug", "feature"]},
        "author": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "age": {"type": ["integer", "null"]}},
            "required": ["name", "age"],
            "additionalProperties": False,
        },
        "note": {"anyOf": [{"type": "null"}, {"type": "string"}]},
        "version": {"const": 2},
    },
    "additionalProperties": False,
}


@pytest.mark.parametrize("prompt", ["", "Make a 'short' feature with 7 and 8 and 9 by Ann Lee on 2026-05-01", "Сделай"])
@pytest.mark.parametrize("strict", [False, True])
async def test_structured_answers_fit_their_schema(api: Api, prompt: str, strict: bool) -> None:
    schema = {**DEEP, "required": list(DEEP["properties"])}
    response_format = {"type": "json_schema", "schema": schema, "strict": strict}
    response = await api.chat(prompt or "?", response_format=response_format)
    content = message(response)["content"]
    value = msgspec.json.decode(content)
    jsonschema_rs.validate(schema, value)
    assert content.startswith('{\n    "title"')
    assert response.json()["object"] == "chat.completions"  # the plural is recorded
    if "feature" in prompt:
        assert (value["title"], value["kind"], value["when"]) == ("short", "feature", "2026-05-01")


async def test_an_object_in_the_prompt_that_fits_is_the_answer(api: Api) -> None:
    schema = {
        "type": "object",
        "properties": {"answer": {"type": "string"}, "n": {"type": "integer", "maximum": 10}},
        "required": ["answer", "n"],
    }
    fits = {"type": "json_schema", "schema": schema, "strict": True}
    said = message(await api.chat('Return {"answer":"ok","n":3} exactly.', response_format=fits))
    assert said["content"] == '{\n    "answer": "ok",\n    "n": 3\n}'  # recorded
    other = message(await api.chat('Not this: {"answer": 1}', response_format=fits))
    jsonschema_rs.validate(schema, msgspec.json.decode(other["content"]))


@pytest.mark.parametrize(
    ("prompt", "names"),
    [
        ("A joke as JSON with 'setup' and 'punchline' keys.", ["setup", "punchline"]),
        ("Reply with the keys name, age and city", ["name", "age", "city"]),
        ("Верни JSON с полями имя и возраст.", ["имя", "возраст"]),
        ("The fields of England", []),
    ],
)
async def test_any_object_has_the_keys_that_the_prompt_names(api: Api, prompt: str, names: list[str]) -> None:
    anything = {"type": "json_schema", "schema": {"type": "object", "properties": {}}}
    value = msgspec.json.decode(message(await api.chat(prompt, response_format=anything))["content"])
    assert list(value) == names
    assert all(value.values())


async def test_optional_properties_come_with_strict_only(api: Api) -> None:
    schema = {
        "type": "object",
        "properties": {"must": {"type": "string"}, "may": {"type": "string"}},
        "required": ["must"],
    }
    for strict, names in ((False, ["must"]), (True, ["must", "may"])):
        asked = {"type": "json_schema", "schema": schema, "strict": strict}
        assert list(msgspec.json.decode(message(await api.chat("Go", response_format=asked))["content"])) == names


async def test_max_tokens_cuts(api: Api) -> None:
    response = await api.chat("Count from 1 to 100", max_tokens=10)
    choice = response.json()["choices"][0]
    assert choice["finish_reason"] == "length"
    assert choice["message"]["content"].startswith("1, 2, 3")
    assert response.json()["usage"]["completion_tokens"] <= 11


@pytest.mark.parametrize("prompt", ["Нарисуй кота", "Draw a cat", "Please generate an image of a cat"])
async def test_a_picture_is_drawn(api: Api, prompt: str) -> None:
    plain = message(await api.chat(prompt))
    assert "<img" not in plain["content"]  # the built-in needs function_call auto
    said = message(await api.chat(prompt, function_call="auto"))
    assert list(said) == ["content", "role", "functions_state_id"]
    tag, _, caption = said["content"].partition("/> ")
    assert caption
    file_id = tag.removeprefix('<img src="').removesuffix('" fuse="true"')
    content = await api.http.get(f"/files/{file_id}/content")
    assert (content.headers["content-type"], content.content[:3]) == ("image/jpg", b"\xff\xd8\xff")


async def test_a_streamed_picture_shows_its_progress(api: Api) -> None:
    deltas = [f["choices"][0]["delta"] for f in frames(await api.chat("Draw a cat", function_call="auto", stream=True))]
    progress = [delta for delta in deltas if delta.get("role") == "function_in_progress"]
    assert {delta["name"] for delta in progress} == {"text2image"}
    assert all(isinstance(delta["created"], int) for delta in progress)
    assert [delta for delta in deltas if '<img src="' in delta["content"] and "functions_state_id" in delta]


async def test_a_picture_can_be_forced(api: Api) -> None:
    said = message(
        await api.chat("A cat", functions=[BASH, {"name": "text2image"}], function_call={"name": "text2image"})
    )
    assert "<img" in said["content"]
    assert "function_call" not in said


async def test_custom_functions_shut_the_builtin_out_unless_it_is_named(api: Api) -> None:
    for functions, drawn in (([BASH], False), ([BASH, {"name": "text2image"}], True)):
        said = message(await api.chat("Draw a cat", functions=functions, function_call="auto"))
        assert ("<img" in said["content"]) == drawn
