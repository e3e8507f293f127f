"""A chat request from the decoded question to an answer whose first content is there."""

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from gigamost.core.errors import GatewayError, invalid
from gigamost.core.events import Event
from gigamost.core.fold import Reply, fold
from gigamost.core.messages import ClientFile, Media, Message, Part, ToolCall
from gigamost.core.request import ChatRequest, JsonObject
from gigamost.core.usage import Usage
from gigamost.objects.ids import Seal
from gigamost.pipeline.answer import Answer
from gigamost.pipeline.context import ORIGIN, Context, Ids, client_id, owner_of, tracing
from gigamost.pipeline.enforce import Enforcer
from gigamost.pipeline.files import AccountFiles
from gigamost.pipeline.fitting import check_format
from gigamost.pipeline.followup import Plan, after_failure, begin, judge, must_be_whole
from gigamost.pipeline.materialise import Materialiser
from gigamost.pipeline.send import Ready, Sender, Target, Trail
from gigamost.upstreams.account import Account

# The targets for the model name that a client asked for, best first. Raises GatewayError (404).
FindTargets = Callable[[ChatRequest, Context], Awaitable[Sequence[Target]]]


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
        check_format(request.format)
        targets = self._holding(request, context, await self._find_targets(request, context))
        trail, spent, plan = Trail(), Usage(), begin(request)
        while True:
            asking = _Asking(self, plan.request, context)
            opened = await self._sender.open(targets, asking.prepare, context.principal.tenant, trail)
            files = self.files(context, opened.account, request)
            enforcer = Enforcer(plan.request, self._ids(context, opened.account))
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
        ids = self._ids(context, account)

        async def claim(file_id: str) -> str | None:
            return ids.open_file(file_id)

        prepared = await self._materialiser.prepare(
            _recalled(request, ids),
            self.files(context, account, request),
            target.model,
            owner=f"{context.principal.tenant}\0{request.user}",
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
                    keep = [each for each in targets if self._ids(context, each.account).open_file(file_id)]
                    return keep or targets
        return targets

    def _with_defaults(self, request: ChatRequest) -> ChatRequest:
        if not self._defaults:
            return request
        extra = {**request.extra}
        for origin, fields in self._defaults.items():
            extra[origin] = {**fields, **extra.get(origin, {})}
        return msgspec.structs.replace(request, extra=extra)

    def _ids(self, context: Context, account: Account) -> Ids:
        return Ids(self._seal, owner_of(context, account), self._new_id)


def _recalled(request: ChatRequest, ids: Ids) -> ChatRequest:
    """With what the ids of the client stand for: the state ids of the history's calls, the thread that GigaChat keeps.

    Raises GatewayError (400) for a thread of somebody else. A call's id that is not ours just carries no state.
    """
    storage = request.extra.get(ORIGIN, {}).get("storage")
    if isinstance(storage, dict) and storage.get("assistant_id") is not None:
        # Assistants belong to the credential: one tenant could use another's.
        raise invalid(
            "storage.assistant_id is not supported: send the assistant's instructions.", "storage.assistant_id"
        )
    if isinstance(storage, dict) and "thread_id" in storage:
        thread = ids.open_thread(str(storage["thread_id"]))
        if thread is None:
            raise invalid("storage.thread_id names no thread of yours.", "storage.thread_id")
        own = {**request.extra[ORIGIN], "storage": {**storage, "thread_id": thread}}
        request = msgspec.structs.replace(request, extra={**request.extra, ORIGIN: own})
    if not any(message.role == "assistant" for message in request.messages):
        return request
    messages = tuple(
        _recalled_message(message, ids) if message.role == "assistant" else message for message in request.messages
    )
    return msgspec.structs.replace(request, messages=messages)


def _recalled_message(message: Message, ids: Ids) -> Message:
    parts: list[Part] = []
    recalled = False
    for part in message.parts:
        if type(part) is ToolCall and part.opaque is None and (opaque := ids.state(part.id)) is not None:
            part = msgspec.structs.replace(part, opaque=opaque)
            recalled = True
        parts.append(part)
    return msgspec.structs.replace(message, parts=tuple(parts)) if recalled else message


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
