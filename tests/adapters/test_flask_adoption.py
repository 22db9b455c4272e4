"""Views return our responses: everything of Flask's works on them, and hooks see them decided."""

from __future__ import annotations

import copy

import flask
import flask.views
import pytest
from flask_apps import application, returning, seen_by_hooks

from wsgiresp import HTTPException
from wsgiresp.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response


@pytest.fixture
def app():
    return application()


@pytest.mark.parametrize(
    ("returned", "status", "content_type", "body"),
    [
        pytest.param(lambda: JSONResponse({"a": 1}), 200, "application/json", b'{"a":1}', id="JSON"),
        pytest.param(lambda: HTMLResponse("<p>"), 200, "text/html; charset=utf-8", b"<p>", id="HTML"),
        pytest.param(lambda: Response(b"\xff", 201), 201, "application/octet-stream", b"\xff", id="bytes"),
        pytest.param(lambda: Response(status_code=204), 204, None, b"", id="no content"),
        pytest.param(lambda: RedirectResponse("/a"), 307, "text/plain; charset=utf-8", b"", id="a redirect"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_view_returns_a_response(app, method, returned, status, content_type, body):
    answer = returning(app, returned).open("/", method=method)
    assert (answer.status_code, answer.headers.get("Content-Type")) == (status, content_type)
    assert answer.data == (body if method == "GET" else b"")


@pytest.mark.parametrize(
    ("rest", "status", "values"),
    [
        pytest.param((202,), "202 Accepted", ["own"], id="a status"),
        pytest.param(("299 Own",), "299 Own", ["own"], id="a status line"),
        pytest.param(({"X-A": "1"},), "201 Created", ["1"], id="headers"),
        pytest.param(({"X-A": ["1", "2"]},), "201 Created", ["1", "2"], id="headers that repeat"),
        pytest.param(([("X-A", "1")],), "201 Created", ["1"], id="headers as pairs"),
        pytest.param((202, {"X-A": "1"}), "202 Accepted", ["1"], id="status and headers"),
        pytest.param((None, {"X-A": "1"}), "201 Created", ["1"], id="no status and headers"),
        pytest.param((202, None), "202 Accepted", ["own"], id="status and no headers"),
    ],
)
@pytest.mark.parametrize("kind", ["a known body", "a file"])
def test_a_tuple_sets_status_and_headers(app, path, kind, rest, status, values):
    own = {"X-A": "own"}
    make = {"a known body": lambda: PlainTextResponse("a", 201, own), "a file": lambda: FileResponse(path, 201, own)}
    with returning(app, lambda: (make[kind](), *rest)).get("/") as answer:
        assert (answer.status, answer.headers.getlist("X-A")) == (status, values)


@pytest.mark.parametrize("length", [1, 4])
def test_a_tuple_of_another_length_is_flasks_error(app, length):
    app.testing = True
    with pytest.raises(TypeError, match="valid response tuple"):
        returning(app, lambda: (PlainTextResponse("a"),) * length).get("/")


@pytest.mark.parametrize(
    ("headers", "status", "body"),
    [
        ({}, 200, b"0123456789"),
        ({"Range": "bytes=2-4"}, 206, b"234"),
        ({"Range": "bytes=10-"}, 416, b""),
        ({"If-None-Match": "*"}, 304, b""),
        ({"If-Match": '"x"'}, 412, b""),
    ],
    ids=["whole", "a part", "no part", "not modified", "a condition that fails"],
)
def test_hooks_see_the_final_status_of_a_file(app, path, headers, status, body):
    seen = seen_by_hooks(app)
    with returning(app, lambda: FileResponse(path)).get("/", headers=headers) as answer:
        assert (answer.status_code, answer.data) == (status, body)
    ((code, kind),) = seen
    assert code == status
    assert issubclass(kind, FileResponse)
    assert issubclass(kind, flask.Response)


def test_hooks_change_a_file(app, path):
    @app.after_request
    def change(response):
        response.headers["X-Hook"] = str(response.content_length)
        response.set_cookie("hook", "1")
        return response

    with returning(app, lambda: FileResponse(path)).get("/", headers={"Range": "bytes=0-3"}) as answer:
        assert (answer.status_code, answer.headers["X-Hook"], answer.data) == (206, "4", b"0123")
        assert answer.headers["Set-Cookie"].startswith("hook=1")


def test_a_missing_file_is_an_error_of_the_view(app, path):
    app.register_error_handler(FileNotFoundError, lambda error: ("gone", 404))

    def view():
        response = FileResponse(path)
        path.unlink()
        return response

    assert returning(app, view).get("/").text == "gone"


def test_a_hook_for_this_request_changes_the_response(app):
    def view():
        @flask.after_this_request
        def change(response):
            response.headers["X-Hook"] = type(response).__name__
            return response

        return JSONResponse({})

    assert returning(app, view).get("/").headers["X-Hook"] == "JSONResponse"


def test_the_session_and_flashed_messages_are_kept(app):
    def first():
        flask.session["name"] = "a"
        flask.flash("saved")
        return JSONResponse({})

    returning(app, first, "/first")
    client = returning(app, lambda: JSONResponse([flask.session["name"], flask.get_flashed_messages()]), "/second")
    client.get("/first")
    assert client.get("/second").json == ["a", ["saved"]]


def test_the_session_varies_by_cookie(app):
    def view():
        flask.session["a"] = 1
        return JSONResponse({}, headers={"Vary": "Accept"})

    assert returning(app, view).get("/").headers["Vary"] == "Accept, Cookie"


def test_a_constant_response_is_not_changed(app):
    constant = PlainTextResponse("constant")

    @app.after_request
    def change(response):
        response.set_cookie("hook", "1")
        return response

    client = returning(app, lambda: constant)
    assert [len(client.get("/").headers.getlist("Set-Cookie")) for _ in range(3)] == [1, 1, 1]
    assert type(constant) is PlainTextResponse


def test_a_file_response_may_be_a_constant(app, path):
    constant = FileResponse(path)
    client = returning(app, lambda: constant)
    for _ in range(2):
        with client.get("/") as answer:
            assert answer.data == b"0123456789"


def test_a_response_that_can_be_sent_once_is_an_error_the_second_time(app):
    app.testing = True
    constant = Response(response=iter(["a"]))
    client = returning(app, lambda: constant)
    assert client.get("/").data == b"a"
    with pytest.raises(RuntimeError, match="already"):
        client.get("/")


def test_make_response_returns_a_response_that_can_be_changed(app, path):
    def view():
        response = flask.make_response(FileResponse(path), 203)
        response.headers["X-Made"] = "1"
        return response

    with returning(app, view).get("/") as answer:
        assert (answer.status_code, answer.headers["X-Made"], answer.data) == (203, "1", b"0123456789")


def test_make_response_of_its_own_result_returns_it_unchanged(app):
    def view():
        response = flask.make_response(JSONResponse({}))
        return (response if flask.make_response(response) is response else None), 202, {"X-A": "1"}

    answer = returning(app, view).get("/")
    assert (answer.status_code, answer.headers["X-A"]) == (202, "1")


def test_abort_takes_a_response(app):
    answer = returning(app, lambda: flask.abort(JSONResponse({"detail": "no"}, 409))).get("/")
    assert (answer.status_code, answer.json) == (409, {"detail": "no"})


@pytest.mark.parametrize("caught", [404, HTTPException], ids=["by code", "by class"])
def test_an_error_handler_returns_a_response(app, caught):
    app.register_error_handler(caught, lambda error: JSONResponse({"error": error.detail}, 410))

    def view():
        raise HTTPException(404, "gone")

    answer = returning(app, view).get("/")
    assert (answer.status_code, answer.json) == (410, {"error": "gone"})


def test_hooks_see_an_exception_as_our_response(app):
    seen = seen_by_hooks(app)

    def view():
        raise HTTPException(304)

    answer = returning(app, view).get("/")
    assert (answer.status_code, answer.headers.get("Content-Type")) == (304, None)
    assert issubclass(seen[0][1], JSONResponse)


def test_an_exception_with_a_response_of_flasks_is_answered_by_that(app):
    def view():
        error = HTTPException(404)
        error.response = flask.Response("own", 410)
        raise error

    assert returning(app, view).get("/").status == "410 GONE"


def test_an_error_of_a_view_is_flasks_answer(app):
    def view():
        raise LookupError

    answer = returning(app, view).get("/")
    assert (answer.status_code, answer.mimetype) == (500, "text/html")


@pytest.mark.parametrize(
    "native",
    [
        pytest.param(lambda: "text", id="text"),
        pytest.param(lambda: b"bytes", id="bytes"),
        pytest.param(lambda: {"a": 1}, id="a dict"),
        pytest.param(lambda: [1], id="a list"),
        pytest.param(lambda: flask.jsonify(1), id="jsonify"),
        pytest.param(lambda: flask.Response("a", 201), id="a response"),
        pytest.param(lambda: ("a", 201, {"X-A": "1"}), id="a tuple"),
        pytest.param(lambda: flask.redirect("/a"), id="a redirect"),
        pytest.param(lambda: flask.abort(404), id="an exception"),
        pytest.param(lambda: flask.send_file(__file__), id="a file"),
        pytest.param(lambda: PlainTextResponse("a").__call__, id="a WSGI application"),
    ],
)
def test_return_values_of_flask_are_handled_as_before(app, native):
    with (
        returning(flask.Flask("plain"), native).get("/") as plain,
        returning(app, native).get("/") as answer,
    ):
        assert (answer.status, dict(answer.headers) | {"Date": ""}, answer.data) == (
            plain.status,
            dict(plain.headers) | {"Date": ""},
            plain.data,
        )


@pytest.mark.parametrize("wrong", [None, 5, object()], ids=["None", "a number", "an object"])
def test_return_values_that_flask_refuses_are_refused(app, wrong):
    app.testing = True
    with pytest.raises(TypeError, match="valid response"):
        returning(app, lambda: wrong).get("/")


class OwnResponse(flask.Response):
    def greet(self):
        return "hello"


def test_the_response_class_of_the_application_is_in_ours(app):
    app.response_class = OwnResponse

    @app.after_request
    def greet(response):
        response.headers["X-Greet"] = response.greet()
        return response

    assert returning(app, lambda: JSONResponse({})).get("/").headers["X-Greet"] == "hello"


def test_our_class_may_be_that_of_the_application(app):
    app.response_class = HTMLResponse
    returning(app, lambda: "<p>", "/text")
    client = returning(app, lambda: JSONResponse({}))
    assert (client.get("/").mimetype, client.get("/text").data) == ("application/json", b"<p>")


class Pages(flask.views.MethodView):
    def get(self):
        return JSONResponse({"method": "get"})

    def post(self):
        return JSONResponse({"method": "post"}, 201)


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("POST", 201), ("HEAD", 200), ("PUT", 405)])
def test_a_method_view_returns_responses(app, method, status):
    app.add_url_rule("/", view_func=Pages.as_view("pages"))
    assert app.test_client().open("/", method=method).status_code == status


def test_a_view_of_a_blueprint_returns_a_response(app):
    pages = flask.Blueprint("pages", __name__, url_prefix="/pages")
    pages.add_url_rule("/", "page", lambda: JSONResponse({"endpoint": flask.request.endpoint}))
    app.register_blueprint(pages)
    assert app.test_client().get("/pages/").json == {"endpoint": "pages.page"}


def test_a_hook_before_the_request_may_answer(app):
    app.before_request(lambda: JSONResponse({"before": True}))
    assert returning(app, lambda: "view").get("/").json == {"before": True}


def test_debug_mode_answers_too(app):
    app.debug = True
    assert returning(app, lambda: JSONResponse({})).get("/").json == {}


def test_the_client_keeps_the_context(app):
    with returning(app, lambda: JSONResponse({})) as client:
        client.get("/?a=1")
        assert flask.request.args["a"] == "1"


def test_a_response_is_made_without_a_request(app):
    with app.app_context():
        assert isinstance(flask.make_response(JSONResponse({})), app.response_class)


def test_an_adopted_response_can_be_copied(app):
    with app.test_request_context():
        twin = copy.copy(flask.make_response(JSONResponse({"a": 1})))
    assert twin.get_json() == {"a": 1}
