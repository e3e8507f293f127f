"""The agents that people use, each with the lines that a user writes: where its settings are, how it is started.

`npm` and `binary` say what `make test-clients` installs and what is run; `tool` is the agent's own name for its shell,
`argument` that of the command.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.clients.running import COMMAND
from tests.gateway.conftest import KEY

MODEL = "GigaChat-2-Max"
Start = tuple[list[str], dict[str, str]]  # arguments behind the binary, environment


@dataclass(frozen=True)
class Program:
    """`prepare` writes the settings into the home folder and gives arguments and environment for a gateway's address.
    `limit` is seconds; `node` is the major version of Node that it needs beside the installed one."""

    name: str
    protocol: str
    npm: str
    binary: str
    tool: str
    argument: str
    prepare: Callable[[Path, str, str], Start]
    limit: float = 90
    needs_node_24: bool = False

    @property
    def folder(self) -> str:
        """Under `.clients`."""
        return self.npm.rpartition("@")[0].rpartition("/")[2]

    @property
    def version(self) -> str:
        return self.npm.rpartition("@")[2]

    @property
    def prompt(self) -> str:
        """Says which tool to call and with what; the emulator obeys the words in brackets and nothing else."""
        return f"Print what the shell says. [[emulator: call={self.tool}; arguments={{{self.argument}: {COMMAND}}}]]"


def _write(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value))


def claude_code(home: Path, base: str, prompt: str) -> Start:
    env = {
        "ANTHROPIC_BASE_URL": base,
        "ANTHROPIC_AUTH_TOKEN": KEY,
        "ANTHROPIC_MODEL": MODEL,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    }
    return ["-p", prompt, "--allowedTools", "Bash", "--output-format", "json"], env


def codex(home: Path, base: str, prompt: str) -> Start:
    settings = f"""model = "{MODEL}"
model_provider = "gigamost"
[model_providers.gigamost]
name = "gigamost"
base_url = "{base}/v1"
env_key = "GIGAMOST_KEY"
wire_api = "responses"
"""
    _write(home / ".codex" / "config.toml", settings)
    arguments = ["exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", prompt]
    return arguments, {"GIGAMOST_KEY": KEY}


def opencode(home: Path, base: str, prompt: str) -> Start:
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "options": {"baseURL": f"{base}/v1", "apiKey": KEY},
        "models": {MODEL: {"limit": {"context": 131072, "output": 8192}}},
    }
    _write(home / "opencode.json", {"provider": {"gigamost": provider}, "model": f"gigamost/{MODEL}"})
    return ["run", prompt], {"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1"}


def gemini_cli(home: Path, base: str, prompt: str) -> Start:
    _write(home / ".gemini" / "settings.json", {"security": {"auth": {"selectedType": "gemini-api-key"}}})
    env = {"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": base, "GEMINI_CLI_TRUST_WORKSPACE": "true"}
    return ["-m", MODEL, "-y", "-p", prompt], env


def qwen_code(home: Path, base: str, prompt: str) -> Start:
    env = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"{base}/v1", "OPENAI_MODEL": MODEL}
    return ["-y", "--auth-type", "openai", "-p", prompt], env


def cline(home: Path, base: str, prompt: str) -> Start:
    """The settings are written by cline's own `auth` command (see `SETUP`)."""
    return ["--json", prompt], {}


def openclaw(api: str, suffix: str) -> Callable[[Path, str, str], Start]:
    def prepare(home: Path, base: str, prompt: str) -> Start:
        model = {
            "id": MODEL,
            "name": MODEL,
            "reasoning": False,
            "input": ["text", "image"],
            "cost": {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0},
            "contextWindow": 131072,
            "maxTokens": 8192,
        }
        provider = {"baseUrl": base + suffix, "apiKey": KEY, "api": api, "models": [model]}
        settings = {
            "models": {"mode": "merge", "providers": {"gigamost": provider}},
            "agents": {"defaults": {"model": {"primary": f"gigamost/{MODEL}"}}},
        }
        _write(home / "openclaw.json", settings)
        folder = home / "work"
        folder.mkdir(exist_ok=True)
        arguments = ["agent", "exec", prompt, "--config", str(home / "openclaw.json"), "--cwd", str(folder)]
        return [*arguments, "--model", f"gigamost/{MODEL}", "--no-auth-env-only", "--json"], {}

    return prepare


# Commands that a user runs once before, with the gateway's address for {base}.
SETUP: Mapping[str, tuple[str, ...]] = {
    "cline": ("auth", "-p", "openai", "-k", KEY, "-m", MODEL, "-b", "{base}/v1"),
}
OPENCLAW = "openclaw@2026.9.6"
PROGRAMS = (
    Program(
        "Claude Code",
        "Anthropic Messages",
        "@anthropic-ai/claude-code@2.1.329",
        "claude",
        "Bash",
        "command",
        claude_code,
    ),
    Program("Codex", "OpenAI Responses", "@openai/codex@0.169.0", "codex", "exec_command", "cmd", codex),
    Program("OpenCode", "OpenAI Chat Completions", "opencode-ai@1.18.33", "opencode", "bash", "command", opencode),
    Program("Cline", "OpenAI Chat Completions", "cline@3.0.65", "cline", "run_commands", "commands", cline),
    Program("Gemini CLI", "Gemini", "@google/gemini-cli@0.61.0", "gemini", "run_shell_command", "command", gemini_cli),
    Program(
        "Qwen Code",
        "OpenAI Chat Completions",
        "@qwen-code/qwen-code@0.24.4",
        "qwen",
        "run_shell_command",
        "command",
        qwen_code,
    ),
    *(
        Program(
            "OpenClaw",
            protocol,
            OPENCLAW,
            "openclaw",
            "exec",
            "command",
            openclaw(api, suffix),
            limit=240,
            needs_node_24=True,
        )
        for protocol, api, suffix in (
            ("OpenAI Chat Completions", "openai-completions", "/v1"),
            ("OpenAI Responses", "openai-responses", "/v1"),
            ("Anthropic Messages", "anthropic-messages", ""),
            ("Gemini", "google-generative-ai", "/v1beta"),
            ("Ollama", "ollama", ""),
        )
    ),
)
