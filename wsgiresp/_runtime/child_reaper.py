"""Reapers of child processes that were made in our real threads under gevent's patches: one thread waits for each.

Theory of operation
-------------------
A :class:`ChildReaper` is a real thread that blocks in ``waitpid()`` for one child. Once the application has made a
child in the main thread, libev reaps *any* child at ``SIGCHLD``, in the main hub, and often does so before our thread:
it reaped 19 of 40 children that ended soon. So the first reaper has the main hub watch all children (a child watcher of
pid 0) and store the statuses of ours. A reaper whose ``waitpid()`` finds no child takes the status from this store.

==================================  ===============================================================================
Who                                 Writes
==================================  ===============================================================================
main hub                            ``_ReapedChildren.statuses``: for a pid in ``waited``, and for every pid while a
                                    child is being made, since its pid is not known yet
thread that makes a child           ``making`` and ``waited``, under the real lock ``lock``; ``ChildReaper._pid``
                                    before it releases ``_is_given``
thread of the reaper                removes its pid from ``waited`` and ``statuses``
==================================  ===============================================================================

If the status is not stored within a second, it is reported as exit code 255, as asyncio's own watchers do, and a
warning is logged.

Rejected: a pidfd in the asyncio loop, since libev reaps the child first; making the child in the main hub, whose own
watcher would then miss none, since that hub does not run while its thread blocks, and the loop would wait for it.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from time import monotonic
from typing import Any

from gevent import monkey

from wsgiresp._runtime.process import ProcessPart, hub_parts, part
from wsgiresp._runtime.threads import allocate_lock, real_sleep, start_thread
from wsgiresp._runtime.wakeup_event import WakeQueue

log = logging.getLogger("wsgiresp")

_waitpid: Any = monkey.get_original("os", "waitpid")

LOST_STATUS = 255 << 8
"""The status that is reported for a child whose status is unknown: exit code 255."""

_INSTALL_TIMEOUT = 0.2  # s for which a reaper waits for the main hub; a hub that does not run reaps no child either
_NOTE_TIMEOUT = 1.0  # s until a status that was not stored counts as unknown
_NOTE_INTERVAL = 0.001  # s between two looks at the store


class ChildReaper:
    """A real thread that waits for one child process, and calls *report* with its status (as of ``waitpid``).

    Make it before the child, so that a thread that cannot be started (``RuntimeError``) leaves no zombie. Then call
    either :meth:`wait_for` or :meth:`cancel`. *is_expected*: :func:`expect_child` was called already.
    """

    def __init__(self, report: Callable[[int], object], *, is_expected: bool = False) -> None:
        self._report = report
        self._pid: int | None = None
        self._is_given = allocate_lock()
        self._is_given.acquire()
        start_thread(self._run, "wsgiresp-child")
        if not is_expected:
            expect_child()

    def wait_for(self, pid: int) -> None:
        """Wait for the child *pid*."""
        part(_ReapedChildren).note_made(pid)
        self._pid = pid
        self._is_given.release()

    def cancel(self) -> None:
        """End the thread: the child could not be made."""
        expect_no_child()
        self._is_given.release()

    def _run(self) -> None:
        self._is_given.acquire()
        if self._pid is None:
            return
        reaped = part(_ReapedChildren)
        try:
            _, status = _waitpid(self._pid, 0)
        except ChildProcessError:
            status = reaped.status(self._pid)
        finally:
            reaped.forget(self._pid)
        self._report(status)


def expect_child() -> None:
    """Store the statuses of all children from now until the pid of the child that is about to be made is known."""
    part(_ReapedChildren).expect()


def expect_no_child() -> None:
    """Undo one :func:`expect_child`: the child was not made."""
    part(_ReapedChildren).note_made(None)


class _ReapedChildren(ProcessPart):
    """The statuses of our children that the main hub has reaped."""

    def __init__(self) -> None:
        self.lock = allocate_lock()
        self.statuses: dict[int, int] = {}
        self.waited: set[int] = set()
        self.making = 0
        self._watcher: Any = None
        self._is_asked = False

    def expect(self) -> None:
        """Store the status of every child from now on: one is about to be made."""
        with self.lock:
            self.making += 1
        if not self._is_asked:
            self._ask_main_hub()

    def _ask_main_hub(self) -> None:
        for hub, queue in hub_parts(WakeQueue):
            loop: Any = hub.loop
            if loop is not None and loop.default and "libev" in type(loop).__module__:
                self._is_asked = True
                is_done = allocate_lock()
                is_done.acquire()
                with queue.loop_lock, contextlib.suppress(ValueError):  # destroyed meanwhile
                    loop.run_callback_threadsafe(self._watch, loop, is_done.release)
                is_done.acquire(timeout=_INSTALL_TIMEOUT)

    def _watch(self, loop: Any, done: Callable[[], object]) -> None:
        watcher = self._watcher = loop.child(0, ref=False)
        # libev waits for the next child after the watchers of this priority: each status is seen.
        watcher.priority = loop.MAXPRI
        watcher.start(self._note)
        done()

    def _note(self) -> None:
        pid = self._watcher.rpid
        with self.lock:
            if self.making or pid in self.waited:
                self.statuses[pid] = self._watcher.rstatus

    def note_made(self, pid: int | None) -> None:
        """End one :meth:`expect`: the child is *pid*, or None if it was not made."""
        with self.lock:
            self.making -= 1
            if pid is not None:
                self.waited.add(pid)
            if not self.making:
                for other in self.statuses.keys() - self.waited:
                    del self.statuses[other]

    def status(self, pid: int) -> int:
        """Return the status of *pid*, which the main hub has reaped; wait up to 1 s until it has stored the status."""
        deadline = monotonic() + _NOTE_TIMEOUT
        while pid not in self.statuses:
            if monotonic() > deadline:
                log.warning("the exit status of the child process %d is unknown: it was reaped elsewhere", pid)
                return LOST_STATUS
            real_sleep(_NOTE_INTERVAL)
        return self.statuses[pid]

    def forget(self, pid: int) -> None:
        """Drop the entries of *pid*: the system may give that number to another process."""
        with self.lock:
            self.waited.discard(pid)
            self.statuses.pop(pid, None)

    def after_fork(self) -> None:
        """Forget the children of the parent process; the watcher goes on in the main hub, if that has forked."""
        self.lock = allocate_lock()
        self.statuses, self.waited, self.making = {}, set(), 0
