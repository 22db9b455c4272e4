"""Streams see the request in every step, keep no context of the view open, and leave none behind."""

from __future__ import annotations

import contextlib

import flask
import gevent
import pytest
from flask_apps import returning, seen_by_hooks, with_word
from werkzeug.test import create_environ

from wsgiresp import HTTPException
from wsgiresp.responses import EventSourceResponse, JSONLinesResponse, JSONResponse, StreamingResponse


@pytest.fixture
def app():
    return with_word()


@pytest.fixture
def order(app):
    """What happened: the ends of the contexts of requests and of applications, and what streams say."""
    said = []
    app.teardown_request(lambda error: said.append("request ends"))
    app.teardown_appcontext(lambda error: said.append("application context ends"))
    return said


def look():
    """Return what a view sees of the contexts."""
    return [flask.request.args["a"], flask.session["name"], flask.g.word, flask.current_app.name]


SEEN = ["1", "session", "g", "tested"]


def sync_steps(said):
    try:
        yield look()
        yield look()
    finally:
        said.append(look())


async def async_steps(said):
    try:
        yield look()
        yield look()
    finally:
        said.append(look())


def with_session(made):
    def view():
        flask.session["name"] = "session"
        return made()

    return view


@pytest.mark.parametrize("steps", [sync_steps, async_steps], ids=["sync", "async"])
@pytest.mark.parametrize("response_class", [JSONLinesResponse, EventSourceResponse])
def test_every_step_and_the_close_see_the_request(app, steps, response_class):
    said = []
    client = returning(app, with_session(lambda: response_class(steps(said))))
    with client.get("/?a=1") as answer:
        assert answer.text.count('["1","session","g","tested"]') == 2
    assert said == [SEEN]


@pytest.mark.parametrize(
    "wrap",
    [
        lambda steps, said: flask.stream_with_context(steps(said)),
        lambda steps, said: flask.stream_with_context(steps)(said),
    ],
    ids=["around the generator", "around the function"],
)
def test_stream_with_context_changes_nothing(app, order, wrap):
    said = []
    client = returning(app, with_session(lambda: JSONLinesResponse(wrap(sync_steps, said))))
    with client.get("/?a=1") as answer:
        assert answer.text.count('["1","session","g","tested"]') == 2
    assert said == [SEEN]
    assert order == ["request ends", "application context ends"] * 2


def test_an_unmodified_application_streams_with_context():
    app = flask.Flask("plain")

    @app.get("/")
    def view():
        @flask.stream_with_context
        def generate():
            yield flask.request.args["a"]
            yield flask.request.args["a"]

        return StreamingResponse(generate())

    with app.test_client().get("/?a=1") as answer:
        assert answer.data == b"11"


@pytest.mark.parametrize("steps", [sync_steps, async_steps], ids=["sync", "async"])
@pytest.mark.parametrize("response_class", [JSONLinesResponse, EventSourceResponse])
def test_an_unmodified_application_streams(steps, response_class):
    app = flask.Flask("tested")
    app.secret_key = "for these tests alone"
    app.before_request(lambda: setattr(flask.g, "word", "g"))
    said = []
    client = returning(app, with_session(lambda: response_class(steps(said))))
    with client.get("/?a=1") as answer:
        assert answer.text.count('["1","session","g","tested"]') == 2
    assert said == [SEEN]


def test_the_context_of_the_view_ends_before_the_stream(app, order):
    def steps():
        order.append("first")
        yield "a"
        order.append("second")
        yield "b"
        order.append("last")

    returning(app, lambda: StreamingResponse(steps(), background=lambda: order.append("task")))
    environ = create_environ("/")
    with contextlib.closing(app(environ, lambda status, headers: None)) as body:
        chunks = iter(body)
        order.append("answered")
        list(chunks)
    assert order[: order.index("answered")] == ["first", "request ends", "application context ends"]
    assert order[order.index("answered") + 1 :] == [
        "second",
        "last",
        "request ends",
        "application context ends",
        "task",
        "application context ends",
    ]


def test_a_stream_shares_g_with_the_view(app):
    def view():
        flask.g.list = ["view"]

        def steps():
            yield str(flask.g.list)

        return StreamingResponse(steps())

    with returning(app, view).get("/") as answer:
        assert answer.data == b"['view']"


@pytest.mark.parametrize("kind", [True, False], ids=["a generator as the view", "a generator that is returned"])
def test_a_hook_for_this_request_may_come_from_before_the_first_chunk(app, kind):
    def rows():
        @flask.after_this_request
        def mark(response):
            response.headers["X-Mark"] = "1"
            return response

        yield "a"

    answer = returning(app, rows if kind else lambda: StreamingResponse(rows())).get("/")
    assert (answer.headers.get("X-Mark"), answer.text) == ("1", "a")


def test_a_stream_makes_urls(app):
    def steps():
        yield flask.url_for("/", a=1)
        yield flask.url_for("/", _external=True)

    with returning(app, lambda: StreamingResponse(steps())).get("/") as answer:
        assert answer.data == b"/?a=1http://localhost/"


def test_view_arguments_removed_by_a_url_preprocessor_stay_removed(app):
    @app.url_value_preprocessor
    def take(endpoint, values):
        flask.g.language = values.pop("language")

    seen = []
    app.after_request(lambda response: seen.append(flask.request.view_args) or response)

    def steps():
        yield str(flask.request.view_args)

    with returning(app, lambda: StreamingResponse(steps()), "/<language>").get("/de") as answer:
        assert (answer.data, seen) == (b"{}", [{}])


def test_an_enclosing_context_of_a_stream_is_kept(app):
    said = []

    @contextlib.contextmanager
    def around():
        said.append(flask.request.path)
        yield
        said.append("out")

    def view():
        response = StreamingResponse(iter(["a"]))
        response.around = around
        return response

    with returning(app, view).get("/") as answer:
        assert answer.data == b"a"
    assert said == ["/", "out"]


@pytest.mark.parametrize(
    ("error", "status"),
    [(HTTPException(409, "taken"), 409), (LookupError(), 404), (ValueError(), 500)],
    ids=["an HTTPException", "one with a handler", "one without"],
)
def test_an_error_before_the_first_chunk_is_one_of_the_view(app, error, status):
    app.register_error_handler(LookupError, lambda error: ("none", 404))

    def steps():
        raise error
        yield "a"

    assert returning(app, lambda: StreamingResponse(steps())).get("/").status_code == status


def test_an_error_after_the_first_chunk_ends_the_transfer(app, order):
    def steps():
        yield "a"
        gevent.sleep(0)
        raise LookupError("late")

    with (
        pytest.raises(LookupError, match="late"),
        returning(app, lambda: StreamingResponse(steps())).get("/") as answer,
    ):
        answer.get_data()
    assert order.count("request ends") == 2


def test_a_generator_with_stream_with_context_is_a_stream(app, order):
    @app.get("/")
    @flask.stream_with_context
    def view():
        yield flask.g.word

    with app.test_client().get("/") as answer:
        assert answer.data == b"g"
    assert order.count("request ends") == 2


def test_hooks_see_a_stream(app):
    seen = seen_by_hooks(app)
    with returning(app, lambda: StreamingResponse(iter(["a"]))).get("/") as answer:
        assert answer.data == b"a"
    ((status, kind),) = seen
    assert status == 200
    assert issubclass(kind, StreamingResponse)
    assert issubclass(kind, flask.Response)


def test_a_stream_that_a_hook_replaces_is_closed(app, order):
    def steps():
        try:
            yield "a"
            yield "b"
        finally:
            order.append("closed")

    app.after_request(lambda response: JSONResponse({}))
    with returning(app, lambda: StreamingResponse(steps(), background=lambda: order.append("task"))).get("/") as answer:
        assert answer.json == {}
    assert (order.count("closed"), order.count("task")) == (1, 1)


def test_head_starts_no_stream(app):
    begun = []

    def steps():
        begun.append(1)
        yield "a"

    with returning(app, lambda: StreamingResponse(steps())).head("/") as answer:
        assert (answer.status_code, answer.data, begun) == (200, b"", [])


def test_the_client_keeps_the_context_of_the_view(app, order):
    with returning(app, lambda: StreamingResponse(iter(["a", "b"]))) as client:
        with client.get("/?a=1") as answer:
            assert answer.data == b"ab"
        assert flask.request.args["a"] == "1"
        assert order == ["request ends", "application context ends"] * 2
