"""Drivers of stream bodies: each does to one kind of body what its server does, on request of a synchronous test.

A test calls its driver in the thread of the test. The driver calls the body where its server would: in greenlets of a
hub, in a thread of its own, or on an asyncio loop in a thread of its own. A method whose name ends in ``_soon`` returns
an :class:`Outcome` at once; the others wait for it, for ``patience`` seconds at most. Only what servers, the registry
of open streams and the log use of a body is used here, so that any body with these methods can be driven.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future

import gevent
from greenlet import GreenletExit
from responses.wsgi_calls import environ
from runtime.runners import PATIENCE, run_others, wait_until
from streams.controlled_sources import AsyncSource, SyncSource

from wsgiresp._runtime import asyncio_thread
from wsgiresp._runtime.process import part
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._streams.asgi_body import ASGIStreamBody
from wsgiresp._streams.open_streams import OpenStreams
from wsgiresp._streams.policy import RUN_TO_END
from wsgiresp._streams.stream_source import StreamSource
from wsgiresp._streams.wsgi_body import WSGIStreamBody

END = None
"""What ``next()`` of a driver returns where the body has ended."""


class Outcome:
    """What a call of a body returns or raises, once it does."""

    def __init__(self, patience):
        self._patience = patience
        self._future = Future()
        self.interrupt: Callable[[], object] | None = None
        """Raises the ``reader_interruption`` of the driver where the call waits; None where nothing can."""

    @property
    def is_there(self):
        return self._future.done()

    def get(self):
        """Return what the call returns, or raise what it raises."""
        wait_until(self._future.done, self._patience)
        return self._future.result()

    def run(self, function):
        try:
            self._future.set_result(function())
        except BaseException as error:
            self._future.set_exception(error)

    async def run_async(self, function):
        try:
            self._future.set_result(await function())
        except BaseException as error:
            self._future.set_exception(error)


class BodyDriver:
    """A body of a controlled source, and its server. As a context manager it closes the body and ends the server.

    *steps*: close steps before the one that adds "step" to ``record``. ``record``: what happened, in order.
    ``interruption``: the exception that interrupts a source that waits; ``reader_interruption``: a reader that waits.
    """

    name: str
    make_source = SyncSource
    interruption: type[BaseException] = GreenletExit
    reader_interruption: type[BaseException] = GreenletExit
    patience = PATIENCE

    def __init__(self, policy=RUN_TO_END, *, length=None, encode=bytes, steps=(), **more):
        self.record = []
        self.source = self.make_source(self.record)
        self._policy = policy
        self._length = length
        self._encode = encode
        self._steps = [*steps, lambda: self.record.append("step")]
        self._environ = more

    def __enter__(self):
        self._start_server()
        self.body = self._call_soon(self._make_body).get()
        return self

    def __exit__(self, *exception):
        self.source.release()
        self.close()
        self._end_server()

    def begin_soon(self):
        """Begin the body."""
        return self._call_soon(self.body.begin)

    def next_soon(self):
        """Ask the body for its next chunk; the outcome is END where there is none."""
        return self._call_soon(self._next)

    def close_soon(self):
        """Close the body as the server does."""
        return self._call_soon(self.body.close)

    def close_elsewhere_soon(self):
        """Close the body in another greenlet, or another task, than the one that reads it.

        In :class:`ThreadDriver` nobody can: it would have to run while its thread waits for the next call.
        """
        raise NotImplementedError

    def wait_for_reader(self):
        """Wait until the call of the body that was made last waits for something."""
        raise NotImplementedError

    def pass_turns(self):
        """Let what is ready run in the hub or loop of the server, where that runs between the calls of the body."""

    def begin(self, *chunks):
        """Have the source yield *chunks*, and begin the body."""
        self.source.put(*chunks)
        self.begin_soon().get()

    def next(self):
        return self.next_soon().get()

    def rest(self):
        """Return all chunks up to the end as one."""
        return b"".join(iter(self.next, END))

    def close(self):
        self.close_soon().get()

    def finish(self):
        self.body.stream.finish()

    def abort(self):
        self.body.stream.abort()

    def wait_until(self, claim):
        wait_until(claim, self.patience)

    def wait_until_source_waits(self):
        """Wait until the source has done all that it was asked for and waits for more."""
        self.wait_until(lambda: self.source.is_waiting)

    def waiting_reader(self):
        """Return the outcome of a call for the next chunk that waits for the source."""
        outcome = self.next_soon()
        self.wait_until_source_waits()
        self.wait_for_reader()
        return outcome

    @property
    def source_name(self):
        """What the log is to call the source."""
        return self.make_source.__qualname__

    @property
    def is_registered(self):
        """Whether the body is counted as an open stream."""
        return self.body.stream in part(OpenStreams).streams

    def _stream_source(self):
        return StreamSource(self.source, self._encode, contextvars.copy_context())

    def _start_server(self):
        """Start what the body runs in."""

    def _end_server(self):
        """End what the body runs in."""


class _WSGIDriver(BodyDriver):
    def _make_body(self):
        server = ServerProfile(environ(**self._environ))
        return WSGIStreamBody(server, self._stream_source(), self._steps, self._policy, self._length)

    def _next(self):
        return next(self.body, END)


class HubDriver(_WSGIDriver):
    """A WSGI server whose requests are greenlets of a hub, which is that of the thread of the test."""

    name = "WSGI under a hub"

    def close_elsewhere_soon(self):
        return self.close_soon()

    def wait_for_reader(self):
        self.pass_turns()

    def pass_turns(self):
        run_others()

    def _call_soon(self, function):
        outcome = Outcome(self.patience)
        caller = gevent.spawn(outcome.run, function)
        outcome.interrupt = functools.partial(caller.kill, block=False)
        return outcome


class AsyncSourceDriver(HubDriver):
    """The same server; the source is asynchronous and runs on the asyncio loop of the library."""

    name = "WSGI with an async source"
    make_source = AsyncSource
    interruption = asyncio.CancelledError

    def pass_turns(self):
        super().pass_turns()
        turn = asyncio.run_coroutine_threadsafe(asyncio.sleep(0), asyncio_thread.loop_for_waiting())
        self.wait_until(turn.done)
        super().pass_turns()


class ThreadDriver(_WSGIDriver):
    """A WSGI server whose requests have a thread of their own, in which greenlets run only while the body waits."""

    name = "WSGI in a thread"

    def wait_for_reader(self):
        # The hub runs this while the body waits, and at no other time.
        has_run = threading.Event()
        self._hub.loop.run_callback_threadsafe(has_run.set)
        self.wait_until(has_run.is_set)

    def _make_body(self):
        body = super()._make_body()
        self._hub = gevent.get_hub()
        return body

    def _call_soon(self, function):
        outcome = Outcome(self.patience)
        self._calls.put((outcome, function))
        return outcome

    def _start_server(self):
        self._calls = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _end_server(self):
        self._calls.put(None)
        self._thread.join(PATIENCE)

    def _serve(self):
        for outcome, function in iter(self._calls.get, None):
            outcome.run(function)


class LoopDriver(BodyDriver):
    """An ASGI server: an asyncio loop in a thread of its own.

    It closes a body in another thread, since ``close()`` waits for the source there.
    """

    name = "ASGI"
    make_source = AsyncSource
    interruption = reader_interruption = asyncio.CancelledError

    def close_soon(self):
        return self._call_soon(self._close)

    def close_elsewhere_soon(self):
        return self._call_soon(self.body.aclose)

    def wait_for_reader(self):
        self.pass_turns()

    def pass_turns(self):
        self._call_soon(self._pass_turns).get()

    async def _pass_turns(self):
        for _ in range(10):
            await asyncio.sleep(0)

    async def _make_body(self):
        return ASGIStreamBody(self._stream_source(), self._steps, self._policy, self._length)

    async def _next(self):
        return await anext(self.body, END)

    async def _close(self):
        await asyncio.to_thread(self.body.close)

    def _call_soon(self, function):
        outcome = Outcome(self.patience)
        outcome.interrupt = asyncio.run_coroutine_threadsafe(outcome.run_async(function), self._loop).cancel
        return outcome

    def _start_server(self):
        self._is_running = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self.wait_until(self._is_running.is_set)

    def _end_server(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)

    def _serve(self):
        with asyncio.Runner() as runner:
            self._loop = runner.get_loop()
            self._loop.call_soon(self._is_running.set)
            self._loop.run_forever()
