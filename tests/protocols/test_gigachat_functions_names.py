"""Tool names: legal for GigaChat, one to one, the same in every turn."""

import re
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigamost.protocols.gigachat.functions.names import Names

LEGAL = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
OWN = [
    *("text2image", "text2model3d", "text2video", "get_file_content", "web_search", "image_generate"),
    *("code_interpreter", "url_content_extraction", "get_datetime", "memory", "model_3d_generate"),
]


def is_accepted(name: str) -> bool:
    return LEGAL.fullmatch(name) is not None and name not in OWN


@pytest.mark.parametrize(
    "name", ["get_weather", "_private", "mcp__server__tool", "a-b.c", "x" * 64, "Web_Search", "f2"]
)
def test_a_legal_name_is_not_touched(name: str) -> None:
    names = Names([name])
    assert names.wire(name) == name
    assert names.client(name) == name


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("погода в городе", "pogoda_v_gorode"),
        ("Щука-2", "shchuka-2"),
        ("server/read file", "server_read_file"),
        ("ns:tool", "ns_tool"),
        ("2fast", "2fast"),
        ("x" * 65, "x" * 50),
        ("инструмент" * 20, "instrument"),
        *((name, name) for name in OWN),
    ],
)
def test_any_other_name_stays_readable(name: str, word: str) -> None:
    names = Names([name])
    assert is_accepted(names.wire(name))
    assert word in names.wire(name)
    assert names.client(names.wire(name)) == name


@pytest.mark.parametrize("name", ["", " ", "...", "日本語", "🔧", "\ud800", "a\x00b", "get_weather\n"])
def test_odd_names_go_there_and_back(name: str) -> None:
    names = Names([name])
    assert is_accepted(names.wire(name))
    assert names.client(names.wire(name)) == name


@given(st.sets(st.text(max_size=70) | st.sampled_from(["a b", "a_b", "a-b", "A_B", *OWN]), max_size=12))
def test_names_are_one_to_one(client_names: set[str]) -> None:
    names = Names(client_names)
    wires = [names.wire(name) for name in client_names]
    assert len(set(wires)) == len(client_names)
    assert all(is_accepted(wire) for wire in wires)
    assert [names.client(wire) for wire in wires] == list(client_names)


def test_a_name_depends_on_no_other_tool_and_on_no_order() -> None:
    tools = ["web_search", "погода", "a b", "legal"]
    alone = {name: Names([name]).wire(name) for name in tools}
    for order in permutations(tools):
        names = Names(order)
        assert {name: names.wire(name) for name in tools} == alone


def test_a_tool_that_has_the_name_we_would_make_keeps_it() -> None:
    made = Names(["a b"]).wire("a b")
    for order in (["a b", made], [made, "a b"]):
        names = Names(order)
        assert names.wire(made) == made
        assert names.wire("a b") != made
        assert names.client(names.wire("a b")) == "a b"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("functions.get_weather", "get_weather"),
        ("function:get_weather", "get_weather"),
        ("Get_Weather", "get_weather"),
        ("get-weather", "get_weather"),
        (" get_weather ", "get_weather"),
        ("web_search", "web_search"),
        ("functions.a-b", "a-b"),
        ("A-B", "A-B"),
        ("unknown", "unknown"),
        ("functions.unknown", "functions.unknown"),
    ],
)
def test_a_name_that_is_nearly_right_is_understood_when_it_means_one_tool(said: str, meant: str) -> None:
    assert Names(["get_weather", "web_search", "a-b", "a_b"]).client(said) == meant


def test_a_name_out_of_the_history_is_legal_and_stable() -> None:
    assert Names([]).wire("old tool") == Names(["old tool"]).wire("old tool")
    assert Names(["a"]).wire("old_tool") == "old_tool"


def test_names_of_the_history_join_without_changing_those_of_the_tools() -> None:
    tools = Names(["a b", "c"])
    assert tools.joined(["c", "a b"]) is tools
    joined = tools.joined(["c", "old tool", tools.wire("a b")])
    assert joined.wire("a b") == tools.wire("a b")
    wired = [joined.wire(name) for name in ("a b", "c", "old tool", tools.wire("a b"))]
    assert len(set(wired)) == 4
    assert [joined.client(name) for name in wired] == ["a b", "c", "old tool", tools.wire("a b")]
