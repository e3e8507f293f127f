"""`POST /v1/chat/completions` of OpenAI, word for word (API reference, "Create chat completion"), and GigaChat's own
fields that a client may send beside them."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

JsonObject = dict[str, Any]


class TextPart(msgspec.Struct, frozen=True, tag_field="type", tag="text"):
    text: str


class RefusalPart(msgspec.Struct, frozen=True, tag_field="type", tag="refusal"):
    refusal: str


class ImageUrl(msgspec.Struct, frozen=True):
    url: str
    detail: str | None = None


class ImagePart(msgspec.Struct, frozen=True, tag_field="type", tag="image_url"):
    image_url: ImageUrl | str  # a bare string is no OpenAI form, but several clients send it


class InputAudio(msgspec.Struct, frozen=True):
    data: str
    format: str = ""


class AudioPart(msgspec.Struct, frozen=True, tag_field="type", tag="input_audio"):
    input_audio: InputAudio


class File(msgspec.Struct, frozen=True):
    file_data: str | None = None
    file_id: str | None = None
    filename: str | None = None


class FilePart(msgspec.Struct, frozen=True, tag_field="type", tag="file"):
    file: File


ContentPart = TextPart | RefusalPart | ImagePart | AudioPart | FilePart


class FunctionCall(msgspec.Struct, frozen=True):
    """`arguments` is JSON text; an object is read too, because some clients replay it parsed."""

    name: str = ""
    arguments: str | JsonObject | None = None


class CustomCall(msgspec.Struct, frozen=True):
    name: str = ""
    input: str = ""


class ToolCall(msgspec.Struct, frozen=True, omit_defaults=True):
    id: str | None = None
    type: str | None = None
    function: FunctionCall | None = None
    custom: CustomCall | None = None


class Message(msgspec.Struct, frozen=True):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[ContentPart] | None = None
    name: str | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None
    function_call: FunctionCall | None = None
    refusal: str | None = None
    functions_state_id: str | None = None  # GigaChat's own


class Function(msgspec.Struct, frozen=True):
    name: Annotated[str, Meta(min_length=1)]
    description: str | None = None
    parameters: JsonObject | None = None
    strict: bool | None = None


class Custom(msgspec.Struct, frozen=True):
    name: Annotated[str, Meta(min_length=1)]
    description: str | None = None
    format: JsonObject | None = None


class Tool(msgspec.Struct, frozen=True):
    """`type` is "function" or "custom"; any other is a tool that the upstream runs itself."""

    type: str = "function"
    function: Function | None = None
    custom: Custom | None = None


class Named(msgspec.Struct, frozen=True):
    name: str


class AllowedTools(msgspec.Struct, frozen=True):
    mode: Literal["auto", "required"]
    tools: list[Tool] = []


class ToolChoice(msgspec.Struct, frozen=True):
    type: Literal["function", "custom", "allowed_tools"] = "function"
    function: Named | None = None
    custom: Named | None = None
    allowed_tools: AllowedTools | None = None


class SchemaFormat(msgspec.Struct, frozen=True):
    name: str = "response"
    description: str | None = None
    schema: JsonObject | None = None
    strict: bool | None = None


class ResponseFormat(msgspec.Struct, frozen=True):
    """`regex` is GigaChat's own type."""

    type: Literal["text", "json_object", "json_schema", "regex"]
    json_schema: SchemaFormat | None = None
    regex: str | None = None


class Approximate(msgspec.Struct, frozen=True):
    city: str | None = None
    country: str | None = None
    region: str | None = None
    timezone: str | None = None


class UserLocation(msgspec.Struct, frozen=True):
    type: Literal["approximate"] = "approximate"
    approximate: Approximate = Approximate()


class WebSearchOptions(msgspec.Struct, frozen=True):
    search_context_size: Literal["low", "medium", "high"] | None = None
    user_location: UserLocation | None = None


class StreamOptions(msgspec.Struct, frozen=True):
    include_usage: bool | None = None
    include_obfuscation: bool | None = None


Penalty = Annotated[float, Meta(ge=-2, le=2)]
Count = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Positive = Annotated[float, Meta(gt=0)]


class Chat(msgspec.Struct, frozen=True):
    """The request body. Everything has a default, so that a missing field gets our own error, not a parser's."""

    model: str = ""
    messages: list[Message] = []
    audio: JsonObject | UnsetType = UNSET
    frequency_penalty: Penalty | UnsetType = UNSET
    function_call: Literal["none", "auto"] | Named | UnsetType = UNSET
    functions: list[Function] | UnsetType = UNSET
    logit_bias: JsonObject | UnsetType = UNSET
    logprobs: bool | UnsetType = UNSET
    max_completion_tokens: Count | UnsetType = UNSET
    max_tokens: Count | UnsetType = UNSET
    metadata: JsonObject | UnsetType = UNSET
    modalities: list[str] | UnsetType = UNSET
    moderation: JsonObject | UnsetType = UNSET
    n: Count | UnsetType = UNSET
    parallel_tool_calls: bool | UnsetType = UNSET
    prediction: JsonObject | UnsetType = UNSET
    presence_penalty: Penalty | UnsetType = UNSET
    prompt_cache_key: str | UnsetType = UNSET
    prompt_cache_options: JsonObject | UnsetType = UNSET
    prompt_cache_retention: str | UnsetType = UNSET
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | UnsetType = UNSET
    response_format: ResponseFormat | UnsetType = UNSET
    safety_identifier: str | UnsetType = UNSET
    seed: int | UnsetType = UNSET
    service_tier: str | UnsetType = UNSET
    stop: str | Annotated[list[str], Meta(max_length=4)] | UnsetType = UNSET
    store: bool | UnsetType = UNSET
    stream: bool | UnsetType = UNSET
    stream_options: StreamOptions | UnsetType = UNSET
    temperature: Annotated[float, Meta(ge=0, le=2)] | UnsetType = UNSET
    tool_choice: Literal["none", "auto", "required"] | ToolChoice | UnsetType = UNSET
    tools: list[Tool] | UnsetType = UNSET
    top_logprobs: int | UnsetType = UNSET
    top_p: Annotated[float, Meta(ge=0, le=1)] | UnsetType = UNSET
    user: str | UnsetType = UNSET
    verbosity: str | UnsetType = UNSET
    web_search_options: WebSearchOptions | UnsetType = UNSET
    # GigaChat's own fields (gigachat-api.md section 4.1)
    repetition_penalty: Positive | UnsetType = UNSET
    update_interval: Annotated[float, Meta(ge=0)] | UnsetType = UNSET
    profanity_check: bool | UnsetType = UNSET
    flags: list[str] | UnsetType = UNSET
    function_ranker: dict[str, bool | int] | UnsetType = UNSET
    storage: dict[str, bool | int | str | dict[str, str] | None] | UnsetType = UNSET
    user_info: dict[str, str] | UnsetType = UNSET


class TokenDetails(msgspec.Struct, frozen=True, omit_defaults=True):
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


class Usage(msgspec.Struct, frozen=True):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    prompt_tokens_details: TokenDetails | None = None
    completion_tokens_details: TokenDetails | None = None


class DeltaCall(msgspec.Struct, frozen=True):
    index: int | None = None
    id: str | None = None
    type: str | None = None
    function: FunctionCall | None = None


class Answer(msgspec.Struct, frozen=True):
    """A choice's `message`, or in a stream its `delta`, as an upstream sends it (client role)."""

    role: str | None = None
    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None  # OpenRouter's and vLLM's word for it
    tool_calls: list[DeltaCall] | None = None
    function_call: FunctionCall | None = None


class Choice(msgspec.Struct, frozen=True):
    index: int = 0
    message: Answer | None = None
    delta: Answer | None = None
    finish_reason: str | None = None


class ErrorBody(msgspec.Struct, frozen=True):
    message: str | None = None
    type: str | None = None
    param: str | None = None
    code: str | int | None = None


class Completion(msgspec.Struct, frozen=True):
    """A whole answer or one chunk of a stream; `error` may stand in a chunk of a 200 stream."""

    id: str | None = None
    model: str | None = None
    created: float | None = None
    choices: list[Choice] | None = None
    usage: Usage | None = None
    error: ErrorBody | None = None
