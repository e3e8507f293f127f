"""The routes of webhooks."""

from collections.abc import Sequence

from gigamost.admin import wire
from gigamost.admin.exchange import PAGED, Answer, Asked, Owned, Route
from gigamost.admin.reading import parse
from gigamost.admin.webhooks import (
    MadeWebhook,
    NewWebhook,
    Pinged,
    ShownDelivery,
    ShownWebhook,
    Webhooks,
    WebhookTerms,
)


def webhook_routes(webhooks: Webhooks) -> Sequence[Route]:
    async def create(asked: Asked) -> Answer:
        return Answer(await webhooks.create(asked.read(NewWebhook), asked.actor, asked.tenant), 201)

    async def page(asked: Asked) -> Answer:
        return Answer(await webhooks.page(asked.page(), asked.tenant))

    async def get(asked: Asked) -> Answer:
        return Answer(await webhooks.get(asked.path["id"]))

    async def patch(asked: Asked) -> Answer:
        return Answer(await webhooks.patch(asked.path["id"], parse(asked.body), asked.actor))

    async def delete(asked: Asked) -> Answer:
        return Answer(await webhooks.delete(asked.path["id"], asked.actor))

    async def test(asked: Asked) -> Answer:
        asked.read(wire.Nothing)
        return Answer(await webhooks.ping(asked.path["id"]))

    async def deliveries(asked: Asked) -> Answer:
        return Answer(await webhooks.deliveries(asked.path["id"], asked.page()))

    pages, one, own = wire.Page[ShownWebhook], "/webhooks/{id}", Owned("webhook", webhooks.tenant_of)
    last, listed = wire.Page[ShownDelivery], "Lists webhooks, the newest first."
    shown_once = "Creates a webhook, and shows its secret this once."
    return (
        Route("POST", "/webhooks", create, shown_once, MadeWebhook, NewWebhook, status=201, within="call"),
        Route("GET", "/webhooks", page, listed, pages, query=PAGED, within="call"),
        Route("GET", one, get, "One webhook.", ShownWebhook, within=own),
        Route("PATCH", one, patch, "Changes a webhook.", ShownWebhook, WebhookTerms, within=own),
        Route("DELETE", one, delete, "Deletes a webhook and what waits for it.", ShownWebhook, within=own),
        Route("POST", f"{one}/test", test, "Sends a ping now.", Pinged, wire.Nothing, within=own),
        Route("GET", f"{one}/deliveries", deliveries, "Its messages, newest first.", last, query=PAGED, within=own),
    )
