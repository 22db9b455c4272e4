"""EventSourceResponse: its arguments, its headers, its events, its preamble."""

from __future__ import annotations

import asyncio
import math
import weakref
from decimal import Decimal

import pytest
from process_fixtures import forget_event
from protocol import whatwg_event_parser as whatwg
from responses.wsgi_calls import call, start
from runtime.runners import everywhere
from streams.fake_sources import RecordingSource

from wsgiresp import BackgroundTask
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._streams import blocking_warning
from wsgiresp.responses import EventSourceResponse, ServerSentEvent, json_encoder
from wsgiresp.testing import ReceivedEvent, visit

pytestmark = pytest.mark.usefixtures("fresh", "warned")


def events(content, **more):
    """Return the events that a client gets."""
    with visit(EventSourceResponse(content, **more)) as visitor:
        return list(visitor.events())


@everywhere
def test_the_async_examples_of_fastapi(run):
    async def generate():
        yield {"event": "start", "data": "Stream started"}
        for i in range(2):
            yield {"event": "notification", "data": f'{{"message": "Update {i}"}}', "id": str(i)}
            await asyncio.sleep(0)
        yield {"event": "end", "data": "Stream ended"}

    assert run(events, generate()) == [
        ReceivedEvent("start", "Stream started", ""),
        ReceivedEvent("notification", '{"message": "Update 0"}', "0"),
        ReceivedEvent("notification", '{"message": "Update 1"}', "1"),
        ReceivedEvent("end", "Stream ended", "1"),
    ]


class TestHeaders:
    def test_the_headers_are_those_of_an_event_stream(self):
        assert start_and_close(EventSourceResponse([])).headers == [
            ("Content-Type", "text/event-stream; charset=utf-8"),
            ("Cache-Control", "no-cache, no-transform"),
            ("X-Accel-Buffering", "no"),
        ]

    def test_given_headers_replace_the_defaults(self):
        answer = start_and_close(EventSourceResponse([], headers={"cache-control": "private", "X-A": "1"}))
        assert answer.values("Cache-Control") == ["private"]
        assert answer.values("X-Accel-Buffering") == ["no"]

    def test_the_media_type_can_be_given(self):
        assert start_and_close(EventSourceResponse([], media_type="text/plain")).values("Content-Type") == [
            "text/plain; charset=utf-8"
        ]


def start_and_close(response):
    answer = start(response)
    answer.close()
    return answer


class TestItems:
    @pytest.mark.parametrize(
        ("item", "block"),
        [
            pytest.param("hello", b"data: hello\n\n", id="a text as it is"),
            pytest.param("a\nb", b"data: a\ndata: b\n\n", id="a text of two lines"),
            pytest.param("", b"data: \n\n", id="an empty text"),
            pytest.param(5, b"data: 5\n\n", id="a number as JSON"),
            pytest.param([1, "ü"], 'data: [1,"ü"]\n\n'.encode(), id="a list as JSON"),
            pytest.param(None, b"data: null\n\n", id="None as JSON"),
            pytest.param({"data": {"a": 1}}, b'data: {"a":1}\n\n', id="a dict of fields"),
            pytest.param({"data": "x", "event": "e", "id": 7}, b"event: e\nid: 7\ndata: x\n\n", id="a dict of three"),
            pytest.param(ServerSentEvent("x", comment="c"), b": c\ndata: x\n\n", id="an event"),
            pytest.param(ServerSentEvent(Decimal("1.10")), b"data: 1.10\n\n", id="an event with digits"),
        ],
    )
    def test_events_are_sent_as_they_are(self, item, block):
        assert call(EventSourceResponse([item])).body == b": open\n" + block

    @pytest.mark.parametrize(
        ("item", "error", "message"),
        [
            pytest.param({"a": 1}, ValueError, r'goes into {"data": ...}', id="a dict that is data"),
            pytest.param({"data": "x", "event": "a\nb"}, ValueError, "event must be one line", id="two lines"),
            pytest.param({"data": "x", "id": "a\0b"}, ValueError, "id must be one line", id="a NUL"),
            pytest.param({"data": "x", "retry": -1}, ValueError, "retry must not be negative", id="less than no time"),
            pytest.param(object(), TypeError, "object", id="what is no JSON"),
        ],
    )
    @everywhere
    def test_an_item_that_is_no_event_raises_type_error(self, run, item, error, message):
        with pytest.raises(error, match=message):
            run(call, EventSourceResponse([item]))

    def test_the_parser_of_the_standard_reads_the_events(self):
        body = call(EventSourceResponse(["a", {"data": "b\r\nc", "event": "e"}], ping=0)).body
        assert whatwg.parse(body) == [("message", "a", ""), ("e", "b\nc", "")]

    def test_a_subclass_may_write_its_json_otherwise(self):
        class Pretty(EventSourceResponse):
            encoder = json_encoder(indent=1)

        assert call(Pretty([[1]])).body == b": open\ndata: [\ndata:  1\ndata: ]\n\n"

    def test_a_subclass_may_write_its_events_otherwise(self):
        class Upper(EventSourceResponse):
            def render_chunk(self, chunk):
                return super().render_chunk(chunk).upper()

        assert call(Upper(["a"])).body.endswith(b"DATA: A\n\n")

    def test_a_subclass_may_refuse_nan(self):
        class Strict(EventSourceResponse):
            nan = "error"

        with pytest.raises(ValueError, match=r"[Nn]a[Nn]"):
            call(Strict([math.nan]))


class TestArguments:
    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            ({"ping": -1}, ValueError, "ping must be a number of seconds that is not negative, got -1"),
            ({"ping": math.nan}, ValueError, "ping must be a number of seconds that is not negative, got nan"),
            ({"ping": math.inf}, ValueError, "ping must be a number of seconds that is not negative, got inf"),
            ({"ping": True}, TypeError, "ping must be a number of seconds, got True"),
            ({"ping": "x"}, TypeError, "ping must be a number of seconds, got 'x'"),
            ({"ping": None}, TypeError, "ping must be a number of seconds, got None"),
            ({"retry": -1}, ValueError, "retry must not be negative, got -1"),
            ({"retry": 1.5}, TypeError, "retry must be an int, in milliseconds, got 1.5"),
            ({"retry": True}, TypeError, "retry must be an int, in milliseconds, got True"),
            ({"send_timeout": 0}, ValueError, "send_timeout must be more than 0 seconds, or None, got 0"),
            ({"send_timeout": -1}, ValueError, "send_timeout must be a number of seconds"),
            ({"send_timeout": "x"}, TypeError, "send_timeout must be a number of seconds, got 'x'"),
            ({"max_age": 0}, ValueError, "max_age must be more than 0 seconds, or None, got 0"),
            ({"max_age": math.nan}, ValueError, "max_age must be a number of seconds"),
            ({"max_age": False}, TypeError, "max_age must be a number of seconds, got False"),
        ],
        ids=repr,
    )
    def test_invalid_arguments_are_refused_by_name(self, arguments, error, message):
        with pytest.raises(error, match=message):
            EventSourceResponse([], **arguments)

    @pytest.mark.parametrize("content", ["text", b"bytes", bytearray(b"bytes"), memoryview(b"bytes")])
    def test_a_text_is_no_iterable_of_events(self, content):
        with pytest.raises(TypeError, match="content of EventSourceResponse must be an iterable of events, got"):
            EventSourceResponse(content)

    def test_arguments_after_those_of_fastapi_are_keyword_only(self):
        with pytest.raises(TypeError, match="positional"):
            EventSourceResponse([], 200, None, None, None, 15.0)


class TestPreamble:
    @everywhere
    def test_the_preamble_is_sent_before_the_first_event(self, run):
        def first():
            answer = start(EventSourceResponse(RecordingSource(waits_at=0).generator()))
            opening = next(answer.iterable)
            answer.close()
            return opening

        assert run(first) == b": open\n"

    def test_the_preamble_has_the_retry(self):
        assert call(EventSourceResponse([], retry=5000)).body == b": open\nretry: 5000\n"

    def test_the_preamble_is_joined_with_a_ready_event(self):
        assert start_and_take(EventSourceResponse(["a"])) == b": open\ndata: a\n\n"


def start_and_take(response):
    answer = start(response)
    taken = next(answer.iterable)
    answer.close()
    return taken


class TestACallable:
    @pytest.mark.parametrize(
        ("header", "seen"),
        [
            pytest.param({}, None, id="of a first visit"),
            pytest.param({"Last-Event-ID": "7"}, "7", id="of one that comes again"),
            pytest.param({"Last-Event-ID": "ü".encode().decode("latin-1")}, "ü", id="in UTF-8"),
        ],
    )
    def test_a_callable_gets_the_last_event_id(self, header, seen):
        given: list[str | None] = []

        def since(last_event_id):
            given.append(last_event_id)
            return ["a"]

        with visit(EventSourceResponse(since), headers=header) as visitor:
            assert visitor.next_event().data == "a"
        assert given == [seen]

    @pytest.mark.parametrize(
        "content_of", [RecordingSource.generator, RecordingSource.async_generator], ids=["sync", "async"]
    )
    def test_a_callable_returns_a_source_for_each_request(self, content_of):
        response = EventSourceResponse(lambda last_event_id: content_of(RecordingSource(["a", "b"])))
        bodies = [call(response).body for _ in range(2)]
        assert bodies == [b": open\ndata: a\n\ndata: b\n\n"] * 2

    def test_a_callable_that_returns_no_source_raises_type_error(self):
        ran: list[str] = []
        response = EventSourceResponse(lambda last_event_id: None, background=BackgroundTask(ran.append, "task"))
        with pytest.raises(TypeError, match="content of EventSourceResponse, as the callable gave it, must be"):
            call(response)
        assert ran == ["task"]

    def test_an_error_of_a_callable_is_raised_before_anything_is_sent(self):
        ran: list[str] = []

        def fail(last_event_id):
            raise LookupError("no such event")

        with pytest.raises(LookupError, match="no such event"):
            call(EventSourceResponse(fail, background=BackgroundTask(ran.append, "task")))
        assert ran == ["task"]

    def test_a_callable_that_is_iterable_is_iterated(self):
        class Both(list):
            def __call__(self, last_event_id):
                raise AssertionError("not to be called")

        assert events(Both(["a"])) == [ReceivedEvent("message", "a", "")]


def test_a_blocked_worker_is_warned_of_once(caplog):
    forget_event(blocking_warning.EVENT)
    for _ in range(3):
        call(EventSourceResponse([]))
    assert [message.partition(" as long")[0] for message in caplog.messages] == [
        "an event stream blocks the whole worker"
    ]


def test_a_response_is_not_kept_by_its_stream():
    def answer():
        response = EventSourceResponse(["a"])
        body = start(response).iterable
        return weakref.ref(response), body

    known, body = answer()
    try:
        assert known() is None
    finally:
        body.close()


def test_streams_with_the_same_options_share_a_policy():
    first, second = (EventSourceResponse([], ping=5, retry=7) for _ in range(2))
    assert first._policy(ServerProfile({}), True) is second._policy(ServerProfile({}), True)
