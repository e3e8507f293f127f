"""Webhooks and notices as rows."""

from typing import Any, Final

import msgspec
from sqlalchemy import Row

from gigamost.core.notices import Delivery, Notice, Webhook
from gigamost.store.notices.seal import SecretSeal

_events: Final = msgspec.json.Decoder(tuple[str, ...]).decode


def row_of_webhook(webhook: Webhook, seal: SecretSeal) -> dict[str, Any]:
    """Without a secret for one whose secret cannot be read: what is there stays."""
    row: dict[str, Any] = {
        "id": webhook.id,
        "tenant": webhook.tenant,
        "url": webhook.url,
        "events": msgspec.json.encode(webhook.events),
        "created": webhook.created,
        "disabled": webhook.disabled,
        "configured": webhook.is_configured,
    }
    return row if webhook.secret is None else {**row, "secret": seal.close(webhook.id, webhook.secret)}


def webhook_of(row: Row[Any], seal: SecretSeal) -> Webhook:
    return Webhook(
        id=row.id,
        tenant=row.tenant,
        url=row.url,
        events=_events(row.events),
        secret=seal.open(row.id, row.secret),
        created=row.created,
        disabled=row.disabled,
        is_configured=row.configured,
    )


def row_of_notice(notice: Notice) -> dict[str, Any]:
    return {**msgspec.structs.asdict(notice), "data": bytes(notice.data)}


def notice_of(row: Row[Any]) -> Notice:
    return Notice(row.id, row.at, row.kind, row.tenant, msgspec.Raw(row.data), row.key, row.keep, row.lasts)


def delivery_of(row: Row[Any]) -> Delivery:
    return Delivery(
        notice=row.notice,
        kind=row.kind,
        began=row.began,
        state=row.state,
        attempts=row.attempts,
        due=row.due,
        attempted=row.attempted,
        status=row.status or None,
        problem=row.problem,
    )
