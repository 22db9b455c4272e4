"""Views ask for a response and for tasks by annotations; what they set on these is part of the answer."""

from __future__ import annotations

import functools

import flask
import flask.views
import pytest
from flask_apps import application

from wsgiresp import BackgroundTasks, HTTPException, Response, respond_with
from wsgiresp.responses import (
    BackgroundTask,
    FileResponse,
    HTMLResponse,
    JSONLinesResponse,
    JSONResponse,
    PlainTextResponse,
    StreamingResponse,
)


@pytest.fixture
def app():
    return application()


def mark(response):
    response.headers["X-A"] = "1"
    response.set_cookie("a", "1")
    response.status_code = 202


@pytest.mark.parametrize(
    ("returned", "body"),
    [
        pytest.param(lambda: {"a": 1}, b'{"a":1}\n', id="a dict"),
        pytest.param(lambda: "text", b"text", id="text"),
        pytest.param(lambda: flask.Response("flask"), b"flask", id="Flask's response"),
        pytest.param(lambda: JSONResponse({"a": 1}), b'{"a":1}', id="our response"),
        pytest.param(lambda: ("text", {"X-B": "2"}), b"text", id="a tuple"),
        pytest.param(lambda: (PlainTextResponse("ours"), {"X-B": "2"}), b"ours", id="a tuple with ours"),
    ],
)
def test_changes_of_an_injected_response_are_part_of_the_answer(app, returned, body):
    ran = []

    @app.get("/<word>")
    def view(word, response: Response, tasks: BackgroundTasks):
        mark(response)
        tasks.add_task(ran.append, word)
        return returned()

    with app.test_client().get("/word") as answer:
        assert (answer.status_code, answer.headers["X-A"], answer.data) == (202, "1", body)
    assert ran == ["word"]
    assert answer.headers["Set-Cookie"].startswith("a=1")


def test_the_status_of_a_tuple_replaces_the_injected_one(app):
    @app.get("/")
    def view(response: Response):
        mark(response)
        return JSONResponse({}), 203

    assert app.test_client().get("/").status_code == 203


def test_an_injected_status_applies_to_a_file(app, tmp_path):
    (tmp_path / "a").write_bytes(b"0123456789")

    @app.get("/")
    def view(response: Response):
        response.status_code = 404
        return FileResponse(tmp_path / "a")

    with app.test_client().get("/", headers={"Range": "bytes=0-1"}) as answer:
        assert (answer.status_code, answer.data) == (404, b"0123456789")


def test_the_injected_response_may_be_returned(app):
    @app.get("/")
    def view(response: Response):
        mark(response)
        return response

    answer = app.test_client().get("/")
    assert (answer.status_code, answer.headers["X-A"], answer.mimetype) == (202, "1", "text/plain")


@pytest.mark.parametrize(
    "returned",
    [
        pytest.param(lambda: {"a": 1}, id="a dict"),
        pytest.param(lambda: "text", id="text"),
        pytest.param(lambda: ("text", 203, {"X-B": "2"}), id="a tuple"),
        pytest.param(lambda: flask.Response("flask", 404, mimetype="text/css"), id="Flask's response"),
        pytest.param(lambda: PlainTextResponse("ours", 404, {"X-B": "2"}), id="our response"),
    ],
)
def test_an_unused_injected_object_changes_nothing(app, returned):
    @app.get("/injected")
    def injected(response: Response, tasks: BackgroundTasks):
        return returned()

    @app.get("/plain")
    def plain():
        return returned()

    def answer(path):
        found = app.test_client().get(path)
        return found.status, list(found.headers), found.data

    assert answer("/injected") == answer("/plain")


def test_injected_tasks_run_after_those_of_the_answer(app):
    ran = []

    @app.get("/")
    def view(tasks: BackgroundTasks):
        tasks.add_task(ran.append, 2)
        return JSONResponse({}, background=BackgroundTask(ran.append, 1))

    app.test_client().get("/").close()
    assert ran == [1, 2]


def test_injected_tasks_run_after_a_file_of_flask(app):
    ran = []

    @app.get("/")
    def view(tasks: BackgroundTasks):
        tasks.add_task(ran.append, 1)
        return flask.send_file(__file__)

    with app.test_client().get("/") as answer:
        assert answer.data.startswith(b'"""Views')
    assert ran == [1]


@pytest.mark.parametrize(
    "decorate",
    [
        pytest.param(lambda view: view, id="bare"),
        pytest.param(respond_with(JSONLinesResponse), id="with respond_with"),
    ],
)
def test_tasks_that_a_generator_adds_are_run(app, decorate):
    ran = []

    def view(tasks: BackgroundTasks):
        tasks.add_task(ran.append, "before")
        yield "a"
        tasks.add_task(ran.append, "after")

    app.add_url_rule("/", "view", decorate(view))
    with app.test_client().get("/") as answer:
        assert answer.text.strip('"\n') == "a"
    assert ran == ["before", "after"]


def test_tasks_that_a_returned_stream_adds_are_run(app):
    ran = []

    @app.get("/")
    def view(tasks: BackgroundTasks):
        def rows():
            yield "a"
            tasks.add_task(ran.append, flask.current_app.name)

        return StreamingResponse(rows())

    with app.test_client().get("/") as answer:
        assert answer.text.strip('"\n') == "a"
    assert ran == ["tested"]


def test_an_exception_does_not_get_the_injected_changes(app):
    @app.get("/")
    def view(response: Response):
        mark(response)
        raise HTTPException(404)

    answer = app.test_client().get("/")
    assert (answer.status_code, "X-A" in answer.headers) == (404, False)


def test_the_view_arguments_of_the_request_are_unchanged_afterwards(app):
    seen = []
    app.after_request(lambda response: seen.append(flask.request.view_args) or response)

    @app.get("/<word>")
    def view(word, response: Response):
        return "text"

    app.test_client().get("/word")
    assert seen == [{"word": "word"}]


def test_a_parameter_of_the_route_is_not_injected(app):
    @app.get("/<response>")
    def view(response: Response):
        return f"{response}"

    assert app.test_client().get("/word").text == "word"


class Pages(flask.views.MethodView):
    def get(self, response: Response):
        response.headers["X-A"] = "get"
        return {}

    def post(self, tasks: BackgroundTasks):
        return {}


class Page(flask.views.View):
    methods = ("GET", "POST")

    def dispatch_request(self, response: Response):
        response.headers["X-A"] = flask.request.method
        return {}


@pytest.mark.parametrize(
    ("view", "method", "value"),
    [
        (Pages, "GET", "get"),
        (Pages, "HEAD", "get"),
        (Pages, "POST", None),
        (Page, "GET", "GET"),
        (Page, "POST", "POST"),
    ],
)
def test_a_class_based_view_is_injected_by_its_methods(app, view, method, value):
    app.add_url_rule("/", view_func=view.as_view("pages"))
    answers = [app.test_client().open("/", method=method) for _ in range(2)]
    assert [(answer.status_code, answer.headers.get("X-A")) for answer in answers] == [(200, value)] * 2


def test_a_function_with_an_attribute_view_class_is_injected_itself(app):
    @app.get("/")
    def view(response: Response):
        mark(response)
        return "text"

    view.view_class = dict
    assert app.test_client().get("/").headers["X-A"] == "1"


@pytest.mark.parametrize(("method", "status"), [("PUT", 405), ("OPTIONS", 200)])
def test_a_missing_method_of_a_class_gets_the_405_of_flask(app, method, status):
    app.add_url_rule("/", view_func=Pages.as_view("pages"))
    assert app.test_client().open("/", method=method).status_code == status


@pytest.mark.parametrize(("path", "status"), [("/", 200), ("/nowhere", 404)])
def test_a_view_without_annotations_is_called_as_before(app, path, status):
    app.add_url_rule("/", view_func=lambda: "text")
    assert app.test_client().get(path).status_code == status


def test_a_view_may_be_replaced(app):
    @app.get("/")
    def view():
        return "first"

    client = app.test_client()
    first = client.get("/").text

    def second(response: Response):
        mark(response)
        return "second"

    app.view_functions["view"] = second
    answer = client.get("/")
    assert (first, answer.text, answer.headers["X-A"]) == ("first", "second", "1")


def test_a_decorated_view_gets_injected_objects(app):
    def decorated(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return function(*args, **kwargs)

        return wrapper

    @app.get("/")
    @decorated
    def view(response: Response):
        mark(response)
        return "text"

    assert app.test_client().get("/").headers["X-A"] == "1"


def test_an_async_view_gets_injected_objects(app):
    @app.get("/")
    async def view(response: Response):
        mark(response)
        return "text"

    assert app.test_client().get("/").headers["X-A"] == "1"


def test_a_view_decorated_by_respond_with_gets_injected_objects(app):
    @app.get("/")
    @respond_with(HTMLResponse, status_code=201)
    def view(response: Response):
        response.set_cookie("a", "1")
        return "<p>"

    answer = app.test_client().get("/")
    assert (answer.status_code, answer.mimetype, len(answer.headers.getlist("Set-Cookie"))) == (201, "text/html", 1)
