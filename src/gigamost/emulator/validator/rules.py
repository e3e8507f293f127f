"""The table of everything that a v1 chat request is refused for, in the order of the checks (section 9.4)."""

from typing import Final

from gigamost.emulator.refusal import Rule

# One text for every violation of shape [live3p].
_SYNTAX: Final = "Your request contains invalid JSON syntax."

JSON = Rule("json", 400, _SYNTAX, "4.1 live3p: unparsable body, invalid UTF-8, a lone surrogate")
BODY_SHAPE = Rule("body_shape", 400, _SYNTAX, "4.1 live3p: a wrong JSON type at the top level")
MESSAGE_SHAPE = Rule("message_shape", 400, _SYNTAX, "4.2 live3p: content an array or null, arguments a string")
ROLE = Rule("role", 400, _SYNTAX, "4.2 docs: tool and developer are no roles; status as seen on v2")
FUNCTION_SHAPE = Rule("function_shape", 400, _SYNTAX, "4.4 docs")
FUNCTION_CALL_SHAPE = Rule("function_call_shape", 400, _SYNTAX, "4.5 docs: no mode but auto, none and a name")
FORMAT_TYPE = Rule("format_type", 400, 'Unknown type "{type}" in response_format', "4.7 live3p on v2")
FORMAT_SCHEMA = Rule("format_schema", 400, "Empty schema with json format type is not supported", "4.7 live3p on v2")

MODEL = Rule("model", 404, "No such model", "4.1 recorded")

UNKNOWN_FIELD = Rule(
    "unknown_field", 422, "Invalid params: unknown field {field}", "4.1: ignored for real, see setting"
)
MESSAGES_EMPTY = Rule("messages_empty", 422, "Invalid params: messages must not be empty", "4.2.8 inferred")
TEMPERATURE = Rule(
    "temperature", 422, "Invalid params: temperature must be in range (0, +inf)", "4.1 docs, text inferred"
)
TOP_P = Rule("top_p", 422, "Invalid params: top_p must be in range [0, 1]", "4.1 docs, text inferred")
CHOICES = Rule("n", 422, "Invalid params: n must be 1", "4.1 docs: one choice only, text inferred")
MAX_TOKENS = Rule(
    "max_tokens", 422, "Invalid params: max_tokens must be in range [1, 2147483647]", "4.1 docs, text inferred"
)
REPETITION = Rule(
    "repetition_penalty", 422, "Invalid params: repetition_penalty must be in range (0, +inf)", "4.1 docs"
)
INTERVAL = Rule(
    "update_interval", 422, "Invalid params: update_interval must be in range [0, +inf)", "4.1 docs, text inferred"
)
EFFORT = Rule(
    "reasoning_effort", 422, "Invalid params: reasoning_effort must be low, medium or high", "4.1 sdk, text inferred"
)

FORMAT_REFERENCE = Rule(
    "format_reference", 422, "Invalid params: $ref in response_format schema is not supported", "4.4.1, text inferred"
)
FORMAT_INVALID = Rule(
    "format_invalid", 422, "Invalid params: schema in response_format is not a JSON Schema", "4.7, text inferred"
)

NO_FUNCTIONS = Rule("no_functions", 422, "Requested model does not support functions", "4.4 docs")
FUNCTION_NAME = Rule(
    "function_name",
    422,
    "Invalid params: Invalid function names. Only Latin letters (A-Z or a-z), underscore (_), hyphen (-), dot (.) "
    "and digits (not leading) are allowed.: [{name}]",
    "4.4 live3p",
)
FUNCTION_NAME_LENGTH = Rule(
    "function_name_length", 422, "Invalid params: function name is longer than 64: [{name}]", "4.4: a cap, inferred"
)
FUNCTION_TWICE = Rule(
    "function_twice", 422, "Invalid params: duplicate function names: [{name}]", "8.13: collisions, text inferred"
)
RESERVED_NAME = Rule(
    "reserved_name",
    422,
    "Invalid params: [{name}] is a built-in function and takes no parameters",
    "4.4, 8.14: built-ins by name only, text inferred",
)
PARAMETERS_MISSING = Rule("parameters_missing", 422, "Field 'parameters' is missing", "4.4 spec, text inferred")
FEW_SHOT = Rule(
    "few_shot", 422, "Invalid params: few_shot_examples need request and params: [{name}]", "4.4, text inferred"
)

FIELD_MISSING = Rule("schema_field_missing", 422, "Field '{path}' is missing", "4.4.1 live3p x4")
TYPE_LIST = Rule("schema_type_list", 422, "Field '{path}' must be a string", "4.4.1: no type arrays, text inferred")
TYPE_UNKNOWN = Rule("schema_type", 422, "Field '{path}' has an unknown type", "4.4.1, text inferred")
KEYWORD = Rule("schema_keyword", 422, "Field '{path}' is not supported", "4.4.1: anyOf, $ref, const..., text inferred")
ENUM = Rule("schema_enum", 422, "Field '{path}' must be a list of unique strings", "4.4.1, text inferred")
SCHEMA_FORMAT = Rule("schema_format", 422, "Field '{path}' has an unknown format", "4.4.1, text inferred")
REQUIRED = Rule(
    "schema_required", 422, "Field '{path}' must name properties", "4.4.1: not empty, names exist, text inferred"
)

SCHEMA_INVALID = Rule(
    "schema_invalid", 422, "Invalid params: parameters of [{name}] are not a JSON Schema", "4.4.1, text inferred"
)

FORCED_UNKNOWN = Rule(
    "forced_unknown", 422, "Invalid params: function [{name}] is not in functions", "4.5 docs, text inferred"
)

SYSTEM_FIRST = Rule("system_first", 422, "Invalid params: system message must be the first message", "4.2.1 docs")
USER_EMPTY = Rule("user_empty", 422, "Invalid params: user content must not be empty", "8.37 unverified, inferred")
ASSISTANT_LAST = Rule(
    "assistant_last", 422, "Invalid params: the last message must not be from assistant", "4.2.8 inferred"
)
MISPLACED = Rule("misplaced_key", 422, "Invalid params: {field} is not allowed in a {role} message", "4.2, inferred")
CALL_ALONE = Rule(
    "call_without_result", 422, "Invalid params: every assistant function call must have a result in history", "4.2.2"
)
RESULT_ALONE = Rule(
    "result_without_call",
    422,
    "Invalid params: every assistant function result must have an assistant function call in history",
    "4.2.3 live3p",
)
RESULT_NAME = Rule("result_name", 422, "Invalid params: function message must have a name", "4.2 sdk, text inferred")
RESULT_JSON = Rule(
    "result_json",
    422,
    "invalid function result for function {name} json string `{text}`, error: JSON parse error at line 1 column 1",
    "4.2.5 live3p x3",
)
UNDEFINED = Rule(
    "undefined_functions", 422, "Invalid params: undefined functions in dialog history: [{name}]", "4.2.4 live3p"
)

THREAD_UNKNOWN = Rule("thread_unknown", 404, "No such thread", "4.1 storage: text inferred")

FILE_UNKNOWN = Rule("file_unknown", 404, "No such file", "4.3: body not documented, inferred")
NO_VISION = Rule("no_vision", 422, "Model {model} does not support image", "3 live3p: ends in these words")
IMAGES_PER_MESSAGE = Rule(
    "images_per_message", 422, "Invalid params: only one image per message is allowed", "4.3 docs, text inferred"
)
IMAGES_PER_REQUEST = Rule(
    "images_per_request", 422, "Invalid params: only 10 images per request are allowed", "4.3 docs, text inferred"
)
MEDIA_SIZE = Rule("media_size", 413, "Payload too large", "4.3 docs: images and audio under 80 MB together")

DOCUMENT_OVERFLOW = Rule(
    "document_overflow",
    422,
    "Invalid params: content of attached files exceeds context: {tokens} tokens (max {limit})",
    "4.3 docs, text inferred",
)
CONTEXT_OVERFLOW = Rule(
    "context_overflow", 413, "Tokens limit exceeded: {tokens} tokens (max {limit})", "7 docs, text as for embeddings"
)

RULES: tuple[Rule, ...] = (
    JSON,
    BODY_SHAPE,
    MESSAGE_SHAPE,
    ROLE,
    FUNCTION_SHAPE,
    FUNCTION_CALL_SHAPE,
    FORMAT_TYPE,
    FORMAT_SCHEMA,
    MODEL,
    UNKNOWN_FIELD,
    TEMPERATURE,
    TOP_P,
    CHOICES,
    MAX_TOKENS,
    REPETITION,
    INTERVAL,
    EFFORT,
    FORMAT_REFERENCE,
    FORMAT_INVALID,
    NO_FUNCTIONS,
    FUNCTION_NAME,
    FUNCTION_NAME_LENGTH,
    FUNCTION_TWICE,
    RESERVED_NAME,
    PARAMETERS_MISSING,
    FEW_SHOT,
    FIELD_MISSING,
    TYPE_LIST,
    TYPE_UNKNOWN,
    KEYWORD,
    ENUM,
    SCHEMA_FORMAT,
    REQUIRED,
    SCHEMA_INVALID,
    FORCED_UNKNOWN,
    USER_EMPTY,
    MISPLACED,
    RESULT_NAME,
    THREAD_UNKNOWN,
    MESSAGES_EMPTY,
    SYSTEM_FIRST,
    CALL_ALONE,
    RESULT_ALONE,
    RESULT_JSON,
    ASSISTANT_LAST,
    UNDEFINED,
    FILE_UNKNOWN,
    NO_VISION,
    IMAGES_PER_MESSAGE,
    IMAGES_PER_REQUEST,
    MEDIA_SIZE,
    DOCUMENT_OVERFLOW,
    CONTEXT_OVERFLOW,
)
