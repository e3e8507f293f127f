"""How to make the emulator misbehave: one table of directives, three ways to give them.

    in the last user message    [[emulator: status=503; retry_after=1]]
    as a header                 X-Emulator: cut=120; one_byte
    from a test                 app.script.next("blacklist")       once, for the next request that fits

All three are read for chat; other endpoints take the header and the script. A request that the validator refuses is
refused, whatever was asked for.
"""

import difflib
import re
from collections import deque
from typing import Any, Literal

import msgspec
import yaml

from gigamost.emulator.refusal import RefusalError

Takes = Literal["", "N", "seconds", "name", "text"]


class Directive(msgspec.Struct, frozen=True):
    """`takes` is what stands after `=`; `default` what is meant when nothing does, None when something must."""

    name: str
    takes: Takes
    does: str
    default: str | None = None


DIRECTIVES: tuple[Directive, ...] = (
    # What is answered.
    Directive("text", "text", "answers this text"),
    Directive("long", "N", "answers N words"),
    Directive("empty", "", "answers no text at all"),
    Directive("lt", "", "answers `<`, as the API does under load"),
    Directive("call", "name", "calls this function (v2: these, with commas between), unless a result is last"),
    Directive("arguments", "text", "with these arguments, in JSON or YAML, instead of what the prompt says"),
    Directive("no_call", "", "calls nothing, whatever is asked for"),
    Directive("tool", "name", "v2: uses this built-in tool, if the request has it"),
    Directive("tool_fails", "", "the built-in tool does not succeed"),
    Directive("think", "", "puts thoughts into the text, in <think> tags"),
    Directive("reason", "", "gives reasoning_content whatever the model"),
    Directive("blacklist", "", "refuses the topic: finish_reason blacklist"),
    Directive("error", "", "finish_reason error: function arguments that the model itself could not read"),
    Directive("finish", "name", "this finish_reason, whatever the answer"),
    Directive("length", "", "cuts the answer in the middle: finish_reason length"),
    Directive("prelude", "", "leaks internal text before a function call"),
    Directive("raw_call", "", "leaks a whole function call as text, with the model's separators"),
    # How its JSON looks.
    Directive("string_arguments", "", "arguments as JSON text instead of an object"),
    Directive("invalid_arguments", "", "arguments as text that is no JSON"),
    Directive("wrong_types", "", "numbers and booleans in arguments become strings"),
    Directive("escaped", "", "strings in arguments are escaped twice"),
    Directive("split_arguments", "name", "v1: a streamed call in pieces: of `text`, or of `keys`", "text"),
    Directive("one_chunk", "", "a streamed call and its finish in one chunk (v2: without being asked)"),
    Directive("two_chunks", "", "a streamed call, then its finish"),
    Directive("no_call_id", "", "v2: calls without ids, as older backends have them"),
    Directive("empty_call", "", "an empty function_call object"),
    Directive("no_state", "", "no state id"),
    Directive("no_usage", "", "no usage"),
    Directive("no_finish", "", "no finish_reason"),
    Directive("no_done", "", "no [DONE] (v2: no response.message.done)"),
    # How its bytes come.
    Directive("crlf", "", "a stream with CR LF line ends"),
    Directive("bom", "", "a stream that begins with a byte order mark"),
    Directive("keepalive", "", "comments between the frames of a stream"),
    Directive("malformed", "N", "frame N (or the body) is broken JSON", "1"),
    Directive("error_after", "N", "after N frames comes an error frame, and the end", "1"),
    Directive("error_body_in_200", "N", "an error body with this status inside HTTP 200", "429"),
    Directive("one_byte", "", "the body in pieces of one byte"),
    Directive("cut", "N", "the connection ends after N bytes of the body"),
    Directive("reset", "N", "the connection is reset after N bytes of the body"),
    # When they come.
    Directive("stall_before", "seconds", "silence before the head of the answer"),
    Directive("stall_after", "N", "silence after N chunks, for `stall` seconds or until the client leaves"),
    Directive("stall", "seconds", "how long `stall_after` lasts"),
    Directive("slow", "seconds", "silence between chunks"),
    Directive("delay", "seconds", "the same as slow"),
    # Instead of an answer.
    Directive("status", "N", "this HTTP status; 502, 503 and 504 are HTML pages, as from the proxy"),
    Directive("message", "text", "the message of `status`"),
    Directive("retry_after", "text", "a Retry-After header with `status`"),
    Directive("html_502", "", "the same as status=502"),
    # What the judge of v2 refuses.
    Directive("result_role", "name", "only `tool`, or only `function`, may be the role of a function's result"),
    Directive("refuse_state", "", "422 for a request with a state id"),
    Directive("unavailable", "name", "422 for this built-in tool"),
)
_BY_NAME = {directive.name: directive for directive in DIRECTIVES}
_IN_TEXT = re.compile(r"\[\[\s*emulator:(.*?)\]\]", re.DOTALL)

MESSAGES: dict[int, str] = {
    400: "Your request contains invalid JSON syntax.",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Permission denied",
    404: "No such model",
    413: "Payload too large",
    422: "Invalid params: emulated",
    429: "Too many requests",
    500: "Internal Server Error",
}


class Directives:
    """What one request asks for."""

    def __init__(self, values: dict[str, str] | None = None) -> None:
        self._values = values or {}

    @classmethod
    def parse(cls, text: str) -> "Directives":
        """`name=value; name`. Raises RefusalError (400) for a name or a value that the table does not have."""
        values: dict[str, str] = {}
        for item in filter(None, map(str.strip, text.split(";"))):
            name, equals, value = (piece.strip() for piece in item.partition("="))
            directive = _BY_NAME.get(name)
            if directive is None:
                near = difflib.get_close_matches(name, _BY_NAME, 1)
                raise RefusalError(400, f"emulator: no directive {name!r}" + (f", {near[0]!r} is near" if near else ""))
            values[name] = value if equals else directive.default or ""
            if not _fits(values[name], directive.takes):
                raise RefusalError(400, f"emulator: {name} takes {directive.takes or 'no value'}, not {value!r}")
        return cls(values)

    def __or__(self, other: "Directives") -> "Directives":
        return Directives(self._values | other._values)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    @property
    def fails(self) -> bool:
        """Whether an error status stands instead of the answer: then nothing is kept of the request."""
        return "status" in self or "html_502" in self

    def text(self, name: str) -> str:
        """The value, "" when it is not asked for."""
        return self._values.get(name, "")

    def mapping(self, name: str) -> dict[str, Any]:
        """The value in JSON or, for shells and clients that do not leave quotes alone, in YAML. Raises RefusalError
        (400) for what is no mapping."""
        try:
            return msgspec.convert(yaml.safe_load(self.text(name)), dict[str, Any])
        except (yaml.YAMLError, msgspec.ValidationError) as error:
            raise RefusalError(400, f"emulator: {name} is no mapping: {error}") from None

    def whole(self, name: str) -> int | None:
        return int(self._values[name]) if name in self._values else None

    def seconds(self, name: str, default: float = 0.0) -> float:
        return float(self._values[name]) if name in self._values else default


def _fits(value: str, takes: Takes) -> bool:
    match takes:
        case "":
            return not value
        case "N":
            return re.fullmatch(r"[0-9]{1,9}", value) is not None
        case "seconds":
            return re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value) is not None
        case _:
            return bool(value)


def strip_directives(text: str) -> str:
    return _IN_TEXT.sub("", text).strip() if "[[" in text else text


def in_messages(body: object) -> Directives:
    """What the last user message of a chat request asks for; nothing when the body is no chat request."""
    messages: Any = body.get("messages") if isinstance(body, dict) else None
    for message in reversed(messages if isinstance(messages, list) else []):
        if isinstance(message, dict) and message.get("role") == "user":
            return Directives.parse(";".join(_IN_TEXT.findall(_text(message.get("content")))))
    return Directives()


def _text(content: object) -> str:
    """What a message says: v1's text, or the text parts of v2."""
    if isinstance(content, list):
        return "\n".join(_text(part.get("text")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


class Script:
    """A queue of one-shot directives: each is used up by the first request whose path ends as it says."""

    def __init__(self) -> None:
        self._queue: deque[tuple[str, Directives]] = deque()

    def next(self, directives: str, path: str = "/chat/completions") -> None:
        """`directives` as in a header, "" for a request that is to be answered well. Raises RefusalError."""
        self._queue.append((path, Directives.parse(directives)))

    def take(self, path: str) -> Directives:
        for entry in self._queue:
            if path.endswith(entry[0]):
                self._queue.remove(entry)
                return entry[1]
        return Directives()

    def __len__(self) -> int:
        return len(self._queue)
