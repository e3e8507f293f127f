"""Azure's paths by the official client's Azure class: the model in the path or in the body, the key in `api-key`."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import httpx2
import openai
import pytest

from tests.gateway.conftest import KEY, World

MODEL = "GigaChat-2-Max"
HI: Any = [{"role": "user", "content": "Say 'Hello' and nothing else"}]


@pytest.fixture
async def azure(world: World) -> AsyncIterator[openai.AsyncAzureOpenAI]:
    http = httpx2.AsyncClient(timeout=20)
    async with openai.AsyncAzureOpenAI(
        azure_endpoint=world.base, api_key=KEY, api_version="2024-10-21", max_retries=0, http_client=http
    ) as made:
        yield made


async def test_chat(azure: openai.AsyncAzureOpenAI) -> None:
    answer = await azure.chat.completions.create(model="gpt-4o", messages=HI)
    assert (answer.model, answer.choices[0].message.content) == ("gpt-4o", "Hello.")
    stream = await azure.chat.completions.create(model="gpt-4o", messages=HI, stream=True)
    assert "".join([part.choices[0].delta.content or "" async for part in stream]) == "Hello."


async def test_everything_else(azure: openai.AsyncAzureOpenAI) -> None:
    completion = await azure.completions.create(model=MODEL, prompt="Say 'Hello' and nothing else")
    assert completion.choices[0].text == "Hello."
    vectors = await azure.embeddings.create(model="text-embedding-3-small", input="one")
    assert len(vectors.data[0].embedding) == 1024
    picture = await azure.images.generate(model="dall-e-3", prompt="Draw a red bridge")
    assert picture.data
    assert MODEL in [model.id async for model in azure.models.list()]
    assert (await azure.models.retrieve("gpt-4o")).id == "gpt-4o"
    stored = await azure.files.create(file=("a.txt", b"text", "text/plain"), purpose="user_data")
    assert (await azure.files.content(stored.id)).content == b"text"
    assert (await azure.files.delete(stored.id)).deleted


async def test_responses(azure: openai.AsyncAzureOpenAI) -> None:
    answer = await azure.responses.create(model="gpt-4o", input="Say 'Hello' and nothing else")
    assert (answer.model, answer.output_text) == ("gpt-4o", "Hello.")
    assert (await azure.responses.retrieve(answer.id)).output_text == "Hello."
    more = await azure.responses.create(model="gpt-4o", input="What did I say?", previous_response_id=answer.id)
    assert "Say 'Hello'" in more.output_text
    assert (await azure.responses.input_tokens.count(model="gpt-4o", input="Hello")).input_tokens > 0
    await azure.responses.delete(answer.id)
    conversation = await azure.conversations.create()
    assert (await azure.conversations.retrieve(conversation.id)).id == conversation.id


async def test_the_deployment_is_the_model_where_the_body_names_none(world: World) -> None:
    async with httpx.AsyncClient(base_url=world.base, headers={"api-key": KEY}) as http:
        for name in ("gpt-4o", "GigaChat-2"):
            path = f"/openai/deployments/{name}/chat/completions?api-version=2024-10-21"
            assert (await http.post(path, json={"messages": HI})).json()["model"] == name
        answer = await http.post("/openai/deployments/gpt-4o/chat/completions", json={"messages": HI, "model": MODEL})
        assert answer.json()["model"] == MODEL
        unknown = await http.post("/openai/deployments/llama/embeddings", json={"input": "x"})
        assert unknown.status_code == 404
        assert unknown.json()["error"]["code"] == "model_not_found"


@pytest.mark.parametrize("root", ["/openai/v1", "/openai"])
async def test_the_newer_paths_are_openais_own(world: World, root: str) -> None:
    http = httpx2.AsyncClient(timeout=20)
    async with openai.AsyncOpenAI(
        base_url=world.base + root,
        api_key="unused",
        default_headers={"api-key": KEY},
        default_query={"api-version": "preview"},
        http_client=http,
    ) as client:
        answer = await client.chat.completions.create(model=MODEL, messages=HI)
        assert answer.choices[0].message.content == "Hello."
        assert len((await client.embeddings.create(model="Embeddings", input="one")).data) == 1
        assert MODEL in [model.id async for model in client.models.list()]
        assert (await client.moderations.create(input="hello")).results


async def test_a_stranger_is_refused(world: World) -> None:
    async with httpx.AsyncClient(base_url=world.base) as http:
        for path in ("/openai/deployments/gpt-4o/chat/completions", "/openai/v1/chat/completions"):
            answer = await http.post(path, json={"messages": HI}, headers={"api-key": "wrong"})
            assert answer.status_code == 401
            assert answer.json()["error"]["code"] == "invalid_api_key"
