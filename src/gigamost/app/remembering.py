"""The history of prompts from the settings: who writes it, where it is kept, who may read it and make it forgotten."""

from collections.abc import Mapping, Sequence
from typing import Any

from gigamost.admin.exchange import Route
from gigamost.admin.office import Office
from gigamost.admin.prompt_routes import prompt_routes
from gigamost.admin.prompts import PromptDesk
from gigamost.auth.root import Roots
from gigamost.config import Settings
from gigamost.core.job_ports import OpenJobs
from gigamost.core.ports import OpenHistory
from gigamost.objects.ids import Seal
from gigamost.objects.subjects import LABEL, Subjects
from gigamost.store.door import Door
from gigamost.store.prompts.opening import PromptsOpening
from gigamost.store.prompts.recorder import PromptRecorder


class Remembering:
    """`start` before the first request; `close` when none is under way: what is queued is written first."""

    def __init__(self, settings: Settings, door: Door, roots: Roots) -> None:
        self.subjects = Subjects(Seal(*roots.derive_all(LABEL)))
        self._opening = PromptsOpening(door, settings.history.retention_days)
        self.recorder = PromptRecorder(self._opening, self.subjects.tag)

    def routes(self, office: Office, open_history: OpenHistory, open_jobs: OpenJobs) -> Sequence[Route]:
        desk = PromptDesk(
            self._opening.shelf, self._opening, self.recorder, self.subjects, open_history, open_jobs, office
        )
        return prompt_routes(desk)

    def adopt(self, settings: Settings) -> None:
        self._opening.adopt(settings.history.retention_days)

    def start(self) -> None:
        self._opening.start()

    async def close(self) -> None:
        await self.recorder.close()
        await self._opening.close()

    def shown(self) -> Mapping[str, Any]:
        """For `/health`."""
        recording = self.recorder.recording()
        return {"state": recording.state, "waiting": recording.waiting, "lost": recording.lost}
