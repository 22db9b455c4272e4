"""The class that makes responses of what views return, for an application and for a blueprint."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal

import flask
import pytest
from flask_apps import application
from pydantic import BaseModel
from werkzeug.local import LocalProxy

from wsgiresp import respond_with
from wsgiresp.adapters.flask import Blueprint, Responses
from wsgiresp.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response


class Pretty(JSONResponse):
    media_type = "application/pretty+json"


class Upper(Response):
    media_type = "text/x-upper"

    def render(self, content):
        return str(content).upper().encode()


@dataclass
class Point:
    x: Decimal


class Item(BaseModel):
    name: str


def asked(app, returned):
    app.add_url_rule("/", view_func=lambda: returned)
    return app.test_client().get("/")


@pytest.mark.parametrize(
    ("returned", "document"),
    [
        pytest.param({"a": Decimal("1.10")}, {"a": 1.1}, id="a dict"),
        pytest.param([1], [1], id="a list"),
        pytest.param(Point(Decimal("1.5")), {"x": 1.5}, id="a dataclass"),
        pytest.param(Item(name="a"), {"name": "a"}, id="a model"),
        pytest.param(5, 5, id="a number"),
        pytest.param({1}, [1], id="a set"),
    ],
)
def test_a_document_becomes_a_response_of_the_default_class(returned, document):
    answer = asked(application(Pretty), returned)
    assert (answer.mimetype, answer.json) == ("application/pretty+json", document)


def test_a_tuple_with_a_document_becomes_a_response_of_the_default_class():
    answer = asked(application(Pretty), (Point(Decimal(1)), 201, {"X-A": "1"}))
    assert (answer.status_code, answer.mimetype, answer.headers["X-A"]) == (201, "application/pretty+json", "1")


@pytest.mark.parametrize("returned", ["<p>", b"<p>"], ids=["text", "bytes"])
def test_text_stays_html(returned):
    assert asked(application(Pretty), returned).mimetype == "text/html"


@pytest.mark.parametrize("returned", ["<p>", b"<p>", bytearray(b"<p>")], ids=["text", "bytes", "a bytearray"])
def test_text_becomes_a_response_of_a_class_for_text(returned):
    answer = asked(application(PlainTextResponse), returned)
    assert (answer.mimetype, answer.data) == ("text/plain", b"<p>")


@pytest.mark.parametrize("returned", [{"a": 1}, [1]], ids=["a dict", "a list"])
def test_a_class_for_text_leaves_documents_to_flask(returned):
    assert asked(application(HTMLResponse), returned).json == returned


@pytest.mark.parametrize("returned", [Point(Decimal(1)), Item(name="a")], ids=["a dataclass", "a model"])
@pytest.mark.parametrize("default", [None, HTMLResponse], ids=["no class", "a class for text"])
def test_a_dataclass_or_a_model_is_json_if_no_class_takes_it(default, returned):
    assert asked(application(default), returned).mimetype == "application/json"


def test_a_class_with_a_render_of_its_own_gets_documents():
    assert asked(application(Upper), ["a"]).data == b"['A']"


@dataclass
class Application:
    body: str

    def __call__(self, environ, start_response):
        return PlainTextResponse(self.body)(environ, start_response)


@pytest.mark.parametrize("default", [Pretty, None], ids=["a class", "no class"])
def test_a_wsgi_application_is_left_to_flask(default):
    assert asked(application(default), Application("a")).data == b"a"


def test_none_is_flasks_error():
    app = application(Pretty, TESTING=True)
    with pytest.raises(TypeError, match="valid response"):
        asked(app, None)


@pytest.mark.parametrize("returned", [flask.Response("a"), HTMLResponse("a")], ids=["Flask's", "ours"])
def test_a_response_is_not_changed_by_the_default_class(returned):
    assert asked(application(Pretty), returned).mimetype == "text/html"


@pytest.fixture
def nested():
    """An application with a class, in it a blueprint with one, in that one with another, in that one with none."""
    app = application(Pretty)
    outer = Blueprint("outer", __name__, url_prefix="/outer", default_response_class=Upper)
    inner = flask.Blueprint("inner", __name__, url_prefix="/inner")
    inner.default_response_class = JSONResponse
    plain = Blueprint("plain", __name__, url_prefix="/plain")
    alone = Blueprint("alone", __name__, url_prefix="/alone")
    for owner in (app, outer, inner, plain, alone):
        owner.add_url_rule("/", "view", lambda: {"a": 1})
    inner.register_blueprint(plain)
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    app.register_blueprint(alone)
    return app


@pytest.mark.parametrize(
    ("path", "mimetype"),
    [
        pytest.param("/", "application/pretty+json", id="the application's"),
        pytest.param("/outer/", "text/x-upper", id="the blueprint's"),
        pytest.param("/outer/inner/", "application/json", id="that of the blueprint inside"),
        pytest.param("/outer/inner/plain/", "application/json", id="that of the nearest that has one"),
        pytest.param("/alone/", "application/pretty+json", id="the application's where no blueprint has one"),
    ],
)
def test_the_nearest_class_wins(nested, path, mimetype):
    assert nested.test_client().get(path).mimetype == mimetype


def test_error_handlers_return_documents_too():
    app = application(Pretty)
    app.register_error_handler(404, lambda error: ({"error": "gone"}, 404))
    answer = app.test_client().get("/nowhere")
    assert (answer.status_code, answer.mimetype) == (404, "application/pretty+json")


@pytest.mark.parametrize(
    ("default", "mimetype"),
    [(Pretty, "application/pretty+json"), (None, "application/json"), (HTMLResponse, "application/json")],
    ids=["its class", "none", "a class that does not take it"],
)
def test_respond_with_asks_the_application_for_its_class(default, mimetype):
    app = application(default)
    app.add_url_rule("/", "view", respond_with(status_code=201)(lambda: {"a": 1}))
    answer = app.test_client().get("/")
    assert (answer.status_code, answer.mimetype) == (201, mimetype)


def test_respond_with_needs_no_extension():
    app = flask.Flask("plain")
    app.add_url_rule("/", "view", respond_with(status_code=201)(lambda: {"a": 1}))
    assert app.test_client().get("/").json == {"a": 1}


def test_respond_with_needs_no_application():
    assert respond_with()(lambda: 1)().get_json() == 1


@pytest.mark.parametrize("wrong", ["HTMLResponse", dict, HTMLResponse("a"), flask.Response], ids=repr)
@pytest.mark.parametrize("owner", [Responses, lambda **words: Blueprint("a", __name__, **words)])
def test_a_default_class_that_is_not_ours_is_refused(owner, wrong):
    with pytest.raises(TypeError, match="default_response_class must be a class"):
        owner(default_response_class=wrong)


@pytest.mark.parametrize(("returned", "document"), [({"a": 1}, {"a": 1}), ([1], [1]), (5, 5)], ids=repr)
def test_a_proxy_is_what_it_stands_for(returned, document):
    app = application()
    Responses(app, default_response_class=Pretty)
    app.add_url_rule("/", view_func=lambda: LocalProxy(lambda: returned))
    answer = app.test_client().get("/")
    assert (answer.mimetype, json.loads(answer.data)) == ("application/pretty+json", document)


@pytest.mark.parametrize(
    ("view", "document"),
    [
        pytest.param(lambda: [flask.request.args, 1], [{"a": "1"}, 1], id="an attribute of the request"),
        pytest.param(lambda: flask.session, {"user": 7}, id="the session"),
        pytest.param(lambda: {"user": LocalProxy(lambda: flask.g.user)}, {"user": 7}, id="an attribute of g"),
        pytest.param(lambda: LocalProxy(lambda: flask.g.user), 7, id="a number"),
    ],
)
def test_what_a_proxy_of_flask_stands_for_becomes_json(view, document):
    app = application()
    app.secret_key = "secret"
    Responses(app)

    @app.before_request
    def set_user():
        flask.g.user = flask.session["user"] = 7

    app.add_url_rule("/", view_func=respond_with(JSONResponse)(view))
    assert app.test_client().get("/?a=1").json == document


def test_a_proxy_in_a_tuple_is_what_it_stands_for():
    app = application()
    Responses(app, default_response_class=Pretty)
    answer = asked(app, (LocalProxy(lambda: [1]), 201))
    assert (answer.status_code, answer.mimetype, answer.data) == (201, "application/pretty+json", b"[1]")


def test_a_proxy_of_a_dict_is_flasks_json_if_no_class_takes_it():
    app = application()
    Responses(app)
    assert asked(app, LocalProxy(lambda: {"a": 1})).json == {"a": 1}
