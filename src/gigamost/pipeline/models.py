"""The models that clients may name."""

from collections.abc import Sequence

from gigamost.core.face import Listed
from gigamost.pipeline.routes import Routes


class Models:
    def __init__(self, routes: Routes) -> None:
        self._routes = routes

    async def list_models(self) -> Sequence[Listed]:
        """The upstream's names and the exact names of ours."""
        return await self._routes.listed()

    async def get_model(self, name: str) -> Listed:
        """Any name that a request may have, listed or known by a rule (`gpt-4o`). Raises GatewayError (404)."""
        for listed in await self._routes.listed():
            if listed.name == name:
                return listed
        return Listed(name, await self._routes.find(name))
