"""Tools of v2: which there are, which an account may use, which one is forced (section 5.3)."""

from collections import Counter
from collections.abc import Collection

from gigamost.emulator.catalogue import Facts
from gigamost.emulator.validator import rules as shared
from gigamost.emulator.validator.functions import check_functions
from gigamost.emulator.validator.json_types import Raw
from gigamost.emulator.validator.v2 import rules

KNOWN = frozenset(
    {"functions", "web_search", "url_content_extraction", "code_interpreter", "image_generate", "model_3d_generate"}
    | {"get_datetime", "memory"}
)
SEARCHES = ("actual_info_web_search", "web_search", "safe_search")


def functions_of(body: Raw) -> list[Raw]:
    """The client's own functions."""
    return [
        function for tool in body.get("tools", ()) for function in tool.get("functions", {}).get("specifications", ())
    ]


def builtins_of(body: Raw) -> list[str]:
    return [name for tool in body.get("tools", ()) for name in tool if name != "functions"]


def check_known(body: Raw) -> None:
    for name in builtins_of(body):
        if name not in KNOWN:
            raise rules.TOOL_UNKNOWN.refuse(name=name)


def check_tools(body: Raw, model: Facts, available: Collection[str]) -> None:
    """`available`: the built-in tools of the account."""
    tools: list[Raw] = body.get("tools", [])
    for name, times in Counter(name for tool in tools for name in tool).items():
        if name != "functions" and name not in available:
            raise rules.TOOL_UNAVAILABLE.refuse(name=name)
        if times > 1:
            raise rules.TOOL_TWICE.refuse(name=name)
    for tool in tools:
        kind = tool.get("web_search", {}).get("type", SEARCHES[0])
        if kind not in SEARCHES:
            raise rules.SEARCH_TYPE.refuse(type=kind)
    functions = functions_of(body)
    check_functions(functions, model, by_name=frozenset())
    if "tool_config" in body:
        _check_config(body["tool_config"], builtins_of(body), [function["name"] for function in functions])


def _check_config(config: Raw, builtins: list[str], functions: list[str]) -> None:
    named = config.keys() & {"tool_name", "function_name"}
    if config["mode"] != "forced":
        for field in sorted(named):
            raise rules.FORCED_MODE.refuse(field=field)
        return
    if len(named) != 1:
        raise rules.FORCED_NAME.refuse()
    if "tool_name" in config and config["tool_name"] not in builtins:
        raise rules.FORCED_TOOL.refuse(name=config["tool_name"])
    if "function_name" in config and config["function_name"] not in functions:
        raise shared.FORCED_UNKNOWN.refuse(name=config["function_name"])
