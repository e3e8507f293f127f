"""What was said for as long as the process lives, and the model that the tests hold the databases to."""

from collections.abc import Callable, Sequence
from itertools import count

import msgspec

from gigamost.core.prompts import Entry, Said, Sought, Talk, Tip


class MemoryPrompts:
    """`core.prompts.Prompts` and `PromptShelf`."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._numbers = count(1)

    async def tips(self, tips: Sequence[bytes]) -> Sequence[Tip]:
        wanted = frozenset(tips)
        return [entry.tip for entry in self._entries.values() if entry.tip.tip in wanted]

    async def add(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if entry.said.id not in self._entries:
                said = msgspec.structs.replace(entry.said, number=next(self._numbers))
                self._entries[said.id] = msgspec.structs.replace(entry, said=said)

    async def delete(self, talk: str, tenant: str = "") -> int:
        return self._forget(lambda said: said.talk == talk and tenant in ("", said.tenant))

    async def erase(self, tenant: str, subjects: Sequence[str]) -> int:
        return self._forget(lambda said: said.tenant == tenant and bool(said.subject) and said.subject in subjects)

    async def sweep(self, before: float) -> int:
        return self._forget(lambda said: said.started < before)

    async def talks(self, sought: Sought, before: int | None, limit: int) -> Sequence[Talk]:
        newest: dict[str, Said] = {}
        for said in self._found(sought):
            newest[said.talk] = said
        listed = sorted(newest.values(), key=lambda said: -said.number)
        return [self._talk(said) for said in listed if before is None or said.number < before][:limit]

    async def exchanges(self, sought: Sought, after: int, limit: int) -> Sequence[Said]:
        return [said for said in self._found(sought) if said.number > after][:limit]

    def _found(self, sought: Sought) -> list[Said]:
        return [entry.said for entry in self._entries.values() if _fits(entry, sought)]

    def _talk(self, said: Said) -> Talk:
        all_ = [each.said for each in self._entries.values() if each.said.talk == said.talk]
        return Talk(
            id=said.talk,
            tenant=said.tenant,
            key_id=said.key_id,
            subject=said.subject,
            face=said.face,
            model=said.model,
            number=said.number,
            started=min(each.started for each in all_),
            finished=max(each.finished for each in all_),
            exchanges=len(all_),
            input_tokens=sum(each.usage.input_tokens for each in all_),
            output_tokens=sum(each.usage.output_tokens for each in all_),
        )

    def _forget(self, which: Callable[[Said], bool]) -> int:
        gone = [name for name, entry in self._entries.items() if which(entry.said)]
        for name in gone:
            del self._entries[name]
        return len(gone)


def _fits(entry: Entry, sought: Sought) -> bool:
    said = entry.said
    return (
        sought.tenant in ("", said.tenant)
        and sought.key_id in ("", said.key_id)
        and (not sought.subjects or (bool(said.subject) and said.subject in sought.subjects))
        and sought.talk in ("", said.talk)
        and sought.model in ("", said.model)
        and sought.face in ("", said.face)
        and (sought.since is None or said.started >= sought.since)
        and (sought.until is None or said.started < sought.until)
        and all(any(word.startswith(start) for word in entry.words) for start in sought.words)
    )
