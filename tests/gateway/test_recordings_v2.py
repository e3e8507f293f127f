"""Exchanges with the real v2, read by the codec that speaks to it and written by the codec that plays it.

Ours state the recorded facts in other words and always run. Recordings themselves stand beside them where they are at
hand, next to the repository.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from gigamost.core.codec import Stamp
from gigamost.core.fold import fold
from gigamost.core.grammar import checked
from gigamost.core.usage import Usage
from gigamost.emulator.catalogue import CATALOGUE
from gigamost.emulator.validator.v2 import judge
from gigamost.protocols.gigachat.models import model
from gigamost.protocols.gigachat.v2 import WIRE, encode
from gigamost.protocols.openai_chat import Exchange

FOLDER = Path(__file__).parents[3] / "shared" / "recordings"
FACTS = {facts.id: facts for facts in CATALOGUE}
CODE: Any = {
    "model": "GigaChat-3-Ultra",
    "messages": [{"role": "user", "content": [{"text": "A code"}]}],
    "model_options": {"response_format": {"type": "regex", "regex": "[a-z]{2}\\d"}},
}
CODED: Any = {
    "model": "GigaChat-3-Ultra:32.0",
    "created_at": 1700000000,
    "messages": [{"role": "assistant", "content": [{"text": "ab1 — «код»"}]}],
    "finish_reason": "stop",
    "usage": {
        "input_tokens": 18,
        "input_tokens_details": {"prompt_tokens": 18, "cached_tokens": 0},
        "output_tokens": 8,
        "total_tokens": 26,
    },
}


def recorded() -> dict[str, tuple[Any, Any]]:
    found: dict[str, tuple[Any, Any]] = {"ours": (CODE, CODED)}
    for path in sorted(FOLDER.glob("primary_*.json")):
        for at, each in enumerate(json.loads(path.read_text(encoding="utf-8"))):
            if each["request"]["uri"].endswith("/v2/chat/completions"):
                found[f"{path.stem} {at}"] = each["request"]["body"], each["response"]["body"]
    return found


ALL = recorded()


def compact(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def as_asked_of_us(body: Any) -> Exchange:
    """The same request as a client of Chat Completions writes it."""
    asked = {
        "model": body["model"],
        "messages": [{"role": said["role"], "content": said["content"][0]["text"]} for said in body["messages"]],
    }
    wanted = body.get("model_options", {}).get("response_format")
    if wanted is not None and wanted["type"] == "json_schema":
        schema = {"name": "out", "schema": wanted["schema"], "strict": wanted.get("strict", False)}
        asked["response_format"] = {"type": "json_schema", "json_schema": schema}
    elif wanted is not None:
        asked["response_format"] = wanted
    return Exchange(compact(asked))


@pytest.mark.parametrize("name", ALL)
def test_a_request_is_accepted_and_is_the_one_that_we_would_send(name: str) -> None:
    asked, _ = ALL[name]
    judge(asked, FACTS, lambda _: None, strict_fields=False)
    sent = WIRE.encode(as_asked_of_us(asked).request, model(asked["model"], "gigachat"), frozenset())
    assert json.loads(sent.body) == asked


@pytest.mark.parametrize("name", ALL)
def test_an_answer_is_read_and_written_back(name: str) -> None:
    asked, answer = ALL[name]
    call = WIRE.encode(as_asked_of_us(asked).request, model(asked["model"], "gigachat"), frozenset())
    reply = fold(checked(call.decode(compact(answer))))
    cost = answer["usage"]
    assert reply.text == answer["messages"][0]["content"][0]["text"]
    assert reply.usage == Usage(cost["input_tokens"], cost["output_tokens"])
    assert (reply.finish, reply.model) == (answer["finish_reason"], answer["model"])
    assert encode(reply, Stamp("", answer["created_at"], answer["model"])) == compact(answer)
