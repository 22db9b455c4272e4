"""The client for tests of streams: what a user of the kit may rely on."""

from __future__ import annotations

import errno

import flask
import gevent
import pytest
from gevent.event import Event
from runtime.runners import everywhere, run_others
from streams.fake_sources import RecordingSource

from wsgiresp.responses import EventSourceResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from wsgiresp.testing import ReceivedEvent, Visitor, visit


class App:
    """An application that answers with *body*, and counts how often that was closed."""

    def __init__(self, body, status="200 OK", headers=()):
        self._body = body
        self._status = status
        self._headers = list(headers)
        self.environ = None
        self.closed = 0

    def __call__(self, environ, start_response):
        self.environ = environ
        start_response(self._status, self._headers)
        return self

    def __iter__(self):
        return iter(self._body)

    def close(self):
        self.closed += 1


def wait_forever():
    yield b"a"
    Event().wait(10)


class TestTheAnswer:
    @everywhere
    def test_is_read_to_its_end(self, run):
        def read():
            with visit(PlainTextResponse("Käse", 201, {"X-A": "1"})) as visitor:
                return visitor.status, visitor.status_code, visitor.headers["x-a"], visitor.read_all()

        assert run(read) == ("201 Created", 201, "1", "Käse".encode())

    def test_is_read_chunk_by_chunk(self):
        with visit(App([b"a", b"", b"b"])) as visitor:
            assert [visitor.read() for _ in range(4)] == [b"a", b"b", b"", b""]

    def test_may_be_read_once_it_is_closed(self):
        app = App([b"a"])
        with visit(app) as visitor:
            visitor.wait_closed()
            assert (visitor.is_closed, app.closed) == (True, 1)
            assert visitor.read_all() == b"a"

    def test_is_made_no_further_than_it_is_read(self):
        made: list[int] = []

        def count():
            for number in range(10):
                made.append(number)
                yield b"x"

        with visit(App(count())) as visitor:
            visitor.read()
            run_others()
            assert len(made) <= 3

    def test_may_come_of_an_app_that_is_a_generator(self):
        def app(environ, start_response):
            start_response("200 OK", [("X-A", "1")])
            yield b"a"

        with visit(app) as visitor:
            assert (visitor.status, visitor.headers["X-A"], visitor.read_all()) == ("200 OK", "1", b"a")

    def test_may_be_written(self):
        def app(environ, start_response):
            write = start_response("200 OK", [])
            write(b"a")
            write(b"b")
            return [b"c"]

        with visit(app) as visitor:
            assert visitor.read_all() == b"abc"

    def test_may_have_no_body(self):
        with visit(Response(status_code=204)) as visitor:
            assert (visitor.status_code, visitor.read()) == (204, b"")

    def test_may_come_of_a_flask_app(self):
        app = flask.Flask(__name__)
        source = RecordingSource(["a", "b"], waits_at=1)
        app.add_url_rule("/events", view_func=lambda: EventSourceResponse(source.generator()))
        with visit(app, "/events") as visitor:
            assert visitor.next_event().data == "a"
        assert source.ends == ["GreenletExit"]

    def test_needs_no_close(self):
        with visit(lambda environ, start_response: start_response("200 OK", []) and [b"a"]) as visitor:
            assert visitor.read_all() == b"a"


class TestTheRequest:
    def test_has_the_arguments_of_werkzeugs_builder(self):
        app = App([])
        overrides = {"SERVER_PROTOCOL": "HTTP/1.0"}
        with visit(app, "/a?b=c", method="POST", headers={"X-A": "1"}, json={"d": 1}, environ_overrides=overrides):
            environ = app.environ
        named = ("PATH_INFO", "QUERY_STRING", "REQUEST_METHOD", "HTTP_X_A", "SERVER_PROTOCOL")
        assert [environ[name] for name in named] == ["/a", "b=c", "POST", "1", "HTTP/1.0"]
        assert environ["wsgi.input"].read() == b'{"d": 1}'

    def test_of_head_has_no_body(self):
        with visit(JSONResponse({"a": 1}), method="HEAD") as visitor:
            assert (visitor.headers["Content-Length"], visitor.read()) == ("7", b"")


class TestErrors:
    def test_before_the_answer_has_begun_are_the_visits(self):
        with pytest.raises(LookupError, match="no"):
            visit(StreamingResponse(RecordingSource([], error=LookupError("no")).generator()))

    def test_of_an_app_that_has_only_said_its_status_are_the_visits(self):
        def app(environ, start_response):
            start_response("200 OK", [])
            raise LookupError("no")

        with pytest.raises(LookupError, match="no"):
            visit(app)

    def test_of_a_generator_that_says_nothing_are_the_visits(self):
        def app(environ, start_response):
            raise LookupError("no")
            yield b""

        with pytest.raises(LookupError, match="no"):
            visit(app)

    def test_later_are_the_readers_and_once(self):
        with visit(StreamingResponse(RecordingSource([b"a"], error=LookupError("no")).generator())) as visitor:
            assert visitor.read() == b"a"
            with pytest.raises(LookupError, match="no"):
                visitor.read()
            assert visitor.read() == b""

    def test_of_events_are_their_readers(self):
        with visit(EventSourceResponse(RecordingSource(["a"], error=LookupError("no")).generator())) as visitor:
            assert visitor.next_event().data == "a"
            with pytest.raises(LookupError, match="no"):
                list(visitor.events())

    @pytest.mark.parametrize(
        ("app", "error", "message"),
        [
            pytest.param(lambda environ, start_response: [b"a"], RuntimeError, "start_response", id="no status"),
            pytest.param(lambda environ, start_response: [], RuntimeError, "start_response", id="no status, no body"),
        ],
    )
    def test_of_an_app_that_breaks_the_rules_are_told(self, app, error, message):
        with pytest.raises(error, match=message):
            visit(app)

    def test_of_an_app_whose_chunks_are_text_are_told(self):
        with visit(App(["a"])) as visitor, pytest.raises(TypeError, match=r"must be bytes .*, got 'a'"):
            visitor.read()

    def test_of_a_wrong_request_are_told_at_once(self):
        with pytest.raises(TypeError, match="nonsense"):
            visit(App([]), nonsense=1)


class TestEvents:
    def test_come_one_by_one(self):
        with visit(EventSourceResponse(["a", {"data": 1, "event": "e", "id": 7, "retry": 50}])) as visitor:
            assert visitor.next_event() == ReceivedEvent("message", "a", "")
            second = visitor.next_event()
            assert (second, second.json()) == (ReceivedEvent("e", "1", "7"), 1)
            assert (visitor.last_event_id, visitor.retry, visitor.comments) == ("7", 50, ["open"])
            with pytest.raises(EOFError, match="the stream has ended"):
                visitor.next_event()

    def test_of_one_chunk_are_taken_apart(self):
        with visit(App([b"data: a\n\ndata: b\n\nda", b"ta: c\n\n"])) as visitor:
            assert [event.data for event in visitor.events()] == ["a", "b", "c"]

    def test_come_from_an_endless_stream(self):
        def endless():
            number = 0
            while True:
                yield str(number)
                number += 1

        with visit(EventSourceResponse(endless())) as visitor:
            assert [visitor.next_event().data for _ in range(5)] == ["0", "1", "2", "3", "4"]


class TestLeaving:
    @everywhere
    def test_closes_the_source_where_it_waits(self, run):
        source = RecordingSource([b"a", b"b"], waits_at=1)

        def leave():
            visitor = visit(StreamingResponse(source.generator()))
            visitor.read()
            assert not visitor.is_closed
            visitor.leave()
            visitor.leave()
            return visitor.is_closed

        assert run(leave)
        assert source.ends == ["GreenletExit"]

    def test_breaks_the_pipe_for_an_app_that_goes_on(self):
        seen: list[BaseException] = []

        def app(environ, start_response):
            write = start_response("200 OK", [])
            try:
                while True:
                    write(b"a")
            except OSError as error:
                seen.append(error)
                raise

        visit(app).leave()
        assert [error.errno for error in seen] == [errno.EPIPE]

    def test_comes_at_the_end_of_the_with(self):
        app = App([b"a"] * 10)
        with visit(app):
            pass
        assert app.closed == 1

    def test_comes_where_the_test_fails(self):
        app = App([b"a"] * 10)
        with pytest.raises(AssertionError, match="of the test"), visit(app):
            raise AssertionError("of the test")
        assert app.closed == 1

    def test_ends_all_reading(self):
        visitor = visit(App([b"a"]))
        visitor.leave()
        with pytest.raises(ValueError, match="the visitor has left"):
            visitor.read()


class TestTime:
    def test_an_answer_that_does_not_begin_is_not_waited_for(self):
        def app(environ, start_response):
            gevent.sleep(10)

        with pytest.raises(TimeoutError, match=r"the answer did not begin within 0\.01 s"):
            visit(app, timeout=0.01)

    @pytest.mark.parametrize(
        ("take", "what"), [(Visitor.read, "chunk"), (Visitor.next_event, "event")], ids=["a chunk", "an event"]
    )
    def test_what_does_not_come_is_not_waited_for(self, take, what):
        with visit(StreamingResponse(RecordingSource([b"a", b"b"], waits_at=1).generator()), timeout=0.01) as visitor:
            visitor.read()
            with pytest.raises(TimeoutError, match=rf"no {what} came within 0\.01 s"):
                take(visitor)

    def test_pings_are_no_event(self):
        with visit(EventSourceResponse(RecordingSource(waits_at=0).generator(), ping=0.002), timeout=0.03) as visitor:
            with pytest.raises(TimeoutError, match="no event came"):
                visitor.next_event()
            assert "ping" in visitor.comments

    def test_a_body_that_does_not_close_is_told_of(self):
        visitor = visit(App(wait_forever()), timeout=0.01)
        visitor.read()
        with pytest.raises(TimeoutError, match=r"the body was not closed within 0\.01 s"):
            visitor.leave()
        run_others()
        assert visitor.is_closed
