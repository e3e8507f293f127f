"""The agents that people use, set up with the lines that `gigamost connect` prints.

`npm` and `binary` say what `make test-clients` installs and what is run; `tool` is the agent's own name for its shell,
`argument` that of the command.
"""

from dataclasses import dataclass, field

from gigamost.cli.connect import find
from gigamost.cli.connect.client import Wire
from tests.clients.documented import Documented
from tests.clients.running import COMMAND

PROTOCOLS: dict[Wire, str] = {
    "chat": "OpenAI Chat Completions",
    "responses": "OpenAI Responses",
    "messages": "Anthropic Messages",
    "gemini": "Gemini",
    "ollama": "Ollama",
}


@dataclass(frozen=True)
class Program:
    """`more` are arguments and `quiet` variables of a run that nobody watches; "{home}" in both is the home folder.
    `api` and `suffix` say how its file names another protocol, and what its address ends with there. `alone`: by
    variables, without files. `limit` is seconds."""

    client: str
    npm: str
    binary: str
    tool: str
    argument: str
    more: tuple[str, ...] = ()
    quiet: dict[str, str] = field(default_factory=dict)
    wire: Wire | None = None
    api: str = ""
    suffix: str = ""
    alone: bool = False
    limit: float = 90
    needs_node_24: bool = False

    @property
    def name(self) -> str:
        return find(self.client).title.partition(" (")[0]

    @property
    def protocol(self) -> str:
        return PROTOCOLS[self.wire or find(self.client).wire] + (", by variables" if self.alone else "")

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

    def at(self, base: str) -> Documented:
        """As a user sets it up for the gateway at `base`."""
        provider = {"api": self.api, "baseUrl": base + self.suffix} if self.api else {}
        return Documented(self.client, base, alone=self.alone, **provider)


_CLAUDE = ("claude-code", "@anthropic-ai/claude-code@2.1.329", "claude", "Bash", "command")
_QWEN = ("qwen-code", "@qwen-code/qwen-code@0.24.4", "qwen", "run_shell_command", "command")
_OPENCLAW = ("openclaw", "openclaw@2026.9.6", "openclaw", "exec", "command")
_APIS: tuple[tuple[Wire, str, str], ...] = (
    ("chat", "openai-completions", "/v1"),
    ("responses", "openai-responses", "/v1"),
    ("messages", "anthropic-messages", ""),
    ("gemini", "google-generative-ai", "/v1beta"),
    ("ollama", "ollama", ""),
)
PROGRAMS = (
    Program(*_CLAUDE, more=("--output-format", "json")),
    Program(*_CLAUDE, more=("--output-format", "json"), alone=True),
    Program(
        "codex",
        "@openai/codex@0.169.0",
        "codex",
        "exec_command",
        "cmd",
        more=("--dangerously-bypass-approvals-and-sandbox",),
    ),
    Program(
        "opencode",
        "opencode-ai@1.18.33",
        "opencode",
        "bash",
        "command",
        quiet={"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1"},
    ),
    Program("cline", "cline@3.0.65", "cline", "run_commands", "commands", more=("--json",)),
    Program(
        "gemini-cli",
        "@google/gemini-cli@0.61.0",
        "gemini",
        "run_shell_command",
        "command",
        more=("-y",),
        quiet={"GEMINI_CLI_TRUST_WORKSPACE": "true"},
    ),
    Program(*_QWEN),
    Program(*_QWEN, alone=True),
    *(
        Program(
            *_OPENCLAW,
            more=("--cwd", "{home}/work", "--no-auth-env-only", "--json"),
            wire=wire,
            api=api,
            suffix=suffix,
            limit=240,
            needs_node_24=True,
        )
        for wire, api, suffix in _APIS
    ),
)
