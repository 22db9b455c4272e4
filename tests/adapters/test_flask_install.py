"""The extension by the book: several applications, several extensions, and no application that cannot be let go."""

from __future__ import annotations

import gc
import weakref

import flask
import pytest
from flask_apps import application, returning
from runtime.runners import run_others

from wsgiresp._views import coercion
from wsgiresp.adapters.flask import Responses, install
from wsgiresp.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, StreamingResponse


@pytest.mark.parametrize(
    "returned",
    [
        lambda: "text",
        lambda: JSONResponse({}),
        lambda: JSONResponse({}, background=dict),
        lambda: FileResponse(__file__),
        lambda: StreamingResponse(iter(["a"])),
    ],
    ids=["text", "a known body", "a task", "a file", "a stream"],
)
def test_an_unreferenced_application_is_freed_at_once(returned):
    gc.collect()
    gc.disable()
    try:
        app = application()
        with returning(app, returned).get("/"):
            pass
        run_others()  # the greenlet of the stream has its own end
        known = weakref.ref(app)
        del app
        assert known() is None
    finally:
        gc.enable()


def test_one_extension_serves_several_applications():
    responses = Responses(default_response_class=HTMLResponse)
    apps = [flask.Flask("a"), flask.Flask("b")]
    for app in apps:
        responses.init_app(app)
    assert [returning(app, lambda: "<p>").get("/").data for app in apps] == [b"<p>", b"<p>"]


def test_a_second_extension_changes_the_default_class_alone():
    app = application()
    made = app.make_response
    Responses(app)
    Responses(app, default_response_class=PlainTextResponse)
    Responses(app)
    assert app.make_response == made
    assert returning(app, lambda: "text").get("/").mimetype == "text/plain"


def test_methods_of_a_subclass_of_flask_are_called():
    class Own(flask.Flask):
        def make_response(self, rv):
            response = super().make_response(rv)
            response.headers["X-Own"] = "1"
            return response

    app = Own("own")
    Responses(app)
    assert returning(app, lambda: JSONResponse({})).get("/").headers["X-Own"] == "1"


def test_methods_replaced_on_the_application_are_called():
    app = flask.Flask("own")
    make = app.make_response

    def make_response(rv):
        response = make(rv)
        response.headers["X-Own"] = "1"
        return response

    app.make_response = make_response
    Responses(app)
    assert returning(app, lambda: JSONResponse({})).get("/").headers["X-Own"] == "1"


def test_a_second_install_into_the_process_changes_nothing():
    before = list(coercion._finders)
    install()
    assert coercion._finders == before
