"""What becomes a stream: generators as views and in tuples, by the class that is declared, and templates."""

from __future__ import annotations

import flask
import pytest
from flask_apps import application, returning, with_word

from wsgiresp import Response, respond_with
from wsgiresp.adapters.flask import Blueprint
from wsgiresp.responses import EventSourceResponse, JSONLinesResponse, JSONResponse


@pytest.fixture
def app():
    return with_word()


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_generator_may_be_the_view(app, kind):
    @app.get("/sync")
    def sync():
        yield flask.request.args["a"]
        yield flask.g.word

    @app.get("/async")
    async def later():
        yield flask.request.args["a"]
        yield flask.g.word

    with app.test_client().get(f"/{kind}?a=1") as answer:
        assert (answer.data, answer.headers["Content-Type"]) == (b"1g", "text/html; charset=utf-8")


def test_a_generator_in_a_tuple_is_a_stream(app):
    def steps():
        yield flask.g.word

    with returning(app, lambda: (steps(), 202, {"X-A": "1"})).get("/") as answer:
        assert (answer.data, answer.status_code, answer.headers["X-A"]) == (b"g", 202, "1")


def test_a_generator_is_of_the_default_class_where_that_streams():
    app = application()
    lines = Blueprint("lines", __name__, default_response_class=JSONLinesResponse)

    @lines.get("/")
    def view():
        yield {"a": 1}

    @lines.get("/document")
    def document():
        return {"a": 1}

    app.register_blueprint(lines)
    with app.test_client().get("/") as answer:
        assert (answer.mimetype, answer.data) == ("application/jsonl", b'{"a":1}\n')
    assert app.test_client().get("/document").json == {"a": 1}


@pytest.mark.parametrize("default", [JSONResponse, None])
def test_a_generator_is_text_for_other_classes(default):
    with returning(application(default), lambda: iter(["a"])).get("/") as answer:
        assert (answer.mimetype, answer.data) == ("text/html", b"a")


def test_respond_with_streams_by_its_class(app):
    @app.get("/")
    @respond_with(EventSourceResponse)
    def view(response: Response):
        yield {"event": "word", "data": flask.g.word}

    with app.test_client().get("/") as answer:
        assert answer.mimetype == "text/event-stream"
        assert "event: word\ndata: g\n" in answer.text


def test_a_template_is_streamed(app):
    app.jinja_env.globals["word"] = "jinja"
    template = "{{ word }} {{ request.path }} {{ g.word }}"
    with returning(app, lambda: flask.stream_template_string(template)).get("/") as answer:
        assert (answer.text, answer.mimetype) == ("jinja / g", "text/html")
