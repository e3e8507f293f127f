"""A request as one target wants it: its media where the target can read them, its echoes opened, its dialect spoken."""

from collections.abc import Callable

import msgspec

from gigamost.core.errors import invalid
from gigamost.core.messages import ClientFile, Media, Message, Part, ToolCall
from gigamost.core.request import ChatRequest, JsonObject
from gigamost.objects.ids import Seal
from gigamost.pipeline.attempt import Ready
from gigamost.pipeline.context import ORIGIN, Context, Ids, client_id, owner_of, session_of, tracing
from gigamost.pipeline.files import AccountFiles
from gigamost.pipeline.inline import Inliner
from gigamost.pipeline.materialise import Materialiser
from gigamost.pipeline.targets import Course, Target
from gigamost.upstreams.account import Account


class Preparer:
    """`defaults` are GigaChat's own fields that every request gets unless it brings them; they may be replaced."""

    def __init__(
        self,
        *,
        materialiser: Materialiser,
        inliner: Inliner,
        seal: Seal,
        new_id: Callable[[], str],
        defaults: JsonObject,
    ) -> None:
        self._materialiser = materialiser
        self._inliner = inliner
        self._seal = seal
        self._new_id = new_id
        self.defaults = defaults

    async def ready(self, request: ChatRequest, context: Context, target: Target, dialect: frozenset[str]) -> Ready:
        """Raises GatewayError: 400 or 413 for what cannot go there."""
        if not target.keeps_files:
            return await self._carrying(request, context, target, dialect)
        request = self._with_defaults(request)
        account = target.account
        ids = self.ids(context, account)

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

    async def _carrying(self, request: ChatRequest, context: Context, target: Target, dialect: frozenset[str]) -> Ready:
        """For an upstream that keeps nothing of ours: it gets no ids but those that say nothing."""
        request = await self._inliner.prepare(request, target.model)
        request = msgspec.structs.replace(request, user=client_id(self._seal, context, request.user))
        call = target.wire.encode(request, target.model, dialect)
        return Ready(call, {**call.headers, "X-Request-ID": context.request_id}, lambda: None, lambda: False)

    def arranged(self, course: Course, request: ChatRequest, context: Context) -> Course:
        """Best first: what keeps the file or the thread that the request names, then what the conversation prefers."""
        if len(course.targets) + len(course.failure) == 1:
            return course
        file_id, thread = _file_in(request), _storage(request).get("thread_id")
        if file_id is not None:
            course = course.holding(lambda account: self.ids(context, account).open_file(file_id) is not None)
        elif isinstance(thread, str):
            course = course.holding(lambda account: self.ids(context, account).open_thread(thread) is not None)
        if len(course.targets) > 1:
            course = course.preferring(session_of(self._seal, context, request))
        return course

    def files(self, context: Context, account: Account, request: ChatRequest) -> AccountFiles:
        return AccountFiles(account, client_id(self._seal, context, request.user))

    def ids(self, context: Context, account: Account) -> Ids:
        return Ids(self._seal, owner_of(context, account), self._new_id)

    def _with_defaults(self, request: ChatRequest) -> ChatRequest:
        if not self.defaults:
            return request
        own = {**self.defaults, **request.extra.get(ORIGIN, {})}
        return msgspec.structs.replace(request, extra={**request.extra, ORIGIN: own})


def _file_in(request: ChatRequest) -> str | None:
    for message in request.messages:
        for part in message.parts:
            if isinstance(part, Media) and isinstance(part.source, ClientFile):
                return part.source.id
    return None


def _storage(request: ChatRequest) -> JsonObject:
    storage = request.extra.get(ORIGIN, {}).get("storage")
    return storage if isinstance(storage, dict) else {}


def _recalled(request: ChatRequest, ids: Ids) -> ChatRequest:
    """With what the ids of the client stand for: the state ids of the history's calls, the thread that GigaChat keeps.

    Raises GatewayError (400) for a thread of somebody else. A call's id that is not ours just carries no state.
    """
    storage = _storage(request)
    if storage.get("assistant_id") is not None:
        # Assistants belong to the credential: one tenant could use another's.
        raise invalid(
            "storage.assistant_id is not supported: send the assistant's instructions.", "storage.assistant_id"
        )
    if "thread_id" in storage:
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
