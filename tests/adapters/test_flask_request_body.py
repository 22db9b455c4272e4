"""The body of a request to Flask is read in its greenlet or thread, for async views, hooks, sources and tasks."""

from __future__ import annotations

import asyncio
import threading

import flask
import pytest
from flask_apps import application
from greenlet import getcurrent
from request_inputs import NotedInput
from runtime.runners import everywhere, wait_until

from wsgiresp import BackgroundTask
from wsgiresp._runtime.greenlet_coroutine import may_block
from wsgiresp.responses import JSONResponse, PlainTextResponse, StreamingResponse

JSON = b'{"parts": [3, 4, 5]}'
FORM = b'--part\r\nContent-Disposition: form-data; name="a"; filename="a.txt"\r\n\r\ntext\r\n--part--\r\n'


@pytest.fixture
def app():
    return application()


def post(app, content=JSON, content_type="application/json", *, is_stream=False):
    """Return the answer to a POST, after it was checked that this greenlet alone has read its body.

    The body of a stream is read by a greenlet beside that of the reader, in its thread.
    """
    stream = NotedInput(content)
    length = str(len(content))
    with app.test_client() as client:
        answer = client.post("/", input_stream=stream, content_type=content_type, headers={"Content-Length": length})
        answer.get_data()
        answer.close()
    readers = {thread for thread, _ in stream.readers} if is_stream else set(stream.readers)
    assert readers == {threading.get_ident() if is_stream else (threading.get_ident(), getcurrent())}
    return answer


@everywhere
def test_an_async_view_reads_json(app, run):
    @app.post("/")
    async def view():
        return JSONResponse(flask.request.get_json())

    assert run(post, app).json == {"parts": [3, 4, 5]}


@everywhere
def test_an_async_view_reads_an_uploaded_file(app, run):
    @app.post("/")
    async def view():
        return PlainTextResponse(flask.request.files["a"].read())

    assert run(post, app, FORM, "multipart/form-data; boundary=part").text == "text"


def test_an_async_view_reads_a_stream_that_a_hook_has_begun(app):
    @app.before_request
    def begin():
        flask.g.start = flask.request.stream.read(4)

    @app.post("/")
    async def view():
        return PlainTextResponse(flask.g.start + await asyncio.to_thread(flask.request.stream.read))

    assert post(app).data == JSON


def test_an_async_hook_reads_the_body(app):
    @app.before_request
    async def read():
        flask.g.parts = flask.request.json["parts"]

    @app.post("/")
    def view():
        return JSONResponse(flask.g.parts)

    assert post(app).json == [3, 4, 5]


def test_a_child_task_of_an_async_view_reads_the_body(app):
    async def read():
        return flask.request.get_json()

    @app.post("/")
    async def view():
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(read())
        return JSONResponse(reading.result())

    assert post(app).json == {"parts": [3, 4, 5]}


def test_a_body_that_is_too_long_is_413(app):
    app.config["MAX_CONTENT_LENGTH"] = 5

    @app.post("/")
    async def view():
        return JSONResponse(flask.request.get_json())

    assert app.test_client().post("/", data=JSON, content_type="application/json").status_code == 413


@everywhere
def test_an_async_source_reads_the_body(app, run):
    @app.post("/")
    def view():
        async def content():
            yield flask.request.stream.read(4)
            await asyncio.sleep(0)
            yield flask.request.stream.read()

        return StreamingResponse(content())

    assert run(post, app, is_stream=True).data == JSON


@everywhere
def test_an_async_task_that_was_given_the_stream_reads_the_body(app, run):
    seen = []

    async def task(stream):
        seen.append(stream.read())

    @app.post("/")
    def view():
        return PlainTextResponse("ok", background=BackgroundTask(task, flask.request.stream))

    def ask():
        with app.test_client() as client:
            client.post("/", data=JSON).close()

    run(ask)
    wait_until(lambda: seen)
    assert seen == [JSON]


def test_the_context_of_the_caller_does_not_keep_that_its_tasks_may_block(app):
    @app.post("/")
    async def view():
        return PlainTextResponse(str(bool(may_block.get()())))

    assert app.test_client().post("/", data=JSON).text == "True"
    assert app.test_client().post("/").text == "False"
    assert not may_block.get()()


def test_a_coroutine_outside_of_a_request_is_run(app):
    async def command():
        return "done"

    with app.app_context():
        assert app.ensure_sync(command)() == "done"
