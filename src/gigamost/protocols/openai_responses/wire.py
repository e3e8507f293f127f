"""`POST /v1/responses` of OpenAI, word for word (API reference, "Create a model response"; the types of its SDK), and
GigaChat's own fields that a client may send beside them."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

JsonObject = dict[str, Any]


class Reasoning(msgspec.Struct, frozen=True):
    effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None
    summary: Literal["auto", "concise", "detailed"] | None = None
    generate_summary: Literal["auto", "concise", "detailed"] | None = None
    context: str | None = None
    mode: str | None = None


class Format(msgspec.Struct, frozen=True):
    type: Literal["text", "json_object", "json_schema"] = "text"
    name: str | None = None
    description: str | None = None
    schema: JsonObject | None = None
    strict: bool | None = None


class TextConfig(msgspec.Struct, frozen=True):
    format: Format | None = None
    verbosity: Literal["low", "medium", "high"] | None = None


class ConversationId(msgspec.Struct, frozen=True):
    id: str


class Environment(msgspec.Struct, frozen=True):
    type: str = ""


class Tool(msgspec.Struct, frozen=True):
    """Every kind of tool; which fields it has depends on `type`."""

    type: str = "function"
    name: str | None = None
    description: str | None = None
    parameters: JsonObject | None = None
    strict: bool | None = None
    format: JsonObject | None = None  # of a custom tool
    tools: list[JsonObject] | None = None  # of a namespace
    environment: Environment | None = None  # of a shell
    execution: str | None = None  # of a tool search


class ToolChoice(msgspec.Struct, frozen=True):
    type: str
    name: str | None = None
    namespace: str | None = None
    mode: Literal["auto", "required"] = "auto"
    tools: list["ToolChoice"] = []


Penalty = Annotated[float, Meta(ge=-2, le=2)]
Count = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Positive = Annotated[float, Meta(gt=0)]
Metadata = Annotated[
    dict[Annotated[str, Meta(max_length=64)], Annotated[str, Meta(max_length=512)]], Meta(max_length=16)
]


class Create(msgspec.Struct, frozen=True):
    """The request body. Everything has a default, so that a missing field gets our own error, not a parser's."""

    model: str = ""
    input: str | list[JsonObject] | UnsetType = UNSET
    access_programs: JsonObject | UnsetType = UNSET
    background: bool | UnsetType = UNSET
    client_metadata: JsonObject | UnsetType = UNSET
    context_management: list[JsonObject] | UnsetType = UNSET
    conversation: str | ConversationId | UnsetType = UNSET
    frequency_penalty: Penalty | UnsetType = UNSET
    image: JsonObject | UnsetType = UNSET
    include: list[str] | UnsetType = UNSET
    instructions: str | UnsetType = UNSET
    max_output_tokens: Count | UnsetType = UNSET
    max_tool_calls: Count | UnsetType = UNSET
    metadata: Metadata | UnsetType = UNSET
    moderation: JsonObject | UnsetType = UNSET
    parallel_tool_calls: bool | UnsetType = UNSET
    presence_penalty: Penalty | UnsetType = UNSET
    previous_response_id: str | UnsetType = UNSET
    prompt: JsonObject | UnsetType = UNSET
    prompt_cache_key: str | UnsetType = UNSET
    prompt_cache_options: JsonObject | UnsetType = UNSET
    prompt_cache_retention: str | UnsetType = UNSET
    reasoning: Reasoning | UnsetType = UNSET
    safety_identifier: str | UnsetType = UNSET
    service_tier: str | UnsetType = UNSET
    store: bool | UnsetType = UNSET
    stream: bool | UnsetType = UNSET
    stream_options: JsonObject | UnsetType = UNSET
    temperature: Annotated[float, Meta(ge=0, le=2)] | UnsetType = UNSET
    text: TextConfig | UnsetType = UNSET
    tool_choice: Literal["none", "auto", "required"] | ToolChoice | UnsetType = UNSET
    tools: list[JsonObject] | UnsetType = UNSET
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | UnsetType = UNSET
    top_p: Annotated[float, Meta(ge=0, le=1)] | UnsetType = UNSET
    truncation: Literal["auto", "disabled"] | UnsetType = UNSET
    user: str | UnsetType = UNSET
    # GigaChat's own fields (gigachat-api.md section 4.1)
    repetition_penalty: Positive | UnsetType = UNSET
    update_interval: Annotated[float, Meta(ge=0)] | UnsetType = UNSET
    profanity_check: bool | UnsetType = UNSET
    flags: list[str] | UnsetType = UNSET
    function_ranker: dict[str, bool | int] | UnsetType = UNSET


class TextPart(msgspec.Struct, frozen=True):
    text: str
    prompt_cache_breakpoint: JsonObject | None = None


class RefusalPart(msgspec.Struct, frozen=True):
    refusal: str


class ImagePart(msgspec.Struct, frozen=True):
    image_url: str | None = None
    file_id: str | None = None
    detail: str | None = None
    prompt_cache_breakpoint: JsonObject | None = None


class FilePart(msgspec.Struct, frozen=True):
    file_data: str | None = None
    file_id: str | None = None
    file_url: str | None = None
    filename: str | None = None
    detail: str | None = None
    prompt_cache_breakpoint: JsonObject | None = None


class InputAudio(msgspec.Struct, frozen=True):
    data: str
    format: str = ""


class AudioPart(msgspec.Struct, frozen=True):
    input_audio: InputAudio


Content = str | list[JsonObject] | None  # the parts are told apart by their `type`


class MessageItem(msgspec.Struct, frozen=True):
    role: Literal["user", "assistant", "system", "developer"]
    content: Content = None
    phase: str | None = None


class FunctionCall(msgspec.Struct, frozen=True):
    """`arguments` is JSON text; an object is read too, because some clients replay it parsed."""

    name: Annotated[str, Meta(min_length=1)]
    call_id: str | None = None
    arguments: str | JsonObject | None = None
    namespace: str | None = None


class CallOutput(msgspec.Struct, frozen=True):
    output: Content = None
    call_id: str | None = None
    name: str | None = None


class CustomCall(msgspec.Struct, frozen=True):
    name: Annotated[str, Meta(min_length=1)]
    call_id: str | None = None
    input: str | None = None
    namespace: str | None = None


class Thought(msgspec.Struct, frozen=True):
    text: str = ""


class ReasoningItem(msgspec.Struct, frozen=True):
    summary: list[Thought] | None = None
    content: list[Thought] | None = None
    encrypted_content: str | None = None


class ItemReference(msgspec.Struct, frozen=True):
    id: Annotated[str, Meta(min_length=1)]


class HostedCall(msgspec.Struct, frozen=True):
    """A call of a tool that the vendor runs itself. `result` is a generated image in Base64."""

    id: str | None = None
    status: str | None = None
    result: str | None = None
    output_format: str | None = None


class ShellAction(msgspec.Struct, frozen=True):
    commands: list[str] | None = None
    timeout_ms: int | None = None
    max_output_length: int | None = None


class LocalShellAction(msgspec.Struct, frozen=True):
    command: list[str] | None = None
    env: dict[str, str] | None = None
    timeout_ms: int | None = None
    user: str | None = None
    working_directory: str | None = None


class ShellCall(msgspec.Struct, frozen=True, omit_defaults=True):
    action: ShellAction
    call_id: str | None = None


class LocalShellCall(msgspec.Struct, frozen=True, omit_defaults=True):
    action: LocalShellAction
    call_id: str | None = None


class PatchOperation(msgspec.Struct, frozen=True):
    type: str
    path: str
    diff: str | None = None


class ApplyPatchCall(msgspec.Struct, frozen=True):
    operation: PatchOperation
    call_id: str | None = None


class NativeOutput(msgspec.Struct, frozen=True):
    """What a shell or a patch came to. A local shell names its call by `id`."""

    output: str | list[JsonObject] | None = None
    call_id: str | None = None
    id: str | None = None
    status: str | None = None


class ToolSearchCall(msgspec.Struct, frozen=True):
    call_id: str | None = None
    arguments: str | JsonObject | None = None


class LoadedTools(msgspec.Struct, frozen=True):
    """Tools that come with the input: found by a search, or added by the developer."""

    tools: list[JsonObject] = []
    call_id: str | None = None


class McpCall(msgspec.Struct, frozen=True):
    name: Annotated[str, Meta(min_length=1)]
    id: str | None = None
    server_label: str = ""
    arguments: str | None = None
    output: str | None = None
    error: JsonObject | str | None = None


class Compaction(msgspec.Struct, frozen=True):
    encrypted_content: str = ""


class ConfigurationUpdate(msgspec.Struct, frozen=True):
    reasoning: Reasoning | None = None
    text: TextConfig | None = None
