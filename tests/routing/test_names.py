"""The sentence of the contract about model names, clause by clause."""

import pytest

from gigamost.core.errors import GatewayError, Kind
from gigamost.routing.names import listed, resolve

UPSTREAM = ("GigaChat", "GigaChat-2", "GigaChat-2-Pro", "GigaChat-2-Max", "GigaChat-Pro", "Embeddings")


@pytest.mark.parametrize("name", UPSTREAM)
def test_the_upstreams_own_names_stay(name: str) -> None:
    assert resolve(name, UPSTREAM, {name: "GigaChat-2"}, "GigaChat-2") == name


def test_configured_names_come_before_the_built_in_ones() -> None:
    aliases = {"gpt-4*": "GigaChat-2", "gpt-4o": "GigaChat-2-Pro", "my-model": "GigaChat"}
    assert resolve("gpt-4o", UPSTREAM, aliases, None) == "GigaChat-2-Pro"
    assert resolve("gpt-4.1", UPSTREAM, aliases, None) == "GigaChat-2"
    assert resolve("my-model", UPSTREAM, aliases, None) == "GigaChat"


def test_gigachat_pro_is_the_pro_model_whatever_the_default() -> None:
    assert resolve("gigachat-pro", UPSTREAM, {}, "GigaChat-2") == "GigaChat-2-Pro"


@pytest.mark.parametrize(
    "name",
    [
        "gpt-4o-mini", "gpt-4.1-mini-2025-04-14", "gpt-5-nano", "o3-mini", "o4-mini", "gpt-3.5-turbo", "gpt-3.5",
        "claude-haiku-4-5", "claude-3-5-haiku-20241022", "gemini-2.5-flash", "gemini-2.5-flash-lite", "gigachat-lite",
    ],
)  # fmt: skip
def test_small_models_become_the_small_one(name: str) -> None:
    assert resolve(name, UPSTREAM, {}, "GigaChat-2-Pro") == "GigaChat-2"


@pytest.mark.parametrize(
    "name",
    [
        "gigachat", "gigachat-max", "gpt-4", "gpt-4o", "gpt-4-turbo", "gpt-5", "gpt-5.1-codex", "o1", "o1-preview",
        "o2", "o3", "o4", "claude-opus-4-1", "claude-3-5-sonnet-20241022", "gemini-2.5-pro", "gemini-1.5-pro-002",
    ],
)  # fmt: skip
def test_big_models_become_the_default_else_the_flagship(name: str) -> None:
    assert resolve(name, UPSTREAM, {}, None) == "GigaChat-2-Max"
    assert resolve(name, UPSTREAM, {}, "GigaChat-2-Pro") == "GigaChat-2-Pro"


def test_a_word_inside_another_word_does_not_count() -> None:
    assert resolve("gemini-2.5-pro", UPSTREAM, {}, None) == "GigaChat-2-Max"  # "gemini" has "mini" in it
    with pytest.raises(GatewayError):
        resolve("minimal", UPSTREAM, {}, None)


def test_embedding_names_become_embedding_models() -> None:
    assert resolve("text-embedding-3-small", UPSTREAM, {}, "GigaChat-2") == "Embeddings"
    assert resolve("text-embedding-ada-002", UPSTREAM, {}, "GigaChat-2") == "Embeddings"
    assert resolve("text-embedding-3-large", UPSTREAM, {}, "GigaChat-2") == "EmbeddingsGigaR"


@pytest.mark.parametrize(
    ("name", "near"), [("GigaChat-2-Maxx", "GigaChat-2-Max"), ("gigachat-2-pro", "GigaChat-2-Pro"), ("o5", None)]
)
def test_an_unknown_name_is_a_404_that_says_what_is_near(name: str, near: str | None) -> None:
    with pytest.raises(GatewayError) as caught:
        resolve(name, UPSTREAM, {}, None)
    problem = caught.value.problem
    assert (problem.kind, problem.status, problem.param) == (Kind.MODEL_NOT_FOUND, 404, "model")
    assert name in problem.message
    assert near is None or near in problem.message


def test_an_unknown_name_takes_the_configured_default() -> None:
    assert resolve("llama-4", UPSTREAM, {}, "GigaChat-2-Pro") == "GigaChat-2-Pro"


def test_an_empty_name_is_a_400_unless_a_default_is_configured() -> None:
    with pytest.raises(GatewayError) as caught:
        resolve("", UPSTREAM, {}, None)
    assert (caught.value.problem.status, caught.value.problem.param) == (400, "model")
    assert resolve("", UPSTREAM, {}, "GigaChat-2") == "GigaChat-2"


def test_a_very_long_name_is_not_repeated_whole() -> None:
    with pytest.raises(GatewayError) as caught:
        resolve("x" * 100_000, UPSTREAM, {}, None)
    assert len(caught.value.problem.message) < 300


def test_a_list_of_models_has_upstream_names_and_exact_names_once() -> None:
    names = listed(UPSTREAM, {"my-model": "GigaChat", "gpt-4*": "GigaChat-2", "gigachat": "GigaChat"})
    assert names[: len(UPSTREAM)] == UPSTREAM
    assert {"my-model", "gigachat", "gigachat-max", "gigachat-pro", "text-embedding-3-small"} <= set(names)
    assert not any("*" in name for name in names)
    assert len(names) == len(set(names))


def test_the_tag_that_ollamas_clients_add_means_nothing() -> None:
    assert resolve("GigaChat-2:latest", UPSTREAM, {}, None) == "GigaChat-2"
    assert resolve("gpt-4o:latest", UPSTREAM, {}, "GigaChat-2") == "GigaChat-2"
    assert resolve("mine:latest", UPSTREAM, {"mine": "GigaChat-2"}, None) == "GigaChat-2"
    assert resolve("mine:latest", UPSTREAM, {"mine": "GigaChat-2", "mine:latest": "GigaChat"}, None) == "GigaChat"
    for name in ("llama3:latest", ":latest", "x" + ":latest" * 10_000):
        with pytest.raises(GatewayError):
            resolve(name, UPSTREAM, {}, None)


def test_googles_embedding_models_are_no_chat_models() -> None:
    for name in ("gemini-embedding-001", "gemini-embedding-2-preview", "text-embedding-004"):
        assert resolve(name, UPSTREAM, {}, "GigaChat-2") == "Embeddings"
    assert resolve("gemini-2.5-pro", UPSTREAM, {}, "GigaChat-2") == "GigaChat-2"


def test_names_of_what_hears_become_a_model_that_does() -> None:
    for name in ("whisper-1", "whisper-large-v3", "gpt-4o-transcribe", "gpt-4o-transcribe-diarize"):
        assert resolve(name, UPSTREAM, {}, "GigaChat-3-Ultra") == "GigaChat-2-Max"
    assert resolve("gpt-4o-mini-transcribe", UPSTREAM, {}, "GigaChat-3-Ultra") == "GigaChat-2"
