"""Assistants (section 6.9): a model, instructions and functions that a conversation is held with."""

from typing import Any

import msgspec

from gigamost.emulator.refusal import Rule

ASSISTANT_UNKNOWN = Rule("assistant_unknown", 404, "No such assistant", "5.1, 6.9 sdk, text inferred")


class Assistant(msgspec.Struct, frozen=True):
    """`owner` is an account; `files` are (id, name). `functions` are v1's and v2's alike."""

    id: str
    owner: str
    created_at: int
    updated_at: int
    model: str
    name: str
    description: str = ""
    instructions: str = ""
    files: tuple[tuple[str, str], ...] = ()
    functions: tuple[dict[str, Any], ...] = ()
    metadata: dict[str, Any] = {}

    def told(self) -> dict[str, object]:
        return {
            "assistant_id": self.id,
            "model": self.model,
            "name": self.name,
            "description": self.description,
            "instructions": self.instructions,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "files": [{"file_id": file_id, "name": name} for file_id, name in self.files],
            "metadata": self.metadata,
            "functions": list(self.functions),
        }


class Assistants:
    """All assistants of all accounts. An assistant of somebody else is one that does not exist."""

    def __init__(self) -> None:
        self._assistants: dict[str, Assistant] = {}

    def put(self, assistant: Assistant) -> Assistant:
        self._assistants[assistant.id] = assistant
        return assistant

    def need(self, assistant_id: object, owner: str) -> Assistant:
        """Raises RefusalError (404)."""
        found = self._assistants.get(assistant_id) if isinstance(assistant_id, str) else None
        if found is None or found.owner != owner:
            raise ASSISTANT_UNKNOWN.refuse()
        return found

    def of(self, owner: str) -> list[Assistant]:
        return [assistant for assistant in self._assistants.values() if assistant.owner == owner]

    def delete(self, assistant: Assistant) -> None:
        del self._assistants[assistant.id]
