"""What decorators and middleware of Django's ask of our responses, and leave on them."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.test import AsyncClient, Client
from django.views.decorators import csrf, http
from django_apps import OURS, asked, project
from django_middleware import ours_and

from wsgiresp.responses import BackgroundTask, JSONResponse, Response


@pytest.mark.parametrize(
    "middleware", [ours_and("ConditionalGetMiddleware"), [OURS]], ids=["a middleware", "a decorator"]
)
def test_a_response_that_is_not_modified_is_not_sent_again(middleware):
    ran = []

    def view(request):
        return JSONResponse({}, background=BackgroundTask(ran.append, 1))

    view = http.conditional_page(view) if middleware == [OURS] else view
    etag = asked(view, middleware=middleware).headers["ETag"]
    answer = asked(view, middleware=middleware, headers={"if-none-match": etag})
    assert (answer.status_code, answer.data) == (304, b"")
    assert ran == [1, 1]


def test_a_session_is_saved():
    def view(request):
        request.session["a"] = 1
        return JSONResponse({})

    assert "sessionid" in asked(view, middleware=ours_and("SessionMiddleware")).cookies


def test_a_token_is_sent():
    def view(request):
        get_token(request)
        return JSONResponse({})

    assert "csrftoken" in asked(view, middleware=ours_and("CsrfViewMiddleware")).cookies


def test_attributes_set_by_a_decorator_are_copied():
    def decorate(view):
        def decorated(request):
            response = view(request)
            response.own = 1
            del response["X-A"]
            response.setdefault("X-B", "2")
            assert response.has_header("X-B")
            assert "x-b" in response
            return response

        return decorated

    answer = asked(decorate(lambda request: Response("a", headers={"X-A": "1"})))
    assert (answer.own, answer.headers.get("X-A"), answer.headers["X-B"]) == (1, None, "2")


def test_a_callback_may_return_another_response():
    def view(request):
        response = Response("a")
        response.add_post_render_callback(lambda made: HttpResponse("another"))
        return response

    assert asked(view).data == b"another"


# What a decorator leaves for later is for its own request, also of a response that answers two at once


def test_two_threads_get_a_cookie_each_with_the_same_response():
    constant, both_are_here = Response("a"), threading.Barrier(2)

    def view(request):
        response = csrf.ensure_csrf_cookie(lambda request: constant)(request)
        both_are_here.wait(10)
        return response

    with project(view), ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda client: client.get("/"), [Client(), Client()]))
    assert [list(answer.cookies) for answer in answers] == [["csrftoken"]] * 2


def test_two_tasks_get_a_cookie_each_with_the_same_response():
    constant = Response("a")

    async def both():
        both_are_here = asyncio.Barrier(2)

        @csrf.ensure_csrf_cookie
        async def inner(request):
            return constant

        async def view(request):
            response = await inner(request)
            await asyncio.wait_for(both_are_here.wait(), 10)
            return response

        with project(view):
            return await asyncio.gather(AsyncClient().get("/"), AsyncClient().get("/"))

    assert [list(answer.cookies) for answer in asyncio.run(both())] == [["csrftoken"]] * 2


def test_a_middleware_may_answer_by_a_view_that_is_decorated():
    assert asked(lambda request: None, middleware=[f"{__name__}.Viewing", OURS]).headers["X-A"] == "1"


class Viewing:
    """A middleware that answers in place of each view, by one of its own that leaves a callback."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return contextvars.Context().run(self.get_response, request)

    def process_view(self, request, *_):
        response = Response("a")
        response.add_post_render_callback(lambda made: made.headers.setdefault("X-A", "1"))
        return response


def test_the_middleware_may_be_there_twice():
    assert asked(lambda request: JSONResponse({}), middleware=[OURS, OURS]).json() == {}


def test_a_second_middleware_converts_responses_that_middleware_returns():
    answer = asked(lambda request: JSONResponse({}), middleware=[OURS, "django_apps.Answering", OURS])
    assert answer.json() == {"by": "a middleware"}
