"""The ports of `core.ports.History`, the same for every store."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from gigamost.core.history import Conversation, KeptResponse, Link, Page, Refers, Window
from gigamost.core.ports import History
from tests.store.conftest import NEVER, answer, item

ALL = 10**9
TALK = Conversation("conv_1", 1_700_000_000, {"topic": "мосты"})


async def test_an_answer_is_there_as_it_was_kept(history: History) -> None:
    kept = answer("resp_1", text="мост 🌉")
    await history.responses.keep("one", kept, NEVER)
    assert await history.responses.get("one", "resp_1") == kept
    assert await history.responses.chain("one", "resp_1") == [Link("resp_1", Refers())]
    assert await history.said("one", ["resp_1"], ALL) == [*kept.input, *kept.output]


async def test_an_answer_without_items_and_one_with_any_bytes(history: History) -> None:
    kept = KeptResponse("resp_1", 5, bytes(range(256)), (), ())
    await history.responses.keep("one", kept, NEVER)
    assert await history.responses.get("one", "resp_1") == kept
    assert await history.said("one", ["resp_1"], ALL) == []
    assert await history.items.page("one", "resp_1", Window()) == Page(())


async def test_a_chain_leads_to_its_beginning_and_may_fork(history: History) -> None:
    for name, after in (("a", ""), ("b", "a"), ("c", "b"), ("fork", "a")):
        await history.responses.keep("one", answer(name, after=after), NEVER)
    assert [link.id for link in await history.responses.chain("one", "c")] == ["c", "b", "a"]
    assert [link.id for link in await history.responses.chain("one", "fork")] == ["fork", "a"]
    said = await history.said("one", ["a", "b", "c"], ALL)
    assert said is not None
    assert [each.id for each in said] == [f"{part}{name}" for name in "abc" for part in ("ask0", "ask1", "out")]


async def test_a_long_chain_is_recalled_in_its_order(history: History) -> None:
    names = [f"r{at}" for at in range(1200)]
    for before, name in zip(["", *names], names, strict=False):
        await history.responses.keep("one", KeptResponse(name, 1, b"{}", (), (item(name),), Refers(before)), NEVER)
    assert [link.id for link in await history.responses.chain("one", "r1199")] == names[::-1]
    said = await history.said("one", names, ALL)
    assert said is not None
    assert [each.id for each in said] == names


async def test_a_chain_ends_where_an_answer_is_missing(history: History) -> None:
    for name, after in (("a", ""), ("b", "a"), ("c", "b")):
        await history.responses.keep("one", answer(name, after=after), NEVER)
    assert await history.responses.delete("one", "b")
    assert await history.responses.chain("one", "c") == [Link("c", Refers("b"))]
    assert await history.responses.chain("one", "b") == []


async def test_more_than_the_limit_is_not_recalled(history: History) -> None:
    kept = answer("a", text="x" * 1000)
    await history.responses.keep("one", kept, NEVER)
    size = sum(len(each.body) for each in (*kept.input, *kept.output))
    assert await history.said("one", ["a"], size - 1) is None
    assert await history.said("one", ["a"], size) is not None


async def test_deletion_takes_the_items_along(history: History) -> None:
    await history.responses.keep("one", answer("a"), NEVER)
    await history.responses.keep("one", answer("b"), NEVER)
    assert await history.responses.delete("one", "a") is True
    assert await history.responses.delete("one", "a") is False
    assert await history.responses.get("one", "a") is None
    assert await history.said("one", ["a"], ALL) == []
    assert await history.items.find("one", ["outa", "outb"]) == {"outb": item("outb")}


async def test_a_conversation_is_made_described_and_deleted(history: History) -> None:
    await history.conversations.create("one", TALK, [item("msg_1")])
    assert await history.conversations.get("one", "conv_1") == TALK
    described = await history.conversations.describe("one", "conv_1", {"topic": "реки"})
    assert described == Conversation("conv_1", TALK.created, {"topic": "реки"})
    assert await history.conversations.get("one", "conv_1") == described
    assert await history.conversations.delete("one", "conv_1") is True
    assert await history.conversations.delete("one", "conv_1") is False
    assert await history.conversations.describe("one", "conv_1", {}) is None
    assert await history.items.append("one", "conv_1", [item("msg_2")]) is False
    assert await history.said("one", ["conv_1"], ALL) == []


async def test_an_answer_is_appended_to_its_conversation(history: History) -> None:
    await history.conversations.create("one", TALK, [item("first")])
    assert await history.items.append("one", "conv_1", [item("second")])
    kept = answer("a", within="conv_1")
    await history.responses.keep("one", kept, NEVER)
    said = await history.said("one", ["conv_1"], ALL)
    assert said == [item("first"), item("second"), *kept.input, *kept.output]
    assert await history.responses.get("one", "a") == kept
    assert await history.responses.delete("one", "a")  # of the answer, not of what was said
    assert await history.said("one", ["conv_1"], ALL) == said


async def test_an_answer_outlives_a_conversation_that_was_deleted_meanwhile(history: History) -> None:
    await history.conversations.create("one", TALK, [])
    await history.conversations.delete("one", "conv_1")
    await history.responses.keep("one", answer("a", within="conv_1"), NEVER)
    assert await history.responses.get("one", "a") is not None
    assert await history.said("one", ["conv_1"], ALL) == []


async def test_answers_of_one_moment_stand_in_a_conversation_one_behind_the_other(history: History) -> None:
    await history.conversations.create("one", TALK, [])
    names = [f"r{at}" for at in range(20)]
    await asyncio.gather(
        *(history.responses.keep("one", answer(name, within="conv_1"), NEVER) for name in names),
        *(history.items.append("one", "conv_1", [item("x1"), item("x2")]) for _ in range(5)),
    )
    said = await history.said("one", ["conv_1"], ALL)
    assert said is not None
    ids = [each.id for each in said]
    assert len(ids) == 20 * 3 + 5 * 2
    for name in names:
        at = ids.index(f"ask0{name}")
        assert ids[at : at + 3] == [f"ask0{name}", f"ask1{name}", f"out{name}"]
    assert all(ids[at + 1] == "x2" for at, name in enumerate(ids) if name == "x1")


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_pages_join_to_the_whole_list(history: History, order: str) -> None:
    names = [f"msg_{at}" for at in range(7)]
    await history.conversations.create("one", TALK, [item(name) for name in names])
    seen: list[str] = []
    after, more = "", True
    while more:
        page = await history.items.page("one", "conv_1", Window(3, after, "asc" if order == "asc" else "desc"))
        assert page is not None
        assert len(page.items) <= 3
        seen += [each.id for each in page.items]
        after, more = seen[-1], page.has_more
    assert seen == (names if order == "asc" else names[::-1])
    assert await history.items.page("one", "conv_1", Window(3, "msg_of_elsewhere")) is None


async def test_the_list_of_an_answer_is_what_was_asked(history: History) -> None:
    kept = answer("a")
    await history.responses.keep("one", kept, NEVER)
    assert await history.items.page("one", "a", Window(order="asc")) == Page(kept.input)
    assert await history.items.page("one", "a", Window()) == Page(kept.input[::-1])
    assert await history.items.page("one", "a", Window(1, order="asc")) == Page(kept.input[:1], has_more=True)


async def test_items_are_found_by_id_and_deleted_from_a_conversation(history: History) -> None:
    await history.conversations.create("one", TALK, [item("m1"), item("m2"), item("m3")])
    await history.responses.keep("one", answer("a"), NEVER)
    assert await history.items.find("one", ["m2", "outa", "nothing"]) == {"m2": item("m2"), "outa": item("outa")}
    assert await history.items.find("one", ["m2", "outa"], "conv_1") == {"m2": item("m2")}
    assert await history.items.find("one", []) == {}
    assert await history.items.delete("one", "conv_1", "m2") is True
    assert await history.items.delete("one", "conv_1", "m2") is False
    assert await history.items.delete("one", "a", "outa") is False
    page = await history.items.page("one", "conv_1", Window(order="asc"))
    assert page == Page((item("m1"), item("m3")))
    assert await history.items.append("one", "conv_1", [item("m4")])
    said = await history.said("one", ["conv_1"], ALL)
    assert said == [item("m1"), item("m3"), item("m4")]


async def test_what_has_expired_goes_unless_a_later_one_builds_on_it(history: History) -> None:
    keep = history.responses.keep
    await keep("one", answer("old"), 100)
    await keep("one", answer("a"), 100)
    await keep("one", answer("b", after="a"), 150)
    await keep("one", answer("c", after="b"), 300)
    assert await history.sweep(99) == 0
    assert await history.sweep(200) == 1
    assert await history.responses.get("one", "old") is None
    assert [link.id for link in await history.responses.chain("one", "c")] == ["c", "b", "a"]
    assert await history.sweep(300) == 3
    assert await history.responses.chain("one", "c") == []
    assert await history.items.find("one", ["outa", "outb", "outc"]) == {}


async def test_conversations_do_not_expire(history: History) -> None:
    await history.conversations.create("one", TALK, [item("m")])
    await history.sweep(NEVER)
    assert await history.said("one", ["conv_1"], ALL) == [item("m")]


Reach = Callable[[History], Awaitable[object]]
REACHES: list[tuple[Reach, object]] = [
    (lambda history: history.responses.get("other", "a"), None),
    (lambda history: history.responses.chain("other", "a"), []),
    (lambda history: history.responses.delete("other", "a"), False),
    (lambda history: history.conversations.get("other", "conv_1"), None),
    (lambda history: history.conversations.describe("other", "conv_1", {}), None),
    (lambda history: history.conversations.delete("other", "conv_1"), False),
    (lambda history: history.items.append("other", "conv_1", [item("m")]), False),
    (lambda history: history.items.page("other", "conv_1", Window()), Page(())),
    (lambda history: history.items.page("other", "a", Window()), Page(())),
    (lambda history: history.items.page("other", "conv_1", Window(after="ask0a")), None),
    (lambda history: history.items.find("other", ["ask0a", "outa"]), {}),
    (lambda history: history.items.find("other", ["ask0a", "outa"], "a"), {}),
    (lambda history: history.items.delete("other", "conv_1", "ask0a"), False),
    (lambda history: history.said("other", ["a", "conv_1"], ALL), []),
]


@pytest.mark.parametrize("at", range(len(REACHES)))
async def test_another_tenant_reaches_nothing(history: History, at: int) -> None:
    await history.conversations.create("one", TALK, [])
    kept = answer("a", within="conv_1")
    await history.responses.keep("one", kept, NEVER)
    reach, nothing = REACHES[at]
    assert await reach(history) == nothing
    assert await history.responses.get("one", "a") == kept
    assert await history.conversations.get("one", "conv_1") == TALK
    assert await history.said("one", ["conv_1"], ALL) == [*kept.input, *kept.output]


async def test_another_tenants_answer_is_no_link_of_a_chain(history: History) -> None:
    await history.responses.keep("one", answer("a"), NEVER)
    await history.responses.keep("other", answer("b", after="a"), NEVER)
    assert await history.responses.chain("other", "b") == [Link("b", Refers("a"))]


async def test_another_tenants_answer_is_not_appended(history: History) -> None:
    await history.conversations.create("one", TALK, [])
    await history.responses.keep("other", answer("a", within="conv_1"), NEVER)
    assert await history.said("one", ["conv_1"], ALL) == []
