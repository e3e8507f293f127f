"""Models, vectors and moderation through the pipeline, against the emulator."""

import asyncio

import pytest

from gigamost.core.errors import GatewayError, Kind, Problem
from gigamost.core.tasks import EmbedRequest, ModerateRequest
from gigamost.emulator import COMPANY, PERSON, TRADER, EmulatorSettings
from gigamost.emulator.catalogue import CATALOGUE
from gigamost.pipeline.embed import MAX_BYTES, batches
from tests.pipeline.conftest import FIRST, OTHER, Bench, bench_of, context_of


async def refused(bench: Bench, request: EmbedRequest) -> Problem:
    with pytest.raises(GatewayError) as caught:
        await bench.tasks.embed(request, FIRST)
    return caught.value.problem


async def test_models_are_the_upstream_s_and_the_exact_aliases(bench: Bench) -> None:
    listed = {each.name: each.model for each in await bench.tasks.list_models(FIRST)}
    assert {model.id for model in CATALOGUE} < set(listed)
    assert listed["text-embedding-3-large"].id == "EmbeddingsGigaR"
    assert not any("*" in name for name in listed)


@pytest.mark.parametrize(
    ("name", "target", "kind"),
    [
        ("GigaChat-2-Pro", "GigaChat-2-Pro", "chat"),
        ("gpt-4o", "GigaChat-2-Max", "chat"),
        ("claude-haiku-4", "GigaChat-2", "chat"),
        ("text-embedding-3-small", "Embeddings", "embedder"),
        ("GigaFilter", "GigaFilter", "filter"),
        ("mine", "GigaChat-2-Pro", "chat"),
        ("vectors/of mine", "EmbeddingsGigaR", "embedder"),
    ],
)
async def test_a_model_is_found_by_every_name_it_may_have(name: str, target: str, kind: str) -> None:
    async with bench_of(aliases={"mine": "GigaChat-2-Pro", "vectors/of mine": "EmbeddingsGigaR"}) as bench:
        found = await bench.tasks.get_model(name, FIRST)
    assert (found.name, found.model.id, found.model.kind) == (name, target, kind)


async def test_a_model_that_nobody_knows_is_a_404(bench: Bench) -> None:
    with pytest.raises(GatewayError) as caught:
        await bench.tasks.get_model("no-such-model", FIRST)
    assert caught.value.problem.kind is Kind.MODEL_NOT_FOUND


async def test_vectors_come_in_the_order_of_the_texts(bench: Bench) -> None:
    texts = tuple(f"text number {at}" for at in range(150))
    reply = await bench.tasks.embed(EmbedRequest("text-embedding-3-small", texts, user="u"), FIRST)
    assert [len(vector) for vector in reply.vectors] == [1024] * 150
    (last,) = (await bench.tasks.embed(EmbedRequest("Embeddings", texts[-1:]), FIRST)).vectors
    assert reply.vectors[-1] == last != reply.vectors[0]
    calls = bench.seen("/embeddings")[:-1]
    assert sorted(len(call.body["input"]) for call in calls) == [22, 64, 64]
    assert {call.body["model"] for call in calls} == {"Embeddings"}
    assert {len(call.headers["x-client-id"]) for call in calls} == {22}
    assert {call.headers["x-request-id"] for call in calls} == {FIRST.request_id}


async def test_the_tokens_of_all_texts_are_summed(bench: Bench) -> None:
    async def cost(*texts: str) -> int:
        return (await bench.tasks.embed(EmbedRequest("Embeddings", texts), FIRST)).input_tokens

    assert await cost("one", "two words") == await cost("one") + await cost("two words") > 0


async def test_what_is_too_much_for_one_call_is_several(bench: Bench) -> None:
    texts = ("длинный текст " * 160,) * 100
    reply = await bench.tasks.embed(EmbedRequest("EmbeddingsGigaR", texts), FIRST)
    assert len(reply.vectors) == 100
    assert len(reply.vectors[0]) == 2560
    calls = bench.seen("/embeddings")
    assert sorted(len(call.body["input"]) for call in calls) == [16, 28, 28, 28]
    assert all(int(call.headers["content-length"]) < MAX_BYTES + 1000 for call in calls)


def test_a_text_longer_than_a_call_goes_alone() -> None:
    cut = list(batches(("a", "b" * MAX_BYTES, "c")))
    assert [(batch.first, len(batch.texts)) for batch in cut] == [(0, 1), (1, 1), (2, 1)]
    assert [batch.place(range(7, 9)) for batch in batches(("a", "b"))] == ["input[7] to input[8]"]


async def test_calls_of_one_request_wait_for_their_turn() -> None:
    async with bench_of(PERSON) as bench:
        texts = tuple(str(at) for at in range(64 * 6))
        requests = [bench.tasks.embed(EmbedRequest("Embeddings", texts), context) for context in (FIRST, OTHER)]
        for reply in await asyncio.gather(*requests):
            assert len(reply.vectors) == len(texts)
        assert [seen.status for seen in bench.seen("/embeddings")] == [200] * 12
        assert bench.accounts[0].gate.snapshot().in_flight == 0


async def test_a_pool_shares_the_calls() -> None:
    async with bench_of(COMPANY, TRADER) as bench:
        await bench.tasks.embed(EmbedRequest("Embeddings", ("a",) * 256), FIRST)
        assert {seen.client_id for seen in bench.seen("/embeddings")} == {COMPANY.client_id, TRADER.client_id}


async def test_a_failing_call_is_tried_again(bench: Bench) -> None:
    bench.app.script.next("status=503", "/embeddings")
    assert len((await bench.tasks.embed(EmbedRequest("Embeddings", ("a",)), FIRST)).vectors) == 1
    assert [seen.status for seen in bench.seen("/embeddings")] == [503, 200]


async def test_a_text_that_is_too_long_is_named(bench: Bench) -> None:
    texts = (*("short",) * 64, "long " * 5000)
    problem = await refused(bench, EmbedRequest("Embeddings", texts))
    assert (problem.kind, problem.param) == (Kind.CONTEXT_OVERFLOW, "input")
    assert problem.message.startswith("input[64]: GigaChat: Tokens limit exceeded")
    assert bench.accounts[0].gate.snapshot().in_flight == 0


async def test_dimensions_are_the_model_s_own_or_refused(bench: Bench) -> None:
    request = EmbedRequest("text-embedding-3-small", ("a",), dimensions=1024)
    assert len((await bench.tasks.embed(request, FIRST)).vectors[0]) == 1024
    problem = await refused(bench, EmbedRequest("text-embedding-3-small", ("a",), dimensions=256))
    assert (problem.status, problem.param) == (400, "dimensions")
    assert "1024" in problem.message
    assert len(bench.seen("/embeddings")) == 1


@pytest.mark.parametrize(
    ("name", "status"), [("GigaChat-2-Max", 400), ("gpt-4o", 400), ("no-such-model", 404), ("", 400)]
)
async def test_only_an_embedding_model_embeds(bench: Bench, name: str, status: int) -> None:
    problem = await refused(bench, EmbedRequest(name, ("a",)))
    assert (problem.status, problem.param) == (status, "model")


async def test_a_filter_judges_each_text(bench: Bench) -> None:
    request = ModerateRequest("omni-moderation-latest", ("hello", "damn you", " "))
    verdicts = await bench.tasks.moderate(request, FIRST)
    assert [verdict.flagged for verdict in verdicts] == [False, True, False]
    assert {seen.body["model"] for seen in bench.seen("/filter/check")} == {"GigaFilter"}


async def test_a_filter_may_be_named() -> None:
    async with bench_of(aliases={"text-moderation-mine": "GigaFilter"}, default="GigaChat-2") as bench:
        for name in ("GigaFilter", "text-moderation-mine", "text-moderation-stable"):
            assert (await bench.tasks.moderate(ModerateRequest(name, ("damn",)), FIRST))[0].flagged


async def test_an_account_without_a_filter_says_so() -> None:
    models = tuple(model for model in CATALOGUE if model.type != "filter")
    async with bench_of(settings=EmulatorSettings(models=models)) as bench:
        with pytest.raises(GatewayError) as caught:
            await bench.tasks.moderate(ModerateRequest("omni-moderation-latest", ("hello",)), FIRST)
        assert caught.value.problem.kind is Kind.UNSUPPORTED
        assert bench.seen("/filter/check") == []


async def test_a_chat_model_is_no_filter(bench: Bench) -> None:
    with pytest.raises(GatewayError) as caught:
        await bench.tasks.moderate(ModerateRequest("gpt-4o", ("hello",)), FIRST)
    assert caught.value.problem.status == 400


async def test_a_client_with_its_own_credential_never_uses_the_operator_s() -> None:
    async with bench_of(COMPANY, client=TRADER) as bench:
        await bench.tasks.embed(EmbedRequest("Embeddings", ("a",)), context_of("pass", passes=True))
        assert [seen.client_id for seen in bench.seen("/embeddings")] == [TRADER.client_id]
