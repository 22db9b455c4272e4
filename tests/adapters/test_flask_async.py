"""Async views run on one loop, in a thread of its own, whatever the worker is."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import flask
import gevent
import pytest
from flask_apps import application

from wsgiresp import HTTPException, respond_with
from wsgiresp._runtime.waiting_executor import current_executor
from wsgiresp.adapters.flask import Responses
from wsgiresp.responses import HTMLResponse, JSONResponse

NAME = contextvars.ContextVar("name", default="none")


@pytest.fixture
def app():
    return application()


def test_an_async_view_answers(app):
    @app.get("/")
    async def view():
        await asyncio.sleep(0)
        return JSONResponse({"path": flask.request.path})

    assert app.test_client().get("/").json == {"path": "/"}


def test_there_is_no_current_executor_after_an_async_view(app):
    @app.get("/")
    async def view():
        return JSONResponse(current_executor.get() is not None)

    assert app.test_client().get("/").json is True
    assert current_executor.get() is None


def test_an_async_view_sees_the_context_of_the_request(app):
    @app.before_request
    def set_name():
        NAME.set("before")

    @app.get("/")
    async def view():
        flask.session["name"] = NAME.get()
        return JSONResponse(NAME.get())

    answer = app.test_client().get("/")
    assert (answer.json, "Set-Cookie" in answer.headers) == ("before", True)


def test_context_variables_set_by_an_async_hook_are_seen_later_in_the_request(app):
    @app.before_request
    async def set_name():
        NAME.set("hook")

    @app.after_request
    def tell_name(response):
        response.headers["X-Name"] = NAME.get()
        return response

    @app.get("/")
    def view():
        return JSONResponse(NAME.get())

    answer = contextvars.copy_context().run(app.test_client().get, "/")
    assert (answer.json, answer.headers["X-Name"]) == ("hook", "hook")


def test_context_variables_set_by_a_failing_async_view_are_seen_by_the_handler(app):
    @app.errorhandler(LookupError)
    def on_error(error):
        return NAME.get()

    @app.get("/")
    async def view():
        NAME.set("view")
        raise LookupError

    assert contextvars.copy_context().run(app.test_client().get, "/").text == "view"


def test_an_error_of_an_async_view_is_handled(app):
    @app.get("/")
    async def view():
        await asyncio.sleep(0)
        raise HTTPException(409)

    assert app.test_client().get("/").status_code == 409


def test_respond_with_decorates_an_async_view(app):
    @app.get("/")
    @respond_with(HTMLResponse)
    async def view():
        return "<p>"

    assert app.test_client().get("/").mimetype == "text/html"


def test_all_async_views_run_on_one_loop(app):
    loops = []

    @app.get("/")
    async def view():
        loops.append((asyncio.get_running_loop(), threading.get_ident()))
        return "text"

    for _ in range(2):
        app.test_client().get("/")
    assert len(set(loops)) == 1


def test_four_async_views_run_at_once_in_greenlets(app):
    here = []

    @app.get("/")
    async def view():
        here.append(1)
        while len(here) < 4:
            await asyncio.sleep(0)
        return "text"

    greenlets = [gevent.spawn(lambda: app.test_client().get("/").status_code) for _ in range(4)]
    gevent.joinall(greenlets, timeout=10)
    assert [greenlet.value for greenlet in greenlets] == [200] * 4


def test_a_running_loop_in_the_thread_raises_an_error(app):
    async def function(): ...

    async def inside():
        app.ensure_sync(function)()

    with pytest.raises(RuntimeError, match="must be awaited here"):
        asyncio.run(inside())


def test_an_overridden_async_to_sync_of_the_application_is_kept():
    class Own(flask.Flask):
        def async_to_sync(self, function):
            return lambda: "own way"

    app = Own("own")
    Responses(app)

    async def view(): ...

    app.add_url_rule("/", view_func=view)
    assert app.test_client().get("/").text == "own way"
