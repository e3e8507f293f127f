"""The endpoints without a conversation (section 6): models, embeddings, counting, balance and the checks."""

from typing import Any

from gigamost.emulator.catalogue import Facts
from gigamost.emulator.embeddings import count_embedded, embed
from gigamost.emulator.http import Answer, json_answer
from gigamost.emulator.refusal import Rule
from gigamost.emulator.state import Call, State
from gigamost.emulator.tokens import count
from gigamost.emulator.validator.json_types import Raw, is_object, texts

_SYNTAX = "Your request contains invalid JSON syntax."
SHAPE = Rule("plain_shape", 400, _SYNTAX, "4.1 live3p, taken for every JSON endpoint")
INPUT_EMPTY = Rule("input_empty", 422, "Invalid params: input must not be empty", "6.1, text inferred")
EMBED_LIMIT = Rule("embed_limit", 413, "Tokens limit exceeded: {tokens} tokens (max {limit})", "6.1 live3p")
EMBED_SIZE = Rule("embed_size", 413, "Request size exceeded", "6.1 live3p")
CHECK_TARIFF = Rule("check_tariff", 403, "Permission denied", "6.6: CORP only")
CHECK_SHORT = Rule("check_short", 422, "Invalid params: input must have at least 20 words", "6.6 docs, text inferred")

PROFANE = frozenset({"блин", "чёрт", "черт", "damn", "hell"})  # mild stand-ins for what the real filter knows
MACHINE_WORDS = ("языковая модель", "искусственный интеллект", "таким образом", "важно отметить", "в заключение")


def list_models(state: State, _: Call) -> Answer:
    return json_answer({"object": "list", "data": [_told(model) for model in state.models.values()]})


def one_model(state: State, call: Call) -> Answer:
    return json_answer(_told(state.model(call.named)))


def _told(model: Facts) -> dict[str, object]:
    return {"id": model.id, "object": "model", "owned_by": "salutedevices", "type": model.type}


def embeddings(state: State, call: Call) -> Answer:
    """Recorded without a Content-Length."""
    return json_answer(embeddings_document(state, call), sized=False)


def embeddings_document(state: State, call: Call) -> dict[str, object]:
    """Usage is per item; there is none for the whole. Raises RefusalError."""
    if len(call.request.body) > state.settings.embeddings_limit:
        raise EMBED_SIZE.refuse()
    body = object_of(call.raw)
    inputs = _inputs(body, bare=True)
    model = state.model(body.get("model"), "embedder")
    state.purse.check(call.account, model.usage)
    costs = [count_embedded(text) for text in inputs]
    for cost in costs:
        if cost > model.context:
            raise EMBED_LIMIT.refuse(tokens=cost, limit=model.context)
    state.purse.spend(call.account, model.usage, sum(costs))
    data = [
        {
            "object": "embedding",
            "index": index,
            "embedding": embed(text, model.dimensions),
            "usage": {"prompt_tokens": cost},
        }
        for index, (text, cost) in enumerate(zip(inputs, costs, strict=True))
    ]
    return {"object": "list", "model": model.id, "data": data}


def count_tokens(state: State, call: Call) -> Answer:
    """A bare array; raw text only, no chat template."""
    body = object_of(call.raw)
    inputs = _inputs(body, bare=False)
    state.model(body.get("model"))
    return json_answer([{"object": "tokens", "tokens": count(text), "characters": len(text)} for text in inputs])


def object_of(raw: object) -> Raw:
    """A JSON object. Raises RefusalError (400)."""
    if not is_object(raw):
        raise SHAPE.refuse()
    return raw


def _inputs(body: Raw, *, bare: bool) -> list[str]:
    value = body.get("input")
    if bare and isinstance(value, str):
        value = [value]
    if not isinstance(value, list) or not texts(value):
        raise SHAPE.refuse()
    if not value:
        raise INPUT_EMPTY.refuse()
    return value


def balance(state: State, call: Call) -> Answer:
    return json_answer(state.purse.told(call.account))


def check_filter(state: State, call: Call) -> Answer:
    body = object_of(call.raw)
    state.model(body.get("model"), "filter")
    said: list[Any] = [m.get("content") for m in body.get("messages") or () if is_object(m)]
    if not said or not texts(said):
        raise SHAPE.refuse()
    text = " ".join(said)
    profane = not PROFANE.isdisjoint(text.casefold().split())
    return json_answer({"is_profane": profane, "usage": {"filter_tokens": count(text)}})


def check_ai(state: State, call: Call) -> Answer:
    """Sentences with a machine's favourite words are told as machine-made."""
    if call.account.scope != "GIGACHAT_API_CORP":
        raise CHECK_TARIFF.refuse()
    body = object_of(call.raw)
    text = body.get("input")
    if not isinstance(text, str):
        raise SHAPE.refuse()
    state.model(body.get("model"), "aicheck")
    if len(text.split()) < 20:
        raise CHECK_SHORT.refuse()
    spans = _machine_spans(text)
    written = sum(end - start for start, end in spans)
    category = "human" if not spans else "ai" if written >= len(text.strip()) else "mixed"
    intervals = [list(span) for span in spans] if category == "mixed" else []
    return json_answer(
        {"category": category, "characters": len(text), "tokens": count(text), "ai_intervals": intervals}
    )


def _machine_spans(text: str) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    start = 0
    for sentence in text.replace("!", ".").replace("?", ".").split("."):
        end = min(start + len(sentence) + 1, len(text))
        if any(words in sentence.casefold() for words in MACHINE_WORDS):
            if spans and spans[-1][1] == start:
                spans[-1] = (spans[-1][0], end)
            else:
                spans.append((start, end))
        start = end
    return spans
