"""Does one item: decoded by its face's own codec, through the same pipeline, encoded by the codec again."""

from collections.abc import Awaitable, Callable, Sequence
from time import time, time_ns
from typing import NamedTuple
from uuid import uuid4

import msgspec

from gigamost.auth.principal import Principal
from gigamost.auth.scopes import check_face
from gigamost.batch.recurrence import again
from gigamost.core.codec import Stamp
from gigamost.core.errors import GatewayError, Kind, Problem, invalid
from gigamost.core.face import (
    Choose,
    Face,
    Incoming,
    ServeChat,
    ServeEmbeddings,
    ServeImages,
    ServeModerations,
    ServeResponses,
    Service,
)
from gigamost.core.fold import Reply
from gigamost.core.jobs import Again, Claimed, Job, Outcome, Plan
from gigamost.core.request import ChatRequest
from gigamost.pipeline.chat import Chat
from gigamost.pipeline.context import Context
from gigamost.pipeline.desk import GONE, Desk, Visit
from gigamost.pipeline.kept import KeptChat
from gigamost.pipeline.tasks import Tasks

# Who a job's items are asked for. Raises GatewayError (401) when that key is not good any more.
Admit = Callable[[Job], Principal]
# Makes it durable that an item is sent. False: it must not be.
MarkSent = Callable[[], Awaitable[bool]]

WITHDRAWN = Problem(Kind.UNAVAILABLE, "The request was withdrawn before it was sent.", code="withdrawn")
_JSON = {"content-type": "application/json"}
_BEHIND = 1_000_000  # in a line, as no operator counts


class Entered(NamedTuple):
    """An item on its way: how it enters the pipeline, and whether something of it was sent."""

    context: Context
    visit: Visit
    marks: list[bool]

    @property
    def was_sent(self) -> bool:
        return bool(self.marks)


class Execution:
    """`faces` are those whose endpoints serve items."""

    def __init__(
        self, faces: Sequence[Face], chat: Chat, kept_chat: KeptChat, tasks: Tasks, desk: Desk, admit: Admit
    ) -> None:
        self._faces = faces
        self._chat = chat
        self._kept_chat = kept_chat
        self._tasks = tasks
        self._desk = desk
        self._admit = admit

    async def run(self, item: Claimed, mark_sent: MarkSent) -> Outcome | Again:
        """Never raises GatewayError: what went wrong is the item's outcome, in the form that its client knows."""
        face, service = self.find(item.job.plan)
        entered: Entered | None = None
        request_id, status = str(uuid4()), GONE
        try:
            entered = await self.enter(item.job, request_id, mark_sent)
            body = await self._answer(service, incoming_of(item), entered.context)
            status = 200
            return Outcome("succeeded", status, body, request_id, entered.visit.usage)
        except GatewayError as error:
            problem, status = error.problem, error.problem.status
            was_sent = entered is not None and entered.was_sent
            if entered is not None:
                entered.visit.refuse(problem)
            repeat = again(problem, was_sent=was_sent, attempts=item.attempts)
            if repeat is not None:
                return repeat
            usage = {"usage": entered.visit.usage} if entered is not None else {}
            return Outcome("failed", status, face.encode_error(problem, request_id), request_id, **usage)
        finally:
            if entered is not None:
                entered.visit.leave(status)

    def find(self, plan: Plan) -> tuple[Face, Service]:
        """The endpoint of a job. Raises LookupError for one that this version does not have."""
        for face in self._faces:
            for endpoint in face.endpoints if face.name == plan.face else ():
                if (endpoint.method, endpoint.path) == ("POST", plan.path):
                    return face, endpoint.service
        raise LookupError(f"there is no endpoint {plan.path} of {plan.face}")

    async def enter(self, job: Job, request_id: str, mark_sent: MarkSent) -> Entered:
        """Raises GatewayError as a client's own request would."""
        principal = self._admit(job)
        check_face(principal, job.plan.face)
        visit = await self._desk.enter(_last_in_line(principal), job.plan.face, request_id)
        marks: list[bool] = []

        async def before_sending() -> None:
            if not marks and not await mark_sent():
                raise GatewayError.of(WITHDRAWN)
            marks.append(True)

        visit.before_sending = before_sending
        return Entered(Context(principal, request_id, visit, job.plan.session, job.plan.user), visit, marks)

    async def _answer(self, service: Service, incoming: Incoming, context: Context) -> bytes:
        stamp_id, started, began = context.request_id.replace("-", ""), int(time()), time_ns()

        def stamp(model: str) -> Stamp:
            return Stamp(stamp_id, started, model, lambda: time_ns() - began)

        match service:
            case ServeChat(decode=decode):
                exchange = decode(incoming)
                _refuse_stream(exchange.request)
                answer = await self._chat.answer(exchange.request, context)
                answer.close()
                return exchange.encode(_whole(answer.reply), stamp(exchange.request.model))
            case ServeResponses(decode=decode_response):
                response = decode_response(incoming)
                if response.is_background:
                    raise invalid("background is not possible in a batch: leave it out.", "background")
                _refuse_stream(response.request)
                marked = stamp(response.request.model)
                kept = await self._kept_chat.answer(response, marked, context)
                kept.close()
                return response.encode(_whole(kept.reply), marked)
            case ServeEmbeddings(decode=decode_embedding):
                embedding = decode_embedding(incoming)
                vectors = await self._tasks.embed(embedding.request, context)
                return embedding.encode(vectors, stamp(embedding.request.model))
            case ServeModerations(decode=decode_moderation):
                moderation = decode_moderation(incoming)
                verdicts = await self._tasks.moderate(moderation.request, context)
                return moderation.encode(verdicts, stamp(moderation.request.model))
            case ServeImages(decode=decode_image):
                image = decode_image(incoming)
                pictures = await self._tasks.create_image(image.request, context)
                return image.encode(pictures, stamp(image.request.model))
            case Choose(choose=choose):
                return await self._answer(choose(incoming), incoming, context)
            case _:
                raise TypeError(f"a batch cannot ask for {type(service).__name__}")


def _last_in_line(principal: Principal) -> Principal:
    """Where a key or tenant has a limited number of places, those who wait for an answer come first."""
    priority = principal.defaults.priority - _BEHIND
    return msgspec.structs.replace(principal, defaults=msgspec.structs.replace(principal.defaults, priority=priority))


def incoming_of(item: Claimed) -> Incoming:
    return Incoming(item.body, item.job.plan.parameters, {}, _JSON)


def _refuse_stream(request: ChatRequest) -> None:
    if request.stream:
        raise invalid("stream is not possible in a batch: leave it out.", "stream")


def _whole(reply: Reply | None) -> Reply:
    if reply is None:
        raise TypeError("an answer that was not asked for as a stream is whole")
    return reply
