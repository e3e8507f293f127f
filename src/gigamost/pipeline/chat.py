"""A chat request from the decoded question to an answer whose first content is there."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from gigamost.core.errors import GatewayError
from gigamost.core.estimate import input_tokens
from gigamost.core.events import Event
from gigamost.core.fold import Reply, fold
from gigamost.core.request import ChatRequest
from gigamost.core.usage import Usage
from gigamost.ledger.reserve import most
from gigamost.pipeline.answer import Answer, Answering
from gigamost.pipeline.attempt import Ready
from gigamost.pipeline.caching import ChatCache
from gigamost.pipeline.context import Context
from gigamost.pipeline.desk import Visit
from gigamost.pipeline.enforce import Enforcer
from gigamost.pipeline.fitting import check_format
from gigamost.pipeline.followup import Plan, after_failure, begin, judge, must_be_whole
from gigamost.pipeline.imposed import imposed
from gigamost.pipeline.opened import Opened
from gigamost.pipeline.prepare import Preparer
from gigamost.pipeline.send import Sender
from gigamost.pipeline.taping import taped
from gigamost.pipeline.targets import Course, Target, price_name

# The course for the model name that a client asked for. Raises GatewayError (404).
FindCourse = Callable[[ChatRequest, Context], Awaitable[Course]]


class Chat:
    def __init__(self, *, find_course: FindCourse, sender: Sender, preparer: Preparer, cache: ChatCache) -> None:
        self._find_course = find_course
        self._sender = sender
        self._preparer = preparer
        self._cache = cache

    def answer(self, request: ChatRequest, context: Context) -> Awaitable[Answering]:
        """Raises GatewayError: then nothing was shown to the client yet."""
        answer = self._answer(request, context)
        return taped(answer, request, context) if context.principal.defaults.keeps_prompts else answer

    async def _answer(self, request: ChatRequest, context: Context) -> Answering:
        request = imposed(request, context.principal.defaults)
        check_format(request.format, request.spelled.get("format", "format"))
        course = await self._find_course(request, context)
        if context.principal.defaults.cache_seconds:
            return await self._cache.answer(request, course, context, self._ask)
        return await self._ask(request, course, context)

    async def _ask(self, request: ChatRequest, course: Course, context: Context) -> Answer:
        preparer, visit, plan = self._preparer, context.visit, begin(request)
        first, *others = course.models()
        await visit.reserve(price_name(first), most(request, first.capabilities), *map(price_name, others))
        # Now, not before: credentials have become busy while the ledger was written.
        course = preparer.arranged(course, request, context)
        spent = Usage()
        while True:
            asking = _Asking(preparer, plan.request, context)
            opened = await self._open(course, asking, visit)
            files = preparer.files(context, opened.account, request)
            enforcer = Enforcer(plan.request, preparer.ids(context, opened.account))
            answer = Answer(opened, enforcer, files, visit, asking.ignored)
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
                    answer.ignored += (request.spelled.get("parallel_tool_calls", "parallel_tool_calls"),)
                return answer.settle(verdict)
            plan = verdict
            spent += enforcer.usage

    async def _open(self, course: Course, asking: "_Asking", visit: Visit) -> Opened:
        """Books what attempts that came to nothing may have generated: their prompts, at the least."""
        trail = visit.trail
        posts = trail.posts
        try:
            return await self._sender.open(course, asking.prepare, visit)
        except asyncio.CancelledError:
            trail.unbooked += trail.posts > posts
            raise
        finally:
            unseen, trail.unbooked = trail.unbooked, 0
            if unseen:
                visit.spend(Usage(unseen * input_tokens(asking.request), estimated=True))


class _Asking:
    """One question to whichever target takes it, and which of its fields that target cannot honour."""

    def __init__(self, preparer: Preparer, request: ChatRequest, context: Context) -> None:
        self.ignored = request.ignored
        self._preparer = preparer
        self.request = request
        self._context = context

    async def prepare(self, target: Target, dialect: frozenset[str]) -> Ready:
        ready = await self._preparer.ready(self.request, self._context, target, dialect)
        self.ignored = self.request.ignored + ready.call.ignored
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
