"""Editors and their extensions."""

from typing import Final

from gigamost.cli.connect.client import LONGEST, NULLABLE, STRING, TASK, USAGE, WINDOW, Client, File, Shape

_EDITOR: Final = Shape(30, 15, 20, (STRING, NULLABLE), body=USAGE, observed=False)

EDITORS: Final = (
    Client(
        "continue",
        "Continue (VS Code, JetBrains, cn)",
        "chat",
        Shape(7.5, 11, 6, (STRING,)),
        (
            File(
                "~/.continue/config.yaml",
                "yaml",
                {
                    "models": [
                        {
                            "name": "Gigamost $model",
                            "provider": "openai",
                            "model": "$model",
                            "apiBase": "$base/v1",
                            "apiKey": "$key",
                            "capabilities": ["tool_use"],
                        }
                    ]
                },
                {"name": "My configuration", "version": "1.0.0", "schema": "v1"},
            ),
        ),
        task=("cn", "-p", "--auto", TASK),
    ),
    Client(
        "zed",
        "Zed",
        "chat",
        _EDITOR,
        (
            File(
                "~/.config/zed/settings.json",
                "json",
                {
                    "language_models": {
                        "openai_compatible": {
                            "Gigamost": {
                                "api_url": "$base/v1",
                                "available_models": [
                                    {
                                        "name": "$model",
                                        "display_name": "$model",
                                        "max_tokens": WINDOW,
                                        "max_output_tokens": LONGEST,
                                        "capabilities": {
                                            "tools": True,
                                            "images": True,
                                            "parallel_tool_calls": True,
                                            "prompt_cache_key": False,
                                        },
                                    }
                                ],
                            }
                        }
                    }
                },
                {"agent": {"default_model": {"provider": "Gigamost", "model": "$model"}}},
                windows="~/AppData/Roaming/Zed/settings.json",
            ),
        ),
        dialog="The key goes into the system's keychain: command `agent: open settings`, LLM Providers, Gigamost",
        fields=(("API key", "$key"),),
    ),
    Client(
        "vscode",
        "VS Code (its chat, with a key of your own; 1.122 and newer)",
        "chat",
        _EDITOR,
        dialog="Command palette, `Chat: Manage Language Models`, Add Models, Custom Endpoint",
        fields=(("Group Name", "Gigamost"), ("API Key", "$key"), ("API Type", "Chat Completions")),
        language="json",
        code="""\
{
  "id": "$model",
  "name": "$model",
  "url": "$base/v1/chat/completions",
  "toolCalling": true,
  "vision": true,
  "maxInputTokens": 122880,
  "maxOutputTokens": 8192
}""",
        notes=("VS Code then opens chatLanguageModels.json: the piece above goes into `models` of the new group.",),
    ),
    Client(
        "cursor",
        "Cursor",
        "chat",
        _EDITOR,
        dialog="Cursor Settings, Models, API Keys",
        fields=(
            ("OpenAI API Key", "$key"),
            ("Override OpenAI Base URL", "$base/v1"),
            ("Add Custom Model", "$model"),
        ),
        notes=(
            "Cursor's own servers call this address: it must be one that the internet reaches, by https, with a key.",
            "The override holds for all of OpenAI's models in Cursor; Tab and parts of the agent stay with its own.",
        ),
    ),
    Client(
        "roo",
        "Roo Code (VS Code)",
        "chat",
        _EDITOR,
        dialog="Gear icon, Providers",
        fields=(
            ("API Provider", "OpenAI Compatible"),
            ("Base URL", "$base/v1"),
            ("API Key", "$key"),
            ("Model", "$model"),
            ("Context Window Size", str(WINDOW)),
            ("Max Output Tokens", str(LONGEST)),
            ("Image Support", "on"),
        ),
    ),
)
