"""Lists of models as OpenAI's relatives write them: LiteLLM's proxy and GitHub Copilot; and Copilot's token."""

import json
from typing import Any

from gigamost.auth.tokens import LIFETIME
from gigamost.core.face import Incoming, Listed
from gigamost.core.models import Capabilities, Model
from gigamost.protocols.openai_tasks import copilot, litellm

ABLE = Capabilities(131_072, vision=True, audio=True)
MAX = Listed("gpt-4o", Model("GigaChat-2-Max", "gigachat", capabilities=ABLE))
VECTORS = Listed(
    "Embeddings",
    Model("Embeddings", "gigachat", "embedder", capabilities=Capabilities(512, 0, functions=False, dimensions=1024)),
)
FILTER = Listed("GigaFilter", Model("GigaFilter", "gigachat", "filter", capabilities=Capabilities(functions=False)))
MODELS = (MAX, VECTORS, FILTER)


def asked(headers: dict[str, str] | None = None) -> Incoming:
    return Incoming(b"", {}, {}, headers or {})


def info(**query: str) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = json.loads(litellm.encode_info(MODELS, Incoming(b"", {}, query, {})))["data"]
    return told


def test_what_litellms_clients_read() -> None:
    chat, vectors, judge = info()
    assert (chat["model_name"], chat["litellm_params"]) == ("gpt-4o", {"model": "gigachat/GigaChat-2-Max"})
    told = chat["model_info"]
    assert (told["mode"], told["max_input_tokens"], told["max_output_tokens"]) == ("chat", 131_072, 8_192)
    assert (told["max_tokens"], told["input_cost_per_token"]) == (8_192, None)
    assert (told["supports_vision"], told["supports_function_calling"], told["supports_reasoning"]) == (
        True,
        True,
        False,
    )
    assert (vectors["model_info"]["mode"], vectors["model_info"]["output_vector_size"]) == ("embedding", 1024)
    assert vectors["model_info"]["max_output_tokens"] is None
    assert not vectors["model_info"]["supports_function_calling"]
    assert judge["model_info"]["mode"] == "moderation"


def test_one_model_of_litellms_list() -> None:
    assert [each["model_name"] for each in info(litellm_model_id="Embeddings")] == ["Embeddings"]
    assert info(litellm_model_id="other") == []


def test_what_copilots_clients_read() -> None:
    chat, vectors = json.loads(copilot.encode_models(MODELS, asked()))["data"]
    assert (chat["id"], chat["name"], chat["object"], chat["model_picker_enabled"]) == (
        "gpt-4o",
        "gpt-4o",
        "model",
        True,
    )
    able = chat["capabilities"]
    assert (able["type"], able["family"]) == ("chat", "GigaChat-2-Max")
    assert able["limits"] == {
        "max_context_window_tokens": 131_072,
        "max_prompt_tokens": 131_072,
        "max_output_tokens": 8_192,
    }
    assert (able["supports"]["tool_calls"], able["supports"]["vision"]) == (True, True)
    assert (vectors["capabilities"]["type"], vectors["model_picker_enabled"]) == ("embeddings", False)


def test_a_token_says_where_it_is_good() -> None:
    def told(**headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return json.loads(copilot.encode_token("gmt-x", 1_768_996_176_500, asked(named)))

    token = told(host="bridge:8090")
    assert (token["token"], token["expires_at"]) == ("gmt-x", 1_768_996_176)
    assert token["endpoints"] == {"api": "http://bridge:8090"}
    assert told(host="ai.example", x_forwarded_proto="https")["endpoints"] == {"api": "https://ai.example"}
    assert "endpoints" not in told()
    assert 0 < token["refresh_in"] < LIFETIME
