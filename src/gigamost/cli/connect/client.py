"""What `connect` knows about a client, as values: where its settings are, how it is started, what it sends.

In every text of a row `$base`, `$key` and `$model` stand for the gateway's address, the client key and the model,
`$docker` for the address as a container sees it; `$$` is a dollar sign.
"""

import re
import sys
from string import Template
from typing import Any, Literal

import msgspec

Json = dict[str, Any]  # a piece of another program's configuration: its shape is that program's
Wire = Literal["chat", "responses", "messages", "gemini", "ollama"]
Pairs = tuple[tuple[str, str], ...]

WINDOW, LONGEST = 131_072, 8_192  # tokens: GigaChat's context, and what clients are told to ask for in one answer
TASK = "$task"  # in the words of a command: what the user asks for


class Place(msgspec.Struct, frozen=True):
    """What a client needs to know. `base` has neither a path nor a slash at its end."""

    base: str
    key: str
    model: str

    def fill(self, text: str) -> str:
        """The placeholders replaced; `$task` stays."""
        docker = re.sub(r"//(127\.0\.0\.1|localhost|\[::1\])(?=[:/]|$)", "//host.docker.internal", self.base)
        return Template(text).safe_substitute(base=self.base, key=self.key, model=self.model, docker=docker)


class File(msgspec.Struct, frozen=True):
    """A client's configuration file. `settings` are set; `first` only where the user has nothing there yet."""

    path: str
    format: Literal["json", "yaml", "toml", "env"]
    settings: Json | list[Json]
    first: Json = {}
    mac: str = ""
    windows: str = ""

    @property
    def here(self) -> str:
        """Its path on this platform."""
        other = {"darwin": self.mac, "win32": self.windows}.get(sys.platform, "")
        return other or self.path


class Shape(msgspec.Struct, frozen=True):
    """A client's typical request: sizes in KB as they were seen, the features of its tool schemas, and its fields.

    `special` are tools of its own form, counted in `tools`. `listed`: contents are lists of parts. `observed` False:
    nobody watched this client, the request is one of its kind.
    """

    size: float
    tools: int = 0
    tools_size: float = 0
    schemas: tuple[Json, ...] = ()
    schema_head: Json = {}
    special: tuple[Json, ...] = ()
    body: Json = {}
    headers: Pairs = ()
    history: Literal["question", "tool_result", "tool_result_then_user", "few_shot"] = "tool_result"
    call_content: str | None = None
    listed: bool = False
    streams: bool = True
    observed: bool = True


class Client(msgspec.Struct, frozen=True):
    """One client. What it needs is said in the order in which a user does it.

    files            settings, in one file or several
    variables        of the environment, that are needed beside them
    instead          variables that do the same without the files, for one shell
    setup            commands that are run once
    dialog, fields   where its settings dialog is, and what to write into which field
    code             a program that uses it, in `language`, after `setup` installed it
    task             the command that does one task
    """

    name: str
    title: str
    wire: Wire
    shape: Shape
    files: tuple[File, ...] = ()
    variables: Pairs = ()
    instead: Pairs = ()
    setup: tuple[tuple[str, ...], ...] = ()
    dialog: str = ""
    fields: Pairs = ()
    code: str = ""
    language: Literal["", "python", "javascript", "json"] = ""
    task: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


STRING: Json = {"type": "string"}
NULLABLE: Json = {"anyOf": [{"type": "string"}, {"type": "null"}]}
BIG: Json = {"type": "integer", "minimum": 0, "maximum": 2**53 - 1}
USAGE: Json = {"stream_options": {"include_usage": True}}
DRAFT_2020: Json = {"$schema": "https://json-schema.org/draft/2020-12/schema", "additionalProperties": False}
