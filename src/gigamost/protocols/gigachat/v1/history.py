"""A conversation in the order that GigaChat v1 accepts (gigachat-api.md section 4.2, "Ordering rules").

    [system] ( user | assistant | assistant(call) function(result) )*      last: user or function

- leading system texts become one system message; a later one keeps its place as a marked user message;
- N parallel calls become N pairs of call and result, in the order of the calls; the first carries the text;
- a call without a result gets one that says so, a result without a call becomes a user's text;
- a message carries at most one attachment: more are spread over several user messages;
- neighbours of the same role are joined, as the server itself does.
"""

from collections.abc import Sequence

from gigamost.core.errors import invalid
from gigamost.core.messages import FileRef, Media, Message, Part, Text, ToolCall, ToolResult, text_of
from gigamost.core.text import clean_text
from gigamost.protocols.gigachat.functions.arguments import arguments_json, result_text
from gigamost.protocols.gigachat.functions.names import Names
from gigamost.protocols.gigachat.v1 import wire
from gigamost.protocols.gigachat.v1.response import ORIGIN

INSTRUCTION = "[System instruction]\n"
NO_RESULT = '{"error":"no result"}'
PREFILL = "Continue."
# Whether a bare "" is accepted as a user's content is not known (quirk 37); a space is.
EMPTY = " "


def arrange(messages: Sequence[Message], names: Names, *, echo_state: bool) -> list[wire.Message]:
    """The messages of a request. Raises GatewayError (400) when nothing can be sent.

    `echo_state`: whether `functions_state_id` goes back on the call it came with.
    """
    lead = 0
    while lead < len(messages) and messages[lead].role == "system":
        lead += 1
    system = "\n\n".join(filter(None, (text_of(message.parts) for message in messages[:lead])))
    history = _History(names, echo_state)
    history.walk(messages[lead:])
    sent = history.sent
    if sent and sent[-1].role == "assistant":
        # An answer that the client began itself: GigaChat cannot continue its own message, so it is asked to.
        sent.append(wire.Message("user", PREFILL))
    if not sent:
        if not system:
            raise invalid("The conversation is empty: send at least one user message with text.", "messages")
        return [wire.Message("user", clean_text(system))]
    return [wire.Message("system", clean_text(system)), *sent] if system else sent


class _History:
    def __init__(self, names: Names, echo_state: bool) -> None:
        self.sent: list[wire.Message] = []
        self._names = names
        self._echo_state = echo_state

    def walk(self, messages: Sequence[Message]) -> None:
        used: set[int] = set()  # ids of the result parts that stand beside their calls
        for at, message in enumerate(messages):
            match message.role:
                case "system":
                    self._user((Text(INSTRUCTION + text_of(message.parts)),))
                case "user":
                    self._user(message.parts)
                case "assistant":
                    calls = [part for part in message.parts if type(part) is ToolCall]
                    results = _results(messages, at + 1) if calls else []
                    self._assistant(text_of(message.parts, ""), calls, results, used)
                case "tool":
                    for part in message.parts:
                        if type(part) is ToolResult and id(part) not in used:
                            self._orphan(part)

    def _user(self, parts: Sequence[Part]) -> None:
        texts: list[str] = []
        for part in parts:
            if isinstance(part, Text):
                texts.append(part.text)
            elif isinstance(part, Media):
                self._say("\n".join(texts), _file_id(part))
                texts = []
        if texts or not parts:
            self._say("\n".join(texts))

    def _say(self, text: str, attachment: str | None = None) -> None:
        text = clean_text(text)
        last = self.sent[-1] if self.sent else None
        if last is not None and last.role == "user" and attachment is None:
            last.content = text or EMPTY if last.content == EMPTY else f"{last.content}\n{text}".rstrip("\n") or EMPTY
            return
        message = wire.Message("user", text or EMPTY)
        if attachment is not None:
            message.attachments = [attachment]
            if last is not None and last.role == "user" and not last.attachments:
                message.content = f"{last.content}\n{text}".strip("\n") or EMPTY if text else last.content
                self.sent.pop()
        self.sent.append(message)

    def _assistant(self, text: str, calls: list[ToolCall], results: list[ToolResult], used: set[int]) -> None:
        text = clean_text(text)
        if not calls:
            if text:
                self._speak(text)
            return
        returned: list[tuple[str, Media]] = []
        for call in calls:
            result = _match(call, results, used)
            name, content = self._names.wire(call.name), NO_RESULT
            asked = wire.FunctionCall(name, arguments_json(call.arguments))
            sent = wire.Message("assistant", text, function_call=asked)
            if self._echo_state and call.opaque is not None and call.opaque.origin == ORIGIN:
                sent.functions_state_id = call.opaque.token
            if result is not None:
                used.add(id(result))
                content = result_text(text_of(result.content), is_error=result.is_error)
                returned += [(call.name, part) for part in result.content if type(part) is Media]
            self.sent += (sent, wire.Message("function", content, name=name))
            text = ""
        for name, media in returned:
            # An attachment can stand on a user message only.
            self._user((Text(f"[Attachment returned by {name}]"), media))

    def _speak(self, text: str) -> None:
        last = self.sent[-1] if self.sent else None
        if last is not None and last.role == "assistant":
            last.content = f"{last.content}\n{text}"
        else:
            self.sent.append(wire.Message("assistant", text))

    def _orphan(self, result: ToolResult) -> None:
        label = f"[Result of {result.name}]" if result.name else "[Result of a tool]"
        media = [part for part in result.content if isinstance(part, Media)]
        self._user((Text(f"{label}\n{text_of(result.content)}"), *media))


def _results(messages: Sequence[Message], start: int) -> list[ToolResult]:
    """The results that may belong to an assistant's calls: all before the next assistant's message."""
    found: list[ToolResult] = []
    for at in range(start, len(messages)):  # a slice for every call would make long histories quadratic
        message = messages[at]
        if message.role == "assistant":
            break
        found += [part for part in message.parts if type(part) is ToolResult]
    return found


def _match(call: ToolCall, results: list[ToolResult], used: set[int]) -> ToolResult | None:
    """By id, letters and digits alone (clients drop `_`), else by name, else the first that names neither."""
    free = [result for result in results if id(result) not in used]
    call_id = _bare(call.id)
    for result in free:
        if result.call_id and _bare(result.call_id) == call_id:
            return result
    for result in free:
        if not result.call_id and result.name in ("", call.name):
            return result
    return None


def _bare(call_id: str) -> str:
    return call_id if call_id.isalnum() else "".join(filter(str.isalnum, call_id))


def _file_id(media: Media) -> str:
    if not isinstance(media.source, FileRef):
        raise TypeError(
            f"{type(media.source).__name__} reached the wire: media is uploaded before a request is encoded"
        )
    return media.source.id
