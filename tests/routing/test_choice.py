"""Which target is asked first: health, places, the conversation, weights."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from gigamost.routing.choice import Standing, order

STANDINGS = st.lists(
    st.builds(
        Standing,
        st.text(max_size=5),
        st.floats(0.01, 100),
        st.floats(0, 3),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda standing: standing.name,
)
TALKS = [f"conversation {at}" for at in range(4000)]


@given(STANDINGS, st.text())
def test_everybody_is_in_it_once_healthy_and_free_ones_first(standings: list[Standing], talk: str) -> None:
    found = order(standings, talk)
    assert sorted(found) == list(range(len(standings)))
    ranks = [(not standings[at].is_healthy, standings[at].load >= 1) for at in found]
    assert ranks == sorted(ranks)
    assert order(standings, talk) == found


@given(STANDINGS, st.text(), st.data())
def test_a_conversation_moves_only_when_its_own_target_goes(
    standings: list[Standing], talk: str, data: st.DataObject
) -> None:
    calm = [standing._replace(load=0.0, is_healthy=True) for standing in standings]
    favourites = [calm[at].name for at in order(calm, talk)]
    gone = data.draw(st.sampled_from(favourites))
    left = [standing for standing in calm if standing.name != gone]
    assert [left[at].name for at in order(left, talk)] == [name for name in favourites if name != gone]


def test_weights_are_shares() -> None:
    standings = [Standing("a", 1), Standing("b", 3)]
    first = Counter(order(standings, talk)[0] for talk in TALKS)
    assert 0.70 < first[1] / len(TALKS) < 0.80


def test_load_does_not_move_a_conversation_while_there_is_a_place() -> None:
    standings = [Standing("a"), Standing("b")]
    own = order(standings, "talk")[0]
    busy = [standing._replace(load=0.9 if at == own else 0.0) for at, standing in enumerate(standings)]
    assert order(busy, "talk")[0] == own
    full = [standing._replace(load=1.0 if at == own else 0.0) for at, standing in enumerate(standings)]
    assert order(full, "talk")[0] != own


def test_among_full_ones_the_least_busy_for_its_weight() -> None:
    assert order([Standing("a", 1, 1.5), Standing("b", 3, 3.0)], "talk") == [1, 0]
