"""Arguments, results and calls that leaked into the text."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigamost.protocols.gigachat.functions.arguments import from_object, result_text, split_leaked_call, to_object


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ('{"city":"Москва","days":3}', {"city": "Москва", "days": 3}),
        ("", {}),
        (" \n", {}),
        ('"{\\"a\\":1}"', {"a": 1}),
        ("[1,2]", {"input": [1, 2]}),
        ("5", {"input": 5}),
        ("null", {"input": None}),
        ('"text"', {"input": "text"}),
        ("not json", {"input": "not json"}),
        ('{"a":1', {"input": '{"a":1'}),
        ('{"a":NaN,"b":-Infinity,"c":1e999}', {"a": None, "b": None, "c": None}),
        ('{"a":"\\ud800"}', {"a": "\ufffd"}),
        ('{"a":"\ud800"}', {"a": "\ufffd"}),
        ('{"a":"\\ud83d\\ude00"}', {"a": "😀"}),
        ('{"a":"x\ny\tz\x00"}', {"a": "x\ny\tz"}),
        ('{"a":"\\u0000\\b\\f\\u001F\\n"}', {"a": "\n"}),
        ('{"a":"\\\\u0000"}', {"a": "\\u0000"}),
        ('\ufeff{"a":1}', {"a": 1}),
        ("bad \x00\ud800", {"input": "bad \ufffd"}),
    ],
)
def test_arguments_of_a_past_call_become_an_object(arguments: str, wanted: dict[str, Any]) -> None:
    assert to_object(arguments) == wanted


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        ('{ "t": 5, "city": "\\u041c" }', '{"t":5,"city":"М"}'),
        ("", "{}"),
        ("  ", "{}"),
        ("{}", "{}"),
        ("plain text", '{"result":"plain text"}'),
        ("[1, 2]", '{"result":[1,2]}'),
        ("[]", '{"result":[]}'),
        ("0", '{"result":0}'),
        ("null", '{"result":null}'),
        ('"text"', '{"result":"text"}'),
        ('"{\\"a\\": 1}"', '{"a":1}'),
        ('"[1]"', '{"result":[1]}'),
        ("a\x00b\x1bc\td\r\n", '{"result":"abc\\td"}'),
        ('{"a":"\\u0001x"}', '{"a":"x"}'),
        ('{"a":NaN}', '{"a":null}'),
        ("\ud800", '{"result":"\ufffd"}'),
    ],
)
def test_a_result_is_the_text_of_an_object(content: str, wanted: str) -> None:
    assert result_text(content, is_error=False) == wanted


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        ("no such file", '{"error":"no such file"}'),
        ('{"code":5}', '{"error":{"code":5}}'),
        ('{"error":"x","code":5}', '{"error":"x","code":5}'),
        ("0", '{"error":0}'),
        ("", '{"error":"the tool failed without a message"}'),
    ],
)
def test_an_error_says_so(content: str, wanted: str) -> None:
    assert result_text(content, is_error=True) == wanted


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
TEXTS = (
    st.text(st.characters(codec=None)) | JSON.map(json.dumps) | JSON.map(lambda value: json.dumps(json.dumps(value)))
)


def strings_of(value: Any) -> list[str]:
    match value:
        case str():
            return [value]
        case list():
            return [text for part in value for text in strings_of(part)]
        case dict():
            return [text for name, part in value.items() for text in (name, *strings_of(part))]
        case _:
            return []


@given(TEXTS, st.booleans())
def test_whatever_comes_in_can_be_sent(text: str, is_error: bool) -> None:
    result = msgspec.json.decode(result_text(text, is_error=is_error).encode())
    arguments = to_object(text)
    msgspec.json.encode(arguments)
    for found in (result, arguments):
        assert isinstance(found, dict)
        assert not any(char < " " and char not in "\t\n\r" for words in strings_of(found) for char in words)


@pytest.mark.parametrize("text", ['{"a":' * 5000, "[" * 5000 + "]" * 5000, "1" * 5000, '{"a":' * 400 + "1" + "}" * 400])
def test_hostile_text_can_be_sent_as_well(text: str) -> None:
    msgspec.json.encode(to_object(text))
    assert isinstance(msgspec.json.decode(result_text(text, is_error=False)), dict)


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ({"city": "Москва", "n": 1.5}, '{"city":"Москва","n":1.5}'),
        ({}, "{}"),
        (None, "{}"),
        ("", "{}"),
        ('{"a": 1}', '{"a": 1}'),
        ([1], "[1]"),
    ],
)
def test_arguments_of_an_answer_become_text(arguments: object, wanted: str) -> None:
    assert from_object(arguments) == wanted


@pytest.mark.parametrize(
    ("text", "clean", "call"),
    [
        ('function call<|role_sep|>\n{"name":"f","arguments":{"a":"я"}}', "", ("f", '{"a":"я"}')),
        (
            'Готово.<|message_sep|>\n\nfunction call<|role_sep|>\n{"name":"f","arguments":{}}</s>',
            "Готово.",
            ("f", "{}"),
        ),
        ('assistant function callrecipient{"name": "f", "arguments": {"n": 1}}', "", ("f", '{"n":1}')),
        ('<|function_call|>{"name":"f","arguments":"{\\"n\\":1}"}', "", ("f", '{"n":1}')),
        ('function call<|role_sep|>{"name":"f"}', "", ("f", "{}")),
        ('function call<|role_sep|>{"name":"f","arguments":"oops"}', "", ("f", '{"input":"oops"}')),
        ("Сейчас. assistant function callrecipient{", "Сейчас.", None),
        ('function call<|role_sep|>\n{"name":"f","argu', "", None),
        ('function call<|role_sep|>\n{"arguments":{}}', "", None),
        ("function call<|role_sep|>hello", "hello", None),
        ("A function call is made like this: f(x)", "A function call is made like this: f(x)", None),
        ("", "", None),
    ],
)
def test_a_leaked_call_is_taken_out_of_the_text(text: str, clean: str, call: tuple[str, str] | None) -> None:
    assert split_leaked_call(text) == (clean, call)


@given(st.text())
def test_text_without_a_prelude_is_the_same_object(text: str) -> None:
    assert split_leaked_call(text)[0] is text
