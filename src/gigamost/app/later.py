"""What is done later, from the settings: where jobs are kept, and the worker that goes on with those from earlier."""

from gigamost import protocols
from gigamost.app.accounts import Accounts
from gigamost.app.request_path import RequestPath
from gigamost.auth.access import Access
from gigamost.auth.principal import Principal
from gigamost.batch.deferred import Deferred
from gigamost.batch.execution import Execution
from gigamost.batch.intake import Tell
from gigamost.config import Settings
from gigamost.core.jobs import Job
from gigamost.pipeline.desk import Desk
from gigamost.pipeline.kept import KeptChat
from gigamost.store.door import Door
from gigamost.store.jobs.opening import OpeningJobs


class Later:
    """`start` when requests can be made; `close` before that ends. `kept_chat` serves those who wait, too."""

    def __init__(
        self,
        door: Door,
        access: Access,
        accounts: Accounts,
        desk: Desk,
        path: RequestPath,
        kept_chat: KeptChat,
        tell: Tell,
    ) -> None:
        self._access = access
        self._accounts = accounts
        self.open_jobs = self._opening = OpeningJobs(door)
        self.kept_chat = kept_chat
        execution = Execution(protocols.ALL, path.chat, self.kept_chat, path.tasks, desk, self._admit)
        self.deferred = Deferred(
            self._opening, execution, self.kept_chat, tell=tell, places=self._places, is_shared=door.is_shared
        )

    def adopt(self, settings: Settings) -> None:
        self.kept_chat.turns.seconds = settings.queue_timeout

    def start(self) -> None:
        if self._opening.may_be_busy():
            self.deferred.worker.poke()

    async def close(self) -> None:
        await self.deferred.worker.close()

    def _admit(self, job: Job) -> Principal:
        return self._access.admit_again(job.plan.key_id)

    def _places(self) -> int:
        """How many requests of jobs may be under way: where there are several places, one is left to those who wait."""
        limits = [account.gate.snapshot().limit for account in self._accounts.operator]
        return max(sum(limits) - 1, 1)
