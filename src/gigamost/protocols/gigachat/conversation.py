"""A conversation in the order that GigaChat accepts (gigachat-api.md section 4.2, "Ordering rules"), for both versions.

    [system] ( user | assistant | calls, each with its result )*      last: user or calls

- leading system texts become one system message; a later one keeps its place as a marked user message;
- a call without a result gets one that says so, a result without a call becomes a user's text;
- a message carries at most one attachment: more are spread over several user messages;
- neighbours of the same role are joined, as the server itself does.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Literal

import msgspec

from gigamost.core.errors import invalid
from gigamost.core.messages import FileRef, Media, Message, Part, Text, ToolCall, ToolResult, text_of
from gigamost.core.text import clean_text
from gigamost.protocols.gigachat.functions.arguments import arguments_json, result_text
from gigamost.protocols.gigachat.functions.names import Names
from gigamost.protocols.gigachat.vocabulary import ORIGIN

INSTRUCTION: Final = "[System instruction]\n"
NO_RESULT: Final = '{"error":"no result"}'
PREFILL: Final = "Continue."
# Whether a bare "" is accepted as a user's content is not known (quirk 37); a space is.
EMPTY: Final = " "


class Said(msgspec.Struct, gc=False):
    """`file` is the id of an attachment, "" for none."""

    role: Literal["system", "user", "assistant"]
    text: str
    file: str = ""


class Called(msgspec.Struct, frozen=True, gc=False):
    """A call and its result, JSON both: an object, and a text that holds one. `state_id` is "" when GigaChat gave none
    with the call."""

    name: str
    arguments: msgspec.Raw
    result: str
    state_id: str


class Calls(msgspec.Struct, frozen=True, gc=False):
    """What an assistant said and called in one turn, the calls in their order."""

    text: str
    calls: tuple[Called, ...]


Turn = Said | Calls


def past_calls(messages: Iterable[Message]) -> list[ToolCall]:
    """The calls of a history, in order."""
    return [
        part for message in messages if message.role == "assistant" for part in message.parts if type(part) is ToolCall
    ]


def state_id(call: ToolCall) -> str:
    """What GigaChat wants back with the call it gave; "" for none, or one of another origin."""
    return call.opaque.token if call.opaque is not None and call.opaque.origin == ORIGIN else ""


def arrange(messages: Sequence[Message], names: Names) -> list[Turn]:
    """The turns of a request. Raises GatewayError (400) when nothing can be sent."""
    lead = 0
    while lead < len(messages) and messages[lead].role == "system":
        lead += 1
    system = "\n\n".join(filter(None, (text_of(message.parts) for message in messages[:lead])))
    history = _History(names)
    history.walk(messages[lead:])
    turns = history.turns
    if turns and type(last := turns[-1]) is Said and last.role == "assistant":
        # An answer that the client began itself: GigaChat cannot continue its own message, so it is asked to.
        turns.append(Said("user", PREFILL))
    if not turns:
        if not system:
            raise invalid("The conversation is empty: send at least one user message with text.", "messages")
        return [Said("user", clean_text(system))]
    return [Said("system", clean_text(system)), *turns] if system else turns


class _History:
    def __init__(self, names: Names) -> None:
        self.turns: list[Turn] = []
        self._names = names

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

    def _say(self, text: str, file: str = "") -> None:
        text = clean_text(text)
        last = self._last("user")
        if last is not None and not file:
            last.text = text or EMPTY if last.text == EMPTY else f"{last.text}\n{text}".rstrip("\n") or EMPTY
            return
        said = Said("user", text or EMPTY, file)
        if file and last is not None and not last.file:
            said.text = f"{last.text}\n{text}".strip("\n") or EMPTY if text else last.text
            self.turns.pop()
        self.turns.append(said)

    def _assistant(self, text: str, calls: list[ToolCall], results: list[ToolResult], used: set[int]) -> None:
        text = clean_text(text)
        if not calls:
            if text and (last := self._last("assistant")) is not None:
                last.text = f"{last.text}\n{text}"
            elif text:
                self.turns.append(Said("assistant", text))
            return
        called: list[Called] = []
        returned: list[tuple[str, Media]] = []
        for call in calls:
            result = _match(call, results, used)
            answer = NO_RESULT
            if result is not None:
                used.add(id(result))
                answer = result_text(text_of(result.content), is_error=result.is_error)
                returned += [(call.name, part) for part in result.content if type(part) is Media]
            name = self._names.wire(call.name)
            called.append(Called(name, arguments_json(call.arguments), answer, state_id(call)))
        self.turns.append(Calls(text, tuple(called)))
        for name, media in returned:
            # An attachment can stand on a user message only.
            self._user((Text(f"[Attachment returned by {name}]"), media))

    def _orphan(self, result: ToolResult) -> None:
        label = f"[Result of {result.name}]" if result.name else "[Result of a tool]"
        media = [part for part in result.content if isinstance(part, Media)]
        self._user((Text(f"{label}\n{text_of(result.content)}"), *media))

    def _last(self, role: Literal["user", "assistant"]) -> Said | None:
        """The last turn, when it is of this role and can be added to."""
        last = self.turns[-1] if self.turns else None
        return last if type(last) is Said and last.role == role else None


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
