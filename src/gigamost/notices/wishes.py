"""Who wants which notice."""

from gigamost.core.notices import Notice, Webhook


def wants(webhook: Webhook, notice: Notice) -> bool:
    """The operator's webhooks get everybody's notices, a tenant's its own alone."""
    if webhook.disabled or (webhook.tenant and webhook.tenant != notice.tenant):
        return False
    return not webhook.events or notice.kind in webhook.events
