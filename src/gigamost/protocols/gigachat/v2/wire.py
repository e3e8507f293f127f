"""`POST /v2/chat/completions` of GigaChat, word for word (gigachat-api.md section 5).

What we read is declared loosely (null and missing where the real API was seen to vary), what we send strictly.
"""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from gigamost.protocols.gigachat.functions.wire import Function


class TextPart(msgspec.Struct):
    """A part is an object with one key, which says its kind; there is no `type`."""

    text: str


class FileId(msgspec.Struct):
    id: str


class FilesPart(msgspec.Struct):
    files: list[FileId]


class FunctionCall(msgspec.Struct):
    """`arguments` is an object; a string is refused."""

    name: str
    arguments: msgspec.Raw


class CallPart(msgspec.Struct):
    function_call: FunctionCall


class FunctionResult(msgspec.Struct):
    """`result` is a string that holds a JSON object: what every backend was seen to accept."""

    name: str
    result: str


class ResultPart(msgspec.Struct):
    function_result: FunctionResult


class Message(msgspec.Struct, omit_defaults=True):
    """The role of results is `tool` in the documentation, and `function` on the public API."""

    role: Literal["system", "user", "assistant", "tool", "function"]
    content: list[TextPart | FilesPart | CallPart | ResultPart]
    tools_state_id: str | UnsetType = UNSET


class Specifications(msgspec.Struct):
    specifications: list[Function | msgspec.Raw]  # Raw: a Function in JSON


class Functions(msgspec.Struct):
    functions: Specifications


class ToolConfig(msgspec.Struct, omit_defaults=True):
    """`forced` needs one of the names: that of a built-in tool, or of a function."""

    mode: Literal["auto", "none", "forced"]
    tool_name: str | UnsetType = UNSET
    function_name: str | UnsetType = UNSET


class ResponseFormat(msgspec.Struct, omit_defaults=True):
    type: Literal["text", "json_schema", "regex"]
    schema: dict[str, Any] | UnsetType = UNSET
    strict: bool | UnsetType = UNSET
    regex: str | UnsetType = UNSET


class Reasoning(msgspec.Struct):
    effort: Literal["low", "medium", "high", "off"]


class ModelOptions(msgspec.Struct, omit_defaults=True):
    temperature: float | UnsetType = UNSET
    top_p: float | UnsetType = UNSET
    max_tokens: int | UnsetType = UNSET
    repetition_penalty: float | UnsetType = UNSET
    update_interval: float | UnsetType = UNSET
    response_format: ResponseFormat | UnsetType = UNSET
    reasoning: Reasoning | UnsetType = UNSET


class Chat(msgspec.Struct, omit_defaults=True):
    """The request body, in the order of the documentation's table. A built-in tool is `{name: {}}`."""

    model: str
    messages: list[Message]
    stream: bool | UnsetType = UNSET
    model_options: ModelOptions | UnsetType = UNSET
    tools: list[Functions | dict[str, dict[str, Any]]] | UnsetType = UNSET
    tool_config: ToolConfig | UnsetType = UNSET
    disable_filter: bool | UnsetType = UNSET
    storage: dict[str, Any] | UnsetType = UNSET
    ranker_options: dict[str, Any] | UnsetType = UNSET
    user_info: dict[str, Any] | UnsetType = UNSET
    flags: list[str] | UnsetType = UNSET


class SaidCall(msgspec.Struct):
    """A call as the model gives it. `arguments` is an object; a string is read too."""

    name: str | None = None
    arguments: Any = None
    id: str | None = None


class SaidFile(msgspec.Struct):
    id: str | None = None
    mime: str | None = None
    target: str | None = None


class ToolExecution(msgspec.Struct):
    """What a built-in tool does: `status` is `success` or `fail` once it is done; `seconds_left` a number."""

    name: str | None = None
    status: str | None = None
    seconds_left: Any = None
    censored: Any = None


class InlineData(msgspec.Struct):
    """`sources` is `{"1": {"url", "title"}}`; `images` and `widgets` were only seen empty."""

    sources: Any = None


class SaidPart(msgspec.Struct):
    """A part of an answer: one key, but `inline_data` stands beside its `text`. [recorded]"""

    text: str | None = None
    files: list[SaidFile] | None = None
    function_call: SaidCall | None = None
    tool_execution: ToolExecution | None = None
    inline_data: InlineData | None = None


class Said(msgspec.Struct):
    """A message of an answer. The state id is spelled in three ways; the recorded one is the first."""

    role: str | None = None
    content: list[SaidPart] | str | None = None
    tool_state_id: str | None = None
    tools_state_id: str | None = None
    functions_state_id: str | None = None


class InputDetails(msgspec.Struct):
    cached_tokens: int | None = None


class Usage(msgspec.Struct):
    """total = input + output in every recording: cached tokens are not subtracted."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: InputDetails | None = None


class Completion(msgspec.Struct):
    """A whole answer, or one frame of a stream. `status` and `message` are an error inside a 200 answer."""

    model: str | None = None
    messages: list[Said] | None = None
    finish_reason: str | None = None
    usage: Usage | None = None
    thread_id: str | None = None
    status: int | None = None
    message: str | None = None
