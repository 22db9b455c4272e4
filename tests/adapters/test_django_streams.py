"""Streams keep what the request has set, see what belongs to its thread, and leave no connection open."""

from __future__ import annotations

import contextlib
import threading

import gevent
import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections
from django.test import RequestFactory
from django.urls import get_script_prefix, path, reverse
from django.utils import timezone, translation
from django_apps import OURS, application, asked, asked_in_greenlet, greenlets_as_threads, project
from werkzeug.test import create_environ

from wsgiresp import respond_with
from wsgiresp.adapters.django import to_django
from wsgiresp.responses import EventSourceResponse, JSONLinesResponse, StreamingResponse


@pytest.fixture(autouse=True)
def nothing_is_left_set():
    yield
    translation.deactivate_all()
    timezone.deactivate()
    connections.close_all()


def look():
    """Return what a view sees of its surroundings."""
    return [translation.get_language(), str(timezone.get_current_timezone()), get_script_prefix(), reverse("here")]


SEEN = ["de", "Asia/Tokyo", "/below/", "/below/other/here"]


def sync_steps(said):
    try:
        yield look()
        yield look()
    finally:
        said.append(look())


async def async_steps(said):
    try:
        yield look()
        yield look()
    finally:
        said.append(look())


class OtherUrls:
    """URLs that a middleware chooses for a request."""

    def __init__(self, view):
        self.urlpatterns = [path("other/here", view, name="here")]


def set_all(view):
    def view_of(request):
        translation.activate("de")
        timezone.activate("Asia/Tokyo")
        return view()

    return view_of


class ChoosesUrls:
    """A middleware that chooses the URLs of a request."""

    urls = None

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.urlconf = self.urls
        return self.get_response(request)


def called(environ):
    """Return the body of the answer of the project that is set."""
    return application()(environ, lambda status, fields: None)


@pytest.mark.parametrize("steps", [sync_steps, async_steps], ids=["sync", "async"])
@pytest.mark.parametrize("response_class", [JSONLinesResponse, EventSourceResponse])
@pytest.mark.parametrize("place", ["in the main greenlet", "in a greenlet"])
def test_every_step_and_the_close_see_the_thread_locals_of_the_request(monkeypatch, steps, response_class, place):
    said = []
    monkeypatch.setattr(ChoosesUrls, "urls", OtherUrls(set_all(lambda: response_class(steps(said)))))

    def ask():
        environ = create_environ("/other/here", environ_overrides={"SCRIPT_NAME": "/below"})
        with contextlib.closing(called(environ)) as body:
            return b"".join(body)

    with project(middleware=[f"{__name__}.ChoosesUrls", OURS]):
        if place == "in a greenlet":
            greenlet = gevent.spawn(ask)
            gevent.joinall([greenlet], timeout=10, raise_error=True)
            text = greenlet.value
        else:
            text = ask()
    assert text.count(b'["de","Asia/Tokyo","/below/","/below/other/here"]') == 2
    assert said == [SEEN]


def test_a_deactivated_language_stays_deactivated():
    def view(request):
        translation.deactivate_all()
        return StreamingResponse(str(translation.get_language()) for _ in range(2))

    assert asked(view).data == b"NoneNone"


def test_a_stream_changes_nothing_for_the_thread():
    def steps():
        translation.activate("de")
        yield "a"

    def view(request):
        translation.activate("en")
        return StreamingResponse(steps())

    assert asked(view).data == b"a"
    assert translation.get_language() == "en"


def test_an_enclosing_context_of_a_stream_is_kept():
    said = []

    @contextlib.contextmanager
    def around():
        said.append(translation.get_language())
        yield
        said.append("out")

    def view(request):
        translation.activate("de")
        response = StreamingResponse(iter(["a"]))
        response.around = around
        return response

    asked(view)
    assert said == ["de", "out"]


def test_a_stream_is_closed_before_the_request_ends(monkeypatch):
    said = []

    def steps():
        try:
            yield "a"
            said.append("second")
            yield "b"
        finally:
            said.append("closed")

    class Close:
        def __init__(self, get_response):
            self.get_response = get_response

        def __call__(self, request):
            request.close = lambda: said.append("request closed")
            return self.get_response(request)

    monkeypatch.setattr(ChoosesUrls, "__new__", lambda cls, get_response: Close(get_response))
    asked(
        lambda request: StreamingResponse(steps(), background=lambda: said.append("task")),
        middleware=[f"{__name__}.ChoosesUrls", OURS],
    )
    assert said == ["second", "closed", "task", "request closed"]


def test_a_stream_is_made_for_a_request_of_a_factory():
    with contextlib.closing(to_django(RequestFactory().get("/"), StreamingResponse(iter(["a", "b"])))) as response:
        assert b"".join(response.streaming_content) == b"ab"


def test_an_error_after_the_first_chunk_ends_the_transfer():
    def steps():
        yield "a"
        raise LookupError("late")

    def view(request):
        return StreamingResponse(steps())

    with project(view), pytest.raises(LookupError, match="late"), contextlib.closing(called(create_environ())) as body:
        list(body)


def test_head_starts_no_stream():
    begun = []

    def steps():
        begun.append(1)
        yield "a"

    answer = asked(lambda request: StreamingResponse(steps()), method="HEAD")
    assert (answer.status_code, answer.data, begun) == (200, b"", [])


def test_a_callable_gets_the_last_event_id():
    @respond_with()
    def view(request):
        return EventSourceResponse(lambda last_id: iter([f"after {last_id}"]))

    assert b"data: after 7\n" in asked(view, headers={"last-event-id": "7"}).data


# Connections


def connected():
    """Return the connection of this thread or greenlet, open."""
    connection.ensure_connection()
    return connections["default"]


def test_a_stream_in_the_thread_of_the_request_uses_its_connection_and_leaves_it():
    seen = []

    def steps():
        seen.append(connected())
        yield "a"

    def view(request):
        seen.append(connected())
        return StreamingResponse(steps())

    asked(view)
    assert seen[0] is seen[1]
    assert seen[0].connection is not None


def test_a_stream_in_a_greenlet_of_its_own_closes_its_connection():
    with greenlets_as_threads():
        seen = []

        def steps():
            seen.append(connected())
            yield "a"
            yield "b"

        asked_in_greenlet(lambda request: StreamingResponse(steps()))
        (used,) = seen
        assert used.connection is None


def test_an_event_stream_in_a_thread_of_its_own_closes_its_connection():
    seen = []

    def steps():
        seen.append((threading.get_ident(), connected()))
        yield "a"

    asked(lambda request: EventSourceResponse(steps()))
    ((thread, used),) = seen
    assert thread != threading.get_ident()
    assert used.connection is None


def test_the_queries_of_an_asynchronous_stream_are_made_in_the_thread_of_the_request():
    seen = []

    async def steps():
        seen.append(await sync_to_async(connected)())
        yield "a"
        seen.append(await sync_to_async(connected)())
        yield "b"

    def view(request):
        seen.append(connected())
        return StreamingResponse(steps())

    assert asked(view).data == b"ab"
    assert seen[0] is seen[1] is seen[2]
    assert seen[0].connection is not None


def test_the_queries_of_an_asynchronous_stream_of_a_greenlet_leave_no_connection():
    with greenlets_as_threads():
        seen = []

        async def steps():
            seen.append(await sync_to_async(connected)())
            yield "a"
            seen.append(await sync_to_async(connected)())

        asked_in_greenlet(lambda request: StreamingResponse(steps()))
        first, second = seen
        assert first is second
        assert first.connection is None


def test_an_error_of_a_query_is_raised_where_it_was_made():
    async def steps():
        try:
            await sync_to_async(fail)()
        except LookupError as error:
            yield str(error)

    assert asked(lambda request: StreamingResponse(steps())).data == b"no"


def fail():
    raise LookupError("no")
