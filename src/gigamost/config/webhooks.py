"""What is wrong with the webhooks of the configuration."""

from collections.abc import Iterator
from difflib import get_close_matches
from ipaddress import ip_address

from gigamost.config.settings import Settings, Webhook


def problems(settings: Settings) -> Iterator[str]:
    """One line for each setting; in `prod` for each webhook without a secret as well."""
    urls = [webhook.url for webhook in settings.webhooks]
    for at, webhook in enumerate(settings.webhooks):
        where = str(settings.origins.get(f"webhooks[{at}].url", f"webhooks[{at}]"))
        yield from (f"{where}: {fault}" for fault in _faults(webhook, settings))
        if not webhook.secret and settings.mode == "prod" and f"webhooks[{at}].secret" not in settings.origins:
            yield f"{where}: it has no secret (`secret`), prod signs its messages"
        if urls.index(webhook.url) < at:
            yield f"{where}: it is listed twice"


def unsigned(settings: Settings) -> Iterator[int]:
    return (at for at, webhook in enumerate(settings.webhooks) if not webhook.secret)


def _faults(webhook: Webhook, settings: Settings) -> Iterator[str]:
    from gigamost.core.notices import KINDS
    from gigamost.notices.messages import HOW, fault_in_secret
    from gigamost.telling.sender import OWN_NETWORK
    from gigamost.upstreams.addresses import is_allowed
    from gigamost.upstreams.outside import parse

    for event in webhook.events:
        if event not in KINDS:
            near = get_close_matches(event, KINDS, n=1, cutoff=0.5)
            yield f"there is no event {event} ({f'did you mean {near[0]}?' if near else ', '.join(KINDS)})"
    if webhook.secret and fault_in_secret(webhook.secret):
        yield f"its secret is none of a webhook: that is {HOW}"
    try:
        host = parse(webhook.url).host
    except ValueError as error:
        yield f"the address {error}"
        return
    try:
        address = ip_address(host)
    except ValueError:
        return
    if not is_allowed(address, OWN_NETWORK if settings.webhooks_allow_private else ()):
        yield "the address is not on the public internet; set webhooks_allow_private for your own network"
