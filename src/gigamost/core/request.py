"""What a client asks of a chat model, in no vendor's words."""

from typing import Any, Literal

import msgspec

from gigamost.core.messages import Message

JsonObject = dict[str, Any]  # a JSON Schema or a vendor's raw field: its shape is the vendor's, hence Any
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh"]


BuiltinKind = Literal["web_search", "web_fetch", "code_interpreter", "image_generation", "model_3d"]


class Builtin(msgspec.Struct, frozen=True):
    """A tool that the upstream runs itself. `spelled` is where the client asked for it (`tools.web_search_20250305`):
    what is listed as ignored where the upstream has no such tool."""

    kind: BuiltinKind
    spelled: str


class Function(msgspec.Struct, frozen=True):
    """A tool the client runs. `parameters` is the client's own JSON Schema, None when it gave none."""

    name: str
    description: str = ""
    parameters: JsonObject | None = None
    strict: bool = False


class AutoTool(msgspec.Struct, frozen=True, tag=True):
    """The model decides."""


class NoTool(msgspec.Struct, frozen=True, tag=True):
    """Text only."""


class AnyTool(msgspec.Struct, frozen=True, tag=True):
    """Some tool of the request must be called."""


class OneTool(msgspec.Struct, frozen=True, tag=True):
    """This tool must be called."""

    name: str


class OneBuiltin(msgspec.Struct, frozen=True, tag=True):
    """This built-in tool must be used."""

    kind: "BuiltinKind"


ToolChoice = AutoTool | NoTool | AnyTool | OneTool | OneBuiltin


class PlainText(msgspec.Struct, frozen=True, tag=True):
    pass


class AnyJson(msgspec.Struct, frozen=True, tag=True):
    """Some JSON object (OpenAI's `json_object`)."""


class JsonSchema(msgspec.Struct, frozen=True, tag=True):
    """JSON that fits `schema`; `strict` makes a misfit an error."""

    schema: JsonObject
    name: str = "response"
    strict: bool = False


class Regex(msgspec.Struct, frozen=True, tag=True):
    """Text that matches `pattern` as a whole."""

    pattern: str


Format = PlainText | AnyJson | JsonSchema | Regex


class ChatRequest(msgspec.Struct, frozen=True):
    """One chat completion.

    `model` is the name the client wrote. Sampling values are None when the client left them out, and in the documented
    range of the client's protocol otherwise. `extra` carries vendor fields by origin
    (`{"gigachat": {"profanity_check": False}}`). `ignored` names, as the client wrote them, the fields that had no
    meaning here; more are added on the way (see `Call.ignored`). `spelled` maps a field of ours to the client's word
    for it, where they differ (`{"max_tokens": "max_completion_tokens"}`).
    """

    model: str
    messages: tuple[Message, ...]
    tools: tuple[Function, ...] = ()
    builtins: tuple[Builtin, ...] = ()
    tool_choice: ToolChoice = AutoTool()
    parallel_tool_calls: bool = True
    format: Format = PlainText()
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    effort: Effort | None = None
    user: str = ""
    stream: bool = False
    extra: dict[str, JsonObject] = {}
    ignored: tuple[str, ...] = ()
    spelled: dict[str, str] = {}
