"""A chat request whose exchange is kept (`Defaults.keeps_prompts`): the visit's tape notes what is asked and shown, and
goes to the recorder when the visit ends, however it does."""

from collections.abc import Awaitable

from gigamost.core.events import Event
from gigamost.core.request import ChatRequest
from gigamost.pipeline.answer import Answering
from gigamost.pipeline.context import Context
from gigamost.pipeline.tape import Tape


async def taped(answer: Awaitable[Answering], request: ChatRequest, context: Context) -> Answering:
    """`answer` is the one to `request`, which is as its client sent it. Raises what it raises."""
    visit = context.visit
    session = visit.conversation or context.session
    visit.tape = tape = Tape(request.messages, request.model, request.user or context.user, session)
    answering = await answer
    if request.stream or answering.reply is None:
        return Taped(answering, tape)
    tape.reply = answering.reply
    return answering


class Taped:
    """`Answering`, and what it shows goes onto the tape."""

    def __init__(self, answer: Answering, tape: Tape) -> None:
        self.trail = answer.trail
        self.ignored = answer.ignored
        self.reply = answer.reply
        self._answer = answer
        self._tape = tape

    @property
    def ended(self) -> bool:
        return self._answer.ended

    async def read(self) -> list[Event]:
        batch = await self._answer.read()
        self._tape.events += batch
        return batch

    def close(self) -> None:
        self._answer.close()
