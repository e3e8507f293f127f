"""The models that clients may name."""

from collections.abc import Sequence

from gigamost.auth.scopes import check_model, may_use
from gigamost.core.face import Listed
from gigamost.pipeline.context import Context
from gigamost.pipeline.routes import Routes


class Models:
    def __init__(self, routes: Routes) -> None:
        self._routes = routes

    async def list_models(self, context: Context) -> Sequence[Listed]:
        """The upstream's names and the exact names of ours, as far as the key may use them."""
        return [
            listed for listed in await self._routes.listed() if may_use(context.principal, listed.name, listed.model.id)
        ]

    async def get_model(self, name: str, context: Context) -> Listed:
        """Any name that a request may have, listed or known by a rule (`gpt-4o`). Raises GatewayError (404, 403)."""
        found = next((listed for listed in await self._routes.listed() if listed.name == name), None)
        found = found or Listed(name, await self._routes.find(name))
        check_model(context.principal, name, found.model.id)
        return found
