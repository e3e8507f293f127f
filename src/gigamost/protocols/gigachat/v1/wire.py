"""`POST /v1/chat/completions` of GigaChat, word for word (gigachat-api.md section 4).

What we read is declared loosely (null and missing where the real API was seen to vary), what we send strictly.
"""

from typing import Any, Literal

import msgspec

from gigamost.protocols.gigachat.functions.wire import Function


class FunctionCall(msgspec.Struct, omit_defaults=True):
    """`arguments` is an object in both directions; a string is read too, because answers were seen with one."""

    name: str | None = None
    arguments: Any = None


class Message(msgspec.Struct, omit_defaults=True):
    """A message of a request. `content` is always sent: "" beside a function call."""

    role: Literal["system", "user", "assistant", "function"]
    content: str
    name: str | msgspec.UnsetType = msgspec.UNSET
    function_call: FunctionCall | msgspec.UnsetType = msgspec.UNSET
    functions_state_id: str | msgspec.UnsetType = msgspec.UNSET
    attachments: list[str] | msgspec.UnsetType = msgspec.UNSET


class FunctionName(msgspec.Struct, omit_defaults=True):
    name: str
    partial_arguments: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


CallMode = Literal["none", "auto"] | FunctionName


class ResponseFormat(msgspec.Struct, omit_defaults=True):
    """Flat, unlike OpenAI's: no `json_schema` wrapper and no name. [recorded]"""

    type: Literal["text", "json_schema"]
    schema: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    strict: bool | msgspec.UnsetType = msgspec.UNSET


class Chat(msgspec.Struct, omit_defaults=True):
    """The request body, in the order of the documentation's table."""

    model: str
    messages: list[Message]
    temperature: float | msgspec.UnsetType = msgspec.UNSET
    top_p: float | msgspec.UnsetType = msgspec.UNSET
    stream: bool | msgspec.UnsetType = msgspec.UNSET
    max_tokens: int | msgspec.UnsetType = msgspec.UNSET
    repetition_penalty: float | msgspec.UnsetType = msgspec.UNSET
    update_interval: float | msgspec.UnsetType = msgspec.UNSET
    functions: list[Function | msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET  # Raw: a Function in JSON
    function_call: CallMode | msgspec.UnsetType = msgspec.UNSET
    response_format: ResponseFormat | msgspec.UnsetType = msgspec.UNSET
    reasoning_effort: Literal["low", "medium", "high"] | msgspec.UnsetType = msgspec.UNSET
    profanity_check: bool | msgspec.UnsetType = msgspec.UNSET
    flags: list[str] | msgspec.UnsetType = msgspec.UNSET
    storage: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    function_ranker: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class Usage(msgspec.Struct):
    """total = prompt + completion in every recording: cached tokens are not subtracted."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    precached_prompt_tokens: int = 0


class Answer(msgspec.Struct, omit_defaults=True):
    """A choice's `message`, or in a stream its `delta`."""

    content: str | None = None
    role: str | None = None
    function_call: FunctionCall | None = None
    functions_state_id: str | None = None
    reasoning_content: str | None = None
    name: str | None = None
    created: float | None = None


class Choice(msgspec.Struct, omit_defaults=True):
    message: Answer | None = None
    delta: Answer | None = None
    index: int = 0
    finish_reason: str | None = None


class Completion(msgspec.Struct):
    """A whole answer, or one frame of a stream. `status` and `message` are an error inside a 200 answer."""

    choices: list[Choice] | None = None
    created: float | None = None
    model: str | None = None
    object: str | None = None
    usage: Usage | None = None
    thread_id: str | None = None
    message_id: str | None = None
    status: int | None = None
    message: str | None = None
