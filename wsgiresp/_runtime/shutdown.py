"""Shutdown of a worker: detects that gunicorn stops it, and ends streams and tasks within the grace period.

Theory of operation
-------------------
Modules whose subjects end with the worker register callables when they are imported, so that this module imports none
of them:

* :func:`at_stop`: called as soon as the worker is to stop, in the thread that calls :func:`stop`. They request an end
  (of event streams, for example) and never wait.
* :func:`at_shutdown`: called by :func:`shut_down` one after the other, in :class:`ShutdownOrder`, with the grace
  period. They wait, and abort streams and tasks that have not ended in time.

=============  ==================================================  =====================================================
State          Entered by                                          Effect
=============  ==================================================  =====================================================
serving        import, fork                                        ``stopped_at`` is None
stopping       :func:`stop`: the watcher, or a hook of gunicorn    ``stopped_at`` is set once; at_stop's callables run
shutting down  :func:`shut_down`: the hook ``worker_exit``, or     at_shutdown's callables run; a second call is safe
               the watcher 2.5 s before the grace period ends      (gunicorn's second SIGINT raises SystemExit in it)
=============  ==================================================  =====================================================

:func:`watch_worker` polls whether the worker is alive: in a timer of the hub, or without a hub in a real thread named
``wsgiresp-shutdown``. A libev timer callback must not wait, so under a hub ``shut_down`` runs in a new greenlet. The
watcher calls it 2.5 s before the grace period ends (or after half of a period below 5 s), because a server that kills
its worker does not log which streams and tasks were lost.
With the hooks of ``wsgiresp.adapters.gunicorn`` the watcher starts with the worker and ``shut_down`` runs when the
worker exits. Without them :func:`watch_server` finds the worker in the frames of its callers at the first stream.

**A watcher that cannot start.** Without memory, threads or descriptors the start of a watcher fails. The request is
answered all the same: the watcher is kept in ``unstarted``, a warning is logged once, and each later stream tries to
start it again. If a watcher has noticed the stop, but ``stop`` raises or the greenlet of the shutdown cannot be
created, it tries again at its next look.

Threads: any thread may call any function. ``watcher`` is claimed by one atomic ``dict.setdefault()`` before the watcher
starts, so of two threads that come at once one starts a watcher; the other does nothing. A forked child inherits the
hub of the thread that forked, with the timer of the watcher. ``after_fork`` has reset ``watcher`` by then, and a
watcher that is not the claimed one ends at its next look and calls nothing. Rejected: patching gunicorn (its ``alive``
flag is enough). See also docs/explanation/life-of-a-response.md, "When the worker ends", and docs/how-to/gunicorn.md.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import gevent

from wsgiresp._runtime.hubs import is_under_hub, may_block_thread
from wsgiresp._runtime.process import ProcessPart, is_first, part
from wsgiresp._runtime.threads import real_sleep, start_thread

if TYPE_CHECKING:
    from types import FrameType

    from wsgiresp._runtime.server_profile import ServerProfile

log = logging.getLogger("wsgiresp")

LOOK_AT_WORKER_EVERY = 0.05
"""Seconds between two checks of whether the worker is to stop."""

FINISH_TIMEOUT = 1.0
"""Seconds that streams have to end: once after they are asked to finish, and again after they are aborted."""

KILL_MARGIN = 1.5
"""Seconds before the kill at which running tasks are aborted: they have 1 s to clean up, logging needs the rest."""


class ShutdownOrder(IntEnum):
    """The order in which :func:`shut_down` calls the callables."""

    STREAMS = 1
    TASKS = 2  # after STREAMS: the close of a stream starts its background tasks


_at_stop: list[Callable[[], object]] = []
_at_shutdown: dict[ShutdownOrder, Callable[[float], object]] = {}


class ShutdownState(ProcessPart):
    """The shutdown state of this process: the time of the first :func:`stop`, and the watcher of the worker."""

    watcher: _WorkerWatcher | None = None
    """The watcher that was started. The instance has this attribute only while there is one, see :meth:`claim`."""

    def __init__(self) -> None:
        self.stopped_at: float | None = None  # time.monotonic()
        self.unstarted: _WorkerWatcher | None = None
        """The watcher that could not be started, for the next attempt."""

    def after_fork(self) -> None:
        """Reset the state: a child process has its own worker."""
        self.stopped_at = self.unstarted = None
        self.release()

    def claim(self, watcher: _WorkerWatcher) -> bool:
        """Store *watcher* as the watcher of this process; return False if there is another one. From any thread."""
        return vars(self).setdefault("watcher", watcher) is watcher

    def release(self) -> None:
        """Remove the watcher."""
        vars(self).pop("watcher", None)


def at_stop(callback: Callable[[], object]) -> None:
    """Register *callback* for :func:`stop`. It is called in any thread and must not wait."""
    _at_stop.append(callback)


def at_shutdown(order: ShutdownOrder, callback: Callable[[float], object]) -> None:
    """Register *callback* for :func:`shut_down`, one for each *order*; its argument is the grace period in seconds."""
    _at_shutdown[order] = callback


def stop() -> None:
    """Mark this process as stopping and run the ``at_stop`` callables; may be called from any thread.

    A second call runs them again. :func:`seconds_since_stop` counts from the first call.
    """
    state = part(ShutdownState)
    if state.stopped_at is None:
        state.stopped_at = time.monotonic()
    for callback in _at_stop:
        callback()


def is_stopping() -> bool:
    """Return whether :func:`stop` was called in this process."""
    return part(ShutdownState).stopped_at is not None


def seconds_since_stop() -> float:
    """Return the seconds since the first call of :func:`stop`, or 0 before it."""
    stopped_at = part(ShutdownState).stopped_at
    return 0 if stopped_at is None else time.monotonic() - stopped_at


def shut_down(grace: float) -> None:
    """Call :func:`stop`, then end streams and tasks within *grace* seconds of the first ``stop``; block until then.

    *grace*: seconds after which the server kills the process. Streams have :data:`FINISH_TIMEOUT` to end before they
    are aborted. Tasks have the configured ``drain`` time. Aborted streams and tasks are logged.
    """
    stop()
    for order in sorted(_at_shutdown):
        _at_shutdown[order](grace)


def watch_worker(is_alive: Callable[[], bool], grace: float, when_stopped: Callable[[], object] | None = None) -> None:
    """Start a watcher that calls :func:`stop` and *when_stopped* as soon as *is_alive* returns False; once per process.

    *grace*: seconds from then until the server kills the process. Shortly before, the watcher calls :func:`shut_down`.
    *is_alive* is called every :data:`LOOK_AT_WORKER_EVERY` seconds, in the hub or in a real thread, and must not wait.
    If the watcher cannot be started, for lack of memory, threads or descriptors, nothing is raised: a warning is logged
    once, and the next :func:`watch_server` tries again.
    """
    if part(ShutdownState).watcher is None:
        _start(_WorkerWatcher(is_alive, grace, when_stopped))


def _start(watcher: _WorkerWatcher) -> None:
    state = part(ShutdownState)
    if not state.claim(watcher):
        return
    try:
        watcher.start()
    except (RuntimeError, MemoryError, OSError) as error:  # RuntimeError: "can't start new thread"
        state.unstarted = watcher
        state.release()
        if is_first("unwatched worker"):
            log.warning("the watcher of the worker cannot start, so a stop ends no streams: %r", error)
    else:
        state.unstarted = None


class _WorkerWatcher:
    def __init__(self, is_alive: Callable[[], bool], grace: float, when_stopped: Callable[[], object] | None) -> None:
        self._is_alive = is_alive
        self._grace = grace
        self._when_stopped = when_stopped
        self._until_shutdown = max(grace - FINISH_TIMEOUT - KILL_MARGIN, grace / 2)
        self._shutdown: object = None

    def start(self) -> None:
        """Look at the worker from now on: in the hub that drives this greenlet, else in a thread."""
        if may_block_thread():
            start_thread(self._look_in_thread, "wsgiresp-shutdown")
        else:
            self._look_in_hub()

    def _look_in_hub(self) -> None:
        # ref=False: this timer alone must not keep the hub's loop running.
        looks = gevent.get_hub().loop.timer(LOOK_AT_WORKER_EVERY, LOOK_AT_WORKER_EVERY, ref=False)

        def look() -> None:
            if self._is_replaced():
                looks.close()
            elif not self._is_alive():
                # If this fails, the hub logs it, and the next look tries again.
                if self._shutdown is None:
                    self._shutdown = gevent.spawn_later(self._until_shutdown, self._shut_down)
                self._stop()
                looks.close()

        try:
            looks.start(look)
        except BaseException:
            looks.close()
            raise

    def _look_in_thread(self) -> None:
        while self._is_alive():
            real_sleep(LOOK_AT_WORKER_EVERY)
        shutdown_at = time.monotonic() + self._until_shutdown
        while (left := shutdown_at - time.monotonic()) > 0:
            try:
                self._stop()
            except Exception:
                log.exception("not all streams could be asked to end; trying again")
                real_sleep(LOOK_AT_WORKER_EVERY)
            else:
                real_sleep(left)
        self._shut_down()

    def _stop(self) -> None:
        stop()
        if self._when_stopped is not None:
            self._when_stopped()

    def _shut_down(self) -> None:
        if not self._is_replaced():
            shut_down(self._grace)

    def _is_replaced(self) -> bool:
        """Whether this is a forked child, which has inherited the hub, its timers and its greenlets."""
        return part(ShutdownState).watcher is not self


def watch_server(server: ServerProfile) -> None:
    """Walk the frames of the callers to find gunicorn's worker object, and watch it; once per process.

    For applications without the hooks of ``wsgiresp.adapters.gunicorn``: gunicorn has no other stop notification. Does
    nothing if a worker is watched already, or if *server* is not gunicorn. A watcher that could not be started before
    is started now. Call it in the thread or greenlet of a request. Raises nothing, as :func:`watch_worker`.
    """
    state = part(ShutdownState)
    if state.watcher is None and server.is_gunicorn:
        if state.unstarted is not None:
            _start(state.unstarted)
            return
        worker = _worker_above(sys._getframe())
        if worker is None and is_under_hub():
            # worker class gevent_pywsgi: gevent's server is the caller, and the worker waits in the main greenlet.
            main: Any = gevent.get_hub().parent
            worker = _worker_above(main.gr_frame)
        if worker is not None:
            watch_worker(lambda: bool(worker.alive), worker.cfg.graceful_timeout)


def _worker_above(frame: FrameType | None) -> Any:
    while frame is not None:
        caller = frame.f_locals.get("self")
        # All classes of the MRO: the worker class itself may be defined by the user.
        kinds = type(caller).__mro__
        if any(kind.__module__.startswith("gunicorn.workers.") for kind in kinds) and hasattr(caller, "alive"):
            return caller
        frame = frame.f_back
    return None
