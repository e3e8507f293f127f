"""Pictures through the pipeline: drawn by the built-in, downloaded for the client that they were made for."""

import pytest

from gigamost.core.errors import GatewayError, Kind, Problem
from gigamost.core.messages import Inline, Media
from gigamost.core.tasks import ImageRequest
from gigamost.emulator import COMPANY, TRADER
from tests.pipeline.conftest import FIRST, Bench, bench_of

CAT = ImageRequest("dall-e-3", "a cat in a hat", "end user")


async def refused(bench: Bench, request: ImageRequest = CAT) -> Problem:
    with pytest.raises(GatewayError) as caught:
        await bench.tasks.create_image(request, FIRST)
    assert [account.gate.snapshot().in_flight for account in bench.accounts] == [0] * len(bench.accounts)
    return caught.value.problem


async def test_a_picture_is_drawn_and_downloaded_for_its_client(bench: Bench) -> None:
    (picture,) = await bench.tasks.create_image(CAT, FIRST)
    assert isinstance(picture, Media)
    assert isinstance(picture.source, Inline)
    assert (picture.mime, picture.source.data[:3]) == ("image/jpeg", b"\xff\xd8\xff")
    (asked,) = bench.seen("/chat/completions")
    (fetched,) = bench.seen("/content")
    assert asked.body["model"] == "GigaChat-2-Max"
    assert asked.headers["x-client-id"] == fetched.headers["x-client-id"] != "end user"


async def test_nobody_in_particular_may_have_a_picture(bench: Bench) -> None:
    assert len(await bench.tasks.create_image(ImageRequest("", "a cat"), FIRST)) == 1
    assert all("x-client-id" not in seen.headers for seen in bench.seen("/content"))


@pytest.mark.parametrize(
    ("name", "default", "target"),
    [
        ("", None, "GigaChat-2-Max"),
        ("dall-e-2", None, "GigaChat-2-Max"),
        ("gpt-image-1", None, "GigaChat-2-Max"),
        ("chatgpt-image-latest", None, "GigaChat-2-Max"),
        ("gpt-image-2", "GigaChat-2-Pro", "GigaChat-2-Pro"),
        ("", "GigaChat-2-Pro", "GigaChat-2-Pro"),
        ("GigaChat-2-Pro", None, "GigaChat-2-Pro"),
        ("dall-e-3", None, "GigaChat-2"),
    ],
)
async def test_openai_s_image_models_stand_for_the_default_one(name: str, default: str | None, target: str) -> None:
    aliases = {"dall-e-3": "GigaChat-2"}
    async with bench_of(aliases=aliases, default=default) as bench:
        await bench.tasks.create_image(ImageRequest(name, "a cat"), FIRST)
        assert bench.seen("/chat/completions")[-1].body["model"] == target


@pytest.mark.parametrize(("name", "status"), [("no-such-model", 404), ("Embeddings", 400)])
async def test_a_model_that_cannot_draw(bench: Bench, name: str, status: int) -> None:
    assert (await refused(bench, ImageRequest(name, "a cat"))).status == status


async def test_a_prompt_that_the_filter_refuses_is_a_400(bench: Bench) -> None:
    bench.app.script.next("blacklist")
    problem = await refused(bench)
    assert (problem.status, problem.code, problem.param) == (400, "content_policy_violation", "prompt")


async def test_words_instead_of_a_picture_are_shown(bench: Bench) -> None:
    bench.app.script.next("text=I cannot draw today")
    problem = await refused(bench)
    assert problem.kind is Kind.UPSTREAM_FAILED
    assert "I cannot draw today" in problem.message


async def test_a_picture_that_cannot_be_downloaded_is_an_error(bench: Bench) -> None:
    bench.app.script.next("status=404", "/content")
    problem = await refused(bench)
    assert problem.kind is Kind.UPSTREAM_FAILED
    assert len(bench.seen("/chat/completions")) == 1


async def test_another_credential_draws_when_the_first_one_fails() -> None:
    async with bench_of(COMPANY, TRADER) as bench:
        bench.app.script.next("reset=0")
        await bench.tasks.create_image(CAT, FIRST)
        asked, fetched = bench.seen("/chat/completions"), bench.seen("/content")
        assert [seen.client_id for seen in asked] == [COMPANY.client_id, TRADER.client_id]
        assert [seen.client_id for seen in fetched] == [TRADER.client_id]
