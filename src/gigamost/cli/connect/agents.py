"""Agents that speak to any provider."""

from typing import Final

import msgspec

from gigamost.cli.connect.client import (
    BIG,
    DRAFT_2020,
    LONGEST,
    NULLABLE,
    STRING,
    TASK,
    USAGE,
    WINDOW,
    Client,
    File,
    Json,
    Shape,
)

_OPENCODE_PROVIDER: Final[Json] = {
    "provider": {
        "gigamost": {
            "npm": "@ai-sdk/openai-compatible",
            "name": "Gigamost",
            "options": {"baseURL": "$base/v1", "apiKey": "$key"},
            "models": {"$model": {"limit": {"context": WINDOW, "output": LONGEST}}},
        }
    }
}
_OPENCODE_SHAPE: Final = Shape(
    31,
    10,
    21,
    (STRING, NULLABLE),
    DRAFT_2020,
    body={**USAGE, "tool_choice": "auto", "max_tokens": 32_000},
    call_content="",
)

AGENTS: Final = (
    Client(
        "opencode",
        "OpenCode",
        "chat",
        _OPENCODE_SHAPE,
        (
            File(
                "~/.config/opencode/opencode.json",
                "json",
                _OPENCODE_PROVIDER,
                {"$$schema": "https://opencode.ai/config.json", "model": "gigamost/$model"},
            ),
        ),
        task=("opencode", "run", "-m", "gigamost/$model", TASK),
    ),
    Client(
        "kilo",
        "Kilo Code (VS Code, command line)",
        "chat",
        msgspec.structs.replace(_OPENCODE_SHAPE, observed=False),
        (
            File(
                "~/.config/kilo/kilo.json",
                "json",
                _OPENCODE_PROVIDER,
                {"$$schema": "https://kilo.ai/config.json", "model": "gigamost/$model"},
            ),
        ),
        task=("kilo", "run", "-m", "gigamost/$model", TASK),
        dialog="In an older extension: gear icon, Providers",
        fields=(
            ("API Provider", "OpenAI Compatible"),
            ("Base URL", "$base/v1"),
            ("API Key", "$key"),
            ("Model", "$model"),
            ("Context Window Size", str(WINDOW)),
            ("Max Output Tokens", str(LONGEST)),
        ),
    ),
    Client(
        "cline",
        "Cline (VS Code, command line)",
        "chat",
        Shape(22, 25, 18, (NULLABLE, BIG, STRING), body=USAGE),
        setup=(("cline", "auth", "-p", "openai", "-k", "$key", "-m", "$model", "-b", "$base/v1"),),
        task=("cline", TASK),
        dialog="In VS Code: gear icon, API Configuration",
        fields=(
            ("API Provider", "OpenAI Compatible"),
            ("Base URL", "$base/v1"),
            ("OpenAI Compatible API Key", "$key"),
            ("Model ID", "$model"),
            ("Context Window Size", str(WINDOW)),
            ("Max Output Tokens", str(LONGEST)),
        ),
    ),
    Client(
        "openclaw",
        "OpenClaw",
        "chat",
        Shape(
            37,
            12,
            10,
            (
                NULLABLE,
                {"const": "auto"},
                {"type": "number", "exclusiveMinimum": 0},
                {"type": "object", "patternProperties": {"^.*$": {}}},
            ),
            body={**USAGE, "store": False},
            headers=(("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),),
            history="tool_result_then_user",
        ),
        (
            File(
                "~/.openclaw/openclaw.json",
                "json",
                {
                    "models": {
                        "mode": "merge",
                        "providers": {
                            "gigamost": {
                                "baseUrl": "$base/v1",
                                "apiKey": "$key",
                                "api": "openai-completions",
                                "models": [
                                    {
                                        "id": "$model",
                                        "name": "$model",
                                        "reasoning": False,
                                        "input": ["text", "image"],
                                        "cost": {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0},
                                        "contextWindow": WINDOW,
                                        "maxTokens": LONGEST,
                                    }
                                ],
                            }
                        },
                    }
                },
                {"agents": {"defaults": {"model": {"primary": "gigamost/$model"}}}},
            ),
        ),
        task=("openclaw", "agent", "exec", TASK, "--model", "gigamost/$model"),
    ),
    Client(
        "pi",
        "pi",
        "chat",
        Shape(5.6, 4, 3, (STRING, {"type": "number"}), body={**USAGE, "store": False, "max_completion_tokens": 8192}),
        (
            File(
                "~/.pi/agent/models.json",
                "json",
                {
                    "providers": {
                        "gigamost": {
                            "baseUrl": "$base/v1",
                            "api": "openai-completions",
                            "apiKey": "$key",
                            "models": [{"id": "$model", "contextWindow": WINDOW, "maxTokens": LONGEST}],
                        }
                    }
                },
            ),
        ),
        task=("pi", "-p", "--provider", "gigamost", "--model", "$model", TASK),
    ),
    Client(
        "aider",
        "aider",
        "chat",
        Shape(2.8, body={"temperature": 0}, history="few_shot"),
        (
            File(
                "~/.aider.conf.yml",
                "yaml",
                {
                    "model": "openai/$model",
                    "openai-api-base": "$base/v1",
                    "openai-api-key": "$key",
                    "show-model-warnings": False,
                },
            ),
        ),
        instead=(("OPENAI_API_BASE", "$base/v1"), ("OPENAI_API_KEY", "$key"), ("AIDER_MODEL", "openai/$model")),
        task=("aider", "--message", TASK),
    ),
    Client(
        "llm",
        "llm (command line)",
        "chat",
        Shape(0.3, body=USAGE, history="question"),
        (
            File(
                "~/.config/io.datasette.llm/extra-openai-models.yaml",
                "yaml",
                [
                    {
                        "model_id": "gigamost",
                        "model_name": "$model",
                        "api_base": "$base/v1",
                        "api_key_name": "gigamost",
                        "supports_tools": True,
                        "supports_schema": True,
                    }
                ],
                mac="~/Library/Application Support/io.datasette.llm/extra-openai-models.yaml",
                windows="~/AppData/Roaming/io.datasette.llm/extra-openai-models.yaml",
            ),
        ),
        setup=(("llm", "keys", "set", "gigamost", "--value", "$key"),),
        task=("llm", "-m", "gigamost", TASK),
    ),
)
