"""A chat request from the decoded question to an answer whose first content is there."""

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from gigamost.core.errors import GatewayError
from gigamost.core.events import Event
from gigamost.core.fold import Reply, fold
from gigamost.core.messages import ClientFile, Media, Message, Opaque, Part, ToolCall
from gigamost.core.request import ChatRequest, JsonObject, JsonSchema
from gigamost.core.schema import check
from gigamost.core.usage import Usage
from gigamost.objects.ids import Owner, Seal
from gigamost.pipeline.answer import Answer
from gigamost.pipeline.context import FILE, Context, client_id, owner_of, tracing
from gigamost.pipeline.enforce import Enforcer
from gigamost.pipeline.files import AccountFiles
from gigamost.pipeline.followup import Plan, after_failure, begin, judge, must_be_whole
from gigamost.pipeline.materialise import Materialiser
from gigamost.pipeline.send import Ready, Sender, Target, Trail
from gigamost.upstreams.account import Account

# The targets for the model name that a client asked for, best first. Raises GatewayError (404).
FindTargets = Callable[[ChatRequest, Context], Awaitable[Sequence[Target]]]

ORIGIN = "gigachat"


class Chat:
    """`defaults` are vendor fields that every request gets unless it brings its own (`{"gigachat": {...}}`)."""

    def __init__(
        self,
        *,
        find_targets: FindTargets,
        sender: Sender,
        materialiser: Materialiser,
        seal: Seal,
        new_id: Callable[[], str],
        defaults: dict[str, JsonObject],
    ) -> None:
        self._find_targets = find_targets
        self._sender = sender
        self._materialiser = materialiser
        self._seal = seal
        self._new_id = new_id
        self._defaults = defaults

    async def answer(self, request: ChatRequest, context: Context) -> Answer:
        """Raises GatewayError: then nothing was shown to the client yet."""
        request = self._with_defaults(request)
        if isinstance(request.format, JsonSchema):
            check(request.format.schema, param="response_format")  # before anything is paid for
        targets = self._holding(request, context, await self._find_targets(request, context))
        trail, spent, plan = Trail(), Usage(), begin(request)
        while True:
            asking = _Asking(self, plan.request, context)
            opened = await self._sender.open(targets, asking.prepare, context.principal.tenant, trail)
            files = self.files(context, opened.account, request)
            enforcer = Enforcer(plan.request, self._namer(owner_of(context, opened.account)))
            answer = Answer(opened, enforcer, files, trail, asking.ignored)
            try:
                if plan.request.stream and not must_be_whole(request) and not answer.is_whole:
                    return answer.stream(request.format)
                events: list[Event] = []
                while not answer.ended:
                    events += await answer.read()
            except BaseException:
                answer.close()
                raise
            verdict = _judge(request, plan, events)
            if isinstance(verdict, Reply):
                if plan.used:
                    verdict = msgspec.structs.replace(verdict, usage=spent + verdict.usage)
                if enforcer.dropped_calls:
                    answer.ignored += ("parallel_tool_calls",)
                return answer.settle(verdict)
            plan = verdict
            spent += enforcer.usage

    def files(self, context: Context, account: Account, request: ChatRequest) -> AccountFiles:
        return AccountFiles(account, client_id(self._seal, context, request.user))

    async def ready(self, request: ChatRequest, context: Context, target: Target, dialect: frozenset[str]) -> Ready:
        """The request as this target wants it: its media uploaded there, its echoes opened, its dialect spoken."""
        account = target.account
        owner = owner_of(context, account)

        async def claim(file_id: str) -> str | None:
            return self._seal.open(FILE, file_id, owner)

        prepared = await self._materialiser.prepare(
            self._recalled(request, owner),
            self.files(context, account, request),
            target.model,
            owner=f"{owner.tenant}\0{request.user}",
            claim=claim,
        )

        def forget() -> bool:
            prepared.forget()
            return prepared.reused

        try:
            call = target.wire.encode(prepared.request, target.model, dialect)
        except BaseException:
            prepared.release()
            raise
        return Ready(call, {**call.headers, **tracing(self._seal, context, request)}, prepared.release, forget)

    def _holding(self, request: ChatRequest, context: Context, targets: Sequence[Target]) -> Sequence[Target]:
        """The targets whose credential keeps the files that the request names by id; all when it names none."""
        for message in request.messages if len(targets) > 1 else ():
            for part in message.parts:
                if isinstance(part, Media) and isinstance(part.source, ClientFile):
                    file_id = part.source.id
                    owners = ((target, owner_of(context, target.account)) for target in targets)
                    keep = [target for target, owner in owners if self._seal.open(FILE, file_id, owner)]
                    return keep or targets
        return targets

    def _with_defaults(self, request: ChatRequest) -> ChatRequest:
        if not self._defaults:
            return request
        extra = {**request.extra}
        for origin, fields in self._defaults.items():
            extra[origin] = {**fields, **extra.get(origin, {})}
        return msgspec.structs.replace(request, extra=extra)

    def _namer(self, owner: Owner) -> Callable[[Opaque | None], str]:
        """A call's id carries the state id that GigaChat wants back, sealed: no table has to remember it."""

        def name(opaque: Opaque | None) -> str:
            sealed = self._seal.close("call", opaque.token, owner) if opaque is not None else None
            return "call" + (sealed or self._new_id())

        return name

    def _recalled(self, request: ChatRequest, owner: Owner) -> ChatRequest:
        """The state ids that the ids of the history's calls carry, for this owner alone."""
        if not any(message.role == "assistant" for message in request.messages):
            return request
        messages = tuple(
            self._recalled_message(message, owner) if message.role == "assistant" else message
            for message in request.messages
        )
        return msgspec.structs.replace(request, messages=messages)

    def _recalled_message(self, message: Message, owner: Owner) -> Message:
        parts: list[Part] = []
        for part in message.parts:
            if isinstance(part, ToolCall) and part.opaque is None:
                token = self._seal.open("call", part.id, owner)
                if token is not None:
                    part = msgspec.structs.replace(part, opaque=Opaque(ORIGIN, token))
            parts.append(part)
        return msgspec.structs.replace(message, parts=tuple(parts))


class _Asking:
    """One question to whichever target takes it, and which of its fields that target cannot honour."""

    def __init__(self, chat: Chat, request: ChatRequest, context: Context) -> None:
        self.ignored = request.ignored
        self._chat = chat
        self._request = request
        self._context = context

    async def prepare(self, target: Target, dialect: frozenset[str]) -> Ready:
        ready = await self._chat.ready(self._request, self._context, target, dialect)
        self.ignored = self._request.ignored + ready.call.ignored
        return ready


def _judge(request: ChatRequest, plan: Plan, events: list[Event]) -> Reply | Plan:
    try:
        reply = fold(events)
    except GatewayError as error:
        again = after_failure(plan, error.problem)
        if again is None:
            raise
        return again
    return judge(request, plan, reply)
