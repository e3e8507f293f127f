"""The cache of answers, as clients see it: their own SDKs, and whether GigaChat was asked."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import anthropic
import httpx
import ollama
import openai
import pytest
from google import genai
from google.genai import types

from gigamost.core.accounting import Entry, Wanted
from gigamost.core.secret import Secret
from gigamost.emulator import PERSON
from tests.gateway.conftest import IN_MEMORY, World, world_of

MASTER = "the master key of the tests"
MODEL = "GigaChat-2-Max"
QUESTION: Any = [{"role": "user", "content": "Say 'Hello' and nothing else"}]
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


class Office:
    """Makes keys, and clients that have them."""

    def __init__(self, world: World, http: httpx.AsyncClient, stack: AsyncExitStack) -> None:
        self.world = world
        self._http = http
        self._stack = stack

    async def call(self, method: str, path: str, **body: Any) -> Any:
        answer = await self._http.request(method, f"/admin/api{path}", json=body or None)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def key(self, seconds: int | None = 600, **terms: Any) -> Any:
        defaults = {} if seconds is None else {"cache_seconds": seconds}
        return await self.call("POST", "/keys", **({"name": "one", "defaults": defaults} | terms))

    async def opened(self, seconds: int | None = 600, **terms: Any) -> openai.AsyncOpenAI:
        return await self.client((await self.key(seconds, **terms))["key"])

    async def client(self, key: str) -> openai.AsyncOpenAI:
        return await self._stack.enter_async_context(self.world.client(key))

    async def rows(self) -> list[Entry]:
        """Oldest first."""
        opening = self.world.gateway.gateway.front_desk.opening
        await opening.ledger.drain()
        return list(reversed((await opening.books.requests(Wanted())).entries))


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with AsyncExitStack() as stack:
        made = world_of(tmp_path, database_url=IN_MEMORY, master_key=Secret(MASTER))
        world = await stack.enter_async_context(made)
        headers = {"Authorization": f"Bearer {MASTER}"}
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=world.base, headers=headers))
        yield Office(world, http, stack)


async def ask(client: openai.AsyncOpenAI, *, stream: bool = False, **more: Any) -> tuple[str | None, Any]:
    """What `x-gigamost-cache` said, and the answer: whole, or all chunks."""
    asked = {"model": MODEL, "messages": QUESTION, "stream": stream} | more
    raw: Any = await client.chat.completions.with_raw_response.create(**asked)
    answer = raw.parse()
    return raw.headers.get("x-gigamost-cache"), [chunk async for chunk in answer] if stream else answer


def text_of(chunks: list[Any]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


async def test_without_a_word_of_the_operator_nothing_is_kept(office: Office) -> None:
    client = await office.opened(None)
    assert [(await ask(client))[0] for _ in range(2)] == [None, None]
    off = await office.opened(0)
    assert [(await ask(off))[0] for _ in range(2)] == [None, None]
    assert len(office.world.seen) == 4


async def test_the_same_question_is_answered_once(office: Office) -> None:
    client = await office.opened()
    (first, made), (second, given) = await ask(client), await ask(client)
    assert (first, second, len(office.world.seen)) == ("miss", "hit", 1)
    assert given.choices == made.choices
    assert given.usage == made.usage
    assert given.id != made.id
    raw: Any = await client.chat.completions.with_raw_response.create(model=MODEL, messages=QUESTION)
    assert int(raw.headers["age"]) in range(5)
    assert (raw.headers["x-gigamost-upstream"], raw.headers["x-gigamost-attempts"]) == ("cache", "0")


async def test_a_key_of_another_tenant_is_answered_by_gigachat(office: Office) -> None:
    """S4: nothing of one tenant is found by another."""
    client = await office.opened()
    await office.call("POST", "/tenants", name="acme", defaults={"cache_seconds": 600})
    (_, mine), (header, theirs) = await ask(client), await ask(await office.opened(None, tenant="acme"))
    assert (header, len(office.world.seen)) == ("miss", 2)
    assert (await ask(await office.opened(tenant="acme")))[0] == "hit"
    assert mine.choices[0].message.content == theirs.choices[0].message.content


@pytest.mark.parametrize("first", [False, True])
async def test_streams_and_whole_answers_are_the_same(office: Office, first: bool) -> None:
    client = await office.opened()
    question: Any = [{"role": "user", "content": "one two three four five"}]
    options: Any = {"stream_options": {"include_usage": True}}
    made = {first: await ask(client, stream=first, messages=question, **(options if first else {}))}
    made[not first] = await ask(client, stream=not first, messages=question, **({} if first else options))
    (whole_header, whole), (stream_header, chunks) = made[False], made[True]
    assert {whole_header, stream_header} == {"hit", "miss"}
    assert len(office.world.seen) == 1
    assert text_of(chunks) == whole.choices[0].message.content
    assert chunks[-1].usage == whole.usage
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == whole.choices[0].finish_reason
    assert (await ask(client, stream=True, messages=question))[0] == "hit"


async def test_every_chat_face_finds_what_another_has_asked(office: Office) -> None:
    """Where the question is the same in our words, whatever it looks like in theirs."""
    key = (await office.key())["key"]
    header, made = await ask(await office.client(key), max_tokens=100)
    text, base = made.choices[0].message.content, office.world.base
    assert header == "miss"
    async with anthropic.AsyncAnthropic(base_url=base, api_key=key, max_retries=0) as claude:
        said: Any = await claude.messages.with_raw_response.create(model=MODEL, messages=QUESTION, max_tokens=100)
        assert (said.headers["x-gigamost-cache"], (await said.parse()).content[0].text) == ("hit", text)
        async with claude.messages.stream(model=MODEL, messages=QUESTION, max_tokens=100) as stream:
            assert stream.response.headers["x-gigamost-cache"] == "hit"
            assert (await stream.get_final_message()).content[0].text == text  # type: ignore[union-attr]  # a text
    options = types.HttpOptions(base_url=base)
    config = types.GenerateContentConfig(max_output_tokens=100)
    contents = QUESTION[0]["content"]
    async with genai.Client(api_key=key, http_options=options).aio as gemini:
        generated = await gemini.models.generate_content(model=MODEL, contents=contents, config=config)
    assert generated.text == text
    assert generated.sdk_http_response is not None
    assert (generated.sdk_http_response.headers or {})["x-gigamost-cache"] == "hit"
    async with ollama.AsyncClient(host=base, headers={"Authorization": f"Bearer {key}"}) as local:
        chat = await local.chat(model=MODEL, messages=QUESTION, options={"num_predict": 100})
        assert chat.message.content == text
    client = await office.client(key)
    response: Any = await client.responses.with_raw_response.create(
        model=MODEL, input=QUESTION[0]["content"], max_output_tokens=100
    )
    assert (response.headers["x-gigamost-cache"], response.parse().output_text) == ("hit", text)
    body = {"messages": [{"role": "user", "content": [{"text": contents}]}]}
    body["inferenceConfig"] = {"maxTokens": 100}  # type: ignore[assignment]  # another member
    async with httpx.AsyncClient(base_url=base, headers={"Authorization": f"Bearer {key}"}) as http:
        bedrock = await http.post(f"/model/{MODEL}/converse", json=body)
    assert bedrock.headers["x-gigamost-cache"] == "hit"
    assert bedrock.json()["output"]["message"]["content"] == [{"text": text}]
    assert len(office.world.seen) == 1


async def test_a_response_that_was_given_again_is_kept_as_one_of_its_own(office: Office) -> None:
    client = await office.opened()
    first = await client.responses.create(model=MODEL, input="hi")
    second = await client.responses.create(model=MODEL, input="hi")
    assert (len(office.world.seen), first.id == second.id) == (1, False)
    assert (await client.responses.retrieve(second.id)).output_text == first.output_text
    await client.responses.create(model=MODEL, input="and?", previous_response_id=second.id)
    await client.responses.create(model=MODEL, input="and?", previous_response_id=first.id)
    assert len(office.world.seen) == 2  # the same conversation, whoever has it


async def test_what_a_key_may_do_holds_for_hits_too(office: Office) -> None:
    made = await office.key()
    client = await office.client(made["key"])
    await ask(client)
    with pytest.raises(openai.PermissionDeniedError, match="not for the model"):
        await ask(await office.opened(models=["GigaChat-2"]))
    with pytest.raises(openai.PermissionDeniedError, match="not for this API"):
        await ask(await office.opened(faces=["anthropic"]))
    limited = await office.opened(limits={"rpm": 2})
    assert [(await ask(limited))[0] for _ in range(2)] == ["hit", "hit"]
    with pytest.raises(openai.RateLimitError):
        await ask(limited)
    assert (await ask(client))[0] == "hit"
    await office.call("POST", f"/keys/{made['id']}/revoke")
    with pytest.raises(openai.AuthenticationError):
        await ask(client)
    assert len(office.world.seen) == 1


async def test_what_a_key_imposes_makes_another_question(office: Office) -> None:
    await ask(await office.opened())
    kinds: list[dict[str, Any]] = [{"system": "Be brief."}, {"profanity_check": False}, {"forced_model": "GigaChat-2"}]
    for kind in kinds:
        client = await office.opened(None, defaults={"cache_seconds": 600, **kind})
        assert [(await ask(client))[0] for _ in range(2)] == ["miss", "hit"]
    assert len(office.world.seen) == 4


async def test_a_hit_costs_a_request_and_nothing_else(office: Office) -> None:
    client = await office.opened(limits={"rpm": 100, "tpm": 100_000}, budget={"amount": "1000", "period": "total"})
    await ask(client)
    raw: Any = await client.chat.completions.with_raw_response.create(model=MODEL, messages=QUESTION)
    assert raw.headers["x-ratelimit-remaining-requests"] == "98"
    assert "x-ratelimit-remaining-tokens" not in raw.headers
    made, given = await office.rows()
    assert made.cost > 0
    assert (given.state, given.status, given.model, given.upstream) == ("done", 200, MODEL, "cache")
    assert (given.cost, given.reserved, given.usage.total_tokens, given.attempts) == (0, 0, 0, 0)


async def test_a_budget_that_is_spent_does_not_stand_in_the_way(office: Office) -> None:
    await ask(await office.opened())
    poor = await office.opened(budget={"amount": "0.000001", "period": "total"})
    assert (await ask(poor))[0] == "hit"
    with pytest.raises(openai.APIStatusError) as refused:
        await ask(poor, temperature=1.5)
    assert refused.value.status_code == 402


async def test_a_client_may_ask_anew_or_leave_no_trace(office: Office) -> None:
    client = await office.opened()
    no_store: Any = {"extra_headers": {"Cache-Control": "No-Store"}}
    no_cache: Any = {"extra_headers": {"Cache-Control": "max-age=0, no-cache"}}
    assert (await ask(client, **no_store))[0] == "miss"
    assert (await ask(client))[0] == "miss"
    assert (await ask(client, **no_store))[0] == "miss"
    office.world.script("text=another answer")
    header, anew = await ask(client, **no_cache)
    header_then, given = await ask(client)
    assert (header, header_then) == ("miss", "hit")
    assert given.choices == anew.choices
    assert len(office.world.seen) == 4


async def test_an_answer_grows_too_old(office: Office) -> None:
    """The time itself is tested with a clock of its own (tests/pipeline/test_caching.py)."""
    client = await office.opened(1)
    await ask(client)
    async with asyncio.timeout(10):
        while (await ask(client))[0] == "hit":  # noqa: ASYNC110 (time has no event)
            await asyncio.sleep(0.05)
    assert len(office.world.seen) == 2


async def test_tool_calls_and_what_follows_them(office: Office) -> None:
    client = await office.opened()
    question: Any = [{"role": "user", "content": "What is the weather in Paris?"}]
    asked: Any = {"messages": question, "tools": [WEATHER], "tool_choice": "required"}
    (_, made), (header, given) = await ask(client, **asked), await ask(client, **asked)
    (call,) = given.choices[0].message.tool_calls
    assert (header, call, given.choices[0].finish_reason) == (
        "hit",
        made.choices[0].message.tool_calls[0],
        "tool_calls",
    )
    assert json.loads(call.function.arguments).keys() == {"city"}
    _, chunks = await ask(client, stream=True, **asked)
    (delta,) = [chunk.choices[0].delta.tool_calls[0] for chunk in chunks if chunk.choices[0].delta.tool_calls][:1]
    assert (delta.id, delta.function.name) == (call.id, "weather")
    result = {"role": "tool", "tool_call_id": call.id, "content": '{"t": 5}'}
    turn: Any = {"messages": [*question, given.choices[0].message.model_dump(exclude_none=True), result]}
    assert [(await ask(client, tools=[WEATHER], **turn))[0] for _ in range(2)] == ["miss", "hit"]
    assert len(office.world.seen) == 2
    assert office.world.sent["messages"][1]["functions_state_id"]


@pytest.mark.parametrize("directive", ["blacklist", "lt", "long=99; cut=500", "no_usage", "empty"])
@pytest.mark.parametrize("stream", [False, True])
async def test_what_is_no_good_answer_is_not_given_again(office: Office, directive: str, stream: bool) -> None:
    client = await office.opened()
    question: Any = [{"role": "user", "content": f"one two three [[emulator: {directive}]]"}]
    seen: list[int] = []
    for _ in range(2):
        with suppress(openai.OpenAIError):
            assert (await ask(client, stream=stream, messages=question))[0] == "miss"
        seen.append(len(office.world.seen))
    assert seen[1] == 2 * seen[0] > 0


@pytest.mark.parametrize("stream", [False, True])
async def test_what_does_not_have_the_wanted_form_is_not_given_again(office: Office, stream: bool) -> None:
    client = await office.opened()
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    wanted: Any = {"response_format": {"type": "json_schema", "json_schema": {"name": "place", "schema": schema}}}
    office.world.script(*["text=this is no JSON; delay=0.05"] * (1 if stream else 2))
    headers = [(await ask(client, stream=stream, **wanted))[0] for _ in range(3)]
    assert headers == ["miss", "miss", "hit"]


async def test_what_was_not_read_to_its_end_is_not_kept(office: Office) -> None:
    client = await office.opened()
    office.world.script("delay=0.05")
    long: Any = [{"role": "user", "content": "word " * 50}]
    stream = await client.chat.completions.create(model=MODEL, messages=long, stream=True)
    await anext(aiter(stream))
    await stream.close()
    assert (await ask(client, messages=long))[0] == "miss"


async def test_what_stands_elsewhere_is_asked_each_time(office: Office) -> None:
    client = await office.opened()
    file = await client.files.create(file=("note.txt", b"a note"), purpose="user_data")
    content: Any = [{"type": "text", "text": "What is it?"}, {"type": "file", "file": {"file_id": file.id}}]
    for _ in range(2):
        assert (await ask(client, messages=[{"role": "user", "content": content}]))[0] == "miss"
        assert (await ask(client, extra_body={"storage": {"is_stateful": True}}))[0] == "miss"
    assert len(office.world.seen) == 4


async def test_a_clients_own_credential_has_no_cache(office: Office) -> None:
    made = await office.key(pass_token=True)
    headers = {"x-api-key": made["key"], "Authorization": f"Basic {PERSON.credentials}"}
    async with httpx.AsyncClient(base_url=office.world.base, headers=headers) as http:
        answers = [
            await http.post("/v1/chat/completions", json={"model": MODEL, "messages": QUESTION}) for _ in range(2)
        ]
    assert [(each.status_code, each.headers["x-gigamost-cache"]) for each in answers] == [(200, "miss")] * 2


async def test_what_could_not_be_honoured_is_said_in_each_clients_words(office: Office) -> None:
    key = (await office.key())["key"]
    client = await office.client(key)
    asked: Any = {"model": MODEL, "messages": QUESTION, "max_completion_tokens": 10**6}
    raw: Any = await client.chat.completions.with_raw_response.create(**asked, seed=1)
    assert set(raw.headers["x-gigamost-ignored"].split(", ")) == {"seed", "max_completion_tokens"}
    async with anthropic.AsyncAnthropic(base_url=office.world.base, api_key=key, max_retries=0) as claude:
        said: Any = await claude.messages.with_raw_response.create(
            model=MODEL, messages=QUESTION, max_tokens=10**6, timeout=60
        )
    assert (said.headers["x-gigamost-cache"], said.headers["x-gigamost-ignored"]) == ("hit", "max_tokens")


async def test_vectors_are_given_again_text_by_text(office: Office) -> None:
    client = await office.opened()

    async def embed(*texts: str) -> tuple[str, Any]:
        raw: Any = await client.embeddings.with_raw_response.create(
            model="Embeddings", input=list(texts), encoding_format="float"
        )
        return raw.headers["x-gigamost-cache"], raw.parse()

    (first, made), (second, given) = await embed("one", "two words"), await embed("two words", "one")
    assert (first, second) == ("miss", "hit")
    assert [each.embedding for each in given.data] == [each.embedding for each in reversed(made.data)]
    assert given.usage == made.usage
    header, mixed = await embed("one", "three", "two words", "four")
    log = office.world.gigachat.app.log.at("/embeddings")
    assert (header, [each.body["input"] for each in log]) == ("miss", [["one", "two words"], ["three", "four"]])
    assert [mixed.data[at].embedding for at in (0, 2)] == [each.embedding for each in made.data]
    rows = await office.rows()
    assert [row.upstream for row in rows] == ["account-0", "cache", "account-0"]
    assert rows[1].usage.total_tokens == 0
    assert 0 < rows[2].usage.total_tokens < mixed.usage.total_tokens
