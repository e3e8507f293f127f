"""Takes changed settings over while requests are under way: all that were changed, or none when anything is wrong.

    SIGHUP, a file that changed, /admin/api/config/reload ──> load ──> settle what needs a restart ──> adopt

Nothing asks this module on the request path: whoever has settings is told of new ones (`adopt`).
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from time import time
from typing import Final

import msgspec

from gigamost.admin.config_routes import Effective, Reloaded, Setting, Verdict
from gigamost.admin.terms import moment_of
from gigamost.app.fellows import Reread, Tell, nobody
from gigamost.config import ConfigError, Settings
from gigamost.config.checks import has_upstream
from gigamost.config.reloading import changed, is_live, pending, settled
from gigamost.config.shown import effective, in_json, without_secrets
from gigamost.config.source import Source, Stamps
from gigamost.core.errors import GatewayError

log = logging.getLogger(__name__)

EVERY: Final = 0.5  # seconds between two looks at the files
_NO_SOURCE: Final = "this gateway was not started from files that could be read again"


class Reload:
    """`running` are the settings that the gateway was made with; `adopt` puts others in force, and raises ValueError,
    OSError or GatewayError when it cannot: then nothing has changed. Without a `source` nothing can be reloaded. `tell`
    reaches the other processes of this gateway."""

    def __init__(
        self,
        running: Settings,
        source: Source | None,
        adopt: Callable[[Settings], None],
        tell: Tell = nobody,
        every: float = EVERY,
    ) -> None:
        self.settings = running
        self.last: Reloaded | None = None
        self.pending: tuple[str, ...] = ()
        self._source = source
        self._adopt = adopt
        self._tell = tell
        self._every = every
        self._one_at_a_time = asyncio.Lock()
        self._tasks: set[asyncio.Task[object]] = set()

    async def catch_up(self) -> None:
        """With what has changed since the settings were loaded: a worker may be started long after that."""
        if self._source is not None and await asyncio.to_thread(self._source.news) is not None:
            await self.reload("start")

    def start(self) -> None:
        if self._source is not None:
            self._spawn(asyncio.create_task(self._watch(self._source)))

    async def close(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def poke(self, by: str) -> None:
        """From a signal: reloads, without waiting for it."""
        self._spawn(asyncio.create_task(self.reload(by)))

    async def reload_all(self, by: str) -> Reloaded:
        """In every process of this gateway; the answer is this one's."""
        self._tell(Reread(by))
        return await self.reload(by)

    async def reload(self, by: str) -> Reloaded:
        """Never raises: what went wrong is told, logged and kept for `effective`."""
        async with self._one_at_a_time:
            try:
                found = await self._reload()
            except ConfigError as error:
                problems: Sequence[str] = error.problems
            except GatewayError as error:
                problems = [error.problem.detail or error.problem.message]
            except (ValueError, OSError) as error:
                problems = [str(error)]
            except Exception:  # whatever it is: the gateway goes on with the settings that it has
                log.exception("the configuration cannot be taken over")
                problems = ["the gateway failed to take it over: its log says why"]
            else:
                self.last = Reloaded(moment_of(time()), by, "applied" if found else "unchanged", tuple(found))
                if found:
                    log.info("the configuration was reloaded (%s): %s", by, ", ".join(found))
                return self.last
            told = without_secrets(problems, self.settings)
            self.last = Reloaded(moment_of(time()), by, "failed", problems=told)
            log.error("the configuration was not reloaded (%s), the settings before stay: %s", by, "; ".join(told))
            return self.last

    async def check(self, text: str) -> Verdict:
        """What would become of a YAML file with this text."""
        if self._source is None:
            return Verdict(ok=False, problems=(_NO_SOURCE,))
        try:
            wanted = await asyncio.to_thread(self._source.check, text)
        except ConfigError as error:
            return Verdict(ok=False, problems=without_secrets(error.problems, self.settings))
        differs, waits = changed(self.settings, wanted), pending(self.settings, wanted)
        now = tuple(path for path in differs if path not in waits)
        return Verdict(ok=True, warnings=wanted.warnings, changed=now, pending_restart=tuple(waits))

    def effective(self) -> Effective:
        rows = effective(self.settings).items()
        shown = {
            path: Setting(msgspec.json.decode(in_json(value)), source, is_live(path)) for path, (value, source) in rows
        }
        return Effective(shown, self.pending, self.settings.warnings, self.last)

    def shown(self, for_administrator: bool) -> dict[str, object]:
        """For `/health`: whether the files are in force, and to administrators why not."""
        failed = self.last is not None and self.last.outcome == "failed"
        told: dict[str, object] = {"reload": "failed" if failed else "ok"}
        if for_administrator and self.last is not None:
            told |= {"at": self.last.at, "problems": self.last.problems, "pending_restart": self.pending}
        return told

    async def _reload(self) -> list[str]:
        """The settings that have changed."""
        if self._source is None:
            raise ValueError(_NO_SOURCE)
        wanted = await asyncio.to_thread(self._source.load)
        found = settled(self.settings, wanted)
        if has_upstream(self.settings) and not has_upstream(found):
            raise ValueError("no credential and no upstream is left: a gateway without any can serve nobody")
        names = changed(self.settings, found)
        self._adopt(found)
        for warning in wanted.warnings:
            if warning not in self.settings.warnings:
                log.warning("%s", warning)
        waits = tuple(pending(self.settings, wanted))
        if waits and waits != self.pending:
            log.warning("needs a restart: %s", ", ".join(waits))
        self.settings, self.pending = found, waits
        return names

    async def _watch(self, source: Source) -> None:
        """A file that is being written is left alone until two looks see the same."""
        before: Stamps | None = None
        while True:
            await asyncio.sleep(self._every)
            now = await asyncio.to_thread(source.news)
            if now is not None and now == before:
                await self.reload("a file has changed")
            before = now

    def _spawn(self, task: "asyncio.Task[object] | asyncio.Task[None] | asyncio.Task[Reloaded]") -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
