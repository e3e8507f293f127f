"""Routes by name and by pattern, and the names that lists of models show."""

from gigamost.routing.table import Destination, Route, Table

TO_ROUTER = Route(targets=(Destination(upstream="openrouter"),))
FIXED = Route(targets=(Destination(upstream="deepseek", model="deepseek-chat"),))


def test_exact_names_and_patterns_in_their_order() -> None:
    first, second = Route(first_content_timeout=1), Route(first_content_timeout=2)
    table = Table({"a*": first, "ab*": second, "abc": FIXED})
    assert table.exact("abc") is FIXED
    assert (table.exact("ab"), table.exact("a*")) == (None, None)
    assert table.matching("abd") is first
    assert table.matching("b") is None
    assert (table.is_empty, Table({}).is_empty) == (False, True)


def test_a_target_without_a_model_takes_the_clients_name() -> None:
    assert Destination(upstream="openrouter").model_for("openrouter/google/gemma") == "google/gemma"
    assert Destination(upstream="deepseek").model_for("deepseek-chat") == "deepseek-chat"
    assert Destination(upstream="deepseek", model="deepseek-chat").model_for("smart") == "deepseek-chat"


def test_lists_show_exact_names_and_what_is_known_behind_patterns() -> None:
    table = Table(
        {"smart": FIXED, "openrouter/*": TO_ROUTER, "deep*": Route(targets=(Destination(upstream="deepseek"),))}
    )
    offers = {"openrouter": ("google/gemma",), "deepseek": ("deepseek-chat", "other")}
    names = ("smart", "openrouter/google/gemma", "deepseek/deepseek-chat", "deepseek/other")
    assert table.named(offers) == names
    assert table.named({}) == ("smart",)
