"""Pictures by a chat model and its built-in function text2image."""

from collections.abc import Sequence
from typing import Final

from gigamost.auth.scopes import check_chat_model, model_for
from gigamost.core.errors import GatewayError, Kind, invalid
from gigamost.core.events import Failure, PartEnd
from gigamost.core.fold import Reply
from gigamost.core.messages import Media
from gigamost.core.models import Model
from gigamost.core.tasks import ImageRequest
from gigamost.core.usage import Usage
from gigamost.objects.ids import Seal
from gigamost.pipeline.ask import ask
from gigamost.pipeline.context import Context, client_id
from gigamost.pipeline.files import AccountFiles
from gigamost.pipeline.localise import localise
from gigamost.pipeline.plain import json_headers
from gigamost.pipeline.routes import Routes
from gigamost.protocols.gigachat.tasks import CHAT, decode_picture, encode_picture
from gigamost.routing.names import Row

# OpenAI's image models stand for the default chat model, where no other rule knows them.
PAINTERS: Final = Row("gigachat", ("dall-e-*", "gpt-image-*", "chatgpt-image-*"))
_SHOWN: Final = 300  # characters of the model's own words in an error


class Painter:
    def __init__(self, routes: Routes, seal: Seal) -> None:
        self._routes = routes
        self._seal = seal

    async def create_image(self, request: ImageRequest, context: Context) -> Sequence[Media]:
        """The picture with its bytes. Raises GatewayError: 400 `content_policy_violation` where the filter refuses the
        prompt, 502 where the model says something instead of drawing."""
        model = await self._model(model_for(context.principal, request.model))
        check_chat_model(context.principal, request.model, model.id)
        # GigaChat gives a picture only to the client that it was made for.
        client = client_id(self._seal, context, request.user)
        headers, body = json_headers(context, client), encode_picture(model.id, request.prompt)
        gate = (context.principal.tenant, self._routes.plan.queue_timeout)

        await context.visit.reserve(model.id, Usage(len(body), model.capabilities.max_output))
        accounts = self._routes.accounts(context.principal)
        account, answer = await ask(accounts, "POST", CHAT, headers, body, visit=context.visit, gate=gate)
        reply = decode_picture(answer)
        context.visit.spend(reply.usage)
        pictures = tuple(part for part in reply.parts if isinstance(part, Media) and part.kind == "image")
        if not pictures:
            raise _no_picture(reply)
        downloaded = (await localise(PartEnd(pictures[:1]), AccountFiles(account, client)))[-1]
        match downloaded:
            case PartEnd(media=media):
                return media
            case Failure(problem=problem):
                raise GatewayError.of(problem)
            case _:
                raise TypeError(f"{type(downloaded).__name__} is no end of a picture")

    async def _model(self, name: str) -> Model:
        try:
            model = await self._routes.model(name or PAINTERS.target, "chat")
        except GatewayError as error:
            if error.problem.kind is not Kind.MODEL_NOT_FOUND or not PAINTERS.matches(name):
                raise
            model = await self._routes.model(PAINTERS.target, "chat")
        if not model.capabilities.functions:
            raise invalid(f"The model {model.id} has no functions, so it cannot draw: choose another one.", "model")
        return model


def _no_picture(reply: Reply) -> GatewayError:
    said = reply.text.strip()[:_SHOWN] or "nothing"
    if reply.finish == "content_filter":
        message = f"GigaChat's filter refused this prompt, its answer: {said}"
        return invalid(message, "prompt", "content_policy_violation")
    return GatewayError(Kind.UPSTREAM_FAILED, f"GigaChat did not draw. It said: {said}", code="upstream_no_picture")
