"""Looks at a whole answer and says whether it will do, or what to ask next. A follow-up is a new generation: at most
two per request, all of them paid for and added up.

    degenerate "<"                                the same again
    a broken function call                        the same again, once
    a call was demanded, none came                which tool? (a forced choice), then that tool forced
    arguments that do not fit the tool's schema   the same tool forced, with the mistake named
    text that is not in the wanted form           the same question with the answer and its mistake
"""

from typing import Literal, NamedTuple

import msgspec

from gigamost.core.errors import GatewayError, Kind, Problem
from gigamost.core.fold import Reply
from gigamost.core.messages import Message, Text
from gigamost.core.request import (
    AnyTool,
    AutoTool,
    ChatRequest,
    Function,
    JsonObject,
    OneTool,
    PlainText,
    Regex,
)
from gigamost.core.schema import validate
from gigamost.pipeline.fitting import Shaped, bared, must_fit, unfit, why_unfit
from gigamost.pipeline.recovery import BROKEN_CALL

LIMIT = 2  # follow-ups per request
CHOOSER = "choose_function"
MUST_CALL = "Do not answer with text: call one of the functions."
_NO_CALL = "The model answered with text although a tool call was demanded."
_WRONG_ARGUMENTS = (
    "The arguments of your call of {name} do not fit its schema: {why}. Call it again with correct arguments."
)
_REPAIR = "This is not what was asked for: {why}. Answer again with the corrected {form} and nothing else."

Stage = Literal["first", "choosing", "chosen", "repairing"]


class Plan(NamedTuple):
    """What is being asked: the client's request, or a follow-up to it. `used` counts the follow-ups so far."""

    request: ChatRequest
    stage: Stage = "first"
    used: int = 0


def begin(request: ChatRequest) -> Plan:
    """The first question. A demanded call among several tools has no mode in GigaChat, so it is put into words."""
    if not isinstance(request.tool_choice, AnyTool) or len(request.tools) < 2:
        return Plan(request)
    words = Message("system", (Text(MUST_CALL),))
    # At the end: the prompt's beginning stays what GigaChat has in its cache, and paths in errors stay right.
    return Plan(msgspec.structs.replace(request, messages=(*request.messages, words)))


def must_be_whole(request: ChatRequest) -> bool:
    """Whether nothing may be shown before the whole answer is there, even in a stream."""
    return _demands_call(request)


def _demands_call(request: ChatRequest) -> bool:
    """A built-in tool that has to be used is no call: it runs upstream."""
    return isinstance(request.tool_choice, AnyTool | OneTool) and bool(request.tools)


def judge(client: ChatRequest, plan: Plan, reply: Reply) -> Reply | Plan:
    """The answer as the client may have it, or the next question. Raises GatewayError when it will not do and no
    follow-up is left."""
    if plan.stage == "choosing":
        return _chosen(client, plan, reply)
    if reply.finish not in ("stop", "tool_calls"):
        return reply  # cut or filtered: asking again would say the same
    if not reply.calls and reply.text.strip() == "<":
        return _again(plan) or _refuse("The model gave a degenerate answer.")
    if _demands_call(client) and not reply.calls:
        return _insist(client, plan)
    if reply.calls:
        return _fitting_calls(client, plan, reply)
    if isinstance(client.format, PlainText):
        return reply
    return _fitting_text(client, plan, reply, client.format)


def after_failure(plan: Plan, problem: Problem) -> Plan | None:
    """A model that produced an unreadable function call is asked once more."""
    if problem.code == BROKEN_CALL and plan.used == 0:
        return _again(plan)
    return None


def _again(plan: Plan) -> Plan | None:
    return plan._replace(used=plan.used + 1) if plan.used < LIMIT else None


def _refuse(message: str) -> Reply:
    raise GatewayError(Kind.UPSTREAM_FAILED, message, code="upstream_answer_unfit")


def _insist(client: ChatRequest, plan: Plan) -> Plan | Reply:
    if plan.stage == "chosen":
        return _refuse(_NO_CALL)
    if isinstance(client.tool_choice, OneTool) or len(client.tools) < 2:
        return _again(plan) or _refuse(_NO_CALL)
    if plan.used >= LIMIT:
        return _refuse(_NO_CALL)
    names = [tool.name for tool in client.tools]
    choice = {"type": "string", "enum": names, "description": "The function that fits the request best."}
    parameters = {"type": "object", "properties": {"function": choice}, "required": ["function"]}
    chooser = Function(CHOOSER, "Says which function is to be called now.", parameters)
    request = msgspec.structs.replace(
        client, tools=(chooser,), tool_choice=OneTool(CHOOSER), format=PlainText(), stream=False, stop=()
    )
    return Plan(request, "choosing", plan.used + 1)


def _chosen(client: ChatRequest, plan: Plan, reply: Reply) -> Plan | Reply:
    arguments = reply.calls[0].arguments if reply.calls else ""
    name = next((tool.name for tool in client.tools if msgspec.json.encode(tool.name).decode() in arguments), None)
    if name is None or plan.used >= LIMIT:
        return _refuse("The model would not say which of the demanded tools to call.")
    request = msgspec.structs.replace(client, tool_choice=OneTool(name), stream=False)
    return Plan(request, "chosen", plan.used + 1)


def _fitting_calls(client: ChatRequest, plan: Plan, reply: Reply) -> Reply | Plan:
    schemas = {tool.name: tool.parameters for tool in client.tools}
    for call in reply.calls:
        schema = schemas.get(call.name)
        why = _misfit(call.arguments, schema) if schema else None
        if why is not None and plan.used < LIMIT and plan.stage == "first":
            words = Message("user", (Text(_WRONG_ARGUMENTS.format(name=call.name, why=why)),))
            choice = OneTool(call.name) if call.name in schemas else AutoTool()
            request = msgspec.structs.replace(
                client, messages=(*client.messages, words), tool_choice=choice, stream=False
            )
            return Plan(request, "repairing", plan.used + 1)
    return reply


def _misfit(arguments: str, schema: JsonObject) -> str | None:
    try:
        return validate(arguments, schema)
    except GatewayError:
        # The client's schema is none. GigaChat got what could be read of it, so the call is as good as it can be.
        return None


def _fitting_text(client: ChatRequest, plan: Plan, reply: Reply, wanted: Shaped) -> Reply | Plan:
    text = reply.text
    if why_unfit(text, wanted) is None:
        return reply
    bare = bared(text, wanted)
    why = why_unfit(bare, wanted)
    if why is None:
        others = tuple(part for part in reply.parts if not isinstance(part, Text))
        return msgspec.structs.replace(reply, parts=(*others, Text(bare)))
    if plan.stage == "first" and plan.used < LIMIT:
        words = _REPAIR.format(why=why, form="text" if isinstance(wanted, Regex) else "JSON")
        talk = (Message("assistant", (Text(text),)), Message("user", (Text(words),)))
        # Without tools the native mode can be used: it breaks next to functions (quirk 32).
        request = msgspec.structs.replace(
            client, messages=(*client.messages, *talk), tools=(), tool_choice=AutoTool(), stream=False
        )
        return Plan(request, "repairing", plan.used + 1)
    if not must_fit(wanted):
        return reply
    return _refuse(unfit(wanted, why))
