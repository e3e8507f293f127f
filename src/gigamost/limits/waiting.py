"""Who goes next: the highest priority, then the groups in turns, then first come, first served."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

from gigamost.core.limiting import Line

Who = TypeVar("Who", bound=Hashable)


class Queue(Generic[Who]):
    """A group that is served goes behind the others of its priority; one that leaves the queue loses no turn."""

    __slots__ = ("_lines", "_priorities")

    def __init__(self) -> None:
        # No line is empty, and no priority is without lines. The first line of a priority has the next turn.
        self._lines: dict[int, OrderedDict[str, OrderedDict[Who, None]]] = {}
        self._priorities: list[int] = []  # the highest one last

    def __len__(self) -> int:
        return sum(len(line) for lines in self._lines.values() for line in lines.values())

    def __bool__(self) -> bool:
        return bool(self._priorities)

    def join(self, who: Who, line: Line) -> None:
        if line.priority not in self._lines:
            self._lines[line.priority] = OrderedDict()
            self._priorities = sorted(self._lines)
        self._lines[line.priority].setdefault(line.group, OrderedDict())[who] = None

    def leave(self, who: Who, line: Line) -> None:
        """Does nothing for one who is not there."""
        lines = self._lines.get(line.priority, OrderedDict())
        waiting = lines.get(line.group, OrderedDict())
        waiting.pop(who, None)
        if line.group in lines and not waiting:
            del lines[line.group]
            if not lines:
                del self._lines[line.priority]
                self._priorities.remove(line.priority)

    def next(self) -> Who:
        """Takes the next one out. Raises IndexError when nobody waits."""
        priority = self._priorities[-1]
        lines = self._lines[priority]
        group = next(iter(lines))
        who = next(iter(lines[group]))
        self.leave(who, Line(group, priority))
        if group in lines:
            lines.move_to_end(group)
        return who
