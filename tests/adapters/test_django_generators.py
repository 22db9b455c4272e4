"""Generator functions as views of Django's: decorated, as methods of a class, and views that Django cannot remember."""

from __future__ import annotations

import asyncio
import dataclasses
import functools

import pytest
from asgiref.sync import iscoroutinefunction, sync_to_async
from django.db import connection, connections
from django.http import HttpResponse
from django.test import AsyncClient, Client
from django.utils.decorators import sync_and_async_middleware
from django.views import View
from django.views.decorators.http import require_POST
from django_apps import OURS, asked, asked_later, project

from wsgiresp import HTTPException, Response


def decorated(do):
    """Return a generator view behind a decorator that calls *do* first, and answers by what that returns, if any."""

    def letters(request):
        yield "a"
        yield "b"

    @functools.wraps(letters)
    def view(request):
        return do() or letters(request)

    return view


def fail(error):
    raise error


def asked_by_loop(view):
    """Return the status of the answer of a project of *view* under ASGI."""

    async def visit():
        with project({"": view}):
            answer = await AsyncClient(raise_request_exception=False).get("/")
            await sync_to_async(connections.close_all)()
            return answer.status_code

    return asyncio.run(visit())


@pytest.mark.parametrize(
    ("do", "status"),
    [
        pytest.param(lambda: None, 200, id="lets it pass"),
        pytest.param(lambda: HttpResponse(status=403), 403, id="answers by itself"),
        pytest.param(lambda: fail(HTTPException(401)), 401, id="raises an HTTPException"),
        pytest.param(lambda: connection.ensure_connection(), 200, id="uses the database"),
    ],
)
@pytest.mark.parametrize("is_asgi", [False, True], ids=["WSGI", "ASGI"])
def test_a_decorator_of_a_generator_view(do, status, is_asgi):
    view = decorated(do)
    if is_asgi:
        assert asked_by_loop(view) == status
    else:
        assert asked(view, raise_request_exception=False).status_code == status


def test_djangos_own_decorator_refuses_a_request_for_a_generator_view():
    assert asked(require_POST(decorated(lambda: None))).status_code == 405


@pytest.mark.parametrize(
    "middleware",
    [
        pytest.param([OURS, "django_apps.Refusing", OURS], id="between two"),
        pytest.param([OURS, "django_apps.Refusing"], id="behind it"),
        pytest.param([OURS, f"{__name__}.wrapping"], id="that wraps what is in it"),
        pytest.param([OURS, f"{__name__}.wrapping", OURS], id="that wraps it, between two"),
    ],
)
@pytest.mark.parametrize("is_asgi", [False, True], ids=["WSGI", "ASGI"])
def test_a_middleware_may_answer_instead_of_a_generator_view(middleware, is_asgi):
    view = decorated(lambda: None)
    answer = asyncio.run(asked_later(view, middleware=middleware)) if is_asgi else asked(view, middleware=middleware)
    assert answer.status_code == 403


@sync_and_async_middleware
def wrapping(get_response):
    """Return a middleware that refuses all requests, and has the name and the attributes of what is in it."""

    async def later(request):
        return await get_response(request)

    def now(request):
        return get_response(request)

    middleware = functools.wraps(get_response)(later if iscoroutinefunction(get_response) else now)
    middleware.process_view = lambda *_: HttpResponse(status=403)
    return middleware


def test_a_generator_view_has_csrf_protection():
    middleware = [OURS, "django.middleware.csrf.CsrfViewMiddleware", OURS]
    with project(decorated(lambda: None), middleware=middleware):
        assert Client(enforce_csrf_checks=True).post("/").status_code == 403


def test_a_generator_view_that_returns_nothing_is_reported():
    @functools.wraps(decorated(bool))
    def view(request):
        return None

    with pytest.raises(ValueError, match="returned None"):
        asked(view)


def test_a_coroutine_function_around_a_generator_function_is_awaited():
    @functools.wraps(decorated(bool))
    async def view(request):
        return Response("awaited")

    assert asked(view).data == b"awaited"


class Generating(View):
    """A view of a class, two methods of which are generator functions."""

    def get(self, request, word="", *, response: Response):
        response.headers["X-A"] = "1"
        yield "got "
        yield word

    def post(self, request, word=""):
        raise HTTPException(409)
        yield "a"

    def put(self, request, word=""):
        return Response("put")


@pytest.mark.parametrize(
    ("method", "status", "data"),
    [("GET", 200, b"got it"), ("HEAD", 200, b""), ("POST", 409, b'{"detail":"Conflict"}'), ("PUT", 200, b"put")],
)
def test_a_method_of_a_class_may_be_a_generator_view(method, status, data):
    answer = asked({"<word>": Generating.as_view()}, "/it", method=method)
    assert (answer.status_code, answer.data) == (status, data)


@dataclasses.dataclass
class WithoutHash:
    """A view that is an object."""

    word: str = "a"

    def __call__(self, request, response: Response):
        response.status_code = 201
        return {"word": self.word}


class WithoutReference:
    """A view of which there is no weak reference."""

    __slots__ = ()

    def __call__(self, request, response: Response):
        response.status_code = 201
        return {"word": "a"}


@pytest.mark.parametrize("kind", [WithoutHash, WithoutReference])
def test_any_object_may_be_a_view(kind):
    answer = asked(kind())
    assert (answer.status_code, answer.json()) == (201, {"word": "a"})
