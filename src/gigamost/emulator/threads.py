"""Conversations that the API keeps (`storage`, sections 4.1, 5.1 and 6.9). v1 and v2 keep them in one place."""

from typing import Any, Literal
from uuid import uuid4

import msgspec

from gigamost.emulator.conversation import Said
from gigamost.emulator.validator.rules import THREAD_UNKNOWN

Status = Literal["in_progress", "ready", "failed"]


class Kept(msgspec.Struct, frozen=True):
    """One message of a thread. `finish` is how an answer ended, "" for what a client said."""

    id: str
    created_at: int
    said: Said
    finish: str = ""


class Thread(msgspec.Struct, frozen=True):
    """`owner` is an account. `model` is that of the last run; `assistant_id` is "" for none."""

    id: str
    owner: str
    created_at: int
    updated_at: int
    model: str = "GigaChat"
    assistant_id: str = ""
    messages: tuple[Kept, ...] = ()
    status: Status = "ready"

    @property
    def said(self) -> tuple[Said, ...]:
        return tuple(kept.said for kept in self.messages)


class Threads:
    """All threads of all accounts. A thread of somebody else is a thread that does not exist."""

    def __init__(self) -> None:
        self._threads: dict[str, Thread] = {}

    def create(self, owner: str, now: int) -> Thread:
        return self._put(Thread(str(uuid4()), owner, now, now))

    def get(self, thread_id: str, owner: str) -> Thread | None:
        thread = self._threads.get(thread_id)
        return thread if thread is not None and thread.owner == owner else None

    def need(self, thread_id: object, owner: str) -> Thread:
        """Raises RefusalError (404)."""
        thread = self.get(thread_id, owner) if isinstance(thread_id, str) else None
        if thread is None:
            raise THREAD_UNKNOWN.refuse()
        return thread

    def of(self, owner: str) -> list[Thread]:
        """The newest first."""
        threads = [thread for thread in self._threads.values() if thread.owner == owner]
        return sorted(threads, key=lambda thread: thread.updated_at, reverse=True)

    def add(self, thread: Thread, messages: tuple[Kept, ...], now: int, **changes: Any) -> Thread:
        """The thread with the messages behind those that it has."""
        kept = (*thread.messages, *messages)
        return self._put(msgspec.structs.replace(thread, messages=kept, updated_at=now, **changes))

    def forget_last(self, thread: Thread) -> Thread:
        """The thread without its last message."""
        return self._put(msgspec.structs.replace(thread, messages=thread.messages[:-1]))

    def delete(self, thread: Thread) -> None:
        del self._threads[thread.id]

    def _put(self, thread: Thread) -> Thread:
        self._threads[thread.id] = thread
        return thread


def keep(said: Said, now: int, finish: str = "") -> Kept:
    return Kept(str(uuid4()), now, said, finish)


def latest(said: tuple[Said, ...], limit: int | None) -> tuple[Said, ...]:
    """The last `limit` messages, and the system's before them; all without a limit."""
    if limit is None or len(said) <= limit:
        return said
    system = said[:1] if said[0].role == "system" else ()
    return (*system, *said[max(len(system), len(said) - limit) :])
