"""The routes of batches: those of every tenant, how far they are, and their end before time."""

from collections.abc import Sequence
from typing import get_args

import msgspec

from gigamost.admin import wire
from gigamost.admin.exchange import PAGED, Answer, Asked, Owned, Route, missing
from gigamost.admin.office import Office
from gigamost.admin.spending import cursor, mark
from gigamost.admin.terms import moment_of
from gigamost.batch.oversight import Oversight
from gigamost.core.accounting import Mark
from gigamost.core.errors import invalid
from gigamost.core.jobs import BatchQuestion, Job, Kind, Standing


class Items(msgspec.Struct, frozen=True, kw_only=True):
    """How many requests of a batch are in which state."""

    total: int
    waiting: int
    running: int
    succeeded: int
    failed: int
    cancelled: int
    expired: int


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """`path` is the endpoint that serves its requests, `kind` whose form it has. Tokens are those of the requests that
    are over."""

    id: str
    kind: Kind
    state: Standing
    tenant_id: str
    key_id: str
    key_name: str
    path: str
    items: Items
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    created_at: str
    started_at: str | None
    expires_at: str
    cancelling_at: str | None
    ended_at: str | None


def batch_routes(oversight: Oversight, office: Office) -> Sequence[Route]:
    async def tenant_of(batch: str) -> str | None:
        job = await oversight.get(batch)
        return None if job is None else job.tenant

    async def tenant_asked(asked: Asked) -> str:
        """An id or a name, "" for all."""
        given = asked.query.get("tenant", "")
        if asked.tenant is not None or not given:
            return asked.tenant or ""
        found = await (await office.directory()).tenants.get(given)
        return given if found is None else found.id

    async def page(asked: Asked) -> Answer:
        place = asked.page()
        after = mark(place.cursor)
        question = BatchQuestion(
            tenant=await tenant_asked(asked),
            standing=_standing(asked.query.get("state") or None),
            after=None if after is None else (int(after.started), after.id),
            limit=place.limit,
        )
        found = await oversight.page(question)
        last = found.jobs[-1] if found.has_more else None
        return Answer(
            wire.Page(
                data=tuple(map(shown, found.jobs)),
                next_cursor=None if last is None else cursor(Mark(last.created, last.id)),
            )
        )

    async def get(asked: Asked) -> Answer:
        job = await oversight.get(asked.path["id"])
        if job is None:
            raise missing("batch", asked.path["id"])
        return Answer(shown(job))

    async def cancel(asked: Asked) -> Answer:
        asked.read(wire.Nothing)
        batch = asked.path["id"]
        before = await oversight.get(batch)
        job = None if before is None else await oversight.cancel(batch)
        if before is None or job is None:
            raise missing("batch", batch)
        if before.state == "ended":
            raise invalid(f"This batch is over: it is {before.standing}.", code="batch_ended")
        await (await office.directory()).audit.add(office.change(asked.actor, "batch.cancel", batch))
        return Answer(shown(job))

    batches, own = wire.Page[Batch], Owned("batch", tenant_of)
    filtered = (*PAGED, "tenant", "state")
    said = "Ends a batch: what was sent may finish, the rest is not begun."
    return (
        Route("GET", "/batches", page, "Lists batches, the newest first.", batches, query=filtered, within="call"),
        Route("GET", "/batches/{id}", get, "One batch.", Batch, within=own),
        Route("POST", "/batches/{id}/cancel", cancel, said, Batch, wire.Nothing, within=own),
    )


def shown(job: Job) -> Batch:
    tally = job.tally
    return Batch(
        id=job.id,
        kind=job.kind,
        state=job.standing,
        tenant_id=job.tenant,
        key_id=job.plan.key_id,
        key_name=job.plan.key_name,
        path=job.plan.path,
        items=Items(
            total=tally.total,
            waiting=tally.waiting,
            running=tally.running,
            succeeded=tally.succeeded,
            failed=tally.failed,
            cancelled=tally.cancelled,
            expired=tally.expired,
        ),
        prompt_tokens=tally.usage.input_tokens,
        completion_tokens=tally.usage.output_tokens,
        cached_tokens=tally.usage.cached_tokens,
        created_at=moment_of(job.created),
        started_at=_moment(job.started),
        expires_at=moment_of(job.expires),
        cancelling_at=_moment(job.cancelling),
        ended_at=_moment(job.ended),
    )


def _moment(seconds: int | None) -> str | None:
    return None if seconds is None else moment_of(seconds)


def _standing(word: str | None) -> Standing | None:
    """Raises GatewayError (400)."""
    try:
        found: Standing | None = msgspec.convert(word, Standing | None)
    except msgspec.ValidationError:
        raise invalid(f"state: {word!r} is none of {', '.join(get_args(Standing))}.", "state") from None
    return found
