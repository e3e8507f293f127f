"""A client set up in a home folder as `gigamost connect` says: its files, its variables, its commands."""

import json
from pathlib import Path
from typing import Any

from gigamost.cli.connect import find
from gigamost.cli.connect.client import TASK, Client, Place
from gigamost.cli.connect.instructions import pairs
from gigamost.cli.connect.merge import merged_text
from tests.gateway.conftest import KEY

MODEL = "GigaChat-2-Max"


class Documented:
    """`alone`: by the variables that do without the files. `provider` changes what its file says of the gateway: pi and
    OpenClaw speak many protocols, and `connect` names one of them."""

    def __init__(self, name: str, base: str, *, alone: bool = False, **provider: str) -> None:
        self.client: Client = find(name)
        self.place = Place(base, KEY, MODEL)
        self._alone = alone
        self._provider = provider

    def write(self, home: Path) -> None:
        for file in () if self._alone else self.client.files:
            path = home / file.path.removeprefix("~/")
            path.parent.mkdir(parents=True, exist_ok=True)
            text = merged_text(file, self.place, "")
            path.write_text(self._changed(text) if self._provider else text)

    def _changed(self, text: str) -> str:
        settings: dict[str, Any] = json.loads(text)
        settings.get("models", settings)["providers"]["gigamost"].update(self._provider)
        return json.dumps(settings)

    @property
    def variables(self) -> dict[str, str]:
        return dict(pairs(self.client.instead if self._alone else self.client.variables, self.place))

    @property
    def setup(self) -> list[list[str]]:
        """Arguments of the commands that are run once."""
        return [[self.place.fill(word) for word in words[1:]] for words in self.client.setup]

    def task(self, prompt: str) -> list[str]:
        """Arguments of the command that does one task."""
        return [prompt if word == TASK else self.place.fill(word) for word in self.client.task[1:]]
