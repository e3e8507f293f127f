"""Embeddings, counting, models, checks and batches."""

from typing import Any

import msgspec
import pytest

from gigamost.emulator import COMPANY, PERSON, EmulatorSettings
from tests.emulator.conftest import MODEL, Api, serve


async def embed(api: Api, *inputs: str, model: str = "Embeddings") -> list[list[float]]:
    response = await api.http.post("/embeddings", json={"model": model, "input": list(inputs)})
    return [item["embedding"] for item in response.json()["data"]]


def cosine(left: list[float], right: list[float]) -> float:
    dot = sum(a * b for a, b in zip(left, right, strict=True))
    return float(dot / (sum(a * a for a in left) * sum(b * b for b in right)) ** 0.5)


async def test_embeddings_look_like_the_recorded_ones(api: Api) -> None:
    response = await api.http.post("/embeddings", json={"model": "Embeddings", "input": ["First text", "Second text"]})
    body = response.json()
    assert list(body) == ["object", "model", "data"]
    assert [list(item) for item in body["data"]] == [["object", "index", "embedding", "usage"]] * 2
    assert [(item["index"], item["usage"]) for item in body["data"]] == [
        (0, {"prompt_tokens": 7}),
        (1, {"prompt_tokens": 7}),
    ]
    assert "content-length" not in response.headers
    values = body["data"][0]["embedding"]
    assert -2.5 <= min(values) < 0 < max(values) <= 2.5
    assert abs(sum(value * value for value in values) - 1) > 1  # not normalized


@pytest.mark.parametrize(("model", "size"), [("Embeddings", 1024), ("Embeddings-2", 1024), ("EmbeddingsGigaR", 2560)])
async def test_dimensions(api: Api, model: str, size: int) -> None:
    (one,) = await embed(api, "a", model=model)
    assert len(one) == size


async def test_similar_texts_have_similar_vectors(api: Api) -> None:
    ask, near, far = await embed(
        api, "How do I return a product?", "Returning products: how to", "The weather in Paris is rainy"
    )
    assert cosine(ask, near) > 0.4 > cosine(ask, far) + 0.2
    ask, near, far = await embed(api, "Как оформить возврат товара?", "Возврат товаров", "Завтра в Париже дождь")
    assert cosine(ask, near) > 0.4 > cosine(ask, far) + 0.2
    assert (await embed(api, "same"))[0] == (await embed(api, "same"))[0]


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        ({"model": "GigaChat", "input": ["a"]}, 404, "No such model"),
        ({"model": "text-embedding-3-small", "input": ["a"]}, 404, "No such model"),
        ({"model": "Embeddings"}, 400, "Your request contains invalid JSON syntax."),
        ({"model": "Embeddings", "input": [1]}, 400, "Your request contains invalid JSON syntax."),
        ({"model": "Embeddings", "input": []}, 422, "Invalid params: input must not be empty"),
        ([], 400, "Your request contains invalid JSON syntax."),
        ({"model": "EmbeddingsGigaR", "input": ["word " * 4092]}, 413, "Tokens limit exceeded: 4097 tokens (max 4096)"),
        ({"model": "EmbeddingsGigaR", "input": ["x" * 140_000]}, 413, "Request size exceeded"),
    ],
)
async def test_embeddings_refused(api: Api, body: object, status: int, text: str) -> None:
    response = await api.http.post("/embeddings", json=body)
    assert (response.status_code, response.json()["message"]) == (status, text)


async def test_one_text_may_stand_alone(api: Api) -> None:
    response = await api.http.post("/embeddings", json={"model": "Embeddings", "input": "alone"})
    assert len(response.json()["data"]) == 1


async def test_tokens_are_counted(api: Api) -> None:
    response = await api.http.post("/tokens/count", json={"model": "GigaChat", "input": ["First text", "Second text"]})
    assert response.content == (
        b'[{"object":"tokens","tokens":2,"characters":10},{"object":"tokens","tokens":2,"characters":11}]'
    )
    for body, status in (
        ({"model": "nobody", "input": ["a"]}, 404),
        ({"model": "GigaChat", "input": "a"}, 400),
        ({"model": "GigaChat", "input": []}, 422),
    ):
        assert (await api.http.post("/tokens/count", json=body)).status_code == status


async def test_prompts_cost_what_is_recorded(api: Api) -> None:
    hello = (await api.chat("Say 'Hello' and nothing else", model="GigaChat")).json()["usage"]
    assert (hello["prompt_tokens"], hello["completion_tokens"], hello["total_tokens"]) == (17, 3, 20)
    third = (await api.chat("Say 'Hello' and nothing else", model="GigaChat-3-Ultra")).json()["usage"]
    assert third["prompt_tokens"] == 19
    count = (await api.chat("Count from 1 to 3", model="GigaChat")).json()["usage"]
    assert count["prompt_tokens"] == 17
    exact = (await api.chat('Return {"answer":"ok","n":3} exactly.', model="GigaChat-3-Ultra")).json()["usage"]
    assert exact["prompt_tokens"] == 24


async def test_models(api: Api) -> None:
    listed = (await api.http.get("/models")).json()
    assert list(listed) == ["object", "data"]
    assert all(list(model) == ["id", "object", "owned_by", "type"] for model in listed["data"])
    assert {model["type"] for model in listed["data"]} == {"chat", "embedder", "aicheck", "filter"}
    for model in listed["data"]:
        assert (await api.http.get(f"/models/{model['id']}")).json() == model
    missing = await api.http.get("/models/gpt-4o")
    assert (missing.status_code, missing.json()) == (404, {"status": 404, "message": "No such model"})


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("GigaChat", "GigaChat:2.0.28.2"),
        ("GigaChat-2-Pro", "GigaChat-2-Pro:2.0.28.2"),
        ("GigaChat-3-Ultra", "GigaChat-3-Ultra:32.3.18.5"),
    ],
)
async def test_the_answer_names_its_backend(api: Api, model: str, said: str) -> None:
    assert (await api.chat("Hi", model=model)).json()["model"] == said


async def test_functions_are_validated(api: Api) -> None:
    function = {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {}}}
    good = (await api.http.post("/functions/validate", json=function)).json()
    assert (good["status"], good["message"], good["json_ai_rules_version"]) == (200, "Function is valid", "1.0.5")
    assert {"description": "few_shot_examples are missing", "schema_location": "(root)"} in good["warnings"]
    full = function | {"few_shot_examples": [{"request": "r", "params": {}}], "return_parameters": {"type": "object"}}
    assert "warnings" not in (await api.http.post("/functions/validate", json=full)).json()
    bad = (await api.http.post("/functions/validate", json={"parameters": {}})).json()
    assert bad == {
        "status": 200,
        "message": "Incorrect function syntax",
        "errors": [{"description": "name is required", "schema_location": "(root)"}],
    }
    broken = function | {"parameters": {"type": "object"}}
    (error,) = (await api.http.post("/functions/validate", json=broken)).json()["errors"]
    assert error["description"] == "Field 'properties' is missing"


async def test_the_filter(api: Api) -> None:
    def body(text: str, model: str = "GigaFilter") -> dict[str, Any]:
        return {"model": model, "messages": [{"role": "user", "content": text}]}

    clean = (await api.http.post("/filter/check", json=body("Good day"))).json()
    assert clean == {"is_profane": False, "usage": {"filter_tokens": 2}}
    assert (await api.http.post("/filter/check", json=body("ну блин"))).json()["is_profane"]
    assert (await api.http.post("/filter/check", json=body("Hi", "GigaChat"))).status_code == 404


HUMAN = "Вчера мы с братом поехали на речку ловить рыбу но клёва не было совсем и мы просто сидели на берегу до вечера."
MACHINE = "Важно отметить что данный вопрос требует всестороннего рассмотрения."


@pytest.mark.parametrize(
    ("text", "category", "intervals"),
    [
        (HUMAN, "human", []),
        (MACHINE + MACHINE.replace("данный", "этот") + MACHINE, "ai", []),
        (HUMAN + MACHINE, "mixed", [[len(HUMAN), len(HUMAN + MACHINE)]]),
    ],
)
async def test_who_wrote_it(api: Api, text: str, category: str, intervals: list[list[int]]) -> None:
    told = (await api.http.post("/ai/check", json={"model": "GigaCheckDetection", "input": text})).json()
    assert list(told) == ["category", "characters", "tokens", "ai_intervals"]
    assert (told["category"], told["characters"], told["ai_intervals"]) == (category, len(text), intervals)


async def test_who_wrote_it_is_for_companies_and_for_texts(api: Api) -> None:
    assert (await api.http.post("/ai/check", json={"model": "GigaCheckDetection", "input": "Мало"})).status_code == 422
    async with serve(EmulatorSettings(), PERSON) as person:
        body = {"model": "GigaCheckDetection", "input": HUMAN}
        assert (await person.http.post("/ai/check", json=body)).status_code == 403


LINE = {"id": "task-1", "request": {"model": MODEL, "messages": [{"role": "user", "content": "Reply with exactly ok"}]}}
BAD = {"id": "task-2", "request": {"model": "nobody", "messages": [{"role": "user", "content": "Hi"}]}}


async def create(api: Api, *lines: object, method: str = "chat_completions") -> Any:
    data = msgspec.json.Encoder().encode_lines(lines)
    headers = {"Content-Type": "application/octet-stream"}
    return await api.http.post("/batches", params={"method": method}, content=data, headers=headers)


async def test_a_batch_is_created_and_then_completed() -> None:
    async with serve(EmulatorSettings(batch_polls=2), COMPANY) as api:
        job = (await create(api, LINE, BAD)).json()
        assert list(job) == ["id", "method", "request_counts", "status", "created_at", "updated_at"]
        assert (job["method"], job["request_counts"], job["status"]) == ("chat_completions", {"total": 2}, "created")
        first, second, third = [
            (await api.http.get("/batches", params={"batch_id": job["id"]})).json()["batches"][0] for _ in range(3)
        ]
        assert first["status"] == "created"
        assert second == third
        assert (second["status"], second["request_counts"]) == ("completed", {"total": 2, "completed": 1, "failed": 1})
        assert (await api.http.get("/batches")).json() == {"batches": [second]}
        content = (await api.http.get(f"/files/{second['output_file_id']}/content")).content
        done, failed = [msgspec.json.decode(line) for line in content.splitlines()]
        assert done["id"] == "task-1"
        assert done["result"]["choices"][0]["message"]["content"] == "ok"
        assert failed == {"id": "task-2", "error": {"status": 404, "message": "No such model"}}


async def test_a_batch_of_embeddings(api: Api) -> None:
    line = {"id": "e", "request": {"model": "Embeddings", "input": ["a"]}}
    job = (await create(api, line, method="embedder")).json()
    (done,) = (await api.http.get("/batches", params={"batch_id": job["id"]})).json()["batches"]
    result = msgspec.json.decode((await api.http.get(f"/files/{done['output_file_id']}/content")).content)
    assert len(result["result"]["data"][0]["embedding"]) == 1024


async def test_batches_refused(api: Api) -> None:
    missing = await api.http.get("/batches", params={"batch_id": "nobody's"})
    assert (missing.status_code, missing.json()) == (404, {"status": 404, "message": "Batch task not found"})
    assert (await create(api, LINE, method="images")).status_code == 422
    assert (await create(api, "no object")).status_code == 400
    assert (await create(api)).status_code == 400
    async with serve(EmulatorSettings(), PERSON) as person:
        assert (await create(person, LINE)).status_code == 403
