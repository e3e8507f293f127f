"""The clients that `connect` knows, as rows of a table. A new client is one more row.

How a client is pointed at the gateway, and what its first request looks like, was observed by running each of them
against a recording server (versions of November 2026).
"""

from string import Template
from typing import Any, Final, Literal

import msgspec

Json = dict[str, Any]  # a piece of another program's configuration: its shape is that program's


class Place(msgspec.Struct, frozen=True):
    """What a client needs to know. `base` has neither a path nor a slash at its end."""

    base: str
    key: str
    model: str

    def fill(self, text: str) -> str:
        """`$base`, `$key` and `$model` replaced."""
        return Template(text).safe_substitute(base=self.base, key=self.key, model=self.model)


class File(msgspec.Struct, frozen=True):
    """A client's configuration file. `settings` are set; `first` only where the user has nothing there yet."""

    path: str
    format: Literal["json", "yaml"]
    settings: Json
    first: Json = {}


class Shape(msgspec.Struct, frozen=True):
    """A client's typical request: sizes in KB as they were seen, the features of its tool schemas, and its fields."""

    size: float
    tools: int
    tools_size: float
    schemas: tuple[Json, ...] = ()
    schema_head: Json = {}
    body: Json = {}
    headers: tuple[tuple[str, str], ...] = ()
    history: Literal["tool_result", "tool_result_then_user", "few_shot"] = "tool_result"
    call_content: str | None = None


class Client(msgspec.Struct, frozen=True):
    """`lines` are the commands that use it once it is configured."""

    name: str
    title: str
    lines: tuple[str, ...]
    shape: Shape
    file: File | None = None

    def quick(self, place: Place) -> str:
        """The one line that connects it."""
        if self.file is None:
            return place.fill(self.lines[0])
        return place.fill(f"gigamost connect {self.name} --write --url $base --key $key --model $model")


_STRING: Final = {"type": "string"}
_NULLABLE: Final = {"anyOf": [{"type": "string"}, {"type": "null"}]}
_BIG: Final = {"type": "integer", "minimum": 0, "maximum": 2**53 - 1}
_USAGE: Final = {"stream_options": {"include_usage": True}}

CLIENTS: Final = (
    Client(
        "cline",
        'Cline (command line; in VS Code choose the provider "OpenAI Compatible" with the same three values)',
        ("cline auth -p openai -k $key -m $model -b $base/v1", 'cline "your task"'),
        Shape(22, 25, 18, (_NULLABLE, _BIG, _STRING), body=_USAGE),
    ),
    Client(
        "openclaw",
        "OpenClaw",
        ('openclaw agent exec "your task" --model gigamost/$model',),
        Shape(
            37,
            12,
            10,
            (
                _NULLABLE,
                {"const": "auto"},
                {"type": "number", "exclusiveMinimum": 0},
                {"type": "object", "patternProperties": {"^.*$": {}}},
            ),
            body={**_USAGE, "store": False},
            headers=(("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),),
            history="tool_result_then_user",
        ),
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
                                    "contextWindow": 131_072,
                                    "maxTokens": 8_192,
                                }
                            ],
                        }
                    },
                }
            },
            {"agents": {"defaults": {"model": {"primary": "gigamost/$model"}}}},
        ),
    ),
    Client(
        "continue",
        "Continue (VS Code, JetBrains, cn)",
        ('cn -p --auto --config ~/.continue/config.yaml "your task"',),
        Shape(7.5, 11, 6, (_STRING,)),
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
    Client(
        "aider",
        "aider",
        (
            "# or without a file:",
            "OPENAI_API_BASE=$base/v1 OPENAI_API_KEY=$key aider --model openai/$model --no-show-model-warnings",
        ),
        Shape(2.8, 0, 0, body={"temperature": 0}, history="few_shot"),
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
    Client(
        "opencode",
        "OpenCode",
        ('opencode run -m gigamost/$model "your task"',),
        Shape(
            31,
            10,
            21,
            (_STRING, _NULLABLE),
            schema_head={"$schema": "https://json-schema.org/draft/2020-12/schema", "additionalProperties": False},
            body={**_USAGE, "tool_choice": "auto", "max_tokens": 32_000},
            call_content="",
        ),
        File(
            "~/.config/opencode/opencode.json",
            "json",
            {
                "provider": {
                    "gigamost": {
                        "npm": "@ai-sdk/openai-compatible",
                        "name": "Gigamost",
                        "options": {"baseURL": "$base/v1", "apiKey": "$key"},
                        "models": {"$model": {"limit": {"context": 131_072, "output": 8_192}}},
                    }
                }
            },
            {"$$schema": "https://opencode.ai/config.json", "model": "gigamost/$model"},
        ),
    ),
)
