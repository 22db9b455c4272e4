"""Flask without any adapter: a view returns one of our responses, and everything of Flask's works on it."""

from __future__ import annotations

import flask
import pytest
from servers.apps import stock_flask
from servers.server_processes import cases, serve

from wsgiresp.responses import BackgroundTask, HTMLResponse, JSONResponse, PlainTextResponse, Response

HOOK_COOKIE = "hook=1; Path=/; SameSite=Lax"


@pytest.fixture(scope="module", params=["the test client", *cases("gunicorn:sync", "gunicorn:gevent")])
def ask(request):
    """Return ``ask(target, method)``: status, fields by lower-case name as lists, and body."""
    if request.param == "the test client":
        yield ask_client
        return
    with serve(request.param, "stock_flask:app") as server:

        def ask_server(target, method="GET"):
            answer = server.exchange(method, target)
            return f"{answer.status} {answer.reason}", grouped(answer.fields), answer.body

        yield ask_server


def ask_client(target, method="GET"):
    with stock_flask.app.test_client().open(target, method=method) as response:
        return response.status, grouped(response.headers), response.data


def grouped(fields):
    found = {}
    for name, value in fields:
        found.setdefault(name.lower(), []).append(value)
    return found


@pytest.mark.parametrize(
    ("name", "status", "kind", "content_type", "body"),
    [
        ("response", "200 OK", "Response", "application/xml", b"<a/>"),
        ("bytes", "200 OK", "Response", "application/octet-stream", b"\x00\xff"),
        ("empty", "200 OK", "Response", "text/plain; charset=utf-8", b""),
        ("text", "200 OK", "PlainTextResponse", "text/plain; charset=utf-8", "Grüße".encode()),
        ("html", "200 OK", "HTMLResponse", "text/html; charset=utf-8", "<p>ü</p>".encode()),
        ("json", "200 OK", "JSONResponse", "application/json", b'{"a":1}'),
        ("orjson", "200 OK", "ORJSONResponse", "application/json", b'{"a":1}'),
        ("ujson", "200 OK", "UJSONResponse", "application/json", b'{"a":1}'),
        ("redirect", "307 Temporary Redirect", "RedirectResponse", "text/plain; charset=utf-8", b""),
        ("no-content", "204 No Content", "Response", None, b""),
        ("not-modified", "304 Not Modified", "Response", None, b""),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_view_returns_a_response(ask, method, name, status, kind, content_type, body):
    if name == "orjson":
        pytest.importorskip("orjson", reason="wants wsgiresp[orjson]")
    told, fields, sent = ask(f"/class/{name}", method)
    assert (told, fields.get("content-type")) == (status, content_type and [content_type])
    assert fields.get("content-length") == (content_type and [str(len(body))])
    assert sent == (body if method == "GET" else b"")
    assert (fields["x-flask"], fields["x-class"], fields["set-cookie"]) == (["True"], [kind], [HOOK_COOKIE])


@pytest.mark.parametrize(
    ("name", "kind", "content_type", "body"),
    [
        ("chunks", "StreamingResponse", "text/plain; charset=utf-8", "Grüße".encode()),
        ("lines", "JSONLinesResponse", "application/jsonl", b'{"a":1}\n2\n'),
        ("events", "EventSourceResponse", "text/event-stream; charset=utf-8", b": open\ndata: a\n\ndata: 1\n\n"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_view_returns_a_stream(ask, method, name, kind, content_type, body):
    if name == "orjson":
        pytest.importorskip("orjson", reason="wants wsgiresp[orjson]")
    told, fields, sent = ask(f"/class/{name}", method)
    assert (told, fields["content-type"]) == ("200 OK", [content_type])
    assert "content-length" not in fields
    assert sent == (body if method == "GET" else b"")
    assert (fields["x-flask"], fields["x-class"], fields["set-cookie"]) == (["True"], [kind], [HOOK_COOKIE])


def test_a_tuple_of_three_sets_the_status_and_headers(ask):
    status, fields, body = ask("/tuple-3")
    assert (status, fields["x-own"], fields["x-tuple"], body) == ("202 Accepted", ["1"], ["2"], b'{"a":1}')


def test_a_tuple_of_two_sets_headers_that_may_repeat(ask):
    status, fields, body = ask("/tuple-2")
    assert (status, fields["x-tuple"], body) == ("201 Created", ["1", "2"], b'{"a":1}')


def test_a_tuple_may_hold_a_status_line(ask):
    assert ask("/status")[0] == "404 Gone Fishing"


def test_abort_takes_a_response(ask):
    status, fields, body = ask("/abort")
    assert (status, fields["content-type"], body) == ("409 Conflict", ["application/json"], b'{"detail":"no"}')


def test_make_response_gives_the_response_back(ask):
    status, fields, body = ask("/made")
    assert (status[:3], fields["x-made"], body) == ("203", ["PlainTextResponse"], b"made")


def test_the_cookie_of_the_session_is_set(ask):
    _, fields, body = ask("/session")
    assert body == b'{"visits":1}'
    assert [cookie.partition("=")[0] for cookie in fields["set-cookie"]] == ["hook", "session"]


def test_the_session_is_kept():
    with stock_flask.app.test_client() as client:
        client.get("/session")
        assert client.get("/session").get_json() == {"visits": 2}


def test_flasks_own_responses_are_beside_ours(ask):
    status, fields, body = ask("/jsonify")
    assert (status, fields["x-class"], body) == ("200 OK", ["Response"], b'{"a":1}\n')


def test_flasks_redirect_makes_our_response(ask):
    status, fields, _ = ask("/flask-redirect")
    assert (status[:3], fields["location"], fields["x-class"]) == ("303", ["/text"], ["Response"])
    assert fields["content-type"] == ["text/html; charset=utf-8"]


def test_an_error_handler_returns_a_response(ask):
    status, fields, body = ask("/error")
    assert (status[:3], fields["x-class"], body) == ("500", ["JSONResponse"], b'{"detail":"an error in a view"}')


@pytest.mark.parametrize("route", ["task", "abort-task"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_background_runs_once_in_the_test_client(caplog, method, route):
    caplog.set_level("INFO", "stock_flask")
    ask_client(f"/{route}/word", method)
    assert caplog.messages == ["done word"]


@pytest.mark.parametrize("server_name", cases("gunicorn:sync", "gunicorn:gevent"))
def test_the_background_runs_once_under_gunicorn(server_name):
    with serve(server_name, "stock_flask:app") as server:
        server.exchange("GET", "/task/get")
        server.exchange("HEAD", "/task/head")
        server.exchange("GET", "/abort-task/abort")
        for word in ("get", "head", "abort"):
            server.log.wait_for(f"stock_flask: done {word}\n")
        log = server.stop()
    assert [log.count(f"stock_flask: done {word}\n") for word in ("get", "head", "abort")] == [1, 1, 1]


class OwnResponse(flask.Response):
    """The response class of an application, with a default of its own."""

    default_mimetype = "text/x-own"

    def greet(self):
        return f"{type(self).__name__} says hello"


def application(response_class):
    app = flask.Flask(__name__)
    app.response_class = response_class
    seen = []
    app.after_request(lambda response: seen.append(response) or response)
    app.add_url_rule("/json", view_func=lambda: JSONResponse({}), endpoint="json")
    app.add_url_rule("/str", view_func=lambda: "text", endpoint="str")
    app.add_url_rule("/dict", view_func=lambda: {"a": 1}, endpoint="dict")
    app.add_url_rule("/bytes", view_func=lambda: b"bytes", endpoint="bytes")
    app.add_url_rule("/iterator", view_func=lambda: iter(["a", "b"]), endpoint="iterator")
    app.add_url_rule("/redirect", view_func=lambda: flask.redirect("/str"), endpoint="redirect")
    app.add_url_rule("/jsonify", view_func=lambda: flask.jsonify([1]), endpoint="jsonify")
    app.add_url_rule("/file", view_func=lambda: flask.send_file(__file__), endpoint="file")
    return app, seen


def test_a_response_class_of_the_application_is_in_ours():
    app, seen = application(OwnResponse)
    assert app.test_client().get("/json").data == b"{}"
    (response,) = seen
    assert isinstance(response, OwnResponse)
    assert isinstance(response, JSONResponse)
    assert response.greet() == "JSONResponse says hello"
    assert response.media_type == response.mimetype == "application/json"


@pytest.mark.parametrize("response_class", [Response, PlainTextResponse, HTMLResponse])
@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/json", 200, b"{}"),
        ("/str", 200, b"text"),
        ("/bytes", 200, b"bytes"),
        ("/iterator", 200, b"ab"),
        ("/dict", 200, b'{"a":1}\n'),
        ("/jsonify", 200, b"[1]\n"),
        ("/nowhere", 404, None),
        ("/redirect", 302, None),
    ],
)
def test_our_response_can_be_the_class_of_the_application(response_class, path, status, body):
    app, seen = application(response_class)
    answer = app.test_client().get(path)
    assert answer.status_code == status
    assert body is None or answer.data == body
    assert all(isinstance(response, Response) for response in seen)


def test_flask_sends_its_files_through_our_response():
    app, _ = application(Response)
    with app.test_client().get("/file", headers={"Range": "bytes=0-2"}) as answer:
        assert (answer.status_code, answer.data) == (206, b'"""')


def test_a_hook_may_return_another_response():
    ran = []
    app, _ = application(flask.Response)
    app.after_request(lambda response: PlainTextResponse("another", background=BackgroundTask(ran.append, 1)))
    with app.test_client().get("/json") as answer:
        assert answer.data == b"another"
    assert ran == [1]


def test_one_response_may_be_returned_by_a_view_again_and_again():
    constant = PlainTextResponse("constant")
    app, seen = application(flask.Response)
    app.add_url_rule("/constant", view_func=lambda: constant)
    bodies = [app.test_client().get("/constant").data for _ in range(3)]
    assert bodies == [b"constant"] * 3
    assert all(response is constant for response in seen)
