"""Who goes next, beside the same rules in the plainest words."""

from hypothesis import given
from hypothesis import strategies as st

from gigamost.core.limiting import Line
from gigamost.limits.waiting import Queue

LINES = st.builds(Line, st.sampled_from("abc"), st.integers(-1, 1))
STEPS = st.lists(
    st.one_of(st.tuples(st.just("join"), LINES), st.tuples(st.sampled_from(["leave", "next"]), st.integers(0, 20))),
    max_size=80,
)


@given(STEPS)
def test_order_is_the_models(steps: list[tuple[str, Line | int]]) -> None:
    queue: Queue[int] = Queue()
    waiting: dict[int, Line] = {}
    turns: list[Line] = []  # the lines that somebody is in, the next turn first
    for number, (step, argument) in enumerate(steps):
        if isinstance(argument, Line):
            queue.join(number, argument)
            waiting[number] = argument
            turns += [argument] if argument not in turns else []
        elif waiting and step == "leave":
            who = list(waiting)[argument % len(waiting)]
            queue.leave(who, waiting.pop(who))
        elif waiting:
            line = max(turns, key=lambda each: each.priority)
            who = next(each for each, its in waiting.items() if its == line)
            assert queue.next() == who
            del waiting[who]
            turns.remove(line)
            turns.append(line)
        turns = [line for line in turns if line in waiting.values()]
        assert len(queue) == len(waiting)
        assert bool(queue) is bool(waiting)


def test_leaving_twice_or_without_having_come_does_nothing() -> None:
    queue: Queue[str] = Queue()
    queue.leave("x", Line("a"))
    queue.join("x", Line("a"))
    queue.leave("y", Line("a"))
    queue.leave("x", Line("b"))
    assert queue.next() == "x"
    queue.leave("x", Line("a"))
    assert not queue
