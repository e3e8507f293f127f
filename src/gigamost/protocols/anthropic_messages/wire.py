"""`POST /v1/messages` of Anthropic, word for word (API reference, "Create a Message", and its beta fields)."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

JsonObject = dict[str, Any]
Name = Annotated[str, Meta(min_length=1)]


class Tool(msgspec.Struct, frozen=True):
    """A tool of any kind: the client's own, one whose schema Anthropic knows, or one that Anthropic would run."""

    type: str | None = None
    name: str | None = None
    description: str | None = None
    input_schema: JsonObject | None = None
    strict: bool | None = None
    defer_loading: bool | None = None
    eager_input_streaming: bool | None = None
    allowed_callers: list[str] | None = None
    input_examples: list[JsonObject] | None = None
    # of the tools that a client runs by Anthropic's schema
    configs: dict[str, JsonObject | None] | None = None
    display_height_px: int | None = None
    display_number: int | None = None
    display_width_px: int | None = None
    enable_zoom: bool | None = None
    max_characters: int | None = None
    # of the tools that Anthropic runs
    allowed_domains: list[str] | None = None
    blocked_domains: list[str] | None = None
    citations: JsonObject | None = None
    max_content_tokens: int | None = None
    max_uses: int | None = None
    response_inclusion: str | None = None
    url_sources: JsonObject | None = None
    use_cache: bool | None = None
    user_location: JsonObject | None = None


class Block(msgspec.Struct, frozen=True, tag_field="type"):
    """What every content block is: told apart by `type`. `cache_control` may stand on each and says nothing here."""


class TextBlock(Block, frozen=True, tag="text"):
    text: str


class Base64Source(Block, frozen=True, tag="base64"):
    data: str
    media_type: str | None = None


class UrlSource(Block, frozen=True, tag="url"):
    url: str


class FileSource(Block, frozen=True, tag="file"):
    file_id: Name


class PlainTextSource(Block, frozen=True, tag="text"):
    data: str


class ImageBlock(Block, frozen=True, tag="image"):
    source: Base64Source | UrlSource | FileSource
    transformations: JsonObject | None = None


class ContentSource(Block, frozen=True, tag="content"):
    content: str | list[TextBlock | ImageBlock]


class DocumentBlock(Block, frozen=True, tag="document"):
    source: Base64Source | PlainTextSource | ContentSource | UrlSource | FileSource
    title: str | None = None
    context: str | None = None
    citations: JsonObject | None = None


class SearchResultBlock(Block, frozen=True, tag="search_result"):
    source: str
    title: str
    content: list[TextBlock]
    citations: JsonObject | None = None


class ToolReferenceBlock(Block, frozen=True, tag="tool_reference"):
    tool_name: str


class BrowserStateBlock(Block, frozen=True, tag="browser_state"):
    tabs: list[JsonObject] = []
    state_changes: list[JsonObject] | None = None


class ThinkingBlock(Block, frozen=True, tag="thinking"):
    thinking: str = ""
    signature: str | None = None


class RedactedThinkingBlock(Block, frozen=True, tag="redacted_thinking"):
    data: str = ""


class ToolUseBlock(Block, frozen=True, tag="tool_use"):
    """`input` is an object; its JSON text is read too, because some clients replay it unparsed."""

    id: str
    name: Name
    input: JsonObject | str | None = None
    toolset_name: str | None = None


class ToolResultBlock(Block, frozen=True, tag="tool_result"):
    tool_use_id: str
    content: (
        str
        | list[TextBlock | ImageBlock | DocumentBlock | SearchResultBlock | ToolReferenceBlock | BrowserStateBlock]
        | None
    ) = None
    is_error: bool | None = None


class ServerToolUseBlock(Block, frozen=True, tag="server_tool_use"):
    id: str
    name: str
    input: JsonObject | None = None


class McpToolUseBlock(Block, frozen=True, tag="mcp_tool_use"):
    id: str
    name: str
    server_name: str = ""
    input: JsonObject | None = None


class ServerResult(Block, frozen=True):
    """What a tool that Anthropic ran gave back; `content` differs from tool to tool."""

    tool_use_id: str = ""
    content: Any = None
    is_error: bool | None = None


class WebSearchResultBlock(ServerResult, frozen=True, tag="web_search_tool_result"):
    pass


class WebFetchResultBlock(ServerResult, frozen=True, tag="web_fetch_tool_result"):
    pass


class CodeExecutionResultBlock(ServerResult, frozen=True, tag="code_execution_tool_result"):
    pass


class BashExecutionResultBlock(ServerResult, frozen=True, tag="bash_code_execution_tool_result"):
    pass


class TextEditorExecutionResultBlock(ServerResult, frozen=True, tag="text_editor_code_execution_tool_result"):
    pass


class ToolSearchResultBlock(ServerResult, frozen=True, tag="tool_search_tool_result"):
    pass


class AdvisorResultBlock(ServerResult, frozen=True, tag="advisor_tool_result"):
    pass


class McpToolResultBlock(ServerResult, frozen=True, tag="mcp_tool_result"):
    pass


class ContainerUploadBlock(Block, frozen=True, tag="container_upload"):
    file_id: Name


class FallbackBlock(Block, frozen=True, tag="fallback"):
    pass


class McpToolListingBlock(Block, frozen=True, tag="mcp_tool_listing"):
    pass


class ToolChange(msgspec.Struct, frozen=True):
    """A tool by its name, or one that is new."""

    type: str
    name: str | None = None
    definition: Tool | None = None


class ToolAdditionBlock(Block, frozen=True, tag="tool_addition"):
    tool: ToolChange


class ToolRemovalBlock(Block, frozen=True, tag="tool_removal"):
    tool: ToolChange


class CompactionBlock(Block, frozen=True, tag="compaction"):
    content: str | None = None
    tool_changes: list[ToolAdditionBlock | ToolRemovalBlock] | None = None


ContentBlock = (
    TextBlock
    | ImageBlock
    | DocumentBlock
    | SearchResultBlock
    | ToolReferenceBlock
    | ThinkingBlock
    | RedactedThinkingBlock
    | ToolUseBlock
    | ToolResultBlock
    | ServerToolUseBlock
    | McpToolUseBlock
    | WebSearchResultBlock
    | WebFetchResultBlock
    | CodeExecutionResultBlock
    | BashExecutionResultBlock
    | TextEditorExecutionResultBlock
    | ToolSearchResultBlock
    | AdvisorResultBlock
    | McpToolResultBlock
    | ContainerUploadBlock
    | CompactionBlock
    | FallbackBlock
    | McpToolListingBlock
    | ToolAdditionBlock
    | ToolRemovalBlock
)


class Message(msgspec.Struct, frozen=True):
    role: Literal["user", "assistant", "system"]
    content: str | list[ContentBlock] | None = None
    clear_at: str | None = None  # this and the next: of a system message
    output_config: JsonObject | None = None


class ToolChoice(msgspec.Struct, frozen=True):
    type: Literal["auto", "any", "tool", "none"]
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class Thinking(msgspec.Struct, frozen=True):
    type: Literal["enabled", "adaptive", "between_tools", "disabled"]
    budget_tokens: Annotated[int, Meta(ge=1024)] | None = None
    display: Literal["summarized", "omitted", "updates"] | None = None


class Format(msgspec.Struct, frozen=True):
    type: Literal["json_schema"]
    schema: JsonObject


class OutputConfig(msgspec.Struct, frozen=True):
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    format: Format | None = None
    task_budget: JsonObject | None = None


class Edit(msgspec.Struct, frozen=True):
    type: str


class ContextManagement(msgspec.Struct, frozen=True):
    edits: list[Edit] | None = None


class Compaction(msgspec.Struct, frozen=True):
    type: Literal["summarize"] = "summarize"
    instructions: str | None = None


class Metadata(msgspec.Struct, frozen=True):
    user_id: str | None = None


Share = Annotated[float, Meta(ge=0, le=1)]


class Messages(msgspec.Struct, frozen=True):
    """The request body. Everything has a default, so that a missing field gets our own error, not a parser's."""

    model: str = ""
    max_tokens: Annotated[int, Meta(ge=1, le=2**31 - 1)] | UnsetType = UNSET
    messages: list[Message] = []
    cache_control: JsonObject | UnsetType = UNSET
    container: str | JsonObject | UnsetType = UNSET
    diagnostics: JsonObject | UnsetType = UNSET
    inference_geo: str | UnsetType = UNSET
    metadata: Metadata | UnsetType = UNSET
    output_config: OutputConfig | UnsetType = UNSET
    service_tier: str | UnsetType = UNSET
    speed: str | UnsetType = UNSET
    stop_sequences: list[str] | UnsetType = UNSET
    stream: bool | UnsetType = UNSET
    system: str | list[TextBlock] | UnsetType = UNSET
    temperature: Share | UnsetType = UNSET
    thinking: Thinking | UnsetType = UNSET
    tool_choice: ToolChoice | UnsetType = UNSET
    tools: list[Tool] | UnsetType = UNSET
    top_k: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    top_p: Share | UnsetType = UNSET
    user_profile_id: str | UnsetType = UNSET
    workspace_id: str | UnsetType = UNSET
    # of the beta API
    betas: list[str] | UnsetType = UNSET
    billing_policy: JsonObject | UnsetType = UNSET
    compaction: Compaction | UnsetType = UNSET
    context_management: ContextManagement | UnsetType = UNSET
    fallback_credit_token: str | JsonObject | UnsetType = UNSET
    fallbacks: str | list[JsonObject] | UnsetType = UNSET
    mcp_servers: list[JsonObject] | UnsetType = UNSET
    output_format: Format | UnsetType = UNSET
    thread: JsonObject | UnsetType = UNSET
