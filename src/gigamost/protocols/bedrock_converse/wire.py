"""`POST /model/{modelId}/converse`, `/converse-stream` and `/count-tokens` of Amazon Bedrock Runtime, word for word: a
Struct has the name of its shape in the API reference. A union is a Struct with one member set; bytes are Base64."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

JsonObject = dict[str, Any]


class Shape(msgspec.Struct, frozen=True, rename="camel"):
    """What all of them have in common: members that may be missing, and are spelled in camel case."""


class S3Location(Shape, frozen=True):
    uri: str = ""
    bucket_owner: str | None = None


class ErrorBlock(Shape, frozen=True):
    message: str | None = None


class BytesSource(Shape, frozen=True):
    """Bedrock's ImageSource, VideoSource and AudioSource, and without S3 its GuardrailConverseImageSource."""

    bytes: str | None = None
    s3_location: S3Location | None = None


class ImageBlock(Shape, frozen=True):
    format: str = ""
    source: BytesSource | None = None
    error: ErrorBlock | None = None


class DocumentContentBlock(Shape, frozen=True):
    text: str | None = None


class DocumentSource(Shape, frozen=True):
    bytes: str | None = None
    s3_location: S3Location | None = None
    text: str | None = None
    content: list[DocumentContentBlock] | None = None


class CitationsConfig(Shape, frozen=True):
    enabled: bool | None = None


class DocumentBlock(Shape, frozen=True):
    format: str | None = None
    name: str | None = None
    source: DocumentSource | None = None
    context: str | None = None
    citations: CitationsConfig | None = None


class VideoBlock(Shape, frozen=True):
    format: str = ""
    source: BytesSource | None = None


class AudioBlock(Shape, frozen=True):
    format: str = ""
    source: BytesSource | None = None
    error: ErrorBlock | None = None


class ToolUseBlock(Shape, frozen=True):
    tool_use_id: str | None = None
    name: str = ""
    input: Any = None  # a JSON document
    type: str | None = None


class SearchResultContentBlock(Shape, frozen=True):
    text: str | None = None


class SearchResultBlock(Shape, frozen=True):
    source: str | None = None
    title: str | None = None
    content: list[SearchResultContentBlock] | None = None
    citations: CitationsConfig | None = None


class ToolResultContentBlock(Shape, frozen=True):
    json: Any | UnsetType = UNSET
    text: str | None = None
    image: ImageBlock | None = None
    document: DocumentBlock | None = None
    video: VideoBlock | None = None
    search_result: SearchResultBlock | None = None


class ToolResultBlock(Shape, frozen=True):
    tool_use_id: str | None = None
    content: list[ToolResultContentBlock] | None = None
    status: Literal["success", "error"] | None = None
    type: str | None = None


class GuardrailConverseTextBlock(Shape, frozen=True):
    text: str = ""
    qualifiers: list[str] | None = None


class GuardrailConverseImageBlock(Shape, frozen=True):
    format: str = ""
    source: BytesSource | None = None


class GuardrailConverseContentBlock(Shape, frozen=True):
    text: GuardrailConverseTextBlock | None = None
    image: GuardrailConverseImageBlock | None = None


class CachePointBlock(Shape, frozen=True):
    type: str = "default"
    ttl: str | None = None


class ReasoningTextBlock(Shape, frozen=True):
    text: str = ""
    signature: str | None = None


class ReasoningContentBlock(Shape, frozen=True):
    reasoning_text: ReasoningTextBlock | None = None
    redacted_content: str | None = None


class CitationGeneratedContent(Shape, frozen=True):
    text: str | None = None


class CitationSourceContent(Shape, frozen=True):
    text: str | None = None


class WebLocation(Shape, frozen=True):
    url: str | None = None
    domain: str | None = None


class CitationLocation(Shape, frozen=True):
    """The places inside documents and search results are Bedrock's alone: only `web` is understood here."""

    web: WebLocation | None = None
    document_char: JsonObject | None = None
    document_page: JsonObject | None = None
    document_chunk: JsonObject | None = None
    search_result_location: JsonObject | None = None


class Citation(Shape, frozen=True):
    title: str | None = None
    source: str | None = None
    source_content: list[CitationSourceContent] | None = None
    location: CitationLocation | None = None


class CitationsContentBlock(Shape, frozen=True):
    content: list[CitationGeneratedContent] | None = None
    citations: list[Citation] | None = None


class ToolReference(Shape, frozen=True):
    type: str | None = None
    name: str | None = None
    server_name: str | None = None


class ToolAdditionBlock(Shape, frozen=True):
    tool: ToolReference | None = None


class ToolRemovalBlock(Shape, frozen=True):
    tool: ToolReference | None = None


class ContentBlock(Shape, frozen=True):
    text: str | None = None
    image: ImageBlock | None = None
    document: DocumentBlock | None = None
    video: VideoBlock | None = None
    audio: AudioBlock | None = None
    tool_use: ToolUseBlock | None = None
    tool_result: ToolResultBlock | None = None
    guard_content: GuardrailConverseContentBlock | None = None
    cache_point: CachePointBlock | None = None
    reasoning_content: ReasoningContentBlock | None = None
    citations_content: CitationsContentBlock | None = None
    search_result: SearchResultBlock | None = None
    tool_addition: ToolAdditionBlock | None = None
    tool_removal: ToolRemovalBlock | None = None


class Message(Shape, frozen=True):
    role: Literal["user", "assistant", "system"]
    content: list[ContentBlock] | None = None


class SystemContentBlock(Shape, frozen=True):
    text: str | None = None
    guard_content: GuardrailConverseContentBlock | None = None
    cache_point: CachePointBlock | None = None


Count = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Share = Annotated[float, Meta(ge=0, le=1)]


class InferenceConfiguration(Shape, frozen=True):
    max_tokens: Count | UnsetType = UNSET
    temperature: Share | UnsetType = UNSET
    top_p: Share | UnsetType = UNSET
    stop_sequences: Annotated[list[str], Meta(max_length=2500)] | UnsetType = UNSET


class ToolInputSchema(Shape, frozen=True):
    json: JsonObject | None = None


ToolName = Annotated[str, Meta(pattern="^[a-zA-Z0-9_-]{1,64}$")]


class ToolSpecification(Shape, frozen=True):
    name: ToolName
    input_schema: ToolInputSchema | None = None
    description: str | None = None
    strict: bool | None = None


class SystemTool(Shape, frozen=True):
    name: ToolName


class Tool(Shape, frozen=True):
    tool_spec: ToolSpecification | None = None
    system_tool: SystemTool | None = None
    cache_point: CachePointBlock | None = None


class SpecificToolChoice(Shape, frozen=True):
    name: str


class ToolChoice(Shape, frozen=True):
    auto: JsonObject | None = None
    any: JsonObject | None = None
    tool: SpecificToolChoice | None = None


class ToolConfiguration(Shape, frozen=True):
    tools: list[Tool] | None = None
    tool_choice: ToolChoice | None = None


class PerformanceConfiguration(Shape, frozen=True):
    latency: str | None = None


class ServiceTier(Shape, frozen=True):
    type: str | None = None


class JsonSchemaDefinition(Shape, frozen=True):
    schema: str = ""
    name: str | None = None
    description: str | None = None


class OutputFormatStructure(Shape, frozen=True):
    json_schema: JsonSchemaDefinition | None = None


class OutputFormat(Shape, frozen=True):
    type: Literal["json_schema"] = "json_schema"
    structure: OutputFormatStructure | None = None


class OutputConfig(Shape, frozen=True):
    text_format: OutputFormat | None = None
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None


class Converse(Shape, frozen=True):
    """The body of ConverseRequest and of ConverseStreamRequest. Everything has a default, so that a missing field gets
    our own error, not a parser's. `Raw` ones are read by rules of their own."""

    messages: list[Message] = []
    system: list[SystemContentBlock] | UnsetType = UNSET
    inference_config: Raw | UnsetType = UNSET
    tool_config: ToolConfiguration | UnsetType = UNSET
    guardrail_config: JsonObject | UnsetType = UNSET
    additional_model_request_fields: Raw | UnsetType = UNSET
    prompt_variables: JsonObject | UnsetType = UNSET
    additional_model_response_field_paths: Annotated[list[str], Meta(max_length=10)] | UnsetType = UNSET
    request_metadata: dict[str, str] | UnsetType = UNSET
    performance_config: PerformanceConfiguration | UnsetType = UNSET
    service_tier: ServiceTier | UnsetType = UNSET
    output_config: OutputConfig | UnsetType = UNSET


class CountTokensInput(Shape, frozen=True):
    invoke_model: JsonObject | None = None
    converse: Raw | UnsetType = UNSET


class CountTokens(Shape, frozen=True):
    input: CountTokensInput = CountTokensInput()
