"""A batch as it is told (section 6.4): created, then completed with a file of results."""

from typing import Any, Literal

import msgspec

Method = Literal["chat_completions", "embedder"]


class Job(msgspec.Struct, frozen=True):
    """`tasks` are (id, request) in the client's order. `polls` counts how often the job was asked for."""

    id: str
    owner: str
    method: Method
    tasks: tuple[tuple[str, Any], ...]
    created_at: int
    updated_at: int
    polls: int = 0
    output_file_id: str | None = None
    failed: int = 0

    def told(self) -> dict[str, object]:
        counts = {"total": len(self.tasks)}
        told: dict[str, object] = {
            "id": self.id,
            "method": self.method,
            "request_counts": counts,
            "status": "created",
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }
        if self.output_file_id is not None:
            counts |= {"completed": len(self.tasks) - self.failed, "failed": self.failed}
            told |= {"status": "completed", "output_file_id": self.output_file_id}
        return told
