"""What Copilot's and LiteLLM's clients ask beside chat, as they ask it."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.gateway.conftest import KEY, World

CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Say 'Hello' and nothing else"}]}


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=world.base, timeout=20) as made:
        yield made


async def test_a_key_is_exchanged_for_a_token_that_is_good_where_it_says(http: httpx.AsyncClient) -> None:
    answer = await http.get("/copilot_internal/v2/token", headers={"authorization": f"token {KEY}"})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert KEY not in answer.text
    editor = {"authorization": f"Bearer {told['token']}", "editor-version": "vscode/1.110.0"}
    said = await http.post(f"{told['endpoints']['api']}/chat/completions", json=CHAT, headers=editor)
    assert said.json()["choices"][0]["message"]["content"] == "Hello."
    models = await http.get(f"{told['endpoints']['api']}/models", headers=editor)
    assert "GigaChat-2-Max" in [model["id"] for model in models.json()["data"]]
    assert all(model["capabilities"]["family"] for model in models.json()["data"])


@pytest.mark.parametrize("sent", [{}, {"authorization": "token wrong"}, {"authorization": "token"}])
async def test_no_token_without_a_key(http: httpx.AsyncClient, sent: dict[str, str]) -> None:
    answer = await http.get("/copilot_internal/v2/token", headers=sent)
    assert answer.status_code == 401
    assert answer.json()["error"]["message"]


async def test_only_copilots_clients_get_its_list(http: httpx.AsyncClient) -> None:
    key = {"authorization": f"Bearer {KEY}"}
    plain = (await http.get("/models", headers=key)).json()["data"][0]
    assert "policy" not in plain
    its = (await http.get("/models", headers={**key, "copilot-integration-id": "vscode-chat"})).json()["data"][0]
    assert its["policy"] == {"state": "enabled", "terms": ""}


@pytest.mark.parametrize("path", ["/model/info", "/v1/model/info"])
async def test_litellms_list(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.get(path)).status_code == 401
    told = (await http.get(path, headers={"authorization": f"Bearer {KEY}"})).json()["data"]
    by_name = {each["model_name"]: each["model_info"] for each in told}
    assert by_name["GigaChat-2-Max"]["max_input_tokens"] == 131_072
    assert by_name["GigaChat-2-Max"]["supports_vision"] is True
    assert by_name["Embeddings"]["mode"] == "embedding"
