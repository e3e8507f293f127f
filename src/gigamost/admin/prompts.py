"""What administrators do with the history of prompts. Whoever reads what people said stands in the audit, as does
whoever deletes it; never with the name of the person whose it was."""

from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import Final, Protocol

import msgspec

from gigamost.admin import prompt_wire as shapes
from gigamost.admin import wire
from gigamost.admin.exchange import Asked, missing
from gigamost.admin.office import Office
from gigamost.admin.terms import seconds_of
from gigamost.core.errors import invalid
from gigamost.core.instant import SECOND, rfc3339
from gigamost.core.job_ports import OpenJobs
from gigamost.core.ports import OpenHistory
from gigamost.core.prompts import Prompts, PromptShelf, Said, Sought, Talk
from gigamost.history import words
from gigamost.objects.subjects import Subjects

FILTERS: Final = ("tenant", "key", "user", "model", "face", "from", "to", "q")
DRAIN: Final = 5.0  # seconds that a deletion waits for what is not written yet
_AT_ONCE: Final = 100  # exchanges of an export that are in memory
_LONGEST: Final = 512  # characters of a filter, but for `q`


class OpenPrompts(Protocol):
    async def __call__(self) -> Prompts: ...


class Queue(Protocol):
    """Exchanges on their way to the store, in this process."""

    async def drain(self, seconds: float) -> bool: ...

    def forget(self) -> None: ...


class PromptDesk:
    """Every method raises GatewayError: 400 that names the field, 404, 501 for a search where there is none, 503."""

    def __init__(
        self,
        shelf: PromptShelf,
        open_prompts: OpenPrompts,
        queue: Queue,
        subjects: Subjects,
        open_history: OpenHistory,
        open_jobs: OpenJobs,
        office: Office,
    ) -> None:
        self._shelf = shelf
        self._open = open_prompts
        self._queue = queue
        self._subjects = subjects
        self._history = open_history
        self._jobs = open_jobs
        self._office = office

    async def page(self, asked: Asked) -> wire.Page[shapes.Conversation]:
        place, sought = asked.page(), await self._sought(asked)
        before = number_of(place.cursor) if place.cursor else None
        found = await self._shelf.talks(sought, before, place.limit + 1)
        if sought.words:
            await self._write(asked, "conversation.search", "", sought.tenant, _told(asked.query))
        data = tuple(map(conversation, found[: place.limit]))
        return wire.Page(data=data, next_cursor=str(found[place.limit - 1].number) if len(found) > len(data) else None)

    async def get(self, asked: Asked) -> shapes.Exchanges:
        """A part of a conversation, the oldest first."""
        place, id_ = asked.page(), _talk(asked)
        after = number_of(place.cursor) if place.cursor else 0
        found = await self._shelf.exchanges(Sought(talk=id_, tenant=asked.tenant or ""), after, place.limit + 1)
        if not found and not place.cursor:
            raise missing("conversation", id_)
        data = tuple(map(exchange, found[: place.limit]))
        more = str(found[place.limit - 1].number) if len(found) > len(data) else None
        tenant = found[0].tenant if found else ""
        await self._write(asked, "conversation.read", id_, tenant, {"exchanges": len(data)})
        return shapes.Exchanges(data=data, next_cursor=more)

    async def delete(self, asked: Asked) -> shapes.Deleted:
        """Again it changes nothing."""
        id_ = _talk(asked)
        await self._queue.drain(DRAIN)
        tenant = await self.tenant_of(id_) or ""
        gone = await (await self._open()).delete(id_, asked.tenant or "")
        self._queue.forget()
        if gone:
            await self._write(asked, "conversation.delete", id_, tenant, {"exchanges": gone})
        return shapes.Deleted(id=id_, exchanges=gone)

    async def export(self, asked: Asked) -> AsyncGenerator[bytes, None]:
        """Lines of JSON, one for each exchange, in the order in which they were written. The first ones are read before
        it returns, so that what is wrong is said with its status."""
        sought = await self._sought(asked)
        await self._write(asked, "conversation.export", "", sought.tenant, _told(asked.query))
        first = await self._shelf.exchanges(sought, 0, _AT_ONCE)

        async def lines() -> AsyncGenerator[bytes, None]:
            found = first
            while found:
                yield b"".join(msgspec.json.encode(exchange(said)) + b"\n" for said in found)
                found = (
                    await self._shelf.exchanges(sought, found[-1].number, _AT_ONCE) if len(found) == _AT_ONCE else ()
                )

        return lines()

    async def erase(self, asked: Asked) -> shapes.Erased:
        wish = asked.read(shapes.Erase)
        tenant = await self._tenant(wish.tenant, asked)
        subjects = self._subjects.tags(tenant, wish.user)
        drained = await self._queue.drain(DRAIN)
        prompts, history = await self._open(), await self._history()
        gone = await prompts.erase(tenant, subjects)
        kept = await history.erase(tenant, subjects)
        jobs = (await self._jobs()).jobs
        for response in kept.responses:  # one that was made in the background is a job as well
            await jobs.delete(tenant, response)
        self._queue.forget()
        erased = shapes.Erased(
            subject=subjects[0],
            exchanges=gone,
            responses=len(kept.responses),
            conversations=kept.conversations,
            not_reached=shapes.NOT_REACHED if drained else (*shapes.NOT_REACHED, shapes.STILL_QUEUED),
        )
        counts = {"exchanges": gone, "responses": len(kept.responses), "conversations": kept.conversations}
        await self._write(asked, "subject.erase", subjects[0], tenant, counts)
        return erased

    async def tenant_of(self, talk: str) -> str | None:
        found = await self._shelf.exchanges(Sought(talk=talk), 0, 1)
        return found[0].tenant if found else None

    async def _sought(self, asked: Asked) -> Sought:
        query = {name: text for name, text in asked.query.items() if text}
        for name in FILTERS[:-1]:
            _check(query.get(name, ""), name)
        tenant = await self._tenant(query["tenant"], asked) if "tenant" in query else asked.tenant or ""
        if "user" in query and not tenant:
            raise invalid("user: say whose user it is: tenant=...", "tenant")
        since, until = (seconds_of(query.get(name), name) for name in ("from", "to"))
        return Sought(
            tenant=tenant,
            key_id=query.get("key", ""),
            subjects=tuple(self._subjects.tags(tenant, query["user"])) if "user" in query else (),
            model=query.get("model", ""),
            face=query.get("face", ""),
            since=since,
            until=until,
            words=words.sought(query["q"]) if "q" in query else (),
        )

    async def _tenant(self, name: str, asked: Asked) -> str:
        """The id of a tenant by its id or its name; one that only the configuration knows is called as there."""
        found = await (await self._office.directory()).tenants.get(name)
        id_ = found.id if found is not None else name
        if asked.tenant not in (None, id_):
            raise missing("tenant", name)
        return id_

    async def _write(self, asked: Asked, action: str, target: str, tenant: str, details: object) -> None:
        change = self._office.change(asked.actor, action, target, details)
        change = msgspec.structs.replace(change, tenant=tenant or None)
        await (await self._office.directory()).audit.add(change)


def conversation(talk: Talk) -> shapes.Conversation:
    return shapes.Conversation(
        id=talk.id,
        tenant_id=talk.tenant,
        key_id=talk.key_id,
        subject=talk.subject or None,
        face=talk.face,
        model=talk.model,
        started_at=_moment(talk.started),
        finished_at=_moment(talk.finished),
        exchanges=talk.exchanges,
        prompt_tokens=talk.input_tokens,
        completion_tokens=talk.output_tokens,
    )


def exchange(said: Said) -> shapes.Exchange:
    problem = shapes.Trouble(code=said.code, message=said.trouble) if said.code else None
    return shapes.Exchange(
        id=said.id,
        conversation_id=said.talk,
        previous_id=said.previous or None,
        tenant_id=said.tenant,
        key_id=said.key_id,
        subject=said.subject or None,
        face=said.face,
        model=said.model,
        started_at=_moment(said.started),
        finished_at=_moment(said.finished),
        status=said.status,
        finish_reason=said.finish or None,
        error=problem,
        prompt_tokens=said.usage.input_tokens,
        completion_tokens=said.usage.output_tokens,
        cached_tokens=said.usage.cached_tokens,
        estimated=said.usage.estimated,
        asked=said.asked,
        answered=said.answered,
    )


def number_of(cursor: str) -> int:
    """Raises GatewayError (400)."""
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 18):
        raise invalid("cursor: it is none of those that this list gave.", "cursor")
    return int(cursor)


def _talk(asked: Asked) -> str:
    id_ = asked.path["id"]
    if not id_.isascii() or len(id_) > _LONGEST or not id_.replace("_", "").isalnum():
        raise missing("conversation", id_)
    return id_


def _check(text: str, name: str) -> None:
    """What is no text for a database is not there either. Raises GatewayError (400)."""
    if len(text) > _LONGEST:
        raise invalid(f"{name}: it is longer than {_LONGEST} characters.", name)
    if "\0" in text:
        raise invalid(f"{name}: it has a NUL character in it.", name)


def _told(query: Mapping[str, str]) -> dict[str, object]:
    """The filters for the audit: of a person only that one was named, of words only how many."""
    return dict(_filters(query))


def _filters(query: Mapping[str, str]) -> Iterator[tuple[str, object]]:
    for name in FILTERS:
        text = query.get(name, "")
        if text:
            yield name, True if name == "user" else len(words.sought(text)) if name == "q" else text


def _moment(seconds: float) -> str:
    """To the millisecond."""
    whole = rfc3339(int(seconds) * SECOND, fraction=False)
    return f"{whole[:-1]}.{int(seconds * 1000) % 1000:03}Z"
