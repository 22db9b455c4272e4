"""``Responses(app, around=...)``: around streamed content and background tasks, inside of Flask's contexts."""

from __future__ import annotations

import contextlib
import contextvars

import flask
import pytest
from around_recorders import SURROUNDED, Recorder
from runtime.runners import everywhere, wait_until

from wsgiresp.adapters.flask import Responses
from wsgiresp.responses import BackgroundTask, JSONResponse, StreamingResponse

chosen = contextvars.ContextVar("chosen")


def application(view, around):
    app = flask.Flask(__name__)
    Responses(app, around=around)
    app.add_url_rule("/<name>", view_func=view)
    return app


@everywhere
def test_a_stream_and_its_task_are_inside(run):
    recorder = Recorder()

    def view(name):
        return StreamingResponse(recorder.chunks(), background=BackgroundTask(recorder.step, "task"))

    def ask():
        with application(view, recorder.blocking).test_client().get("/a") as answer:
            return answer.data

    assert run(ask) == b"chunk"
    wait_until(lambda: len(recorder.words) >= 6)
    assert recorder.words == SURROUNDED


def test_an_asynchronous_stream_and_task_take_an_asynchronous_context_manager():
    recorder = Recorder()

    def view(name):
        return StreamingResponse(recorder.async_chunks(), background=BackgroundTask(recorder.async_task))

    with application(view, recorder.asynchronous).test_client().get("/a") as answer:
        assert answer.data == b"chunk"
    wait_until(lambda: len(recorder.words) >= 6)
    assert recorder.words == SURROUNDED


def test_the_task_of_a_known_body_is_inside():
    recorder = Recorder()

    def view(name):
        return JSONResponse(1, background=BackgroundTask(recorder.step, "task"))

    with application(view, recorder.blocking).test_client().get("/a"):
        pass
    assert recorder.words == ["in", "task", "/in"]


def test_it_is_called_in_the_contexts_of_the_view_and_of_flask():
    seen = []

    @contextlib.contextmanager
    def around():
        seen.append((chosen.get(), flask.request.path, flask.current_app.name))
        yield

    def view(name):
        chosen.set(name)
        return StreamingResponse([b"a"])

    with application(view, around).test_client().get("/b") as answer:
        assert answer.data == b"a"
    assert seen == [("b", "/b", __name__)]


def test_around_a_task_it_is_called_in_the_context_of_the_view_and_of_the_application():
    seen = []

    @contextlib.contextmanager
    def around():
        seen.append((chosen.get(), flask.current_app.name))
        yield

    def view(name):
        chosen.set(name)
        return JSONResponse(1, background=BackgroundTask(dict))

    with application(view, around).test_client().get("/b"):
        pass
    assert seen == [("b", __name__)]


def test_that_of_the_response_is_inside_of_it():
    words = []
    outer, inner = Recorder("outer", words), Recorder("inner", words)

    class Inner(StreamingResponse):
        around = inner.blocking

    def view(name):
        return Inner(iter([b"a"]), background=BackgroundTask(words.append, "task"))

    with application(view, outer.blocking).test_client().get("/a") as answer:
        assert answer.data == b"a"
    once = ["outer", "inner", "/inner", "/outer"]
    assert words == [*once, *once[:2], "task", *once[2:]]


def test_its_error_before_the_first_chunk_is_one_of_the_view():
    @contextlib.contextmanager
    def around():
        raise LookupError("no tenant")
        yield

    app = application(lambda name: StreamingResponse([b"a"]), around)
    app.register_error_handler(LookupError, lambda error: (str(error), 404))
    assert app.test_client().get("/a").status_code == 404


def test_what_is_not_callable_is_refused():
    with pytest.raises(
        TypeError, match=r"around must be a callable that returns a context manager, or None, got 'a\.b'"
    ):
        Responses(around="a.b")


def test_an_application_that_has_the_extension_takes_it_over():
    recorder = Recorder()
    app = application(lambda name: StreamingResponse(recorder.chunks()), None)
    Responses(app, around=recorder.blocking)
    Responses(app)
    with app.test_client().get("/a") as answer:
        assert answer.data == b"chunk"
    assert recorder.words == ["in", "chunk", "/in"]
