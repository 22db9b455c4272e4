"""What a worker that stops does to a stream: by the method of its request, its class, and ``resumable``."""

from __future__ import annotations

import contextlib

import pytest
from gevent.event import Event
from responses.wsgi_calls import start
from runtime.runners import in_greenlet
from streams.fake_producer import ManualContent

from wsgiresp._runtime import shutdown
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp.responses import EventSourceResponse, JSONLinesResponse, StreamingResponse

pytestmark = pytest.mark.usefixtures("fresh", "warned")


class ResumableLines(JSONLinesResponse):
    resumable = True


class KeptEvents(EventSourceResponse):
    resumable = False


class OtherType(EventSourceResponse):
    media_type = "application/x-events"


def framed(content):
    return StreamingResponse(content, media_type="text/event-stream")


def events(**options):
    return lambda content: EventSourceResponse(content, **options)


CASES = [
    pytest.param(events(), "GET", True, id="an event stream that GET asks for"),
    pytest.param(events(), "POST", False, id="an event stream that POST asks for"),
    pytest.param(events(), "QUERY", False, id="an event stream that QUERY asks for"),
    pytest.param(events(resumable=True), "POST", True, id="a resumable one that POST asks for"),
    pytest.param(events(resumable=False), "GET", False, id="one that is not resumable"),
    pytest.param(KeptEvents, "GET", False, id="one of a class that is not resumable"),
    pytest.param(OtherType, "GET", True, id="events of another media type"),
    pytest.param(framed, "GET", True, id="a plain stream with the media type of events"),
    pytest.param(framed, "POST", False, id="a plain stream with that media type for POST"),
    pytest.param(StreamingResponse, "GET", False, id="a plain stream"),
    pytest.param(JSONLinesResponse, "GET", False, id="JSON lines"),
    pytest.param(ResumableLines, "POST", True, id="JSON lines of a class that is resumable"),
]


def body_after_stop(response, method, *, stops_before):
    """Return the body of a stream whose worker is told to stop before its second chunk, or before it begins."""
    goes_on = Event()

    def chunks():
        yield "one"
        goes_on.wait()
        yield "two"

    def read():
        if stops_before:
            shutdown.stop()
        with contextlib.closing(start(response(chunks()), method)) as answer:
            if not stops_before:
                shutdown.stop()
            goes_on.set()
            return b"".join(answer.iterable)

    return in_greenlet(read)


@pytest.mark.parametrize(("response", "method", "ends"), CASES)
@pytest.mark.parametrize("stops_before", [False, True], ids=["that is open", "that begins later"])
def test_a_stop_ends_a_stream(response, method, ends, stops_before):
    assert (b"two" not in body_after_stop(response, method, stops_before=stops_before)) is ends


@pytest.mark.parametrize("kind", [events(resumable=False), JSONLinesResponse, StreamingResponse])
def test_a_stop_ends_content_that_brings_its_producer_whatever_the_class_and_the_method(kind):
    def read():
        with contextlib.closing(start(kind(ManualContent(chunks=())), "POST")) as answer:
            return b"".join(answer.iterable)

    shutdown.stop()
    assert b"two" not in in_greenlet(read)


def test_max_age_ends_a_stream_that_no_stop_ends():
    response = EventSourceResponse([], max_age=60, resumable=False)
    policy = response._policy(ServerProfile({}), False)
    assert policy.max_age == 60
    assert policy.closing_bytes().startswith(b"retry: ")


def test_streams_that_no_stop_ends_share_a_policy():
    first, second = EventSourceResponse([]), EventSourceResponse([])
    assert first._policy(ServerProfile({}), False) is second._policy(ServerProfile({}), False)


@pytest.mark.parametrize("value", ["no", 0, 1.5])
def test_resumable_is_a_bool(value):
    with pytest.raises(TypeError, match="resumable must be a bool or None, got"):
        EventSourceResponse([], resumable=value)
