"""How the answers of each protocol are read: as strictly as the pickiest client that was watched, no stricter."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from gigamost.cli.chat_reading import ChatReading
from gigamost.cli.connect.client import Wire
from gigamost.cli.stream import Answer, Reading

_UNFINISHED: Final = "the stream ended without its finish: an agent would retry or hang"


class _Piece(msgspec.Struct):
    """Any JSON object: what is not there reads as nothing, so that a vendor's nulls and absences are the same."""

    fields: dict[str, Any]

    def __getitem__(self, name: str) -> "_Piece":
        value = self.fields.get(name)
        return _Piece(value if isinstance(value, dict) else {})

    def each(self, name: str) -> list["_Piece"]:
        value = self.fields.get(name)
        return [_Piece(item) for item in value if isinstance(item, dict)] if isinstance(value, list) else []

    def text(self, name: str) -> str:
        value = self.fields.get(name)
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> int:
        value = self.fields.get(name)
        return value if isinstance(value, int) else 0


def _read(data: bytes) -> _Piece:
    return _Piece(msgspec.json.decode(data, type=dict[str, Any]))


class ResponsesReading:
    """OpenAI's Responses: every item is ended, and the stream by its last event (Codex loses what is not)."""

    vendor = "OpenAI"
    comments = True

    def __init__(self) -> None:
        self._open: set[int] = set()

    def take(self, answer: Answer, event: str, data: bytes) -> None:
        if data == b"[DONE]":
            return
        piece = _read(data)
        match piece.text("type"):
            case "response.output_text.delta":
                answer.add(piece.text("delta"))
            case "response.output_item.added":
                self._open.add(piece.number("output_index"))
            case "response.output_item.done":
                self._open.discard(piece.number("output_index"))
                if piece["item"].text("type") == "function_call":
                    answer.add("", piece["item"].text("name"))
            case "response.completed" | "response.incomplete" | "response.failed":
                self._end(answer, piece["response"])
            case "error":
                answer.problem = piece.text("message")
            case "" if piece.text("object") == "response":
                for item in piece.each("output"):
                    answer.add("".join(part.text("text") for part in item.each("content")))
                    if item.text("type") == "function_call":
                        answer.add("", item.text("name"))
                self._end(answer, piece)
            case _:
                pass  # progress that clients do without

    def _end(self, answer: Answer, response: _Piece) -> None:
        answer.model, answer.finish = response.text("model"), response.text("status")
        answer.problem = response["error"].text("message")
        answer.count(response["usage"].number("input_tokens"), response["usage"].number("output_tokens"))

    def missing(self, answer: Answer) -> str:
        if self._open:
            return "an item of the answer has no response.output_item.done: Codex would lose it"
        return "" if answer.finish else _UNFINISHED


class MessagesReading:
    """Anthropic's Messages: events are named, blocks are ended, and so is the message (else Claude Code asks again)."""

    vendor = "Anthropic"
    comments = True

    def __init__(self) -> None:
        self._open: set[int] = set()
        self._input = 0
        self._stopped = False

    def take(self, answer: Answer, event: str, data: bytes) -> None:
        piece = _read(data)
        kind = piece.text("type")
        if kind != event:
            answer.problem = f"the event of {kind!r} is named {event!r}"
        match kind:
            case "message_start":
                answer.model = piece["message"].text("model")
                self._input = piece["message"]["usage"].number("input_tokens")
            case "content_block_start":
                self._open.add(piece.number("index"))
                if piece["content_block"].text("type") == "tool_use":
                    answer.add("", piece["content_block"].text("name"))
            case "content_block_delta":
                answer.add(piece["delta"].text("text"))
            case "content_block_stop":
                self._open.discard(piece.number("index"))
            case "message_delta":
                answer.finish = piece["delta"].text("stop_reason")
                usage = piece["usage"]
                answer.count(usage.number("input_tokens") or self._input, usage.number("output_tokens"))
            case "message_stop":
                self._stopped = True
            case "error":
                answer.problem = piece["error"].text("message")
            case _:
                pass  # a ping, or a kind of event that is newer than this

    def missing(self, answer: Answer) -> str:
        return "" if answer.finish and self._stopped and not self._open else _UNFINISHED


class GeminiReading:
    """Gemini's: a finish reason, and neither comments nor `[DONE]`, which its clients take for JSON."""

    vendor = "Google"
    comments = False

    def take(self, answer: Answer, event: str, data: bytes) -> None:
        piece = _read(data)
        answer.model = piece.text("modelVersion") or answer.model
        answer.problem = piece["error"].text("message") or answer.problem
        for candidate in piece.each("candidates"):
            for part in candidate["content"].each("parts"):
                name = part["functionCall"].text("name")
                answer.add("" if part.fields.get("thought") else part.text("text"), *([name] if name else []))
            answer.finish = candidate.text("finishReason") or answer.finish
        if usage := piece["usageMetadata"].fields:
            counted = _Piece(usage)
            answer.count(counted.number("promptTokenCount"), counted.number("candidatesTokenCount"))

    def missing(self, answer: Answer) -> str:
        return "" if answer.finish else _UNFINISHED


class OllamaReading:
    """Ollama's: JSON lines, the last one says `done`."""

    vendor = "Ollama"
    comments = False

    def take(self, answer: Answer, event: str, data: bytes) -> None:
        piece = _read(data)
        answer.model = piece.text("model") or answer.model
        answer.problem = piece.text("error") or answer.problem
        calls = [call["function"].text("name") for call in piece["message"].each("tool_calls")]
        answer.add(piece["message"].text("content"), *calls)
        if piece.fields.get("done") is True:
            answer.finish = piece.text("done_reason") or "done"
            answer.count(piece.number("prompt_eval_count"), piece.number("eval_count"))

    def missing(self, answer: Answer) -> str:
        return "" if answer.finish else _UNFINISHED


READINGS: Final[Mapping[Wire, Callable[[], Reading]]] = {
    "chat": ChatReading,
    "responses": ResponsesReading,
    "messages": MessagesReading,
    "gemini": GeminiReading,
    "ollama": OllamaReading,
}
