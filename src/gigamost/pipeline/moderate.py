"""Texts judged by GigaChat's filter, where the account has one."""

from collections.abc import Sequence
from typing import Final

from gigamost.auth.scopes import check_model
from gigamost.core.errors import GatewayError, Kind
from gigamost.core.models import Model
from gigamost.core.tasks import ModerateRequest, Verdict
from gigamost.core.usage import Usage
from gigamost.pipeline.ask import ask
from gigamost.pipeline.context import Context
from gigamost.pipeline.plain import each, json_headers
from gigamost.pipeline.routes import Routes
from gigamost.protocols.gigachat.tasks import FILTER, decode_filter, encode_filter
from gigamost.routing.names import Row

# OpenAI's names of filters stand for whichever filter the account has: the target is a kind, not a name.
FILTERS: Final = Row("", ("omni-moderation-*", "text-moderation-*"))


class Moderator:
    def __init__(self, routes: Routes) -> None:
        self._routes = routes

    async def moderate(self, request: ModerateRequest, context: Context) -> Sequence[Verdict]:
        """One verdict per text. Raises GatewayError: 501 where the account has no filter."""
        model = await self._model(request.model)
        check_model(context.principal, request.model, model.id)
        await context.visit.reserve(
            model.id, Usage(sum(len(text.encode("utf-8", "replace")) for text in request.inputs))
        )
        headers = json_headers(context)

        async def judge(text: str) -> Verdict:
            if not text.strip():
                return Verdict(flagged=False)  # nothing is said, and GigaChat may refuse an empty message
            accounts = self._routes.accounts(context.principal)
            gate = (context.principal.tenant, self._routes.plan.queue_timeout)
            body = encode_filter(model.id, text)
            answer = await ask(accounts, "POST", FILTER, headers, body, visit=context.visit, gate=gate)
            return Verdict(flagged=decode_filter(answer.body))

        return await each(request.inputs, judge)

    async def _model(self, name: str) -> Model:
        listed = await self._routes.listed()
        if not FILTERS.matches(name) or any(entry.name == name for entry in listed):
            return await self._routes.model(name, "filter")
        for entry in listed:
            if entry.model.kind == "filter":
                return entry.model
        raise GatewayError(
            Kind.UNSUPPORTED,
            "This GigaChat account has no filter model (GigaFilter), so texts cannot be moderated. Chats are filtered "
            "by GigaChat itself: a refused one ends with finish_reason content_filter.",
            param="model",
        )
