"""Remembers what was made of a value that comes again and again, such as the tools of an agent's every turn."""

from collections.abc import Callable, Hashable
from typing import Concatenate, Final, ParamSpec, TypeVar

Key = TypeVar("Key")
More = ParamSpec("More")
Made = TypeVar("Made")
_KEPT: Final = 128


def by_identity(make: Callable[Concatenate[Key, More], Made]) -> Callable[Concatenate[Key, More], Made]:
    """`make`, asked once for the same object and the same hashable arguments after it; the oldest answer goes first.

    For values that cannot be hashed, or whose comparison costs as much as the work. Neither the value nor what was
    made of it may ever be changed.
    """
    kept: dict[tuple[Hashable, ...], tuple[Key, Made]] = {}

    def remembered(value: Key, /, *args: More.args, **kwargs: More.kwargs) -> Made:
        key = (id(value), *args, *kwargs.items())
        found = kept.get(key)
        if found is not None:
            return found[1]
        made = make(value, *args, **kwargs)
        if len(kept) >= _KEPT:
            kept.pop(next(iter(kept)))
        kept[key] = value, made  # keeps the value alive, so that its id stays its own
        return made

    return remembered
