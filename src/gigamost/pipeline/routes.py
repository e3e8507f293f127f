"""Where a request may go: the model that its name means, under the credentials that may be used for it.

a route of exactly this name > the upstream's own names > a route whose pattern fits > aliases and built-in names,
whose model may have a route again > the default model
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from time import monotonic
from typing import NamedTuple

from gigamost.auth.principal import Principal
from gigamost.auth.scopes import check_chat_model, check_model, may_use, model_for
from gigamost.core.codec import Wire
from gigamost.core.errors import GatewayError, Kind, invalid
from gigamost.core.face import Listed
from gigamost.core.models import Capabilities, Model, ModelKind
from gigamost.core.request import ChatRequest
from gigamost.core.secret import Secret
from gigamost.pipeline.catalogue import Catalogue, needs_kind
from gigamost.pipeline.context import Context
from gigamost.pipeline.targets import Course, Target, booked_as, price_name
from gigamost.protocols import openai_chat
from gigamost.routing.names import listed, resolve
from gigamost.routing.table import GIGACHAT, Destination, Route, Table
from gigamost.upstreams.account import Account

# Of a model that nobody has described: nothing is refused on its behalf.
UNKNOWN = Capabilities(max_output=32_768, vision=True, structured="native", strict_objects=False)


class Meaning(NamedTuple):
    """What a name stands for: a model of GigaChat's, or what `route` says of it."""

    name: str
    route: Route | None = None


class Plan(NamedTuple):
    """What can be changed while the gateway runs. `offers` are the known models of other upstreams, by name;
    `queue_timeout` is seconds that a call may wait for its turn under a credential."""

    table: Table = Table({})
    aliases: Mapping[str, str] = {}
    default: str | None = None
    offers: Mapping[str, Mapping[str, Model]] = {}
    queue_timeout: float = 60.0


class Routes:
    """`accounts` gives the operator's of an upstream; `client_account` makes (or finds) the one of a client's own
    credential. `plan` and `wire` may be replaced at any time: what is under way keeps its course."""

    def __init__(
        self,
        *,
        accounts: Callable[[str], Sequence[Account]],
        catalogue: Catalogue,
        wire: Wire,
        plan: Plan,
        client_account: Callable[[Secret], Account],
    ) -> None:
        self._accounts = accounts
        self._catalogue = catalogue
        self.wire = wire
        self.plan = plan
        self._client_account = client_account

    async def course(self, request: ChatRequest, context: Context) -> Course:
        """Raises GatewayError: 404 for an unknown model, 403 for one that is not for this key, 400 for one that does
        not chat, 503 without credentials."""
        principal = context.principal
        models = await self._catalogue.models()
        meaning = self._meaning(model_for(principal, request.model), models, self.plan.default)
        if meaning.route is None:
            model = needs_kind(self._of_gigachat(meaning.name, models), "chat")
            check_chat_model(principal, request.model, model.id)
            return Course(tuple(self._under(self.accounts(principal), model)))
        route = meaning.route

        def targets(destinations: Iterable[Destination]) -> tuple[Target, ...]:
            return tuple(target for to in destinations for target in self._targets(to, meaning.name, principal, models))

        course = Course(
            targets(route.targets or (Destination(),)),
            targets(route.fallback.failure),
            targets(route.fallback.context_overflow),
            targets(route.fallback.blacklist),
            route.first_content_timeout,
        )
        if course.targets or course.failure:
            return _permitted(course, principal, request.model)
        if principal.authorization is not None:
            raise invalid(f"The model {request.model} is not one of GigaChat's, whose credential you use.", "model")
        raise _no_credential("upstream")

    def accounts(self, principal: Principal) -> tuple[Account, ...]:
        """GigaChat's credentials for this caller, healthy and least busy first: never the operator's for a client with
        its own. Raises GatewayError (503) when there is none."""
        if principal.authorization is not None:
            return (self._client_account(principal.authorization),)
        accounts = self._accounts(GIGACHAT)
        if not accounts:
            raise _no_credential("GigaChat")
        if len(accounts) == 1:
            return tuple(accounts)
        now = monotonic()
        return tuple(sorted(accounts, key=lambda account: (not account.breaker.allows(now), account.load)))

    def known_models(self) -> frozenset[str]:
        """The names that models are booked under, as far as the upstream and the operator have named any."""
        plan = self.plan
        offered = (price_name(model) for offer in plan.offers.values() for model in offer.values())
        named = (booked_as(to.upstream, to.model) for to in plan.table.destinations() if to.model)
        return frozenset((*self._catalogue.known(), *plan.aliases.values(), plan.default or "", *offered, *named))

    async def model(self, name: str, kind: ModelKind) -> Model:
        """A model of GigaChat's. Raises GatewayError: 404 for a name that means nothing, 400 for a model of another
        kind or upstream."""
        found = await self.find(name, self.plan.default if kind == "chat" else None)
        if found.upstream != GIGACHAT:
            raise invalid(f"The model {name} is served by {found.upstream}, which only chats.", "model")
        return needs_kind(found, kind)

    async def find(self, name: str, default: str | None = None) -> Model:
        """The model that a name means, on a route the first one. Raises GatewayError (404)."""
        models = await self._catalogue.models()
        return self._first(self._meaning(name, models, default), models)

    async def listed(self) -> tuple[Listed, ...]:
        """Every name that a client may use, with the model it means."""
        models = await self._catalogue.models()
        plan = self.plan
        offers = {upstream: tuple(offered) for upstream, offered in plan.offers.items()}
        names = dict.fromkeys((*listed(models, plan.aliases), *plan.table.named(offers)))
        return tuple(Listed(name, self._first(self._meaning(name, models, plan.default), models)) for name in names)

    def _meaning(self, name: str, models: Mapping[str, Model], default: str | None) -> Meaning:
        plan = self.plan
        if plan.table.is_empty:
            return Meaning(name if name in models else resolve(name, models, plan.aliases, default))
        route = plan.table.exact(name)
        if route is None and name not in models and name not in plan.aliases:
            route = plan.table.matching(name)
        if route is not None and route.targets:
            return Meaning(name, route)
        meant = resolve(name, models, plan.aliases, default)
        if route is None:
            route = plan.table.exact(meant) or (None if meant in models else plan.table.matching(meant))
        return Meaning(meant, route)

    def _first(self, meaning: Meaning, models: Mapping[str, Model]) -> Model:
        to = (meaning.route.targets if meaning.route is not None else ()) or (Destination(),)
        return self._model(to[0], meaning.name, models)

    def _model(self, to: Destination, name: str, models: Mapping[str, Model]) -> Model:
        wanted = to.model_for(name)
        if to.upstream == GIGACHAT:
            plan = self.plan
            own = wanted if to.model or wanted in models else resolve(wanted, models, plan.aliases, plan.default)
            return self._of_gigachat(own, models)
        offered = self.plan.offers.get(to.upstream, {})
        if offered and wanted not in offered:
            message = f"The model `{wanted[:80]}` is none of those that {to.upstream} has here: {', '.join(offered)}."
            raise GatewayError(Kind.MODEL_NOT_FOUND, message, param="model", code="model_not_found")
        return offered.get(wanted) or Model(wanted, to.upstream, "chat", to.upstream, UNKNOWN)

    def _of_gigachat(self, model: str, models: Mapping[str, Model]) -> Model:
        return models.get(model) or self._catalogue.describe(model)

    def _targets(
        self, to: Destination, name: str, principal: Principal, models: Mapping[str, Model]
    ) -> Iterator[Target]:
        if to.upstream != GIGACHAT:
            if principal.authorization is None:
                model = self._model(to, name, models)
                yield from (
                    Target(account, openai_chat.WIRE, model, to.weight) for account in self._accounts(to.upstream)
                )
            return
        accounts: Sequence[Account] = self._accounts(GIGACHAT)
        if principal.authorization is not None:
            accounts = self.accounts(principal)
        elif to.credentials:
            accounts = [account for account in accounts if account.name in to.credentials]
        yield from self._under(accounts, needs_kind(self._model(to, name, models), "chat"), to.weight)

    def _under(self, accounts: Sequence[Account], model: Model, weight: float = 1.0) -> Iterator[Target]:
        """A pool shares what it gets by the streams that each of its credentials may have."""
        if len(accounts) == 1:
            yield Target(accounts[0], self.wire, model, weight)
            return
        limits = [account.gate.snapshot().limit for account in accounts]
        for account, limit in zip(accounts, limits, strict=True):
            yield Target(account, self.wire, model, weight * limit / sum(limits))


def _permitted(course: Course, principal: Principal, asked: str) -> Course:
    """A key that may use the name that was asked for may use all that it leads to; else what it may use of that. Raises
    GatewayError (403) when that is nothing."""
    if principal.defaults.forced_model or may_use(principal, asked, ""):
        return course
    allowed = course.only(lambda target: may_use(principal, "", target.model.id))
    if not allowed.targets:
        check_model(principal, asked, "")
    return allowed


def _no_credential(upstream: str) -> GatewayError:
    return GatewayError(Kind.UNAVAILABLE, f"The gateway has no {upstream} credential: its operator has to set one.")
