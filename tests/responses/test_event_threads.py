"""The thread in which the events of a server with threads are made, for what belongs to the thread of the view."""

from __future__ import annotations

import sqlite3
import threading

import pytest
from responses.wsgi_calls import call, start
from runtime.runners import in_greenlet

from wsgiresp._runtime import hubs
from wsgiresp._streams.greenlet_producer import OTHER_THREAD
from wsgiresp.responses import EventSourceResponse, StreamingResponse

pytestmark = pytest.mark.usefixtures("fresh", "warned")


class Threads:
    """A source of two events that records the threads in which it is stepped and closed."""

    def __init__(self):
        self.steps = set()
        self.closed_in = None

    def __call__(self, last_id=None):
        try:
            for number in range(2):
                self.steps.add(threading.get_ident())
                yield number
        finally:
            self.closed_in = threading.get_ident()


def rows():
    """Return a cursor, which refuses to be used in another thread than this one."""
    return sqlite3.connect(":memory:").execute("VALUES (1), (2)")


class TestWithoutPings:
    def test_events_are_made_in_the_thread_of_the_view(self):
        source = Threads()
        call(EventSourceResponse(source, ping=0))
        assert source.steps == {threading.get_ident()}

    def test_a_stream_that_is_left_is_closed_in_the_thread_of_the_view(self):
        source = Threads()
        answer = start(EventSourceResponse(source, ping=0))
        next(answer.iterable)
        answer.close()
        assert source.closed_in == threading.get_ident()

    def test_a_cursor_of_a_database_can_be_sent(self):
        response = EventSourceResponse(({"data": row[0]} for row in rows()), ping=0)
        assert call(response).body == b": open\ndata: 1\n\ndata: 2\n\n"

    def test_an_error_of_the_first_step_is_raised_by_the_call(self):
        def fail(last_id):
            raise LookupError("no")
            yield

        with pytest.raises(LookupError, match="no"):
            start(EventSourceResponse(fail, ping=0))

    def test_a_stream_ends_at_the_next_event_after_its_maximum_age(self):
        moved = threading.Event()

        def slow(last_id):
            number = 0
            while True:
                yield number
                number += 1
                moved.wait(0.02)  # it blocks the thread

        assert 1 <= call(EventSourceResponse(slow, ping=0, max_age=0.05)).body.count(b"data:") < 50


class TestWithPings:
    def test_events_are_made_in_another_thread(self):
        source = Threads()
        call(EventSourceResponse(source))
        assert threading.get_ident() not in source.steps

    def test_an_error_of_the_source_says_so(self):
        answer = start(EventSourceResponse({"data": row[0]} for row in iter_late(rows())))
        with pytest.raises(sqlite3.ProgrammingError, match="thread") as caught:
            list(answer.iterable)
        answer.close()
        assert caught.value.__notes__ == [OTHER_THREAD]
        assert "ping=0" in OTHER_THREAD

    def test_an_error_before_the_first_event_says_so(self):
        with pytest.raises(sqlite3.ProgrammingError, match="thread") as caught:
            call(EventSourceResponse({"data": row[0]} for row in rows()))
        assert caught.value.__notes__ == [OTHER_THREAD]

    def test_an_error_that_many_streams_raise_says_it_once(self):
        error = LookupError("the same one")

        def fail(last_id):
            raise error
            yield

        for _ in range(3):
            with pytest.raises(LookupError):
                call(EventSourceResponse(fail))
        assert error.__notes__ == [OTHER_THREAD]

    def test_under_a_hub_an_error_is_as_it_was(self):
        def fail(last_id):
            raise LookupError("no")
            yield

        with pytest.raises(LookupError) as caught:
            in_greenlet(call, EventSourceResponse(fail))
        assert not hasattr(caught.value, "__notes__")

    def test_where_gevent_has_patched_the_process_events_are_made_in_the_thread_of_the_view(self, monkeypatch):
        monkeypatch.setattr(hubs.monkey, "is_module_patched", lambda name: name == "time")
        source = Threads()
        call(EventSourceResponse(source))
        assert source.steps == {threading.get_ident()}


def test_chunks_that_are_no_events_are_made_in_the_thread_of_the_view():
    assert call(StreamingResponse(str(row[0]) for row in rows())).body == b"12"


def iter_late(cursor):
    """Yield an event, and then the rows of *cursor*."""
    yield ("first",)
    yield from cursor
