"""Turns as the messages of GigaChat v1: N calls of one turn become N pairs of call and result; the first carries the
text."""

from collections.abc import Iterable
from typing import assert_never

from gigamost.protocols.gigachat.conversation import Calls, Said, Turn
from gigamost.protocols.gigachat.v1 import wire


def messages_of(turns: Iterable[Turn], *, echo_state: bool) -> list[wire.Message]:
    """`echo_state`: whether `functions_state_id` goes back on the call it came with."""
    sent: list[wire.Message] = []
    for turn in turns:
        match turn:
            case Said():
                message = wire.Message(turn.role, turn.text)
                if turn.file:
                    message.attachments = [turn.file]
                sent.append(message)
            case Calls():
                text = turn.text
                for call in turn.calls:
                    asked = wire.Message("assistant", text, function_call=wire.FunctionCall(call.name, call.arguments))
                    if echo_state and call.state_id:
                        asked.functions_state_id = call.state_id
                    sent += (asked, wire.Message("function", call.result, name=call.name))
                    text = ""
            case _:
                assert_never(turn)
    return sent
