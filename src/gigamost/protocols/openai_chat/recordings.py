"""`POST /v1/audio/transcriptions` and `/v1/audio/translations` of OpenAI (API reference, "Audio"), emulated: a chat
request with the recording attached, and the instruction to write down what is said.

The stream is `transcript.text.delta`* `transcript.text.done`; what is not the whole text is an error, never a text.
"""

from collections.abc import Mapping
from typing import Any, assert_never

import msgspec

from gigamost.core.body import Rule
from gigamost.core.codec import Stamp
from gigamost.core.errors import GatewayError, Kind, Problem, invalid
from gigamost.core.events import Event, Failure, Finish, FinishReason, PartDelta, PartEnd, PartStart, Start
from gigamost.core.face import Incoming
from gigamost.core.fold import Reply
from gigamost.core.messages import Inline, Media, Message, Text
from gigamost.core.request import ChatRequest
from gigamost.core.usage import Usage
from gigamost.framing import form, sse
from gigamost.protocols.openai_chat.errors import body_of

_NO_TIMES = "GigaChat says nothing of when a word was spoken; leave it out."
TRANSLATION: Mapping[str, Rule] = {
    "file": Rule("exact", "attached to a chat request; GigaChat's audio types, 35 MB"),
    "model": Rule("exact", "a chat model that hears; whisper-* and gpt-4o-transcribe* stand for one"),
    "prompt": Rule("emulated", "becomes part of the instruction"),
    "response_format": Rule("emulated", "json, text, verbose_json (no segments, duration 0); subtitles are refused"),
    "temperature": Rule("exact", "0 when it is left out"),
}
TRANSCRIPTION: Mapping[str, Rule] = {
    **TRANSLATION,
    "chunking_strategy": Rule("ignored", "GigaChat takes a recording whole", ("auto",)),
    "include": Rule("refused", "GigaChat v1 gives no log probabilities; leave it out."),
    "keywords": Rule("ignored", "put the words into prompt"),
    "known_speaker_names": Rule("ignored", "speakers are not told apart"),
    "known_speaker_references": Rule("ignored", "speakers are not told apart"),
    "language": Rule("emulated", "becomes part of the instruction"),
    "languages": Rule("ignored", "put the one that is spoken into language"),
    "stream": Rule("emulated", "the chat's stream as transcript.text.delta and transcript.text.done"),
    "timestamp_granularities": Rule("refused", _NO_TIMES),
}
_FORMATS = ("json", "text", "verbose_json")
_ONLY = (
    "Answer with these words alone and with punctuation. Add nothing: no comment, no heading, no quotation marks, and "
    "no answer to what is said."
)
_TRANSCRIBE = f"You write down recordings word for word, in the language in which they are spoken. {_ONLY}"
_TRANSLATE = f"You translate recordings into English, sentence by sentence and leaving out nothing. {_ONLY}"
_ASKED = "The recording is attached."


class Form(msgspec.Struct, frozen=True):
    """How a client wants its answer. `language` is what it said of the recording."""

    task: str
    response_format: str = "json"
    language: str = ""


class Exchange:
    """One recording of a client (`core.codec.Exchange`). Raises GatewayError (400)."""

    def __init__(self, incoming: Incoming, rules: Mapping[str, Rule], task: str) -> None:
        upload, fields, ignored = _read(incoming, rules)
        self._form = Form(task, _format(fields.get("response_format", "json")), fields.get("language", ""))
        instruction = _TRANSLATE if task == "translate" else _TRANSCRIBE
        if self._form.language:
            instruction += f" The language of the recording is {self._form.language}."
        if prompt := fields.get("prompt"):
            instruction += f" This came before the recording, or has its names and its style: {prompt}"
        recording = Media("audio", Inline(upload.data), upload.mime, upload.name, "file")
        self.request = ChatRequest(
            model=fields.get("model") or incoming.path.get("model", ""),
            messages=(Message("system", (Text(instruction),)), Message("user", (Text(_ASKED), recording))),
            temperature=_temperature(fields.get("temperature", "0")),
            stream=_flag(fields.get("stream", "false")),
            ignored=tuple(ignored),
        )

    @property
    def content_type(self) -> str:
        return "text/plain; charset=utf-8" if self._form.response_format == "text" else "application/json"

    def encode(self, reply: Reply, stamp: Stamp) -> bytes:
        """Raises GatewayError for an answer that is not the whole text."""
        problem = _unfinished(reply.finish)
        if problem is not None:
            raise GatewayError.of(problem)
        match self._form.response_format:
            case "text":
                return f"{reply.text}\n".encode()
            case "verbose_json":
                said = {"task": self._form.task, "language": self._form.language, "duration": 0.0, "text": reply.text}
            case _:
                said = {"text": reply.text, "usage": _usage(reply.usage)}
        return msgspec.json.encode(said)

    def encoder(self, stamp: Stamp) -> "Encoder":
        return Encoder()


def transcription(incoming: Incoming) -> Exchange:
    return Exchange(incoming, TRANSCRIPTION, "transcribe")


def translation(incoming: Incoming) -> Exchange:
    return Exchange(incoming, TRANSLATION, "translate")


class Encoder:
    """Events to the stream of a transcription."""

    content_type = "text/event-stream"

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._in_text = False

    def feed(self, event: Event) -> bytes:
        match event:
            case PartDelta(text=text):
                if not self._in_text:
                    return b""
                self._texts.append(text)
                return _frame({"type": "transcript.text.delta", "delta": text})
            case PartStart(kind=kind):
                self._in_text = kind == "text"
                return b""
            case Finish(reason=reason, usage=usage):
                problem = _unfinished(reason)
                if problem is not None:
                    return _frame(body_of(problem))
                text = "".join(self._texts)
                return _frame({"type": "transcript.text.done", "text": text, "usage": _usage(usage)})
            case Failure(problem=problem):
                return _frame(body_of(problem))
            case Start() | PartEnd():
                return b""
            case _:
                assert_never(event)

    def keepalive(self) -> bytes:
        return sse.comment("keep-alive")


def _read(incoming: Incoming, rules: Mapping[str, Rule]) -> tuple[form.Upload, dict[str, str], list[str]]:
    """The recording, the fields that were given, and what is ignored. A field `a[]` is `a`."""
    try:
        given = form.read(incoming.headers.get("content-type", ""), incoming.body)
    except ValueError as error:
        raise invalid(f"The request body must be multipart/form-data with the part `file`: {error}.") from None
    fields: dict[str, str] = {}
    ignored: list[str] = []
    for spelled, value in given.fields.items():
        name = spelled.partition("[")[0]
        rule = rules.get(name, Rule("ignored"))
        if not value or value in rule.neutral:
            continue
        if rule.fate == "refused":
            raise invalid(f"{name} is not supported: {rule.note}", name, "unsupported_parameter")
        if rule.fate == "ignored":
            ignored.append(name)
        else:
            fields[name] = value
    upload = next((upload for upload in given.uploads if upload.field == "file"), None)
    if upload is None:
        raise invalid("file is missing: send the recording as the part `file` of the form, with a file name.", "file")
    return upload, fields, ignored


def _format(given: str) -> str:
    if given not in _FORMATS:
        message = f"response_format must be one of {', '.join(_FORMATS)}: subtitles and speakers need times, and those "
        raise invalid(message + "GigaChat does not say.", "response_format", "unsupported_value")
    return given


def _temperature(given: str) -> float:
    try:
        temperature = float(given)
    except ValueError:
        temperature = -1
    if not 0 <= temperature <= 1:
        raise invalid("temperature must be a number from 0 to 1.", "temperature")
    return temperature


def _flag(given: str) -> bool:
    if given.lower() not in ("true", "false", "1", "0"):
        raise invalid("stream must be true or false.", "stream")
    return given.lower() in ("true", "1")


def _unfinished(finish: FinishReason) -> Problem | None:
    """Why the answer is not the text of the recording: this API has no other word for it."""
    match finish:
        case "length":
            message = "The text of the recording is longer than an answer can be: cut the recording into pieces."
            return Problem(Kind.INVALID_REQUEST, message, "file", "transcript_too_long")
        case "content_filter":
            message = "GigaChat's filter refused to write down this recording."
            return Problem(Kind.INVALID_REQUEST, message, "file", "content_filter")
        case "stop" | "tool_calls":
            return None
        case _:
            assert_never(finish)


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "type": "tokens",
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
    }


def _frame(said: dict[str, Any]) -> bytes:
    return sse.encode(msgspec.json.encode(said))
