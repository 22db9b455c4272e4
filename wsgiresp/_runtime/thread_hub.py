"""Hubs of our real threads under gevent's patches, in which gevent's ``subprocess.Popen`` can be used too.

Theory of operation
-------------------
Where gevent has patched the standard library, ``subprocess.Popen`` asks the hub of its thread for a child watcher. Only
the hub of the main thread has child watchers (``TypeError: child watchers are only available on the default loop``). So
each thread of :mod:`~wsgiresp._runtime.asyncio_thread` and :mod:`~wsgiresp._runtime.real_executor` gets a
:class:`_ThreadHub` before any other code asks for a hub. Its child watchers work in every thread and need no signal.

One :class:`~wsgiresp._runtime.child_reaper.ChildReaper` waits for each child, however many watchers the child has. Its
thread only posts the status to the hub. Everything else runs in the thread of the hub, which alone writes attributes.
While a reaper waits, an async watcher of the loop keeps the hub from raising ``LoopExit``.

Rejected: a default class of hubs (``set_default_hub_class``), since it would also apply to threads of other code.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import gevent
from gevent import monkey
from gevent._hub_local import get_hub_if_exists, set_hub
from gevent.hub import Hub

from wsgiresp._runtime.child_reaper import ChildReaper, expect_child, expect_no_child
from wsgiresp._runtime.process import hub_part
from wsgiresp._runtime.wakeup_event import WakeQueue, destroy_hub


class _ChildWatcher:
    """A watcher of the child *pid*, with the attributes and methods of gevent's own."""

    def __init__(self, loop: Any, pid: int) -> None:
        self.loop = loop
        self.pid = pid
        self.rpid = self.rstatus = 0
        self._callback: Callable[[], object] | None = None

    def start(self, callback: Callable[..., object], *arguments: object) -> None:
        """Call *callback* with *arguments* in the hub once the child has ended."""
        self._callback = lambda: callback(*arguments)
        self.loop.watch(self)

    def stop(self) -> None:
        """Have the callback not called any more."""
        self._callback = None

    close = stop

    def end(self, status: int) -> None:
        """Take the *status* of the child, and call the callback."""
        callback, self.rpid, self.rstatus = self._callback, self.pid, status
        if callback is not None:
            callback()

    def __enter__(self) -> _ChildWatcher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _ChildWatching:
    """Mixed into the class of gevent's loops: its child watchers work in the thread of any hub."""

    hub: Hub

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._watchers: dict[int, list[_ChildWatcher]] = {}
        self._is_expecting = False

    def install_sigchld(self) -> None:
        """Expect a child: gevent's ``Popen`` calls this before it forks. No signal is needed."""
        if not self._is_expecting:
            self._is_expecting = True
            expect_child()

    def expect_none(self) -> None:
        """Undo :meth:`install_sigchld` if the fork after it has failed."""
        if self._is_expecting:
            self._is_expecting = False
            expect_no_child()

    def child(self, pid: int, trace: int = 0, ref: bool = True) -> _ChildWatcher:
        """Return a watcher of the child *pid*."""
        return _ChildWatcher(self, pid)

    def watch(self, watcher: _ChildWatcher) -> None:
        """Call ``watcher.end()`` in the hub once its child has ended; a child is waited for once."""
        if watcher.pid in self._watchers:
            self._watchers[watcher.pid].append(watcher)
            return
        # A hub without watchers of its loop raises LoopExit in the greenlet that waits for the child.
        loop: Any = self
        lease = loop.async_()
        hub = gevent.get_hub()
        lock = hub_part(hub, WakeQueue).loop_lock

        def deliver(status: int) -> None:
            lease.stop()
            lease.close()
            for one in self._watchers.pop(watcher.pid):  # pragma: no branch - its end is run by a hub without a tracer
                one.end(status)

        def report(status: int) -> None:
            with lock, contextlib.suppress(ValueError):  # the hub is destroyed
                loop.run_callback_threadsafe(deliver, status)

        reaper = ChildReaper(report, is_expected=self._is_expecting)
        self._is_expecting = False
        self._watchers[watcher.pid] = [watcher]
        lease.start(lambda: None)
        reaper.wait_for(watcher.pid)


class _ThreadHub(Hub):
    """A hub whose loop has child watchers."""

    @property
    def loop_class(self) -> Any:
        """The class of gevent's loops, with other child watchers."""
        return type("_ThreadLoop", (_ChildWatching, gevent.config.loop), {})


@contextlib.contextmanager
def thread_hub() -> Iterator[None]:
    """Set a hub with child watchers as that of this real thread, which has none yet; destroy it at the end.

    Does nothing if gevent has not patched ``subprocess``.
    """
    if not monkey.is_module_patched("subprocess"):
        yield
        return
    hub = _ThreadHub()
    set_hub(hub)
    try:
        yield
    finally:
        loop: Any = hub.loop
        if loop is not None:
            loop.expect_none()
        # If the application has destroyed the hub, this thread has another one or none.
        if get_hub_if_exists() is hub:
            destroy_hub(hub)
