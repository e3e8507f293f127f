"""The official Python SDK against the emulator, unchanged, over a real socket."""

import base64
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import pytest
from gigachat import GigaChat
from gigachat.exceptions import AuthenticationError, BadRequestError, NotFoundError, RateLimitError, ResponseError
from gigachat.models import Chat, Function, FunctionCall, FunctionParameters, Messages, MessagesRole
from PIL import Image

from gigamost.emulator import COMPANY, PERSON, TRADER, Account, EmulatorSettings, Running, build

WEATHER = Function(
    name="weather_forecast",
    description="Forecast of the weather in a place",
    parameters=FunctionParameters.model_validate(
        {
            "type": "object",
            "properties": {
                "location": {"type": "string", "description": "City"},
                "num_days": {"type": "integer", "description": "Days"},
            },
            "required": ["location", "num_days"],
        }
    ),
)


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with Running(build(EmulatorSettings())) as started:
        yield started


def sdk(running: Running, account: Account = COMPANY, **settings: Any) -> GigaChat:
    return GigaChat(
        base_url=running.base_url,
        auth_url=running.auth_url,
        credentials=account.credentials,
        scope=account.scope,
        model="GigaChat",
        verify_ssl_certs=False,
        **settings,
    )


def user(text: str, **fields: object) -> Chat:
    return Chat.model_validate({"messages": [{"role": "user", "content": text}], **fields})


async def test_chat(running: Running) -> None:
    async with sdk(running) as client:
        answer = await client.achat("Say 'Hello' and nothing else")
    assert answer.choices[0].message.content == "Hello."
    assert answer.choices[0].finish_reason == "stop"
    assert (answer.model, answer.object_) == ("GigaChat:2.0.28.2", "chat.completion")
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (17, 3, 20)


async def test_stream(running: Running) -> None:
    async with sdk(running) as client:
        whole = (await client.achat("Расскажи сказку о репке")).choices[0].message.content
        chunks = [chunk async for chunk in client.astream("Расскажи сказку о репке")]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == whole
    assert len(chunks) > 2
    assert [chunk.choices[0].delta.role for chunk in chunks] == ["assistant"] + [None] * (len(chunks) - 1)
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None] * (len(chunks) - 1) + ["stop"]
    assert chunks[-1].usage is not None


async def test_a_function_is_called_and_its_result_told(running: Running) -> None:
    asked = user("What is the weather in Paris for the next 3 days?", functions=[WEATHER], function_call="auto")
    async with sdk(running) as client:
        called = (await client.achat(asked)).choices[0]
        assert called.finish_reason == "function_call"
        assert called.message.function_call == FunctionCall(
            name="weather_forecast", arguments={"location": "Paris", "num_days": 3}
        )
        result = Messages(role=MessagesRole.FUNCTION, name="weather_forecast", content='{"sky":"rain"}')
        answered = await client.achat(asked.model_copy(update={"messages": [*asked.messages, called.message, result]}))
        assert '{"sky":"rain"}' in answered.choices[0].message.content
        assert answered.choices[0].finish_reason == "stop"


@pytest.mark.parametrize("split", [True, False])
async def test_a_function_is_called_in_a_stream(split: bool) -> None:
    async with Running(build(EmulatorSettings(split_finish=split))) as running, sdk(running) as client:
        asked = user("weather in Paris", functions=[WEATHER], function_call={"name": "weather_forecast"})
        chunks = [chunk async for chunk in client.astream(asked)]
    assert len(chunks) == 1 + split
    call = chunks[0].choices[0].delta.function_call
    assert call is not None
    assert call.arguments == {"location": "Paris", "num_days": 1}
    assert chunks[0].choices[0].delta.functions_state_id
    assert chunks[-1].choices[0].finish_reason == "function_call"
    assert chunks[-1].usage is not None


async def test_embeddings_tokens_models_balance(running: Running) -> None:
    async with sdk(running) as client:
        vectors = await client.aembeddings(["First text", "Second text"])
        assert [len(item.embedding) for item in vectors.data] == [1024, 1024]
        assert [item.usage.prompt_tokens for item in vectors.data] == [7, 7]
        counts = await client.atokens_count(["First text", "Second text"], model="GigaChat")
        assert [(count.tokens, count.characters) for count in counts] == [(2, 10), (2, 11)]
        assert "GigaChat-2-Max" in {model.id_ for model in (await client.aget_models()).data}
        assert (await client.aget_model("GigaChat-2")).owned_by == "salutedevices"
        with pytest.raises(NotFoundError):
            await client.aget_model("gpt-4o")
    async with sdk(running, PERSON) as client:
        assert {entry.usage for entry in (await client.aget_balance()).balance} >= {"GigaChat", "embeddings"}


async def test_files(running: Running) -> None:
    png = BytesIO()
    Image.new("RGB", (10, 10)).save(png, "PNG")
    async with sdk(running) as client:
        stored = await client.aupload_file(("image.png", png.getvalue(), "image/png"))
        assert (stored.filename, stored.bytes_, stored.purpose) == ("image.png", len(png.getvalue()), "general")
        assert [file.id_ for file in (await client.aget_files()).data] == [stored.id_]
        assert (await client.aget_file(stored.id_)).filename == "image.png"
        content = await client.aget_image(stored.id_)
        assert base64.b64decode(content.content) == png.getvalue()
        seen = Messages(role=MessagesRole.USER, content="What is it?", attachments=[stored.id_])
        answer = await client.achat(Chat(model="GigaChat-2-Pro", messages=[seen]))
        assert "I see image.png (PNG 10x10)." in answer.choices[0].message.content
        assert (await client.adelete_file(stored.id_)).deleted
        assert (await client.aget_files()).data == []


async def test_a_wrong_key_is_an_authentication_error(running: Running) -> None:
    wrong = Account(TRADER.client_id, "wrong", TRADER.scope)
    async with sdk(running, wrong) as client:
        with pytest.raises(AuthenticationError) as caught:
            await client.achat("Hi")
    assert caught.value.content == b'{"code":6,"message":"credentials doesn\'t match db data"}'


async def test_a_wrong_scope_is_refused(running: Running) -> None:
    async with sdk(running, Account(PERSON.client_id, PERSON.secret, "GIGACHAT_API_CORP")) as client:
        with pytest.raises(BadRequestError):
            await client.achat("Hi")


async def test_the_token_is_fetched_again_when_it_expires(running: Running) -> None:
    async with sdk(running) as client:
        await client.achat("Hi")
        await client.achat("Hi")
        assert len(running.app.log.at("/oauth")) == 1
        running.app.state.tokens.expire()
        await client.achat("Hi")
        assert [seen.status for seen in running.app.log.at("/chat/completions")] == [200, 200, 401, 200]
        assert len(running.app.log.at("/oauth")) == 2


async def test_a_token_about_to_expire_is_not_used() -> None:
    # The SDK renews a minute before the end: it read the milliseconds right.
    async with Running(build(EmulatorSettings(token_lifetime=59))) as running, sdk(running) as client:
        await client.achat("Hi")
        await client.achat("Hi")
        assert len(running.app.log.at("/oauth")) == 2


async def test_user_and_password(running: Running) -> None:
    async with GigaChat(
        base_url=running.base_url, user=COMPANY.client_id, password=COMPANY.secret, model="GigaChat"
    ) as client:
        assert (await client.achat("2+2=?")).choices[0].message.content == "2+2 = 4"


async def test_retries_are_the_sdks_own(running: Running) -> None:
    running.app.script.next("status=429")
    async with sdk(running) as client:
        with pytest.raises(RateLimitError):
            await client.achat("Hi")
    running.app.script.next("status=503")
    async with sdk(running, max_retries=1, retry_backoff_factor=0.0) as client:
        assert (await client.achat("Hi")).choices[0].finish_reason == "stop"


async def test_refusals_arrive(running: Running) -> None:
    async with sdk(running) as client:
        with pytest.raises(ResponseError) as caught:
            await client.achat(user("Hi", temperature=-1))
    assert caught.value.status_code == 422
