"""What a key's requests get whether their client asks for it or not: `core.tenancy.Defaults`, put into the request."""

import msgspec

from gigamost.auth.principal import Principal
from gigamost.auth.scopes import check_model
from gigamost.core.errors import invalid
from gigamost.core.face import Relay
from gigamost.core.messages import Message, Text
from gigamost.core.request import ChatRequest
from gigamost.core.tenancy import Defaults
from gigamost.pipeline.context import ORIGIN

_NOTHING = Defaults()


def imposed(request: ChatRequest, defaults: Defaults) -> ChatRequest:
    """The key's system text before the client's, and its filter. Its models are a matter of `Routes`."""
    if defaults == _NOTHING:
        return request
    if defaults.system:
        system = Message("system", (Text(defaults.system),))
        request = msgspec.structs.replace(request, messages=(system, *request.messages))
    if defaults.profanity_check is not None:
        own = {**request.extra.get(ORIGIN, {}), "profanity_check": defaults.profanity_check}
        request = msgspec.structs.replace(request, extra={**request.extra, ORIGIN: own})
    return request


def _changes(defaults: Defaults) -> bool:
    """Whether they say anything about a request itself, and not only about what becomes of it here."""
    return bool(defaults.model or defaults.forced_model or defaults.system or defaults.profanity_check is not None)


def imposed_on_body(service: Relay, body: bytes, principal: Principal) -> bytes:
    """The same for a body in the upstream's own words, which stays byte for byte what it is where nothing is imposed.

    Raises GatewayError: 403 for a model that the key may not use, 400 for a body that hides what it asks for.
    """
    is_scoped = bool(principal.key.scope.models or principal.owner.scope.models)
    impose = service.impose if _changes(principal.defaults) else None
    if not body or (impose is None and not is_scoped):
        return body
    try:
        given = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise invalid("The request body is not valid JSON.") from None
    if not isinstance(given, dict):
        raise invalid("The request body must be a JSON object.")
    for name in given:
        if name != name.lower() and name.lower() in service.governed:
            raise invalid(f"{name} is written {name.lower()}.", name)  # another parser would take one for the other
    if impose is not None:
        given = impose(given, principal.defaults)
    if is_scoped and "model" in service.governed and not (impose and principal.defaults.forced_model):
        model = given.get("model")
        check_model(principal, model if isinstance(model, str) else "", "")
    return msgspec.json.encode(given)
