"""The word to end, for all streams of a process."""

from __future__ import annotations

import os
import threading

import pytest
from process_fixtures import forget
from runtime.runners import PATIENCE

from wsgiresp._runtime import shutdown
from wsgiresp._runtime.shutdown import ShutdownState
from wsgiresp._streams import open_streams
from wsgiresp._streams.open_streams import OpenStreams


@pytest.fixture(autouse=True)
def fresh():
    """A process in which no stream is open and nobody has said the word."""
    forget(OpenStreams, ShutdownState)
    yield
    forget(OpenStreams, ShutdownState)


class Stream:
    def __init__(self):
        self.stops = 0

    def finish(self):
        self.stops += 1


def test_all_open_streams_are_asked_to_end():
    streams = [Stream(), Stream()]
    for stream in streams:
        open_streams.register(stream)
    assert open_streams.finish_streams() == 2
    assert [stream.stops for stream in streams] == [1, 1]


def test_a_stream_that_is_closed_is_not_asked():
    stream = Stream()
    open_streams.register(stream)
    open_streams.unregister(stream)
    assert open_streams.finish_streams() == 0
    assert stream.stops == 0


def test_a_stream_that_leaves_twice_leaves_once():
    stream = Stream()
    open_streams.register(stream)
    open_streams.unregister(stream)
    open_streams.unregister(stream)
    assert open_streams.finish_streams() == 0


def test_a_stream_that_is_opened_later_is_asked_at_once():
    shutdown.stop()
    stream = Stream()
    open_streams.register(stream)
    assert stream.stops == 1


def test_streams_may_come_and_go_while_they_are_asked():
    class Leaving(Stream):
        def finish(self):
            open_streams.unregister(self)
            super().finish()

    streams = [Leaving() for _ in range(5)]
    for stream in streams:
        open_streams.register(stream)
    assert open_streams.finish_streams() == 5
    assert open_streams.finish_streams() == 0


def test_the_word_may_come_from_another_thread():
    stream = Stream()
    open_streams.register(stream)
    thread = threading.Thread(target=shutdown.stop)
    thread.start()
    thread.join(PATIENCE)
    assert stream.stops == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_has_streams_of_its_own():
    open_streams.register(Stream())
    shutdown.stop()
    child = os.fork()
    if child == 0:
        stream = Stream()
        open_streams.register(stream)
        os._exit(stream.stops + 2 * (open_streams.finish_streams() - 1))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
