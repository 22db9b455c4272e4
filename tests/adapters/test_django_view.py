"""``django_view``: one view as Django knows views, without the middleware."""

from __future__ import annotations

import asyncio

import pytest
from django.db import connection, connections
from django.http import HttpResponse
from django.views import View
from django.views.decorators.cache import never_cache
from django_apps import OURS, asked, asked_later

from wsgiresp import BackgroundTasks, HTTPException, Response, respond_with
from wsgiresp.adapters.django import django_view
from wsgiresp.responses import FileResponse, HTMLResponse, JSONResponse, StreamingResponse

WITHOUT = pytest.mark.parametrize("middleware", [[], [OURS]], ids=["alone", "beside the middleware"])


def answered(view, middleware=(), **options):
    return asked(view, middleware=middleware, **options)


def answered_later(view, middleware=(), **options):
    return asyncio.run(asked_later(view, middleware=middleware, **options))


BOTH = pytest.mark.parametrize("ask", [answered, answered_later], ids=["under WSGI", "under ASGI"])


@BOTH
@WITHOUT
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_a_view_gets_the_objects_of_its_annotations(ask, middleware, is_async):
    ran = []

    @django_view
    def view(request, response: Response, tasks: BackgroundTasks):
        response.status_code = 201
        tasks.add_task(ran.append, 1)
        return {"a": 1}

    @django_view
    async def view_later(request, response: Response, tasks: BackgroundTasks):
        response.status_code = 201
        tasks.add_task(ran.append, 1)
        return {"a": 1}

    answer = ask(view_later if is_async else view, middleware)
    assert (answer.status_code, answer.json(), ran) == (201, {"a": 1}, [1])


@BOTH
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_an_exception_is_an_answer(ask, is_async):
    @django_view
    def view(request):
        raise HTTPException(404)

    @django_view
    async def view_later(request):
        raise HTTPException(404)

    assert ask(view_later if is_async else view).status_code == 404


@pytest.mark.parametrize("content", ["sync", "async"])
def test_an_exception_before_the_first_chunk_is_an_answer(content):
    def steps():
        raise HTTPException(409)
        yield "a"

    async def steps_later():
        raise HTTPException(409)
        yield "a"

    @django_view
    async def view(request):
        return StreamingResponse(steps() if content == "sync" else steps_later())

    assert answered_later(view).status_code == 409


@WITHOUT
def test_a_generator_may_be_the_view(middleware):
    @django_view
    def view(request):
        yield "a"
        yield "b"

    assert answered(view, middleware).data == b"ab"


def test_other_decorators_may_stand_above_it():
    @never_cache
    @django_view
    @respond_with(HTMLResponse)
    def view(request):
        return "<p>"

    answer = answered(view)
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.data == b"<p>"


@WITHOUT
def test_a_class_based_view_can_be_decorated(middleware):
    class Methods(View):
        def get(self, request, response: Response):
            response.headers["X-A"] = "1"
            return FileResponse(__file__)

    answer = answered(django_view(Methods.as_view()), middleware, headers={"range": "bytes=0-1"})
    assert (answer.status_code, answer.headers["X-A"]) == (206, "1")


def test_djangos_own_response_passes():
    assert answered(django_view(lambda request: HttpResponse("a"))).data == b"a"


def test_a_view_that_fails_rolls_its_transaction_back():
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept (word TEXT)")
    connections.settings["default"]["ATOMIC_REQUESTS"] = True

    @django_view
    def view(request):
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO kept VALUES ('a')")
        raise HTTPException(409)

    try:
        assert answered(view).status_code == 409
        with connection.cursor() as cursor:
            assert cursor.execute("SELECT * FROM kept").fetchall() == []
            cursor.execute("DROP TABLE kept")
    finally:
        connections.settings["default"]["ATOMIC_REQUESTS"] = False
        connection.close()


def test_a_view_without_annotations_gets_no_injected_object():
    assert answered(django_view(lambda request: JSONResponse({}))).json() == {}
