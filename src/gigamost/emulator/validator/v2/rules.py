"""The table of everything that a v2 chat request is refused for, in the order of the checks (sections 5.1 to 5.3)."""

from typing import Final

from gigamost.emulator import assistants
from gigamost.emulator.refusal import Rule
from gigamost.emulator.validator import rules as shared

# One text for every violation of shape [live3p].
_SYNTAX: Final = "Your request contains invalid JSON syntax."

BODY_SHAPE = Rule("body_shape", 400, _SYNTAX, "5.1 live3p: a wrong JSON type at the top level")
OPTIONS_SHAPE = Rule("options_shape", 400, _SYNTAX, "5.1: a wrong JSON type in model_options")
MESSAGE_SHAPE = Rule("message_shape", 400, _SYNTAX, "5.2 live3p: content a string or null")
ROLE = Rule("role", 400, _SYNTAX, "5.2 live3p: `tool` or `function` for results; public api.giga.chat took the latter")
PART_SHAPE = Rule("part_shape", 400, _SYNTAX, "5.2 live3p: `type` in a part, no known key or two, arguments a string")
RESULT_SHAPE = Rule("result_shape", 400, _SYNTAX, "5.2 live3p: function_result without a name, or of another type")
RESULT_JSON = Rule(
    "result_json",
    400,
    "invalid function result for function {name} json string `{text}`, error: JSON parse error at line 1 column 1",
    "4.2.5, 5.2 live3p: raw text as a result",
)
TOOL_SHAPE = Rule("tool_shape", 400, _SYNTAX, "5.3 live3p: a tool of OpenAI's form; no key or two")
CONFIG_SHAPE = Rule("config_shape", 400, _SYNTAX, "5.1: no mode but auto, none and forced")
REGEX_MISSING = Rule(
    "regex_missing", 400, "Empty regex with regex format type is not supported", "5.1, text as for schemas, inferred"
)

TOOL_UNKNOWN = Rule("tool_unknown", 404, "Unknown tool {name}", "5.3 live3p")
TOOL_UNAVAILABLE = Rule("tool_unavailable", 422, "Tool {name} is unavailable", "5.3 live3p")
TOOL_TWICE = Rule("tool_twice", 422, "Invalid params: duplicate tools: [{name}]", "5.3, inferred")
SEARCH_TYPE = Rule("search_type", 422, "Invalid params: unknown web_search type [{type}]", "5.3 docs, text inferred")

TOP_LOGPROBS = Rule("top_logprobs", 422, "Invalid params: top_logprobs must be in range [1, 5]", "5.1, text inferred")
LOGPROBS_DENIED = Rule("logprobs_denied", 403, "Permission denied", "5.1: top_logprobs needs a permission, inferred")
EFFORT = Rule(
    "reasoning_effort",
    422,
    "Invalid params: reasoning.effort must be low, medium, high or off",
    "5.1 sdk, text inferred",
)
REGEX_INVALID = Rule("regex_invalid", 422, "Invalid params: regex in response_format: {why}", "5.1, text inferred")

FORCED_NAME = Rule(
    "forced_name",
    422,
    "Invalid params: tool_config with mode forced needs tool_name or function_name",
    "5.1 docs, text inferred",
)
FORCED_MODE = Rule(
    "forced_mode", 422, "Invalid params: {field} in tool_config needs mode forced", "5.1 docs, text inferred"
)
FORCED_TOOL = Rule("forced_tool", 422, "Invalid params: tool [{name}] is not in tools", "5.1 docs, text inferred")

CONTENT_EMPTY = Rule(
    "content_empty", 422, "Invalid params: {role} content must not be empty", "8.37 unverified, inferred"
)
MISPLACED = Rule("misplaced_part", 422, "Invalid params: {field} is not allowed in a {role} message", "5.2, inferred")

STATE_REFUSED = Rule(
    "state_refused", 422, "Invalid params: unknown tools_state_id", "8.16: on a directive; text inferred"
)

RULES: tuple[Rule, ...] = (
    BODY_SHAPE,
    OPTIONS_SHAPE,
    shared.FORMAT_TYPE,
    shared.FORMAT_SCHEMA,
    REGEX_MISSING,
    MESSAGE_SHAPE,
    ROLE,
    PART_SHAPE,
    RESULT_SHAPE,
    TOOL_SHAPE,
    shared.FUNCTION_SHAPE,
    CONFIG_SHAPE,
    RESULT_JSON,
    assistants.ASSISTANT_UNKNOWN,
    shared.MODEL,
    TOOL_UNKNOWN,
    shared.UNKNOWN_FIELD,
    shared.TEMPERATURE,
    shared.TOP_P,
    shared.MAX_TOKENS,
    shared.REPETITION,
    shared.INTERVAL,
    TOP_LOGPROBS,
    LOGPROBS_DENIED,
    EFFORT,
    shared.FORMAT_REFERENCE,
    shared.FORMAT_INVALID,
    REGEX_INVALID,
    TOOL_UNAVAILABLE,
    TOOL_TWICE,
    SEARCH_TYPE,
    shared.NO_FUNCTIONS,
    shared.FUNCTION_NAME,
    shared.FUNCTION_NAME_LENGTH,
    shared.FUNCTION_TWICE,
    shared.RESERVED_NAME,
    shared.PARAMETERS_MISSING,
    shared.FEW_SHOT,
    shared.FIELD_MISSING,
    shared.TYPE_LIST,
    shared.TYPE_UNKNOWN,
    shared.KEYWORD,
    shared.ENUM,
    shared.SCHEMA_FORMAT,
    shared.REQUIRED,
    shared.SCHEMA_INVALID,
    FORCED_NAME,
    FORCED_MODE,
    FORCED_TOOL,
    shared.FORCED_UNKNOWN,
    MISPLACED,
    CONTENT_EMPTY,
    shared.THREAD_UNKNOWN,
    shared.MESSAGES_EMPTY,
    shared.SYSTEM_FIRST,
    shared.CALL_ALONE,
    shared.RESULT_ALONE,
    shared.ASSISTANT_LAST,
    shared.UNDEFINED,
    shared.FILE_UNKNOWN,
    shared.NO_VISION,
    shared.IMAGES_PER_MESSAGE,
    shared.IMAGES_PER_REQUEST,
    shared.MEDIA_SIZE,
    shared.DOCUMENT_OVERFLOW,
    shared.CONTEXT_OVERFLOW,
    STATE_REFUSED,
)
