"""Where a request may go: the model that its name means, under the credentials that may be used for it."""

from collections.abc import Callable, Mapping, Sequence

from gigamost.auth.principal import Principal
from gigamost.core.codec import Wire
from gigamost.core.errors import GatewayError, Kind
from gigamost.core.face import Listed
from gigamost.core.models import Model, ModelKind
from gigamost.core.request import ChatRequest
from gigamost.core.secret import Secret
from gigamost.pipeline.catalogue import Catalogue, needs_kind
from gigamost.pipeline.context import Context
from gigamost.pipeline.send import Target
from gigamost.routing.names import listed, resolve
from gigamost.upstreams.account import Account


class Routes:
    """`accounts` are the operator's; `client_account` makes (or finds) the one of a client's own credential."""

    def __init__(
        self,
        *,
        accounts: Sequence[Account],
        catalogue: Catalogue,
        wire: Wire,
        aliases: Mapping[str, str],
        default: str | None,
        client_account: Callable[[Secret], Account],
    ) -> None:
        self._accounts = tuple(accounts)
        self._catalogue = catalogue
        self._wire = wire
        self._aliases = aliases
        self._default = default
        self._client_account = client_account

    async def targets(self, request: ChatRequest, context: Context) -> tuple[Target, ...]:
        """Raises GatewayError: 404 for an unknown model, 400 for one that does not chat."""
        model = await self.model(request.model, "chat")
        return tuple(Target(account, self._wire, model) for account in self.accounts(context.principal))

    def accounts(self, principal: Principal) -> tuple[Account, ...]:
        """The credentials for this caller, the least busy first: never the operator's for a client with its own. Raises
        GatewayError (503) when there is none."""
        if principal.authorization is not None:
            return (self._client_account(principal.authorization),)
        if not self._accounts:
            raise GatewayError(Kind.UNAVAILABLE, "The gateway has no GigaChat credential: its operator has to set one.")
        if len(self._accounts) == 1:
            return self._accounts
        return tuple(sorted(self._accounts, key=_load))

    async def model(self, name: str, kind: ModelKind) -> Model:
        """Raises GatewayError: 404 for a name that means nothing, 400 for a model of another kind."""
        return needs_kind(await self.find(name, self._default if kind == "chat" else None), kind)

    async def find(self, name: str, default: str | None = None) -> Model:
        """The model that a name means. Raises GatewayError (404)."""
        models = await self._catalogue.models()
        return models.get(name) or self._catalogue.describe(resolve(name, models, self._aliases, default))

    async def listed(self) -> tuple[Listed, ...]:
        """Every name that a client may use, with the model it means."""
        models = await self._catalogue.models()
        names = listed(models, self._aliases)
        return tuple(
            Listed(name, self._catalogue.describe(resolve(name, models, self._aliases, self._default)))
            for name in names
        )


def _load(account: Account) -> float:
    state = account.gate.snapshot()
    return (state.in_flight + state.waiting) / state.limit
