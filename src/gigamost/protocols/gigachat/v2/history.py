"""Turns as the messages of GigaChat v2: typed parts, and all calls of a turn in one message, their results in the
next."""

from collections.abc import Iterable
from typing import Literal, assert_never

from gigamost.protocols.gigachat.conversation import Calls, Said, Turn
from gigamost.protocols.gigachat.v2 import wire


def messages_of(
    turns: Iterable[Turn], *, result_role: Literal["function", "tool"], echo_state: bool
) -> list[wire.Message]:
    """`echo_state`: whether `tools_state_id` goes back on the message whose calls it came with."""
    sent: list[wire.Message] = []
    for turn in turns:
        match turn:
            case Said(role=role, text=text, file=file):
                message = wire.Message(role, [wire.TextPart(text)])
                if file:
                    message.content.append(wire.FilesPart([wire.FileId(file)]))
                sent.append(message)
            case Calls():
                sent += _called(turn, result_role, echo_state)
            case _:
                assert_never(turn)
    return sent


def _called(
    turn: Calls, result_role: Literal["function", "tool"], echo_state: bool
) -> tuple[wire.Message, wire.Message]:
    asked = wire.Message("assistant", [wire.TextPart(turn.text)] if turn.text else [])
    asked.content += [wire.CallPart(wire.FunctionCall(call.name, call.arguments)) for call in turn.calls]
    state_id = next((call.state_id for call in turn.calls if call.state_id), "")
    if echo_state and state_id:
        asked.tools_state_id = state_id
    answered = [wire.ResultPart(wire.FunctionResult(call.name, call.result)) for call in turn.calls]
    return asked, wire.Message(result_role, [*answered])
