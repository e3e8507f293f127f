"""Anthropic Messages, server role: tools of every kind."""

from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from anthropic import types
from anthropic.types import beta
from anthropic.types.beta import BetaToolUnionParam

from gigamost.core.errors import GatewayError
from gigamost.core.request import Builtin, ChatRequest, Function, JsonObject
from gigamost.protocols.anthropic_messages import Exchange, wire
from gigamost.protocols.anthropic_messages.toolsets import TOOLSETS

# What says nothing here: caching is GigaChat's own, and these tools are listed whole.
UNREAD = {"cache_control", "caching", "model", "max_tokens", "mcp_server_name", "default_config", "tools"}


def decoded(*tools: Any) -> ChatRequest:
    body = {"model": "claude", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}], "tools": tools}
    return Exchange(msgspec.json.encode(body)).request


def function(tool: Any) -> tuple[str, JsonObject]:
    asked = decoded(tool)
    assert asked.ignored == ()
    assert asked.tools[0].description
    return asked.tools[0].name, asked.tools[0].parameters or {}


def test_every_field_of_the_official_client_is_known() -> None:
    theirs = {name for each in get_args(BetaToolUnionParam) for name in get_type_hints(each)}
    assert {field.name for field in msgspec.structs.fields(wire.Tool)} == theirs - UNREAD


def test_a_tool_of_the_client() -> None:
    schema = {"$schema": "x", "type": "object", "properties": {}}
    tool = {"type": "custom", "name": "f", "description": "d", "input_schema": schema, "defer_loading": True}
    assert decoded(tool, {"name": "g", "input_schema": {}}).tools == (
        Function("f", "d", schema),
        Function("g", "", {}),
    )


def test_the_same_tools_give_the_same_values() -> None:
    tool = {"name": "f", "input_schema": {"type": "object"}}
    assert decoded(tool).tools is decoded(tool).tools


def test_a_kind_that_nobody_knows_yet_is_a_function_where_it_has_a_schema() -> None:
    asked = decoded({"type": "oracle_20270101", "name": "oracle", "input_schema": {}}, {"type": "oracle_20270101"})
    assert (asked.tools, asked.ignored) == ((Function("oracle", "", {}),), ("tools.oracle_20270101",))


def test_examples_of_input_are_told_in_words() -> None:
    tool = {"name": "f", "input_schema": {}, "input_examples": [{"a": 1}]}
    assert decoded({**tool, "description": "d"}).tools[0].description == 'd\nExamples of its input: [{"a":1}]'
    assert decoded(tool).tools[0].description == 'Examples of its input: [{"a":1}]'


@pytest.mark.parametrize(
    ("tool", "kind"),
    [
        ("web_search_20250305", "web_search"),
        ("web_search_20260318", "web_search"),
        ("web_fetch_20250910", "web_fetch"),
        ("code_execution_20250522", "code_interpreter"),
        ("code_execution_20260521", "code_interpreter"),
        ("image_generation", "image_generation"),
        ("model_3d_generate", "model_3d"),
    ],
)
def test_a_tool_that_a_server_runs(tool: str, kind: Any) -> None:
    asked = decoded({"type": tool, "name": kind})
    assert (asked.tools, asked.builtins, asked.ignored) == ((), (Builtin(kind, f"tools.{tool}"),), ())


@pytest.mark.parametrize(
    "kind", ["tool_search_tool_bm25_20251119", "tool_search_tool_regex", "advisor_20260301", "mcp_toolset"]
)
def test_a_tool_that_nobody_here_can_run_is_listed(kind: str) -> None:
    asked = decoded({"type": kind, "name": "x"})
    assert (asked.tools, asked.builtins, asked.ignored) == ((), (), (f"tools.{kind}",))


@pytest.mark.parametrize(
    ("field", "value", "neutral"),
    [
        ("allowed_callers", ["code_execution_20260120"], ["direct"]),
        ("allowed_domains", ["x.org"], []),
        ("blocked_domains", ["x.org"], []),
        ("citations", {"enabled": True}, {"enabled": False}),
        ("eager_input_streaming", True, False),
        ("max_characters", 100, None),
        ("max_content_tokens", 100, None),
        ("max_uses", 3, None),
        ("response_inclusion", "excluded", "full"),
        ("url_sources", {"user_messages": {"type": "all"}}, {}),
        ("use_cache", False, True),
        ("user_location", {"type": "approximate", "city": "Omsk"}, {}),
    ],
)
def test_what_a_tool_says_in_vain_is_listed(field: str, value: Any, neutral: Any) -> None:
    tool = {"type": "web_fetch_20260318", "name": "web_fetch"}
    assert decoded({**tool, field: value}).ignored == (f"tools.{field}",)
    assert decoded({**tool, field: neutral}).ignored == ()


def commands(module: Any, prefix: str) -> dict[str, set[str]]:
    """The memory tool's commands in the official client, each with its parameters."""
    found = {}
    for name in dir(module):
        if name.startswith(prefix) and name.endswith("Command") and name != f"{prefix}Command":
            fields = getattr(module, name).model_fields
            found[get_args(fields["command"].annotation)[0]] = set(fields) - {"command"}
    return found


def test_memory_has_the_commands_of_the_official_client() -> None:
    name, schema = function({"type": "memory_20250818", "name": "memory"})
    known = commands(beta, "BetaMemoryTool20250818")
    assert name == "memory"
    assert set(schema["properties"]["command"]["enum"]) == set(known)
    assert set(schema["properties"]) - {"command"} == set().union(*known.values())


def test_bash() -> None:
    name, schema = function({"type": "bash_20250124", "name": "bash"})
    assert (name, list(schema["properties"]), schema["required"]) == ("bash", ["command", "restart"], [])


@pytest.mark.parametrize(
    ("tool", "name", "undoes", "inserts"),
    [
        ("text_editor_20241022", "str_replace_editor", True, "new_str"),
        ("text_editor_20250124", "str_replace_editor", True, "new_str"),
        ("text_editor_20250429", "str_replace_based_edit_tool", False, "insert_text"),
        ("text_editor_20250728", "str_replace_based_edit_tool", False, "insert_text"),
    ],
)
def test_text_editor(tool: str, name: str, undoes: bool, inserts: str) -> None:
    found, schema = function({"type": tool, "name": name})
    properties = schema["properties"]
    assert (found, schema["required"]) == (name, ["command", "path"])
    assert ("undo_edit" in properties["command"]["enum"]) == undoes
    assert ("insert_text" in properties) == (inserts == "insert_text")


@pytest.mark.parametrize(
    ("version", "more", "has", "lacks"),
    [
        ("20241022", {}, {"key", "left_click"}, {"scroll", "zoom"}),
        ("20250124", {}, {"scroll", "wait", "triple_click"}, {"zoom"}),
        ("20251124", {"enable_zoom": True}, {"scroll", "zoom"}, set()),
    ],
)
def test_computer(version: str, more: Any, has: set[str], lacks: set[str]) -> None:
    tool = {"type": f"computer_{version}", "name": "computer", "display_width_px": 1024, "display_height_px": 768}
    name, schema = function({**tool, **more})
    actions = set(schema["properties"]["action"]["enum"])
    assert (name, schema["required"]) == ("computer", ["action"])
    assert has <= actions
    assert not lacks & actions
    assert "1024 x 768" in decoded({**tool, **more}).tools[0].description


@pytest.mark.parametrize("toolset", TOOLSETS)
def test_a_toolset_has_the_members_and_parameters_of_the_official_client(toolset: str) -> None:
    configs = getattr(types, f"{toolset.title()}ToolsetConfigsParam")
    assert set(TOOLSETS[toolset]) == set(get_type_hints(configs))
    for name, member in TOOLSETS[toolset].items():
        given = getattr(types, f"{toolset.title()}{name.title().replace('_', '')}Input").model_fields
        required = {field.alias or key for key, field in given.items() if field.is_required()}
        assert (name, set(member.required)) == (name, required)
        assert (name, set(member.parameters["properties"])) == (name, {f.alias or key for key, f in given.items()})


def test_a_toolset_offers_its_members_except_those_switched_off() -> None:
    configs = {"zoom": {"enabled": False}, "key": {"defer_loading": True}, "type": None}
    names = [tool.name for tool in decoded({"type": "computer_toolset_20260801", "configs": configs}).tools]
    assert set(names) == {f"computer_{name}" for name in TOOLSETS["computer"]} - {"computer_zoom"}
    both = decoded({"type": "computer_toolset_20260801"}, {"type": "browser_toolset_20260801"}).tools
    assert {"computer_screenshot", "browser_screenshot"} <= {tool.name for tool in both}


def test_a_member_that_a_toolset_has_not_is_a_400() -> None:
    with pytest.raises(GatewayError) as caught:
        decoded({"type": "browser_toolset_20260801", "configs": {"fly": {}}})
    assert caught.value.problem.param == "tools[0].configs.fly"


def changing(*blocks: Any) -> ChatRequest:
    messages = [{"role": "user", "content": "x"}, *({"role": "system", "content": [block]} for block in blocks)]
    tools: Any = [{"name": name, "input_schema": {}} for name in ("a", "b")]
    body = {"model": "claude", "max_tokens": 9, "messages": messages, "tools": tools}
    return Exchange(msgspec.json.encode(body)).request


def names(*blocks: Any) -> str:
    return "".join(tool.name for tool in changing(*blocks).tools)


def test_tools_come_and_go_on_the_way() -> None:
    def change(kind: str, **tool: Any) -> Any:
        return {"type": f"tool_{kind}", "tool": tool}

    new = change("addition", type="tool_definition", definition={"name": "c", "input_schema": {}})
    without_a = change("removal", type="tool_reference", name="a")
    with_a = change("addition", type="tool_reference", name="a")
    without_c = change("removal", type="tool_reference", name="c")
    assert names() == "ab"
    assert names(new) == "abc"
    assert names(new, without_a) == "bc"
    assert names(without_a, with_a) == "ab"
    assert names(new, without_c) == "ab"
    assert names(new, without_c, new) == "abc"
    assert changing(new).ignored == ()
    assert names({"type": "compaction", "content": "They talked.", "tool_changes": [without_a]}) == "b"
    other = change("addition", type="mcp_toolset_reference", mcp_server_name="m")
    assert changing(other).ignored == ("messages.content.tool.mcp_toolset_reference",)
