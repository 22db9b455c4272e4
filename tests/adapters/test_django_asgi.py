"""Views under ASGI: what they may return and raise, and what they are given."""

from __future__ import annotations

import asyncio

import pytest
from django.http import HttpResponse
from django.test import AsyncClient
from django_apps import asked_later, project, run

from wsgiresp import BackgroundTasks, HTTPException, Response
from wsgiresp.responses import BackgroundTask, EventSourceResponse, JSONResponse, StreamingResponse


@pytest.mark.parametrize("is_async", [False, True], ids=["synchronous content", "asynchronous content"])
@pytest.mark.parametrize(
    ("error", "status"), [(HTTPException(409), 409), (LookupError(), 500)], ids=["an HTTPException", "any other"]
)
@pytest.mark.parametrize("shape", ["a response", "a tuple", "a generator view"])
def test_an_error_before_the_first_chunk_is_one_of_the_view(is_async, error, status, shape):
    def sync_steps(request=None):
        raise error
        yield "a"

    async def async_steps(request=None):
        raise error
        yield "a"

    steps = async_steps if is_async else sync_steps
    if shape == "a response":
        view = lambda request: StreamingResponse(steps())  # noqa: E731
    elif shape == "a tuple":
        view = lambda request: (steps(), 202)  # noqa: E731
    else:
        view = steps

    async def visit():
        with project({"": view}):
            return await AsyncClient(raise_request_exception=False).get("/")

    assert run(visit()).status_code == status


def test_head_starts_no_stream():
    begun = []

    def steps():
        begun.append(1)
        yield "a"

    answer = run(asked_later(lambda request: StreamingResponse(steps()), method="HEAD"))
    assert (answer.status_code, answer.data, begun) == (200, b"", [])


def test_asynchronous_events_of_a_callable_are_stepped_by_the_loop():
    seen = []

    async def events(last_id):
        seen.append(asyncio.get_running_loop())
        yield f"after {last_id}"

    async def visit():
        answer = await asked_later(lambda request: EventSourceResponse(events), headers={"last-event-id": "7"})
        return answer.data, asyncio.get_running_loop()

    data, loop = run(visit())
    assert b"data: after 7\n" in data
    assert seen == [loop]


def test_an_async_view_gets_the_objects_of_its_annotations():
    ran = []

    async def view(request, response: Response, tasks: BackgroundTasks):
        response.status_code = 201
        tasks.add_task(ran.append, 1)
        return {"a": 1}

    async def native(request, response: Response):
        response.headers["X-A"] = "1"
        return HttpResponse("a")

    answer = run(asked_later(view))
    assert (answer.status_code, answer.json(), ran) == (201, {"a": 1}, [1])
    assert run(asked_later(native)).headers["X-A"] == "1"


def test_an_exception_of_an_async_view_is_an_answer():
    async def view(request):
        raise HTTPException(404)

    assert run(asked_later(view)).json() == {"detail": "Not Found"}


def test_a_generator_may_be_the_view():
    def view(request):
        yield "a"
        yield "b"

    assert run(asked_later(view)).data == b"ab"


def test_a_document_comes_from_an_async_view():
    async def view(request):
        return {"a": 1}

    assert run(asked_later(view)).json() == {"a": 1}


def test_a_response_is_closed_with_the_request():
    ran = []
    answer = run(asked_later(lambda request: JSONResponse({}, background=BackgroundTask(ran.append, 1))))
    assert (answer.status_code, ran) == (200, [1])
