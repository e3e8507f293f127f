"""`models.generateContent` of the Gemini API and of Vertex AI, word for word (ai.google.dev/api/generate-content).

Enumerations are plain strings here: protobuf's JSON takes them in any case and older clients send lower-case ones.
"""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

JsonObject = dict[str, Any]


class Wire(msgspec.Struct, frozen=True, rename="camel"):
    """Every shape below: written in camelCase."""


class Blob(Wire, frozen=True):
    data: str | None = None
    mime_type: str | None = None
    display_name: str | None = None


class FileData(Wire, frozen=True):
    file_uri: str | None = None
    mime_type: str | None = None
    display_name: str | None = None


class FunctionCall(Wire, frozen=True):
    id: str | None = None
    name: str | None = None
    args: JsonObject | None = None
    partial_args: list[JsonObject] | None = None
    will_continue: bool | None = None


class FunctionResponsePart(Wire, frozen=True):
    inline_data: Blob | None = None
    file_data: FileData | None = None


class FunctionResponse(Wire, frozen=True):
    """`response` is an object by the document; a bare value is read too."""

    id: str | None = None
    name: str | None = None
    response: Any = None
    parts: list[FunctionResponsePart] | None = None
    scheduling: str | None = None
    will_continue: bool | None = None


class ExecutableCode(Wire, frozen=True):
    code: str | None = None
    language: str | None = None
    id: str | None = None


class CodeExecutionResult(Wire, frozen=True):
    outcome: str | None = None
    output: str | None = None
    id: str | None = None


class Part(Wire, frozen=True):
    """One of its data fields, and words about it."""

    text: str | None = None
    inline_data: Blob | None = None
    file_data: FileData | None = None
    function_call: FunctionCall | None = None
    function_response: FunctionResponse | None = None
    executable_code: ExecutableCode | None = None
    code_execution_result: CodeExecutionResult | None = None
    tool_call: JsonObject | None = None
    tool_response: JsonObject | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    media_resolution: Any = None
    video_metadata: Any = None
    part_metadata: Any = None
    audio_transcription: Any = None
    media_processing: Any = None
    speech_metadata: Any = None
    document_metadata: Any = None
    spreadsheet_metadata: Any = None
    audio_metadata: Any = None


class Content(Wire, frozen=True):
    """`parts` is a list by the document; one part alone is read too, as Google's own examples write it."""

    role: str | None = None
    parts: list[Part] | Part | None = None


class FunctionDeclaration(Wire, frozen=True):
    """`parameters` is Google's Schema (upper-case types), `parameters_json_schema` JSON Schema."""

    name: str | None = None
    description: str | None = None
    parameters: JsonObject | None = None
    parameters_json_schema: Any = None
    response: JsonObject | None = None
    response_json_schema: Any = None
    behavior: str | None = None


class Tool(Wire, frozen=True):
    """Functions of the client, and tools that Google runs itself."""

    function_declarations: list[FunctionDeclaration] | None = None
    google_search: JsonObject | None = None
    google_search_retrieval: JsonObject | None = None
    enterprise_web_search: JsonObject | None = None
    url_context: JsonObject | None = None
    code_execution: JsonObject | None = None
    retrieval: JsonObject | None = None
    computer_use: JsonObject | None = None
    file_search: JsonObject | None = None
    google_maps: JsonObject | None = None
    parallel_ai_search: JsonObject | None = None
    exa_ai_search: JsonObject | None = None
    mcp_servers: list[JsonObject] | None = None


class FunctionCallingConfig(Wire, frozen=True):
    mode: str | None = None
    allowed_function_names: list[str] | None = None
    stream_function_call_arguments: bool | None = None


class ToolConfig(Wire, frozen=True):
    function_calling_config: FunctionCallingConfig | None = None
    retrieval_config: JsonObject | None = None
    include_server_side_tool_invocations: bool | None = None


class ThinkingConfig(Wire, frozen=True):
    include_thoughts: bool | None = None
    thinking_budget: Annotated[int, Meta(ge=-1)] | None = None
    thinking_level: str | None = None


Share = Annotated[float, Meta(ge=0, le=1)]
Penalty = Annotated[float, Meta(ge=-2, le=2)]
Count = Annotated[int, Meta(ge=1, le=2**31 - 1)]


class GenerationConfig(Wire, frozen=True):
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Share | None = None
    top_k: float | UnsetType = UNSET
    max_output_tokens: Count | None = None
    stop_sequences: Annotated[list[str], Meta(max_length=5)] = []
    candidate_count: int | UnsetType = UNSET
    seed: int | UnsetType = UNSET
    presence_penalty: Penalty | UnsetType = UNSET
    frequency_penalty: Penalty | UnsetType = UNSET
    response_mime_type: str = ""
    response_schema: JsonObject | None = None
    response_json_schema: Any = None
    response_format: Any = UNSET
    response_modalities: list[str] = []
    thinking_config: ThinkingConfig = ThinkingConfig()
    response_logprobs: bool | UnsetType = UNSET
    logprobs: int | UnsetType = UNSET
    speech_config: Any = UNSET
    image_config: Any = UNSET
    media_resolution: Any = UNSET
    audio_timestamp: bool | UnsetType = UNSET
    audio_transcription_config: Any = UNSET
    translation_config: Any = UNSET
    routing_config: Any = UNSET
    model_selection_config: Any = UNSET
    model_config: Any = UNSET
    enable_affective_dialog: bool | UnsetType = UNSET
    enable_enhanced_civic_answers: bool | UnsetType = UNSET


class GenerateContent(Wire, frozen=True):
    """The request body. `generation_config` is read by itself, as a `GenerationConfig`."""

    model: str = ""
    contents: list[Content | str] | Content | str = []
    system_instruction: list[Part | str] | Content | str | None = None
    tools: list[Tool] | Tool = []
    tool_config: ToolConfig = ToolConfig()
    generation_config: msgspec.Raw = msgspec.Raw(b"{}")
    cached_content: Any = UNSET
    safety_settings: Any = UNSET
    labels: Any = UNSET
    service_tier: Any = UNSET
    store: bool | UnsetType = UNSET
    model_armor_config: Any = UNSET
    continuation_token: Any = UNSET
    output_config: Any = UNSET
