"""Both stream bodies under any order of what can happen: chunk, end, error, disconnect, finish, abort, time, close."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from process_fixtures import forget
from responses.wsgi_calls import environ
from streams.fake_producer import ManualContent
from streams.fake_runtime import FakeRuntime

from wsgiresp._runtime.process import part
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._runtime.shutdown import ShutdownState
from wsgiresp._streams.asgi_body import ASGIStreamBody
from wsgiresp._streams.open_streams import OpenStreams
from wsgiresp._streams.policy import StreamPolicy
from wsgiresp._streams.stream_source import StreamSource
from wsgiresp._streams.wsgi_body import WSGIStreamBody

PING = StreamPolicy(ping=b"<ping>", second_ping=b"<again>", ping_interval=15.0)
POLICIES = [
    StreamPolicy(),
    PING._replace(preamble=b"<open>", closing_bytes=lambda: b"<bye>"),
    PING._replace(max_age=60.0, closing_bytes=lambda: b"<bye>", send_timeout=5.0),
]
OTHER = (b"<open>", b"<ping>", b"<again>", b"<bye>")
END = "the end"


def read_by(function):
    """Return what *function* returns, :data:`END` for the end of the iteration, or the error that it raises."""
    try:
        return function()
    except (StopIteration, StopAsyncIteration):
        return END
    except BaseException as error:
        return error


class WSGIReader:
    """A WSGI body whose server is a greenlet of a fake runtime."""

    def __init__(self, source, steps, policy, is_hidden):
        self.runtime = FakeRuntime()
        fields = {"SERVER_SOFTWARE": "a server"} if is_hidden else {}
        self.body = WSGIStreamBody(ServerProfile(environ(**fields)), source, steps, policy, runtime=self.runtime)

    def start(self, function, found):
        self.runtime.spawn(lambda: found.append(read_by(function)))
        self.runtime.run()

    def begin(self, found):
        self.start(self.body.begin, found)

    def read(self, found):
        self.start(lambda: next(self.body), found)

    def run(self):
        self.runtime.run()

    def advance(self, seconds):
        self.runtime.advance(seconds)

    def disconnect(self):
        self.runtime.disconnect()
        self.runtime.run()

    def close(self):
        self.body.close()
        self.runtime.run()

    def is_clean(self):
        return (self.runtime.armed, self.runtime.watched, self.runtime.is_open) == ({}, [], False)

    def end(self):
        """Nothing is left to be closed."""


class ASGIReader:
    """An ASGI body whose server is a task of an asyncio loop with a manual clock."""

    def __init__(self, source, steps, policy, is_hidden):
        self.now = 0.0
        self.loop = asyncio.new_event_loop()
        self.loop.time = lambda: self.now
        self.body = ASGIStreamBody(source, steps, policy)

    async def _append(self, function, found):
        try:
            found.append(await function())
        except StopAsyncIteration:
            found.append(END)
        except BaseException as error:
            found.append(error)

    def start(self, function, found):
        self.task = self.loop.create_task(self._append(function, found))
        self.run()

    def begin(self, found):
        self.start(self.body.begin, found)
        while not found and self.body.stream.machine.is_closed:  # its steps run in a thread
            self.run()

    def read(self, found):
        self.start(lambda: anext(self.body), found)

    def run(self):
        for _ in range(8):
            self.loop.call_soon(self.loop.stop)
            self.loop.run_forever()

    def advance(self, seconds):
        self.now += seconds
        self.run()

    def disconnect(self):
        """Not noticed here: an ASGI server closes the body."""

    def close(self):
        self.loop.run_until_complete(self.body.aclose())
        self.body.close()
        self.run()

    def is_clean(self):
        return not [handle for handle in self.loop._scheduled if not handle.cancelled()]

    def end(self):
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()


class AnyOrder(RuleBasedStateMachine):
    """One stream. Its reader is started by a rule, and waits for as long as nothing comes."""

    make: type

    @initialize(
        policy=st.sampled_from(POLICIES), is_hidden=st.booleans(), ends_when_stopped=st.booleans(), first=st.booleans()
    )
    def begin(self, policy, is_hidden, ends_when_stopped, first):
        forget(OpenStreams, ShutdownState)
        self.policy = policy
        self.content = ManualContent(ends_when_stopped)
        self.order: list[str] = self.content.ends
        source = StreamSource(self.content, bytes, contextvars.copy_context())
        steps = [lambda: self.order.append("first step"), lambda: self.order.append("second step")]
        self.reader = self.make(source, steps, policy, is_hidden)
        self.body = self.reader.body
        self.age = 0.0
        self.put = b""
        self.got = b""
        self.requests: list[str] = []
        self.has_left = self.has_ended = self.is_over = self.was_closed = False
        self.error: BaseException | None = None
        self.waiting: list[object] | None = []
        self.begun = self.waiting
        self.reader.begin(self.waiting)
        if first:
            self.chunk(b"first")
        self._collect()

    def _collect(self):
        """Take what the reader has, if it does not wait any more."""
        self.reader.run()
        if not self.waiting:
            return
        (found,) = self.waiting
        is_begin, self.waiting = self.waiting is self.begun, None
        if is_begin and found is None:
            return
        assert not (self.is_over and isinstance(found, bytes)), "bytes after the end"
        if isinstance(found, bytes):
            assert not self.was_closed, "bytes after the close"
            self.got += found
        else:
            self._check_end(found)
            self.is_over = True

    def _check_end(self, found):
        if self.is_over:
            assert found is END or isinstance(found, RuntimeError)
        elif found is END:
            # A part must not look like the whole: it is the whole, or was finished, or nobody is there to look.
            is_whole = self.has_ended and self.error is None and self._received() == self.put
            assert is_whole or self.requests[:1] == ["finish"] or self.has_left
        elif isinstance(found, BrokenPipeError):
            assert "abort" in self.requests
        elif isinstance(found, RuntimeError) and "closed before its end" in str(found):
            assert self.was_closed
        else:
            assert found is self.error or found.__cause__ is self.error

    def _received(self):
        received = self.got
        for other in OTHER:
            received = received.replace(other, b"")
        return received

    @rule(chunk=st.sampled_from([b"a", b"bc", b"d" * 70_000]))
    def chunk(self, chunk):
        if not self.has_ended and not self.content.producer.buffer.is_closed:
            self.content.put(chunk)
            self.put += chunk
            self._collect()

    @precondition(lambda self: not self.order)
    @rule(error=st.sampled_from([None, None, LookupError(), OSError(), KeyboardInterrupt(), StopAsyncIteration()]))
    def end(self, error):
        self.has_ended, self.error = True, error
        self.content.end(error)
        self._collect()

    @precondition(lambda self: self.waiting is None)
    @rule()
    def read(self):
        self.waiting = []
        self.reader.read(self.waiting)
        self._collect()

    @rule(name=st.sampled_from(["finish", "abort"]), in_thread=st.booleans())
    def request(self, name, in_thread):
        if name == "abort" or self.policy.closing_bytes is not None:
            self.requests.append(name)
        ask = getattr(self.body.stream, name)
        if in_thread:
            thread = threading.Thread(target=ask)
            thread.start()
            thread.join()
        else:
            ask()
        self._collect()

    @rule(seconds=st.sampled_from([0.05, 0.2, 5.0, 16.0, 61.0]))
    def advance(self, seconds):
        self.age += seconds
        if self.policy.max_age and self.age >= self.policy.max_age:
            self.requests.append("finish")
        self.reader.advance(seconds)
        self._collect()

    @rule()
    def disconnect(self):
        self.has_left = True
        self.reader.disconnect()
        self._collect()

    @rule()
    def close(self):
        self.was_closed = True
        if not self.order and not self.content.ends_when_stopped:
            self.content.ends_when_stopped = True  # it gives in at last
        self.reader.close()
        self._collect()

    @invariant()
    def the_chunks_come_in_order_and_once(self):
        assert self.put.startswith(self._received())

    @invariant()
    def no_step_runs_before_the_source_is_closed(self):
        assert self.order in (
            [],
            ["closed"],
            ["closed", "first step", "second step"],
        )

    def teardown(self):
        if not hasattr(self, "reader"):
            return
        self.close()
        self.close()
        assert self.waiting is None
        assert self.order == ["closed", "first step", "second step"]
        assert self.body.stream.machine.is_closed
        assert self.body.stream not in part(OpenStreams).streams
        assert self.reader.is_clean()
        self.reader.end()


class AnyOrderOfWSGI(AnyOrder):
    make = WSGIReader


class AnyOrderOfASGI(AnyOrder):
    make = ASGIReader


for _machine in (AnyOrderOfWSGI, AnyOrderOfASGI):
    _machine.TestCase.settings = settings(max_examples=150, stateful_step_count=20, deadline=None)
    # Thousands of steps, which take their time where coverage is measured beside other suites.
    _machine.TestCase = pytest.mark.timeout(300)(pytest.mark.usefixtures("fresh_streams")(_machine.TestCase))
TestWSGI = AnyOrderOfWSGI.TestCase
TestASGI = AnyOrderOfASGI.TestCase
