"""What administrators do with webhooks. The secret of one leaves here once, when it is made."""

from ipaddress import ip_address
from time import monotonic
from typing import Annotated, Final, Literal, Protocol

import msgspec

from gigamost.admin import wire
from gigamost.admin.exchange import Place, missing
from gigamost.admin.office import Office
from gigamost.admin.reading import JsonValue, fit, merged, unknown
from gigamost.admin.terms import moment_of
from gigamost.core.errors import invalid
from gigamost.core.notice_ports import NoticeStore, OpenNotices
from gigamost.core.notices import KINDS, PING, Attempt, Delivery, DeliveryState, Disabled, Notice, Webhook
from gigamost.notices.messages import ENTROPY, new_secret
from gigamost.upstreams.addresses import is_global
from gigamost.upstreams.outside import parse

MOST: Final = 20  # webhooks of one tenant, and of the operator


class WebhookTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What of a webhook can be changed. `events` are kinds of notices, none: all of them."""

    url: Annotated[str, msgspec.Meta(min_length=1, max_length=2048)]
    events: tuple[str, ...] = ()
    disabled: bool = False


class NewWebhook(WebhookTerms, frozen=True, kw_only=True):
    """`tenant` is an id or a name: it gets what concerns that one. Left out: the operator's, which gets everything."""

    tenant: str | None = None


class ShownWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """`disabled_because` is `gone` for a receiver that answered 410. One that is `configured` is changed in the
    configuration alone."""

    id: str
    url: str
    tenant_id: str | None
    events: tuple[str, ...]
    disabled: bool
    disabled_because: Literal["administrator", "gone"] | None
    configured: bool
    created_at: str | None


class MadeWebhook(ShownWebhook, frozen=True, kw_only=True):
    """`secret` is shown this once."""

    secret: str


class Pinged(msgspec.Struct, frozen=True):
    """What came back. `status` is null where there was no answer."""

    ok: bool
    status: int | None
    duration_ms: int
    problem: str


class ShownDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A notice on its way to a webhook, with what its last attempt came to."""

    notice_id: str
    event: str
    state: DeliveryState
    attempts: int
    began_at: str
    attempted_at: str | None
    next_attempt_at: str | None
    status: int | None
    problem: str


class Send(Protocol):
    async def send(self, webhook: Webhook, notice: Notice) -> Attempt: ...


class Webhooks:
    """Every method raises GatewayError: 400 that names the field, 404, 503. `actor` is who asks, for the audit;
    `tenant`, an id, the one to whose things they are confined."""

    def __init__(self, office: Office, open_notices: OpenNotices, sender: Send) -> None:
        self._office = office
        self._open = open_notices
        self._sender = sender

    async def create(self, new: NewWebhook, actor: str, tenant: str | None = None) -> MadeWebhook:
        office = self._office
        owner = await self._owner(new.tenant, tenant)
        _check(new)
        store = await self._open()
        if len(await store.webhooks.page("", MOST, owner)) == MOST:
            raise invalid(f"There are {MOST} webhooks already, no more are possible: delete one.", code="too_many")
        secret = new_secret(office.entropy(ENTROPY))
        webhook = Webhook(
            id=office.new_id("webhook"),
            tenant=owner,
            url=new.url,
            events=new.events,
            secret=secret,
            created=int(office.now()),
            disabled="administrator" if new.disabled else "",
        )
        await store.webhooks.add(webhook)
        await self._written(webhook, "webhook.create", actor, new)
        return MadeWebhook(**msgspec.structs.asdict(_shown(webhook)), secret=secret.reveal())

    async def page(self, place: Place, tenant: str | None = None) -> wire.Page[ShownWebhook]:
        found = await (await self._open()).webhooks.page(place.cursor, place.limit + 1, tenant)
        data = tuple(map(_shown, found[: place.limit]))
        return wire.Page(data=data, next_cursor=data[-1].id if len(found) > place.limit else None)

    async def get(self, id_: str) -> ShownWebhook:
        return _shown(await self._find(await self._open(), id_))

    async def tenant_of(self, id_: str) -> str | None:
        """Whose it is; None for the operator's, and when there is no such webhook."""
        found = await (await self._open()).webhooks.get(id_)
        return (found.tenant or None) if found is not None else None

    async def patch(self, id_: str, patch: JsonValue, actor: str) -> ShownWebhook:
        """`patch` is merged into what the webhook has (RFC 7396)."""

        def edit(webhook: Webhook) -> Webhook:
            terms = WebhookTerms(url=webhook.url, events=webhook.events, disabled=bool(webhook.disabled))
            wanted = fit(merged(msgspec.to_builtins(terms), patch), WebhookTerms)
            if webhook.is_configured and (wanted.url, wanted.events) != (webhook.url, webhook.events):
                raise _configured("change")
            _check(wanted)
            disabled: Disabled = (webhook.disabled or "administrator") if wanted.disabled else ""
            return msgspec.structs.replace(webhook, url=wanted.url, events=wanted.events, disabled=disabled)

        store = await self._open()
        edited = await store.webhooks.edit(id_, edit)
        if edited is None:
            raise missing("webhook", id_)
        await self._written(edited, "webhook.update", actor, patch)
        return _shown(edited)

    async def delete(self, id_: str, actor: str) -> ShownWebhook:
        """With what waits for it. The webhook as it was."""
        store = await self._open()
        found = await self._find(store, id_)
        if found.is_configured:
            raise _configured("delete")
        await store.webhooks.edit(id_, lambda _: None)
        await self._written(found, "webhook.delete", actor)
        return _shown(found)

    async def ping(self, id_: str) -> Pinged:
        """Sends a message now, past the queue; a webhook that is disabled gets it too."""
        webhook = await self._find(await self._open(), id_)
        office, now = self._office, self._office.now()
        data = msgspec.Raw(msgspec.json.encode({"webhook_id": webhook.id}))
        began = monotonic()
        attempt = await self._sender.send(webhook, Notice(office.new_id("notice"), now, PING, webhook.tenant, data, ""))
        spent = round((monotonic() - began) * 1000)
        return Pinged(not attempt.problem, attempt.status or None, spent, attempt.problem)

    async def deliveries(self, id_: str, place: Place) -> wire.Page[ShownDelivery]:
        store = await self._open()
        await self._find(store, id_)
        found = await store.deliveries.page(id_, place.cursor, place.limit + 1)
        data = tuple(map(_delivery, found[: place.limit]))
        return wire.Page(data=data, next_cursor=data[-1].notice_id if len(found) > place.limit else None)

    async def _find(self, store: NoticeStore, id_: str) -> Webhook:
        found = await store.webhooks.get(id_)
        if found is None:
            raise missing("webhook", id_)
        return found

    async def _owner(self, wanted: str | None, tenant: str | None) -> str:
        """The id of the tenant whose it will be, "" for the operator."""
        if wanted is None:
            return tenant or ""
        found = await (await self._office.directory()).tenants.get(wanted)
        if found is None or tenant not in (None, found.id):
            raise invalid(f"tenant: there is no tenant {wanted[:80]!r}: create it first.", "tenant", "unknown_tenant")
        return found.id

    async def _written(self, webhook: Webhook, action: str, actor: str, details: object = None) -> None:
        change = self._office.change(actor, action, webhook.id, details)
        change = msgspec.structs.replace(change, tenant=webhook.tenant or None)
        await (await self._office.directory()).audit.add(change)


def _check(terms: WebhookTerms) -> None:
    """Raises GatewayError (400)."""
    for at, event in enumerate(terms.events):
        if event not in KINDS:
            raise unknown(f"events[{at}]: ", event, KINDS)
    try:
        host = parse(terms.url).host
    except ValueError as error:
        raise invalid(f"url: it {error}.", "url", "invalid_value") from None
    try:
        is_open = is_global(ip_address(host))
    except ValueError:
        return  # a name: what is behind it is looked at whenever something is sent
    if not is_open:
        raise invalid("url: this address is not on the public internet.", "url", "invalid_value")


def _configured(what: str) -> Exception:
    return invalid(f"This webhook is in the configuration: {what} it there (`webhooks`).", code="configured")


def _shown(webhook: Webhook) -> ShownWebhook:
    return ShownWebhook(
        id=webhook.id,
        url=webhook.url,
        tenant_id=webhook.tenant or None,
        events=webhook.events,
        disabled=bool(webhook.disabled),
        disabled_because=webhook.disabled or None,
        configured=webhook.is_configured,
        created_at=None if webhook.is_configured else moment_of(webhook.created),
    )


def _delivery(delivery: Delivery) -> ShownDelivery:
    waits = delivery.state == "waiting"
    return ShownDelivery(
        notice_id=delivery.notice,
        event=delivery.kind,
        state=delivery.state,
        attempts=delivery.attempts,
        began_at=moment_of(delivery.began),
        attempted_at=None if delivery.attempted is None else moment_of(delivery.attempted),
        next_attempt_at=moment_of(delivery.due) if waits else None,
        status=delivery.status,
        problem=delivery.problem,
    )
