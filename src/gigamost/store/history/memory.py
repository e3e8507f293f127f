"""What is kept for as long as the process lives: the gateway of `demo`, and the model that the tests hold SQL to."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from gigamost.core.history import Conversation, Erased, Item, KeptResponse, Link, Page, Window


class MemoryHistory:
    """`core.ports.History`."""

    def __init__(self) -> None:
        self.responses = _Responses(self)
        self.conversations = _Conversations(self)
        self.items = _Items(self)
        self.answers: dict[tuple[str, str], tuple[KeptResponse, int]] = {}
        self.talks: dict[tuple[str, str], tuple[Conversation, list[Item]]] = {}

    async def said(self, tenant: str, holders: Sequence[str], limit: int) -> Sequence[Item] | None:
        said = [item for holder in holders for item in self.all_of(tenant, holder)]
        return said if sum(len(item.body) for item in said) <= limit else None

    async def erase(self, tenant: str, subjects: Sequence[str]) -> Erased:
        named = frozenset(subjects) - {""}
        answers = {
            name: kept for (owner, name), (kept, _) in self.answers.items() if owner == tenant and kept.subject in named
        }
        talks = [key for key, (talk, _) in self.talks.items() if key[0] == tenant and talk.subject in named]
        items = {item.id for kept in answers.values() for item in (*kept.input, *kept.output)}
        for name in answers:
            del self.answers[tenant, name]
        for key in talks:
            del self.talks[key]
        for (owner, _), (_, listed) in self.talks.items():
            listed[:] = [item for item in listed if owner != tenant or item.id not in items]
        return Erased(tuple(sorted(answers)), len(talks))

    async def sweep(self, now: int) -> int:
        before = len(self.answers)
        while gone := self._expired(now):
            for key in gone:
                del self.answers[key]
        return before - len(self.answers)

    def _expired(self, now: int) -> list[tuple[str, str]]:
        needed = {(tenant, kept.refers.response) for (tenant, _), (kept, _) in self.answers.items()}
        return [key for key, (_, expires) in self.answers.items() if expires <= now and key not in needed]

    def listed(self, tenant: str, holder: str) -> Sequence[Item]:
        if (tenant, holder) in self.talks:
            return self.talks[tenant, holder][1]
        answer = self.answers.get((tenant, holder))
        return answer[0].input if answer is not None else ()

    def all_of(self, tenant: str, holder: str) -> Iterable[Item]:
        yield from self.listed(tenant, holder)
        if (tenant, holder) in self.answers:
            yield from self.answers[tenant, holder][0].output


class _Responses:
    def __init__(self, kept: MemoryHistory) -> None:
        self._kept = kept

    async def keep(self, tenant: str, kept: KeptResponse, expires: int) -> None:
        self._kept.answers[tenant, kept.id] = kept, expires
        talk = kept.refers.conversation
        if await self._kept.items.append(tenant, talk, (*kept.input, *kept.output)) and kept.subject:
            conversation, items = self._kept.talks[tenant, talk]
            if not conversation.subject:
                named = msgspec.structs.replace(conversation, subject=kept.subject)
                self._kept.talks[tenant, talk] = named, items

    async def get(self, tenant: str, response: str) -> KeptResponse | None:
        found = self._kept.answers.get((tenant, response))
        return found[0] if found is not None else None

    async def chain(self, tenant: str, response: str) -> Sequence[Link]:
        links: list[Link] = []
        while (found := self._kept.answers.get((tenant, response))) is not None:
            links.append(Link(response, found[0].refers))
            response = found[0].refers.response
        return links

    async def delete(self, tenant: str, response: str) -> bool:
        return self._kept.answers.pop((tenant, response), None) is not None


class _Conversations:
    def __init__(self, kept: MemoryHistory) -> None:
        self._kept = kept

    async def create(self, tenant: str, conversation: Conversation, items: Sequence[Item]) -> None:
        self._kept.talks[tenant, conversation.id] = conversation, list(items)

    async def get(self, tenant: str, conversation: str) -> Conversation | None:
        found = self._kept.talks.get((tenant, conversation))
        return found[0] if found is not None else None

    async def describe(self, tenant: str, conversation: str, metadata: Mapping[str, str]) -> Conversation | None:
        found = self._kept.talks.get((tenant, conversation))
        if found is None:
            return None
        described = msgspec.structs.replace(found[0], metadata=dict(metadata))
        self._kept.talks[tenant, conversation] = described, found[1]
        return described

    async def delete(self, tenant: str, conversation: str) -> bool:
        return self._kept.talks.pop((tenant, conversation), None) is not None


class _Items:
    def __init__(self, kept: MemoryHistory) -> None:
        self._kept = kept

    async def append(self, tenant: str, conversation: str, items: Sequence[Item]) -> bool:
        found = self._kept.talks.get((tenant, conversation))
        if found is not None:
            found[1].extend(items)
        return found is not None

    async def page(self, tenant: str, holder: str, window: Window) -> Page | None:
        items = list(self._kept.listed(tenant, holder))
        if window.order == "desc":
            items.reverse()
        if window.after:
            at = next((at for at, item in enumerate(items) if item.id == window.after), None)
            if at is None:
                return None
            items = items[at + 1 :]
        return Page(tuple(items[: window.limit]), len(items) > window.limit)

    async def find(self, tenant: str, ids: Sequence[str], holder: str = "") -> Mapping[str, Item]:
        everywhere = [name for owner, name in (*self._kept.answers, *self._kept.talks) if owner == tenant]
        return {
            item.id: item
            for each in ([holder] if holder else everywhere)
            for item in self._kept.all_of(tenant, each)
            if item.id in ids
        }

    async def delete(self, tenant: str, conversation: str, item: str) -> bool:
        found = self._kept.talks.get((tenant, conversation))
        items = found[1] if found is not None else []
        left = [each for each in items if each.id != item]
        if found is None or len(left) == len(items):
            return False
        found[1][:] = left
        return True
