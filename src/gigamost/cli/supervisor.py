"""The processes behind `serve --workers N`: started, watched, started again when they die, and ended together.

    first worker ready ──> the others are started ──> all ready ──> up        dies before: the start has failed
    up: a worker dies ──> another one in its place, later each time           SIGTERM, SIGINT ──> drain ──> end

Each worker has its own listener, which ends with it: no connection waits for a process that is not there. A worker
whose channel ends knows that its supervisor is gone. No thread and no event loop may exist here: it forks.
"""

import gc
import logging
import os
import selectors
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Final

from gigamost.app.fellows import Drained, Reread, Rotated
from gigamost.cli.channel import Channel, Drain, Message, Ready, channel_pair
from gigamost.cli.port import SharedPort
from gigamost.cli.terminal import say

log = logging.getLogger(__name__)

_WATCHED: Final = ("SIGTERM", "SIGINT", "SIGHUP", "SIGCHLD")
_FIRST_WAIT: Final = 0.1  # seconds before a worker is started again, twice as long each time
_LONGEST_WAIT: Final = 30.0
_STEADY: Final = 60.0  # seconds after which the death of a worker says nothing about the one before
_PATIENCE: Final = 45.0  # seconds from the order to end until a worker is killed: its own limit is shorter


class _Seat:
    """One of N places for a worker. `pid` is 0 while nobody is there; `again` is when somebody will be."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.pid = 0
        self.channel: Channel | None = None
        self.started = 0.0
        self.is_ready = False
        self.deaths = 0
        self.again: float | None = None


class Supervisor:
    """`work` is a worker's whole life: it takes its listener and its end of the channel and returns the exit code."""

    def __init__(self, count: int, port: SharedPort, work: Callable[[socket.socket, Channel], int]) -> None:
        self._port = port
        self._work = work
        self._seats = [_Seat(number) for number in range(1, count + 1)]
        self._selector = selectors.DefaultSelector()
        self._summary: tuple[str, ...] = ()
        self._said: list[Drained | Rotated] = []  # what is in no file, for workers that come later
        self._is_up = False
        self._draining_since: float | None = None
        self._code = 0

    def run(self) -> int:
        """Returns the exit code when the last worker has ended."""
        gc.collect()
        gc.freeze()  # what is there now is shared with the workers as long as nobody writes to it
        waking, woken = socket.socketpair()
        for end in (waking, woken):
            end.setblocking(False)
        self._selector.register(woken, selectors.EVENT_READ)
        for name in _WATCHED:
            signal.signal(getattr(signal, name), _nothing)
        signal.set_wakeup_fd(waking.fileno(), warn_on_full_buffer=False)
        with waking, woken, self._selector:
            self._start(self._seats[0])
            while any(seat.pid or seat.again is not None for seat in self._seats):
                for key, _ in self._selector.select(self._until_next()):
                    if key.fileobj is woken:
                        self._signalled(woken.recv(4096))
                    else:
                        self._hear(key.data)
                self._do_what_is_due()
        return self._code

    def _signalled(self, numbers: bytes) -> None:
        for number in numbers:
            if number in (signal.SIGTERM, signal.SIGINT):
                self._drain()
            elif number == signal.SIGHUP:
                self._tell_all(Reread("SIGHUP"))
            elif number == signal.SIGCHLD:
                self._reap()

    def _start(self, seat: _Seat) -> None:
        ours, theirs = channel_pair()
        for said in self._said:
            ours.send(said)
        listener = self._port.listener()
        pid = os.fork()
        if pid == 0:
            self._become_worker(listener, ours, theirs)
        theirs.close()
        listener.close()
        seat.pid, seat.channel, seat.started, seat.is_ready, seat.again = pid, ours, monotonic(), False, None
        self._selector.register(ours, selectors.EVENT_READ, seat)

    def _become_worker(self, listener: socket.socket, ours: Channel, theirs: Channel) -> None:
        """Does not return: nothing of the supervisor may go on in a worker."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            # Ctrl-C and service managers signal every process; a worker hears from the supervisor what is to be done.
            for name, handler in (("SIGINT", signal.SIG_IGN), ("SIGHUP", signal.SIG_IGN), ("SIGCHLD", signal.SIG_DFL)):
                signal.signal(getattr(signal, name), handler)
            # An end that lives on in another worker would keep the death of the supervisor from being seen.
            for channel in (ours, *(seat.channel for seat in self._seats if seat.channel is not None)):
                channel.close()
            self._selector.close()
            self._port.release()
            code = self._work(listener, theirs)
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            logging.shutdown()
            with suppress(OSError, ValueError):
                sys.stdout.flush()
            os._exit(code)

    def _hear(self, seat: _Seat) -> None:
        if seat.channel is None:
            return
        for message in seat.channel.receive():
            match message:
                case Ready(summary=summary):
                    self._ready(seat, summary)
                case Drained() | Rotated():
                    self._said.append(message)
                    self._tell_all(message, but=seat)
                case _:
                    self._tell_all(message, but=seat)
        if seat.channel.is_closed:
            self._hang_up(seat)

    def _ready(self, seat: _Seat, summary: tuple[str, ...]) -> None:
        seat.is_ready = True
        if self._is_up:
            log.info("worker %d is back: process %d", seat.number, seat.pid)
        elif self._draining_since is None:
            self._summary = self._summary or summary
            for other in self._seats:
                if not other.pid and other.again is None:
                    self._start(other)
        if not self._is_up and self._draining_since is None and all(each.is_ready for each in self._seats):
            self._is_up = True
            for line in self._summary:
                say(line)
            say(f"  {'workers':<13}{', '.join(f'process {each.pid}' for each in self._seats)}")

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            seat = next((each for each in self._seats if each.pid == pid), None)
            if seat is not None:  # else it is somebody's orphan, which process 1 has to bury
                self._ended(seat, os.waitstatus_to_exitcode(status))

    def _ended(self, seat: _Seat, code: int) -> None:
        """`code` is minus the number of the signal that killed it."""
        pid, seat.pid = seat.pid, 0
        self._hear(seat)  # what it said before
        was_ready, seat.is_ready = seat.is_ready, False
        self._hang_up(seat)
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        if self._draining_since is not None:
            self._code = self._code or int(code != 0)
            if code:
                log.error("worker %d (process %d) %s", seat.number, pid, how)
        elif not (self._is_up or was_ready):  # it has said why
            self._code = 1
            if code < 0:
                log.error("worker %d (process %d) %s before it was ready", seat.number, pid, how)
            self._drain()
        else:
            seat.deaths = 1 if monotonic() - seat.started > _STEADY else seat.deaths + 1
            wait = min(_FIRST_WAIT * 2 ** (seat.deaths - 1), _LONGEST_WAIT)
            seat.again = monotonic() + wait
            log.error("worker %d (process %d) %s: another one is started in %.1f s", seat.number, pid, how, wait)

    def _drain(self) -> None:
        """The second call does not wait."""
        is_hurry = self._draining_since is not None
        self._draining_since = self._draining_since or monotonic()
        for seat in self._seats:
            seat.again = None
        self._tell_all(Drain(is_hurry))

    def _do_what_is_due(self) -> None:
        now = monotonic()
        for seat in self._seats:
            if seat.again is not None and seat.again <= now:
                self._start(seat)
        if self._draining_since is not None and now - self._draining_since > _PATIENCE:
            for seat in self._seats:
                if seat.pid:
                    log.error("worker %d (process %d) does not end: it is killed", seat.number, seat.pid)
                    os.kill(seat.pid, signal.SIGKILL)
            self._draining_since = now

    def _until_next(self) -> float | None:
        """Seconds until something is due."""
        times = [seat.again for seat in self._seats if seat.again is not None]
        if self._draining_since is not None:
            times.append(self._draining_since + _PATIENCE)
        return max(min(times) - monotonic(), 0.0) if times else None

    def _tell_all(self, message: Message, *, but: _Seat | None = None) -> None:
        for seat in self._seats:
            if seat.channel is not None and seat is not but:
                seat.channel.send(message)

    def _hang_up(self, seat: _Seat) -> None:
        if seat.channel is not None:
            self._selector.unregister(seat.channel)
            seat.channel.close()
            seat.channel = None


def _nothing(*_: object) -> None:
    """The wake-up descriptor tells of the signal."""
