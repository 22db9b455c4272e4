"""The open streams of a process, which are finished when the process is to stop."""

from __future__ import annotations

import os
import threading

import pytest
from process_fixtures import forget
from runtime.runners import PATIENCE

from wsgiresp._runtime import shutdown
from wsgiresp._runtime.process import part
from wsgiresp._runtime.shutdown import ShutdownState
from wsgiresp._streams import open_streams
from wsgiresp._streams.open_streams import OpenStreams


@pytest.fixture(autouse=True)
def fresh():
    """A process in which no stream is open and that is not shutting down."""
    forget(OpenStreams, ShutdownState)
    yield
    forget(OpenStreams, ShutdownState)


class Stream:
    def __init__(self):
        self.finishes = 0

    def end_with_worker(self):
        self.finishes += 1


def test_finish_streams_finishes_every_open_stream():
    streams = [Stream(), Stream()]
    for stream in streams:
        open_streams.register(stream)
    assert open_streams.finish_streams() == 2
    assert [stream.finishes for stream in streams] == [1, 1]


def test_an_unregistered_stream_is_not_finished():
    stream = Stream()
    open_streams.register(stream)
    open_streams.unregister(stream)
    assert open_streams.finish_streams() == 0
    assert stream.finishes == 0


def test_a_stream_can_be_unregistered_twice():
    stream = Stream()
    open_streams.register(stream)
    open_streams.unregister(stream)
    open_streams.unregister(stream)
    assert open_streams.finish_streams() == 0


def test_a_stream_that_is_registered_after_the_stop_is_finished_at_once():
    shutdown.stop()
    stream = Stream()
    open_streams.register(stream)
    assert stream.finishes == 1


def test_streams_may_unregister_while_they_are_finished():
    class Ending(Stream):
        def end_with_worker(self):
            open_streams.unregister(self)
            super().end_with_worker()

    streams = [Ending() for _ in range(5)]
    for stream in streams:
        open_streams.register(stream)
    assert open_streams.finish_streams() == 5
    assert open_streams.finish_streams() == 0


def test_stop_may_be_called_in_another_thread():
    stream = Stream()
    open_streams.register(stream)
    thread = threading.Thread(target=shutdown.stop)
    thread.start()
    thread.join(PATIENCE)
    assert stream.finishes == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_has_streams_of_its_own():
    open_streams.register(Stream())
    shutdown.stop()
    child = os.fork()
    if child == 0:
        stream = Stream()
        open_streams.register(stream)
        os._exit(stream.finishes + 2 * (open_streams.finish_streams() - 1))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_process_that_was_forked_has_no_open_stream():
    open_streams.register(Stream())
    part(OpenStreams).after_fork()
    assert open_streams.finish_streams() == 0
