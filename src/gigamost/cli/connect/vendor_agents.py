"""Agents of model vendors: each speaks its vendor's own protocol, or names its own variables."""

from typing import Final

from gigamost.cli.connect.client import (
    BIG,
    DRAFT_2020,
    NULLABLE,
    STRING,
    TASK,
    USAGE,
    WINDOW,
    Client,
    File,
    Json,
    Pairs,
    Shape,
)

_CLAUDE: Final[Pairs] = (
    ("ANTHROPIC_BASE_URL", "$base"),
    ("ANTHROPIC_AUTH_TOKEN", "$key"),
    ("ANTHROPIC_MODEL", "$model"),
    ("CLAUDE_CODE_AUTO_COMPACT_WINDOW", str(WINDOW)),
    ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
)
_BETAS: Final = "claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27,effort-2025-11-24"
_DEFERRED: Final[Json] = {
    "name": "ToolSearch",
    "description": "Finds tools that are not loaded yet.",
    "input_schema": {"type": "object", "properties": {}},
    "defer_loading": True,
}
_GROUP: Final[Json] = {
    "type": "namespace",
    "name": "agents",
    "description": "Agents that work beside this one.",
    "tools": [
        {
            "type": "function",
            "name": "spawn",
            "description": "Starts an agent.",
            "strict": False,
            "parameters": {"type": "object", "properties": {"task": STRING}, "required": ["task"]},
        }
    ],
}
_GEMINI: Final[Pairs] = (("GEMINI_API_KEY", "$key"), ("GOOGLE_GEMINI_BASE_URL", "$base"), ("GEMINI_MODEL", "$model"))

VENDOR_AGENTS: Final = (
    Client(
        "claude-code",
        "Claude Code",
        "messages",
        Shape(
            48,
            12,
            32,
            (
                STRING,
                {"type": "number", "exclusiveMinimum": 0, "maximum": 600_000},
                {"type": "object", "propertyNames": STRING, "additionalProperties": STRING},
                {"type": "string", "pattern": "^/", "format": "uri"},
                {"const": "single"},
            ),
            DRAFT_2020,
            (_DEFERRED,),
            {
                "max_tokens": 32_000,
                "thinking": {"type": "adaptive", "display": "omitted"},
                "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
                "output_config": {"effort": "high"},
                "metadata": {"user_id": '{"device_id":"d","session_id":"s"}'},
            },
            (("anthropic-version", "2023-06-01"), ("anthropic-beta", _BETAS)),
        ),
        (File("~/.claude/settings.json", "json", {"env": dict(_CLAUDE)}),),
        instead=_CLAUDE,
        task=("claude", "-p", TASK, "--allowedTools", "Bash"),
        notes=("ANTHROPIC_API_KEY must not be set beside it. The extension for VS Code reads the same file.",),
    ),
    Client(
        "codex",
        "Codex",
        "responses",
        Shape(
            40,
            9,
            18,
            (STRING, {"type": "number"}, {"type": "array", "items": STRING}),
            {"additionalProperties": False},
            (_GROUP, {"type": "web_search"}),
            {
                "store": False,
                "include": ["reasoning.encrypted_content"],
                "reasoning": {"summary": "auto"},
                "parallel_tool_calls": True,
                "tool_choice": "auto",
                "prompt_cache_key": "gigamost-connect",
                "client_metadata": {},
            },
        ),
        (
            File(
                "~/.codex/config.toml",
                "toml",
                {
                    "model": "$model",
                    "model_provider": "gigamost",
                    "model_context_window": WINDOW,
                    "model_providers": {
                        "gigamost": {
                            "name": "Gigamost",
                            "base_url": "$base/v1",
                            "env_key": "GATEWAY_KEY",
                            "wire_api": "responses",
                        }
                    },
                },
            ),
        ),
        (("GATEWAY_KEY", "$key"),),
        task=("codex", "exec", "--skip-git-repo-check", TASK),
        notes=("It speaks the Responses protocol only and knows no metadata of the model; that warning is harmless.",),
    ),
    Client(
        "gemini-cli",
        "Gemini CLI",
        "gemini",
        Shape(
            48,
            15,
            17,
            (STRING, {"type": "number"}, {"type": "array", "items": STRING}, {"type": "boolean"}),
            {"$schema": "http://json-schema.org/draft-07/schema#", "additionalProperties": False},
            body={
                "generationConfig": {
                    "temperature": 1,
                    "topP": 0.95,
                    "topK": 64,
                    "thinkingConfig": {"includeThoughts": True, "thinkingBudget": 8192},
                }
            },
        ),
        (
            File("~/.gemini/settings.json", "json", {"security": {"auth": {"selectedType": "gemini-api-key"}}}),
            File("~/.gemini/.env", "env", dict(_GEMINI)),
        ),
        task=("gemini", "-m", "$model", "-p", TASK),
        notes=(
            "Without that choice in settings.json the address alone switches its authentication to another kind.",
            "Without a terminal it works in trusted folders only (GEMINI_CLI_TRUST_WORKSPACE=true for one run).",
        ),
    ),
    Client(
        "qwen-code",
        "Qwen Code",
        "chat",
        Shape(
            76,
            14,
            39,
            (STRING, {"oneOf": [STRING, {"type": "number"}]}, {"type": ["string", "null"]}, {"pattern": "^[a-z]+$"}),
            body={**USAGE, "max_tokens": 32_000},
            listed=True,
        ),
        (
            File(
                "~/.qwen/settings.json",
                "json",
                {
                    "modelProviders": {
                        "openai": [
                            {
                                "id": "$model",
                                "name": "Gigamost $model",
                                "baseUrl": "$base/v1",
                                "envKey": "GATEWAY_KEY",
                                "generationConfig": {"contextWindowSize": WINDOW},
                            }
                        ]
                    },
                    "env": {"GATEWAY_KEY": "$key"},
                    "security": {"auth": {"selectedType": "openai"}},
                    "model": {"name": "$model"},
                },
            ),
        ),
        instead=(("OPENAI_API_KEY", "$key"), ("OPENAI_BASE_URL", "$base/v1"), ("OPENAI_MODEL", "$model")),
        task=("qwen", "-y", "--auth-type", "openai", "-p", TASK),
    ),
    Client(
        "copilot-cli",
        "GitHub Copilot CLI (with a key of your own)",
        "chat",
        Shape(
            49,
            19,
            27,
            ({"anyOf": [STRING, {"type": "array", "items": STRING}]}, NULLABLE, BIG),
            body={"temperature": 0, "top_p": 0.95, "frequency_penalty": 0, "presence_penalty": 0, **USAGE},
            headers=(("x-initiator", "user"), ("x-interaction-type", "conversation-agent")),
        ),
        variables=(
            ("COPILOT_PROVIDER_BASE_URL", "$base/v1"),
            ("COPILOT_PROVIDER_API_KEY", "$key"),
            ("COPILOT_MODEL", "$model"),
        ),
        task=("copilot", "-p", TASK, "--allow-all-tools"),
        notes=(
            "No GitHub login is needed. COPILOT_PROVIDER_WIRE_API=responses makes it speak the Responses protocol;",
            "COPILOT_PROVIDER_TYPE=anthropic with the address $base (no /v1) Anthropic's.",
        ),
    ),
)
