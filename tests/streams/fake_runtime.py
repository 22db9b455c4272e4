"""A runtime with a manual clock: greenlets, but no gevent, no threads, no sockets and no time that passes by itself."""

from __future__ import annotations

from collections import deque

from greenlet import getcurrent, greenlet


class FakeRuntime:
    """The event loop of a reader, which runs in the greenlet that made it while that calls :meth:`run` or waits.

    ``now``: its clock, in seconds. ``armed``: the timeouts, each with the time at which it is due. ``watched``: the
    callbacks for a disconnect. ``is_open``: whether it was not closed. *runs_others*: as under a hub-driven server.
    """

    def __init__(self, runs_others=True):
        self.runs_others = runs_others
        self.now = 0.0
        self.armed: dict[object, float] = {}
        self.watched: list[object] = []
        self.is_open = True
        self.loop = getcurrent()
        self._ready: deque = deque()

    def wakeup(self):
        return FakeWakeup(self)

    def timers(self, seconds):
        return FakeTimers(self, seconds)

    def call_soon(self, callback, *arguments):
        self._ready.append(lambda: callback(*arguments))

    def call_soon_threadsafe(self, callback):
        if self.is_open:
            self._ready.append(callback)

    def call_soon_in_finalizer(self, callback):
        self._ready.append(callback)
        return True

    has_ended = may_wait_in_finalizer = False
    is_here = True

    def watch_disconnect(self, server, callback):
        self.watched.append(callback)
        return self.watched.clear

    def new_greenlet(self, run):
        return greenlet(run, self.loop)

    def interrupter(self):
        current = getcurrent()
        return lambda error: None if current.dead else current.throw(error)

    def is_turn_due(self):
        return False

    def close(self):
        self.is_open = False

    def disconnect(self):
        """Have the client disconnect."""
        for callback in self.watched:
            callback()

    def spawn(self, function):
        """Run *function* in a greenlet of the loop, soon."""
        self.call_soon(self.new_greenlet(function).switch)

    def run(self):
        """Run what is ready, until nothing is."""
        while self._ready:
            self._ready.popleft()()

    def run_until(self, is_true):
        """Run what is ready, and let the time pass to the next timeout where nothing is, until *is_true*."""
        while not is_true():
            if self._ready:
                self._ready.popleft()()
            elif self.armed:
                self.advance(min(self.armed.values()) - self.now)
            else:
                raise AssertionError("deadlock: nothing is ready, and no timeout is armed")

    def advance(self, seconds):
        """Let *seconds* pass: call the timeouts that are due then, in order, and run what is ready."""
        end = self.now + seconds
        while self.armed and min(self.armed.values()) <= end:
            key = min(self.armed, key=self.armed.get)
            self.now = self.armed.pop(key)
            _, callback = key
            callback()
            self.run()
        self.now = end
        self.run()


class FakeWakeup:
    """An auto-reset event with a single waiter."""

    def __init__(self, runtime):
        self._runtime = runtime
        self._waiter = None
        self._is_set = self._is_delivered = False

    def set(self):
        if not self._is_set:
            self._is_set = True
            self._runtime.call_soon(self._deliver)

    set_threadsafe = set

    def _deliver(self):
        self._is_delivered = True
        if self._waiter is not None:
            self._waiter.switch()

    def wait(self):
        assert self._waiter is None, "two greenlets wait for one wakeup"
        if getcurrent() is self._runtime.loop:
            self._runtime.run_until(lambda: self._is_delivered)
        elif not self._is_delivered:
            self._waiter = getcurrent()
            try:
                self._runtime.loop.switch()
            finally:
                self._waiter = None
        self._is_set = self._is_delivered = False

    def wake_and_yield(self):
        if self._waiter is not None:
            self._is_delivered = True
            self._waiter.parent = getcurrent()
            waiter, self._waiter = self._waiter, None
            waiter.switch()


class FakeTimers:
    """Timeouts of one duration."""

    def __init__(self, runtime, seconds):
        self._runtime = runtime
        self._seconds = seconds

    def arm(self, callback):
        self._runtime.armed[self._seconds, callback] = self._runtime.now + self._seconds

    def cancel(self, callback):
        self._runtime.armed.pop((self._seconds, callback), None)
