"""Every row of v2's table has a request that passes it and one that it refuses, with the literal answer."""

from typing import Any

import msgspec
import pytest

from gigamost.emulator import COMPANY, PERSON
from gigamost.emulator.refusal import RefusalError, Rule
from gigamost.emulator.validator import parse, v2
from gigamost.emulator.validator import rules as shared
from gigamost.emulator.validator.v2 import rules
from gigamost.emulator.validator.v2.rules import RULES, STATE_REFUSED
from tests.emulator.examples import FILES, MODELS
from tests.emulator.examples_v2 import CALL, EXAMPLES, HI, MORE, RESULT, chat, dialog, result


def check(body: object, **rules: Any) -> None:
    known: dict[str, Any] = {"available": COMPANY.tools, "recall": lambda _: None, **rules}
    v2.judge(parse(msgspec.json.encode(body)), MODELS, FILES.get, strict_fields=True, **known)


def test_every_rule_has_an_example() -> None:
    # A state id is refused on a directive only: see test_v2_personalities.
    assert [rule.name for rule in RULES if rule is not STATE_REFUSED] == list(EXAMPLES)
    assert {value for value in vars(rules).values() if isinstance(value, Rule)} <= set(RULES)


def test_what_both_versions_refuse_is_one_rule() -> None:
    """What only v1 can refuse is not in v2's table."""
    only_v1 = {rule.name for rule in set(shared.RULES) - set(RULES)}
    assert only_v1 >= {"n", "function_call_shape", "result_name", "user_empty"}
    assert only_v1.isdisjoint({"function_name", "system_first", "images_per_message"})


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule is not STATE_REFUSED], ids=lambda rule: rule.name)
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
    assert caught.value.status == rule.status
    assert caught.value.message.startswith(rule.message.partition("{")[0])


@pytest.mark.parametrize("role", ["tool", "function"])
def test_one_of_the_result_roles_can_be_refused(role: str) -> None:
    other = "function" if role == "tool" else "tool"
    check(dialog(CALL, result("{}", role)), result_roles=(role,))
    with pytest.raises(RefusalError) as caught:
        check(dialog(CALL, result("{}", other)), result_roles=(role,))
    assert (caught.value.status, caught.value.message) == (400, "Your request contains invalid JSON syntax.")


def test_individuals_have_no_code_interpreter() -> None:
    asked = chat(tools=[{"code_interpreter": {}}])
    check(asked)
    with pytest.raises(RefusalError, match=r"^Tool code_interpreter is unavailable$"):
        check(asked, available=PERSON.tools)


@pytest.mark.parametrize("name", ["tools_state_id", "tool_state_id", "functions_state_id"])
def test_a_state_id_has_three_spellings(name: str) -> None:
    check(dialog({**CALL, name: "s"}, RESULT))


def test_results_may_share_a_message_and_come_in_any_order() -> None:
    two: list[Any] = [{"function_call": {"name": name, "arguments": {}}} for name in ("f", "g")]
    back: list[Any] = [{"function_result": {"name": name, "result": {}}} for name in ("g", "f")]
    tools: list[Any] = [{"functions": {"specifications": [{"name": name, "parameters": {}} for name in ("f", "g")]}}]
    said = [HI, {"role": "assistant", "content": two}]
    check(chat(*said, {"role": "tool", "content": back}, tools=tools))
    check(chat(*said, *({"role": "tool", "content": [item]} for item in back), tools=tools))


def test_unknown_fields_are_ignored_when_the_setting_is_off() -> None:
    body = chat(temperature=0, seed=1)
    assert v2.judge(body, MODELS, FILES.get, strict_fields=False)[0] == body


def test_the_order_of_checks_is_shape_model_tools_values_history() -> None:
    broken: dict[str, Any] = {
        "model": "nobody",
        "stream": "yes",
        "model_options": {"temperature": -1},
        "messages": [HI, {"role": "system", "content": [{"text": "s"}]}],
        "tools": [{"browser": {}}],
    }
    steps: list[tuple[str, object, int, str]] = [
        ("stream", True, 400, "Your request contains invalid JSON syntax."),
        ("model", "GigaChat", 404, "No such model"),
        ("tools", [{"web_search": {}}], 404, "Unknown tool browser"),
        ("model_options", {}, 422, "Invalid params: temperature must be in range (0, +inf)"),
        ("messages", [HI], 422, "Invalid params: system message must be the first message"),
    ]
    for field, right, status, text in steps:
        with pytest.raises(RefusalError) as caught:
            check(broken)
        assert (caught.value.status, caught.value.message) == (status, text)
        broken[field] = right
    check(broken)
