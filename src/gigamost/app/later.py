"""What is done later, from the settings: where jobs are kept, and the worker that goes on with those from earlier."""

from gigamost import protocols
from gigamost.app.accounts import Accounts
from gigamost.app.place import kept_at
from gigamost.auth.access import Access
from gigamost.auth.principal import Principal
from gigamost.batch.deferred import Deferred
from gigamost.batch.execution import Execution
from gigamost.config import Settings
from gigamost.core.jobs import Job
from gigamost.core.ports import OpenHistory
from gigamost.pipeline.chat import Chat
from gigamost.pipeline.desk import Desk
from gigamost.pipeline.kept import KeptChat
from gigamost.pipeline.tasks import Tasks
from gigamost.store.jobs.opening import OpeningJobs
from gigamost.store.place import Postgres


class Later:
    """`start` when requests can be made; `close` before that ends. `kept_chat` serves those who wait, too."""

    def __init__(
        self,
        settings: Settings,
        access: Access,
        accounts: Accounts,
        desk: Desk,
        chat: Chat,
        tasks: Tasks,
        open_history: OpenHistory,
    ) -> None:
        place = kept_at(settings)
        self._access = access
        self._accounts = accounts
        self._opening = OpeningJobs(place)
        self.kept_chat = KeptChat(chat, open_history, settings.queue_timeout)
        execution = Execution(protocols.ALL, chat, self.kept_chat, tasks, desk, self._admit)
        is_shared = isinstance(place, Postgres)
        self.deferred = Deferred(self._opening, execution, self.kept_chat, places=self._places, is_shared=is_shared)

    def start(self) -> None:
        if self._opening.may_be_busy():
            self.deferred.worker.poke()

    async def close(self) -> None:
        await self.deferred.worker.close()
        await self._opening.close()

    def _admit(self, job: Job) -> Principal:
        return self._access.admit_again(job.plan.key_id)

    def _places(self) -> int:
        """How many requests of jobs may be under way: where there are several places, one is left to those who wait."""
        limits = [account.gate.snapshot().limit for account in self._accounts.operator]
        return max(sum(limits) - 1, 1)
