"""Async views under a hub: any number of them at once, where Django alone answers one and fails the others."""

from __future__ import annotations

import asyncio

import gevent
import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection, connections
from django.http import HttpResponse
from django.template.response import SimpleTemplateResponse
from django.utils import translation
from django_apps import OURS, Client, asked_in_greenlet, greenlets_as_threads, in_greenlets, project, read

from wsgiresp import HTTPException, Response
from wsgiresp.adapters._django.thread_sensitive import _WaitingThreadExecutor
from wsgiresp.responses import JSONResponse, StreamingResponse


@pytest.fixture(autouse=True)
def nothing_is_left_set():
    yield
    translation.deactivate_all()
    connections.close_all()


def test_many_async_views_answer_at_once():
    arrived = []

    async def view(request):
        arrived.append(1)
        while len(arrived) < 20:
            await asyncio.sleep(0.001)
        return JSONResponse(len(arrived))

    with project(view):
        answers = in_greenlets(*[lambda: Client().get("/").status_code] * 20)
    assert answers == [200] * 20


def test_an_async_view_has_the_thread_locals_of_its_request():
    async def view(request, response: Response):
        response.headers["X-A"] = "1"
        return {"language": translation.get_language()}

    middleware = ["django.middleware.locale.LocaleMiddleware", OURS]
    answer = asked_in_greenlet(view, middleware=middleware, headers={"accept-language": "de"})
    assert (answer.json(), answer.headers["X-A"]) == ({"language": "de"}, "1")


def test_the_queries_of_an_async_view_use_the_connection_of_its_request():
    with greenlets_as_threads():
        seen = []

        def connected():
            connection.ensure_connection()
            seen.append((gevent.getcurrent(), connections["default"]))

        async def view(request):
            await sync_to_async(connected)()
            return JSONResponse({})

        def ask():
            connected()
            return Client().get("/")

        with project(view):
            in_greenlets(ask)
        (first, before), (second, used) = seen
        assert first is second
        assert before is used


@pytest.mark.parametrize(
    ("error", "status"),
    [(HTTPException(404), 404), (LookupError(), 500)],
    ids=["an HTTPException", "any other"],
)
def test_an_error_of_an_async_view_is_handled_as_that_of_a_view(error, status):
    async def view(request):
        raise error

    assert asked_in_greenlet(view, raise_request_exception=False).status_code == status


def test_an_async_view_that_returns_nothing_is_reported():
    async def view(request):
        return None

    with pytest.raises(ValueError, match="view returned None"):
        asked_in_greenlet(view)


@pytest.mark.parametrize(
    ("made", "data"),
    [
        pytest.param(lambda: HttpResponse("a"), b"a", id="Django's"),
        pytest.param(lambda: StreamingResponse(iter(["a", "b"])), b"ab", id="a stream"),
        pytest.param(dict, b"{}", id="an empty document"),
    ],
)
def test_an_async_view_may_return_what_other_views_may(made, data):
    async def view(request):
        return made()

    assert asked_in_greenlet(view).data == data


def test_a_template_response_of_an_async_view_is_rendered():
    class Ready(SimpleTemplateResponse):
        @property
        def rendered_content(self):
            return "rendered"

    async def view(request):
        return Ready("unused")

    assert asked_in_greenlet(view).data == b"rendered"


def test_an_async_view_in_a_transaction_is_djangos_own_error():
    async def view(request):
        return JSONResponse({})

    connections.settings["default"]["ATOMIC_REQUESTS"] = True
    try:
        with pytest.raises(RuntimeError, match="ATOMIC_REQUESTS"):
            asked_in_greenlet(view)
    finally:
        connections.settings["default"]["ATOMIC_REQUESTS"] = False


@pytest.mark.parametrize("last", [[], [OURS]], ids=["behind it", "between two"])
def test_a_view_is_not_called_before_later_middleware(last):
    async def view(request):
        raise AssertionError("it was to be refused")

    answer = asked_in_greenlet(view, middleware=[OURS, "django_apps.Refusing", *last])
    assert answer.status_code == 403


def test_a_call_that_is_no_longer_waited_for_is_not_made():
    class Busy:
        """One who waits for a coroutine and has something else to do first."""

        def __init__(self):
            self.calls = []

        def submit(self, function):
            self.calls.append(function)

    busy = Busy()
    future = _WaitingThreadExecutor(busy).submit(pytest.fail, "it was cancelled")
    future.cancel()
    (later,) = busy.calls
    later()
    assert future.cancelled()


def test_a_later_await_in_the_thread_of_a_call_runs_on_its_own_loop():
    seen = []

    async def steps():
        yield await sync_to_async(str)("a")
        seen.append(asyncio.get_running_loop())

    async def later():
        seen.append(asyncio.get_running_loop())

    with project(lambda request: StreamingResponse(steps())):
        assert read(Client().get("/")).data == b"a"
    async_to_sync(later)()
    assert seen[0] is not seen[1]
