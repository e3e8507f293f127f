"""Every row of the rule table has a request that passes it and one that it refuses, with the literal answer."""

import ast
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gigamost.emulator import validator
from gigamost.emulator.refusal import RefusalError, Rule
from gigamost.emulator.validator import judge, parse, rules
from gigamost.emulator.validator.rules import RULES
from tests.emulator.examples import EXAMPLES, FILES, HI, MODELS, MORE, NAMES, SYNTAX, F, chat, schema


def check(body: object) -> None:
    raw = parse(body if isinstance(body, bytes) else msgspec.json.encode(body))
    judge(raw, MODELS, FILES.get, strict_fields=True, recall=lambda _: None)


def test_every_rule_has_an_example_and_no_name_is_taken_twice() -> None:
    assert [rule.name for rule in RULES] == list(EXAMPLES)
    assert set(RULES) == {value for value in vars(rules).values() if isinstance(value, Rule)}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_accepts_and_refuses(rule: Any) -> None:
    accepted, refused, text = EXAMPLES[rule.name]
    check(accepted)
    with pytest.raises(RefusalError) as caught:
        check(refused)
    assert (caught.value.status, caught.value.message) == (rule.status, text)


@pytest.mark.parametrize(("name", "body"), MORE, ids=[f"{name}-{index}" for index, (name, _) in enumerate(MORE)])
def test_more_ways_to_break_a_rule(name: str, body: object) -> None:
    (rule,) = (rule for rule in RULES if rule.name == name)
    with pytest.raises(RefusalError) as caught:
        check(body)
    fixed = rule.message.partition("{")[0]
    assert caught.value.status == rule.status
    assert caught.value.message.startswith(fixed)


@pytest.mark.parametrize("model", ["GigaChat-3-Ultra", "GigaChat-3-Pro"])
def test_lenient_models_tolerate_objects_without_properties(model: str) -> None:
    check(schema({"type": "object"}) | {"model": model})


@pytest.mark.parametrize("model", ["GigaChat", "GigaChat-2", "GigaChat-2-Max", "GigaChat-3-Lightning"])
def test_strict_models_do_not(model: str) -> None:
    with pytest.raises(RefusalError, match=r"^Field 'properties\.a\.properties' is missing$"):
        check(schema({"type": "object"}) | {"model": model})


def test_unknown_fields_are_ignored_when_the_setting_is_off() -> None:
    body = chat({**HI, "refusal": None}, seed=1, tools=[{"type": "function"}])
    judged, model = judge(body, MODELS, FILES.get, strict_fields=False)
    assert (judged, model.id) == (body, "GigaChat-2-Max")


def test_the_order_of_checks_is_shape_model_values_functions_history() -> None:
    broken: dict[str, Any] = {
        "model": "nobody",
        "temperature": -1,
        "messages": [HI, {"role": "system", "content": "s"}],
        "functions": [{"name": "1f", "parameters": {}}],
        "stream": "yes",
    }
    steps: list[tuple[str, object, int, str]] = [
        ("stream", True, 400, SYNTAX),
        ("model", "GigaChat", 404, "No such model"),
        ("temperature", 1, 422, "Invalid params: temperature must be in range (0, +inf)"),
        ("functions", [F], 422, NAMES),
        ("messages", [HI], 422, "Invalid params: system message must be the first message"),
    ]
    for field, right, status, text in steps:
        with pytest.raises(RefusalError) as caught:
            check(broken)
        assert (caught.value.status, caught.value.message) == (status, text)
        broken[field] = right
    check(broken)


def test_the_judge_takes_nothing_from_the_protocols() -> None:
    for path in Path(str(validator.__file__)).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert "protocols" not in (node.module or ""), path
