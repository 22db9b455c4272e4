"""An HTTPException is the answer that it says, everywhere where werkzeug's own would be caught or called."""

from __future__ import annotations

import copy
import pickle
import threading

import flask
import pytest
from hypothesis import given
from hypothesis import strategies as st
from responses.wsgi_calls import call, environ
from werkzeug.exceptions import (
    HTTPException as WerkzeugHTTPException,
)
from werkzeug.exceptions import (
    MethodNotAllowed,
    NotFound,
    RequestedRangeNotSatisfiable,
    TooManyRequests,
    Unauthorized,
    default_exceptions,
)

import wsgiresp
from wsgiresp import HTTPException
from wsgiresp.exceptions import ResponseValidationError
from wsgiresp.responses import JSONResponse, PlainTextResponse


class OutOfStockError(HTTPException):
    """An exception of an application, with arguments of its own."""

    def __init__(self, article):
        super().__init__(409, {"article": article})
        self.article = article


@pytest.mark.parametrize(
    ("detail", "body"),
    [
        pytest.param("Item not found", b'{"detail":"Item not found"}', id="a text"),
        pytest.param(None, b'{"detail":"Not Found"}', id="none stands for the phrase"),
        pytest.param("", b'{"detail":""}', id="an empty text"),
        pytest.param({"id": 1}, b'{"detail":{"id":1}}', id="an object"),
        pytest.param([], b'{"detail":[]}', id="an empty array"),
    ],
)
def test_the_detail_is_the_answer(detail, body):
    answer = call(HTTPException(404, detail))
    assert (answer.status, answer.values("Content-Type"), answer.body) == ("404 Not Found", ["application/json"], body)


def test_the_arguments_are_those_of_fastapi():
    error = HTTPException(status_code=418, detail="no coffee", headers={"X-Pot": "tea"})
    assert (error.status_code, error.detail, error.headers) == (418, "no coffee", {"X-Pot": "tea"})


def test_the_headers_are_sent():
    answer = call(HTTPException(401, headers=[("WWW-Authenticate", "Basic"), ("WWW-Authenticate", "Bearer")]))
    assert answer.values("WWW-Authenticate") == ["Basic", "Bearer"]


def test_headers_may_come_from_an_iterator():
    error = HTTPException(401, headers=iter([("WWW-Authenticate", "Basic")]))
    assert [call(error).values("WWW-Authenticate") for _ in range(2)] == [["Basic"], ["Basic"]]


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        pytest.param(99, None, id="a status below 100"),
        pytest.param(1000, None, id="a status above 999"),
        pytest.param(404.0, None, id="a status that is no int"),
        pytest.param(404, {"X-Split": "a\r\nb"}, id="a line break in a header"),
        pytest.param(404, {"Connection": "close"}, id="a hop-by-hop header"),
    ],
)
def test_what_http_does_not_allow_is_refused_at_once(status, headers):
    with pytest.raises(ValueError, match=r"must|hop-by-hop"):
        HTTPException(status, headers=headers)


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_content_has_none(status):
    answer = call(HTTPException(status))
    assert (answer.body, answer.values("Content-Type"), answer.values("Content-Length")) == (b"", [], [])


@pytest.mark.parametrize(("code", "kind"), default_exceptions.items(), ids=str)
def test_it_is_of_werkzeugs_class_for_the_code(code, kind):
    error = HTTPException(code)
    assert isinstance(error, kind)
    assert (type(error).code, error.code) == (code, code)


@pytest.mark.parametrize("code", [402, 507, 599])
def test_a_code_without_a_class_is_one_of_werkzeug_all_the_same(code):
    error = HTTPException(code)
    assert isinstance(error, WerkzeugHTTPException)
    assert call(error).status.startswith(f"{code} ")


@pytest.mark.parametrize(
    ("code", "kind", "attribute"),
    [
        (401, Unauthorized, "www_authenticate"),
        (405, MethodNotAllowed, "valid_methods"),
        (416, RequestedRangeNotSatisfiable, "length"),
        (429, TooManyRequests, "retry_after"),
    ],
)
def test_it_has_what_handlers_of_werkzeugs_class_ask_for(code, kind, attribute):
    error = HTTPException(code)
    assert getattr(error, attribute) == getattr(kind(), attribute)


def test_a_text_is_werkzeugs_description_too():
    assert HTTPException(404, "Item not found").description == "Item not found"


def test_a_document_leaves_werkzeugs_description():
    assert HTTPException(404, {"id": 1}).description == NotFound.description


def test_two_of_one_code_are_of_one_class():
    assert type(HTTPException(404)) is type(HTTPException(404))


def test_two_threads_get_one_class():
    kinds = []
    barrier = threading.Barrier(8)

    class Own(HTTPException):
        pass

    def make():
        barrier.wait(10)
        kinds.append(type(Own(404)))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(set(kinds)) == 1


def test_a_subclass_has_arguments_of_its_own():
    error = OutOfStockError("chair")
    assert (type(error).__name__, error.code, error.detail) == ("OutOfStockError", 409, {"article": "chair"})
    assert isinstance(error, OutOfStockError)


def test_a_subclass_may_be_of_werkzeugs_class_already():
    class Missing(HTTPException, NotFound):
        pass

    assert call(Missing(404)).status == "404 Not Found"


@pytest.mark.parametrize("again", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))], ids=["copy", "pickle"])
def test_a_copy_is_the_same_exception(again):
    error = OutOfStockError("chair")
    error.response = None
    twin = again(error)
    assert (type(twin), twin.article, twin.args, call(twin).body) == (
        type(error),
        "chair",
        error.args,
        call(error).body,
    )


@given(
    status=st.integers(400, 599),
    detail=st.none() | st.text() | st.dictionaries(st.text(), st.integers()),
    value=st.text("abc", min_size=1),
)
def test_pickle_gives_back_the_answer(status, detail, value):
    error = HTTPException(status, detail, {"X-Value": value})
    assert call(pickle.loads(pickle.dumps(error))) == call(error)


def test_the_texts_name_status_and_detail():
    error = HTTPException(404, "Item not found")
    assert (str(error), repr(error)) == (
        "404 Not Found: Item not found",
        "HTTPException(status_code=404, detail='Item not found')",
    )


def test_the_response_is_ours():
    error = HTTPException(404)
    assert type(error.get_response()) is type(error.get_response(environ())) is JSONResponse


def test_a_response_that_was_put_on_it_is_the_answer():
    error = HTTPException(404)
    error.response = PlainTextResponse("elsewhere", 410)
    assert call(error).status == "410 Gone"


def test_werkzeugs_parts_are_those_of_the_answer():
    error = HTTPException(404, "ü", {"X-Own": "1"})
    assert error.get_body() == '{"detail":"ü"}'
    assert error.get_headers() == [("Content-Type", "application/json"), ("X-Own", "1")]


CAUGHT = [
    pytest.param(404, id="by the code"),
    pytest.param(NotFound, id="by werkzeug's class"),
    pytest.param(HTTPException, id="by our class"),
    pytest.param(WerkzeugHTTPException, id="by werkzeug's base class"),
]


@pytest.mark.parametrize("caught", CAUGHT)
@pytest.mark.parametrize("owner", ["the application", "the blueprint"])
def test_flask_finds_the_handler(caught, owner):
    app = flask.Flask(__name__)
    pages = flask.Blueprint("pages", __name__)

    @pages.get("/")
    def view():
        raise HTTPException(404, "gone")

    (app if owner == "the application" else pages).register_error_handler(caught, lambda e: (f"caught {e.detail}", 200))
    app.register_blueprint(pages)
    assert app.test_client().get("/").text == "caught gone"


def test_flask_answers_without_a_handler():
    app = flask.Flask(__name__)

    @app.get("/")
    def view():
        raise HTTPException(409, {"id": 1}, {"Retry-After": "3"})

    answer = app.test_client().get("/")
    assert (answer.status, answer.json, answer.headers["Retry-After"]) == ("409 Conflict", {"detail": {"id": 1}}, "3")


def test_the_package_has_it_too():
    assert wsgiresp.HTTPException is HTTPException


def test_a_validation_error_says_what_is_wrong_and_where():
    error = ResponseValidationError([{"loc": ("items", 0), "msg": "is no number"}, {"loc": (), "msg": "is no list"}])
    assert str(error) == (
        "the view returned what its response_model does not allow: items.0: is no number; content: is no list"
    )
    assert len(error.errors()) == 2
