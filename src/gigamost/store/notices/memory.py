"""Notices for as long as the process lives, and the model that the tests hold the databases to."""

from collections.abc import Callable, Sequence

import msgspec

from gigamost.core.notices import Claimed, Delivery, DeliveryState, Notice, Outcome, Told, Webhook
from gigamost.notices.retries import KEPT, LONGEST_PROBLEM, MOST_WAITING
from gigamost.notices.wishes import wants


class _Waiting:
    def __init__(self, webhook: str, notice: Notice, began: float, due: float) -> None:
        self.webhook = webhook
        self.notice = notice
        self.began = began
        self.due = due
        self.state: DeliveryState = "waiting"
        self.worker = ""
        self.lease = 0.0
        self.attempts = 0
        self.attempted: float | None = None
        self.status = 0
        self.problem = ""

    def close(self, state: DeliveryState, problem: str = "") -> None:
        self.state, self.worker, self.lease = state, "", 0.0
        self.problem = problem or self.problem


class MemoryNotices:
    """`core.notice_ports.NoticeStore`. `now` is unix seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.hooks: dict[str, Webhook] = {}
        self.told: dict[str, Notice] = {}  # by their keys
        self.sent: dict[tuple[str, str], _Waiting] = {}
        self.webhooks = _Webhooks(self)
        self.outbox = _Outbox(self)
        self.deliveries = _Deliveries(self)

    def waiting_for(self, webhook: str) -> list[_Waiting]:
        return [each for each in self.sent.values() if each.webhook == webhook and each.state == "waiting"]

    def give_up(self, webhook: str) -> None:
        for each in self.waiting_for(webhook):
            each.close("failed", "the webhook is disabled")

    def remove(self, webhook: str) -> None:
        del self.hooks[webhook]
        self.sent = {place: each for place, each in self.sent.items() if each.webhook != webhook}

    async def adopt(self, configured: Sequence[Webhook]) -> None:
        wanted = {each.id: each for each in configured}
        for id_ in [each.id for each in self.hooks.values() if each.is_configured and each.id not in wanted]:
            self.remove(id_)
        for id_, webhook in wanted.items():
            found = self.hooks.get(id_)
            same = (webhook.url, webhook.events, webhook.secret)
            if found is None or (found.url, found.events, found.secret) != same:
                self.hooks[id_] = webhook

    async def sweep(self, now: float) -> int:
        old = [place for place, each in self.sent.items() if each.state != "waiting" and each.began < now - KEPT]
        for place in old:
            del self.sent[place]
        sent = {each.notice.id for each in self.sent.values()}
        past = [
            key
            for key, each in self.told.items()
            if not each.lasts and each.keep < now and each.at < now - KEPT and each.id not in sent
        ]
        for key in past:
            del self.told[key]
        return len(old) + len(past)


class _Webhooks:
    def __init__(self, store: MemoryNotices) -> None:
        self._store = store

    async def add(self, webhook: Webhook) -> None:
        self._store.hooks[webhook.id] = webhook

    async def get(self, webhook: str) -> Webhook | None:
        return self._store.hooks.get(webhook)

    async def edit(self, webhook: str, edit: Callable[[Webhook], Webhook | None]) -> Webhook | None:
        found = self._store.hooks.get(webhook)
        edited = edit(found) if found is not None else None
        if edited is not None:
            self._store.hooks[webhook] = edited
            if edited.disabled:
                self._store.give_up(webhook)
        elif found is not None:
            self._store.remove(webhook)
        return edited

    async def page(self, before: str, limit: int, tenant: str | None = None) -> Sequence[Webhook]:
        own = (each for each in self._store.hooks.values() if tenant in (None, each.tenant))
        found = sorted((each for each in own if not before or each.id < before), key=lambda each: each.id, reverse=True)
        return found[:limit]


class _Outbox:
    def __init__(self, store: MemoryNotices) -> None:
        self._store = store

    async def tell(self, notice: Notice, *, after: float = 0.0) -> Told:
        store, now = self._store, self._store.now()
        if notice.key in store.told:
            return Told(is_new=False)
        store.told[notice.key] = notice
        dropped = 0
        for webhook in [hook.id for hook in store.hooks.values() if wants(hook, notice)]:
            store.sent[webhook, notice.id] = _Waiting(webhook, notice, now, now + after)
            waiting = sorted(store.waiting_for(webhook), key=lambda each: each.notice.id)
            for each in waiting[: max(len(waiting) - MOST_WAITING, 0)]:
                each.close("dropped")
                dropped += 1
        return Told(is_new=True, dropped=dropped)

    async def end(self, key: str, notice: Notice | None = None) -> bool:
        found = self._store.told.get(key)
        if found is None or not found.lasts:
            return False
        del self._store.told[key]
        freed = f"{key}:{found.id}"
        self._store.told[freed] = msgspec.structs.replace(found, key=freed, lasts=False, keep=self._store.now())
        if notice is not None:
            await self.tell(notice)
        return True

    async def lasting(self) -> Sequence[str]:
        return [key for key, notice in self._store.told.items() if notice.lasts]


class _Deliveries:
    def __init__(self, store: MemoryNotices) -> None:
        self._store = store

    async def claim(self, worker: str, lease: float, limit: int) -> Sequence[Claimed]:
        store, now = self._store, self._store.now()
        waiting = [each for each in store.sent.values() if each.state == "waiting"]
        seen = {each.webhook for each in waiting if each.lease >= now}
        found: list[Claimed] = []
        for each in sorted(waiting, key=lambda each: (each.due, each.notice.id)):
            if len(found) == limit:
                break
            if each.due <= now and each.webhook not in seen:
                seen.add(each.webhook)
                each.worker, each.lease, each.attempts = worker, now + lease, each.attempts + 1
                found.append(Claimed(store.hooks[each.webhook], each.notice, each.attempts, each.began))
        return found

    async def settle(self, worker: str, claimed: Claimed, outcome: Outcome) -> bool:
        each = self._store.sent.get((claimed.webhook.id, claimed.notice.id))
        if each is None or (each.worker, each.attempts, each.state) != (worker, claimed.attempts, "waiting"):
            return False
        attempt, now = outcome.attempt, self._store.now()
        each.close(outcome.state)
        each.problem = attempt.problem[:LONGEST_PROBLEM]
        each.due, each.attempted, each.status = now + max(outcome.due - attempt.at, 0.0), now, attempt.status
        if outcome.disables:
            hook = self._store.hooks[claimed.webhook.id]
            self._store.hooks[hook.id] = msgspec.structs.replace(hook, disabled="gone")
            self._store.give_up(hook.id)
        return True

    async def page(self, webhook: str, before: str, limit: int) -> Sequence[Delivery]:
        found = [each for each in self._store.sent.values() if each.webhook == webhook]
        found.sort(key=lambda each: each.notice.id, reverse=True)
        older = [each for each in found if not before or each.notice.id < before]
        return [
            Delivery(
                notice=each.notice.id,
                kind=each.notice.kind,
                began=each.began,
                state=each.state,
                attempts=each.attempts,
                due=each.due,
                attempted=each.attempted,
                status=each.status or None,
                problem=each.problem,
            )
            for each in older[:limit]
        ]

    async def waiting(self) -> int:
        return sum(each.state == "waiting" for each in self._store.sent.values())
