"""Under ASGI asynchronous content may query the database, whoever waits for it."""

from __future__ import annotations

import asyncio

import pytest
from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.db import connections
from django.test import SimpleTestCase
from django_apps import OURS, asked_later, run

from wsgiresp.responses import StreamingResponse


@pytest.fixture(autouse=True)
def no_connection_is_left():
    yield
    connections.close_all()


@sync_to_async
def query():
    with connections["default"].cursor() as cursor:
        return str(cursor.execute("SELECT 7").fetchone()[0])


async def queries():
    yield await query()
    await asyncio.sleep(0)
    yield await query()
    await sync_to_async(connections.close_all)()


class Synchronous:
    """A middleware that has no asynchronous side, so that a thread waits in it for what is inside."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)


SYNCHRONOUS = f"{__name__}.Synchronous"


@pytest.mark.parametrize(
    "middleware",
    [[OURS], [SYNCHRONOUS, OURS], [SYNCHRONOUS, SYNCHRONOUS, OURS], [OURS, SYNCHRONOUS, OURS]],
    ids=["alone", "in a middleware that waits", "in two", "between"],
)
@pytest.mark.parametrize("place", ["test", "server"])
@pytest.mark.parametrize("shape", ["response", "tuple"])
def test_asynchronous_content_may_query_the_database(middleware, place, shape):
    def view(request):
        return StreamingResponse(queries()) if shape == "response" else (queries(), 200)

    async def visit():
        if place == "test":
            return await asked_later(view, middleware=middleware)
        # AsyncClient gives its requests no threads of their own, as Django's handler for servers does.
        async with ThreadSensitiveContext():
            return await asked_later(view, middleware=middleware)

    assert run(visit()).data == b"77"


class TestCaseOfDjangos(SimpleTestCase):
    """Where all of Django's calls are made by the thread of the test."""

    databases = ("default",)

    async def test_asynchronous_content_may_query_the_database(self):
        for middleware in ([OURS], [SYNCHRONOUS, OURS]):
            answer = await asked_later(lambda request: StreamingResponse(queries()), middleware=middleware)
            assert answer.data == b"77"
