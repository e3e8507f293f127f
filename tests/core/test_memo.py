"""What is remembered belongs to one object, and is forgotten in the end."""

from gigamost.core.memo import by_identity


def test_the_same_object_is_asked_about_once_for_the_same_arguments() -> None:
    asked: list[tuple[list[int], int]] = []

    @by_identity
    def added(numbers: list[int], more: int) -> int:
        asked.append((numbers, more))
        return sum(numbers) + more

    first, equal = [1, 2], [1, 2]
    assert [added(first, 3), added(first, 3), added(first, 4), added(equal, 3)] == [6, 6, 7, 6]
    assert asked == [(first, 3), (first, 4), (equal, 3)]


def test_the_oldest_is_forgotten_and_no_id_is_mistaken_for_another() -> None:
    made = 0

    @by_identity
    def copied(numbers: list[int]) -> tuple[int, ...]:
        nonlocal made
        made += 1
        return tuple(numbers)

    kept = [0]
    copied(kept)
    for number in range(1, 1000):
        assert copied([number]) == (number,)  # a list that nobody else holds: its address may be used again
    assert made == 1000
    assert copied(kept) == (0,)
    assert made == 1001
