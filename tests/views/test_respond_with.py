"""``respond_with``: the decorated view returns responses, however it was written."""

from __future__ import annotations

import asyncio
import functools
from decimal import Decimal
from typing import Any

import pytest
from responses.wsgi_calls import call
from werkzeug.exceptions import NotFound
from werkzeug.local import LocalProxy
from werkzeug.wrappers import Response as WerkzeugResponse

import wsgiresp
from wsgiresp import HTTPException, respond_with
from wsgiresp._views import coercion
from wsgiresp.responses import (
    BackgroundTasks,
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)


def answered(returned, *args, **kwargs):
    return call(respond_with(*args, **kwargs)(lambda: returned)())


@pytest.mark.parametrize(
    ("response_class", "returned", "content_type", "body"),
    [
        pytest.param(None, {"a": Decimal("1.10")}, "application/json", b'{"a":1.10}', id="a document"),
        pytest.param(None, "text", "application/json", b'"text"', id="text is JSON by default, as in FastAPI"),
        pytest.param(None, None, "application/json", b"null", id="nothing"),
        pytest.param(None, (1, 2), "application/json", b"[1,2]", id="a tuple of numbers"),
        pytest.param(HTMLResponse, "<p>", "text/html; charset=utf-8", b"<p>", id="a page"),
        pytest.param(PlainTextResponse, "a", "text/plain; charset=utf-8", b"a", id="text"),
        pytest.param(Response, b"a", "application/octet-stream", b"a", id="bytes"),
    ],
)
def test_what_is_returned_becomes_a_response(response_class, returned, content_type, body):
    answer = answered(returned, response_class)
    assert (answer.status, answer.values("Content-Type"), answer.body) == ("200 OK", [content_type], body)


def test_a_url_becomes_a_redirect():
    answer = answered("/new", RedirectResponse)
    assert (answer.status, answer.values("Location")) == ("307 Temporary Redirect", ["/new"])


def test_a_redirect_has_the_status_that_is_asked_for():
    assert answered("/new", RedirectResponse, status_code=303).status == "303 See Other"


def test_a_path_becomes_a_file(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"file")
    assert answered(tmp_path / "a.txt", FileResponse).body == b"file"


def test_status_and_headers_are_those_of_the_decorator():
    answer = answered({}, status_code=201, headers=[("Link", "</a>"), ("Link", "</b>")])
    assert (answer.status, answer.values("Link")) == ("201 Created", ["</a>", "</b>"])


def test_a_content_type_of_the_decorator_is_kept():
    answer = answered({}, headers={"Content-Type": "application/problem+json"})
    assert answer.values("Content-Type") == ["application/problem+json"]


def test_an_answer_without_content_drops_what_is_returned():
    assert answered(None, status_code=204).body == b""


@pytest.mark.parametrize("passed", [PlainTextResponse("a", 404), WerkzeugResponse("a")], ids=["ours", "werkzeug's"])
def test_a_response_passes_unchanged(passed):
    assert respond_with(JSONResponse, status_code=201, headers={"X-A": "1"})(lambda: passed)() is passed


@pytest.mark.parametrize("error", [HTTPException(404), NotFound()], ids=["ours", "werkzeug's"])
def test_an_exception_that_is_returned_is_its_response(error):
    assert answered(error).status.upper() == "404 NOT FOUND"


class Foreign:
    """A response of a framework that werkzeug does not know."""


def test_a_frameworks_response_passes(monkeypatch):
    monkeypatch.setattr(coercion, "_answers", [Foreign])
    passed = Foreign()

    @respond_with()
    def view(response: Response):
        response.headers["X-A"] = "1"
        return passed

    assert view() is passed


@pytest.mark.parametrize(
    ("returned", "status", "values"),
    [
        pytest.param(({}, 201), "201 Created", [], id="a status"),
        pytest.param(({}, "299 Own"), "299 Own", [], id="a status line"),
        pytest.param(({}, {"X-A": "1"}), "202 Accepted", ["1"], id="headers"),
        pytest.param(({}, 201, {"X-A": "1"}), "201 Created", ["1"], id="both"),
        pytest.param((PlainTextResponse("a"), 201), "201 Created", [], id="a response and a status"),
        pytest.param((WerkzeugResponse("a"), 201, {"X-A": "1"}), "201 CREATED", ["1"], id="werkzeug's response"),
    ],
)
def test_a_tuple_is_taken_as_flask_does(returned, status, values):
    answer = answered(returned, status_code=202)
    assert (answer.status, answer.values("X-A")) == (status, values)


def test_a_constant_in_a_tuple_is_not_changed():
    constant = PlainTextResponse("a")
    answered((constant, 201))
    assert call(constant).status == "200 OK"


def test_injected_objects_are_part_of_the_answer():
    ran = []

    @respond_with(status_code=201)
    def view(number, response: Response, tasks: BackgroundTasks):
        response.headers["X-A"] = "1"
        tasks.add_task(ran.append, number)
        return {"number": number}

    answer = call(view(5))
    assert (answer.status, answer.values("X-A"), answer.body, ran) == ("201 Created", ["1"], b'{"number":5}', [5])


def test_an_injected_status_goes_before_that_of_the_decorator():
    @respond_with(status_code=201)
    def view(response: Response):
        response.status_code = 202
        return {}

    assert call(view()).status == "202 Accepted"


def test_an_injected_status_is_known_to_the_class():
    @respond_with(RedirectResponse)
    def view(response: Response):
        response.status_code = 200
        return "/new"

    with pytest.raises(ValueError, match="redirect"):
        view()


def test_the_injected_response_may_be_returned():
    @respond_with()
    def view(response: Response):
        response.status_code = 202
        return response

    assert call(view()).status == "202 Accepted"


def test_what_the_caller_gives_is_used():
    given = Response()

    @respond_with()
    def view(response: Response):
        assert response is given
        return {}

    view(given)
    view(response=given)


class Pages:
    @respond_with(status_code=201)
    def page(self, response: Response):
        response.headers["X-A"] = "1"
        return {"page": type(self).__name__}

    @respond_with()
    async def __call__(self):
        return 1


def test_a_method_is_a_view():
    answer = call(Pages().page())
    assert (answer.values("X-A"), answer.body) == (["1"], b'{"page":"Pages"}')


class Counter:
    async def __call__(self):
        return 1


@pytest.mark.parametrize(
    "view",
    [
        pytest.param(Counter(), id="an object"),
        pytest.param(functools.partial(Counter().__call__), id="a partial"),
        pytest.param(Counter().__call__, id="a method"),
    ],
)
def test_an_async_view_is_async(view):
    decorated = respond_with()(view)
    assert asyncio.iscoroutinefunction(decorated)
    assert call(asyncio.run(decorated())).body == b"1"


def test_an_async_view_gets_what_it_asks_for():
    @respond_with()
    async def view(response: Response):
        await asyncio.sleep(0)
        response.status_code = 202
        return 1

    answer = call(asyncio.run(view()))
    assert (answer.status, answer.body) == ("202 Accepted", b"1")


def test_a_decorated_view_may_be_decorated_again():
    @respond_with(HTMLResponse)
    @respond_with(PlainTextResponse)
    def view(response: Response):
        response.headers["X-A"] = "1"
        return "a"

    answer = call(view())
    assert (answer.values("Content-Type"), answer.values("X-A")) == (["text/plain; charset=utf-8"], ["1"])


def test_the_view_keeps_its_name_and_words():
    @respond_with()
    def view():
        """Say something."""

    assert (view.__name__, view.__doc__) == ("view", "Say something.")


@pytest.mark.parametrize("response_class", [dict, "HTMLResponse", WerkzeugResponse, HTMLResponse("a")], ids=repr)
def test_what_is_no_class_of_ours_is_refused(response_class):
    with pytest.raises(TypeError, match="response_class must be a class"):
        respond_with(response_class)


@pytest.mark.parametrize("view", [Pages, "view"], ids=repr)
def test_what_is_no_function_is_refused(view):
    with pytest.raises(TypeError, match="decorates a function"):
        respond_with()(view)


def test_the_brackets_are_missed_at_once():
    with pytest.raises(TypeError, match="response_class must be a class"):
        respond_with(print)


@pytest.mark.parametrize("wrong", [{"status_code": 42}, {"headers": {"X-A": "a\nb"}}], ids=str)
def test_what_http_does_not_allow_is_refused_at_once(wrong):
    with pytest.raises(ValueError, match="must"):
        respond_with(**wrong)


def test_the_package_has_it():
    assert wsgiresp.respond_with is respond_with


@pytest.mark.parametrize("returned", [{"a": 1}, [1], 41, "text"], ids=repr)
@pytest.mark.parametrize("model", [None, Any], ids=["without a model", "with a model"])
def test_a_proxy_is_what_it_stands_for(returned, model):
    view = respond_with(JSONResponse, response_model=model)(lambda: LocalProxy(lambda: returned))
    assert view().body == JSONResponse(returned).body
