"""One call of a response: what it sends, and what its end does."""

from __future__ import annotations

import contextvars
import warnings
from wsgiref.validate import validator

import pytest
from responses.wsgi_calls import call, environ, start
from werkzeug.middleware.lint import LintMiddleware
from werkzeug.test import create_environ

from wsgiresp import BackgroundTask, BackgroundTasks
from wsgiresp.responses import (
    EventSourceResponse,
    HTMLResponse,
    JSONLinesResponse,
    JSONResponse,
    ORJSONResponse,
    PlainTextResponse,
    Prepared,
    RedirectResponse,
    Response,
    StreamingResponse,
)

CLASSES = {
    "Response": lambda status: Response(b"abc", status),
    "Response of nothing": lambda status: Response(None, status),
    "PlainTextResponse": lambda status: PlainTextResponse("abc", status),
    "HTMLResponse": lambda status: HTMLResponse("<p>abc", status),
    "JSONResponse": lambda status: JSONResponse({"a": 1}, status),
    "ORJSONResponse": lambda status: ORJSONResponse({"a": 1}, status),
    "StreamingResponse": lambda status: StreamingResponse(iter([b"abc"]), status),
    "JSONLinesResponse": lambda status: JSONLinesResponse([{"a": 1}], status),
    "EventSourceResponse": lambda status: EventSourceResponse(["abc"], status),
}

NAME = contextvars.ContextVar("name", default="none")


@pytest.mark.parametrize("make", CLASSES.values(), ids=CLASSES.keys())
@pytest.mark.parametrize("status", [200, 404])
def test_head_has_the_headers_of_get_and_no_body(make, status):
    got, headed = call(make(status)), call(make(status), "HEAD")
    assert (headed.status, headed.headers, headed.body) == (got.status, got.headers, b"")


@pytest.mark.parametrize("make", CLASSES.values(), ids=CLASSES.keys())
@pytest.mark.parametrize("status", [100, 101, 150, 199, 204, 304])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_an_answer_without_content_has_no_body_no_type_and_no_length(make, status, method):
    answer = call(make(status), method)
    assert (answer.values("Content-Type"), answer.values("Content-Length"), answer.chunks) == ([], [], [])


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_205_has_no_body_and_a_content_length_of_zero(method):
    answer = call(PlainTextResponse("abc", 205), method)
    assert answer.values("Content-Length") == ["0"]
    assert answer.chunks == []


def validate(app, method):
    iterable = validator(app)(create_environ(method=method), lambda status, headers, exc_info=None: lambda data: None)
    list(iterable)
    iterable.close()


@pytest.mark.parametrize("make", CLASSES.values(), ids=CLASSES.keys())
@pytest.mark.parametrize("status", [200, 204, 304, 404])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_every_answer_passes_wsgirefs_validator(make, status, method):
    validate(make(status), method)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("status", [201, 301, 302, 303, 307, 308])
def test_a_redirect_passes_wsgirefs_validator(method, status):
    validate(RedirectResponse("/b", status), method)


# A HEAD announces the length that GET would send (RFC 9110, Section 9.3.2), and a 204 MUST NOT announce any (Section
# 8.6): here the linter asks for what HTTP forbids.
UNFOUNDED = {
    (200, "HEAD"): "Content-Length and the number of bytes sent",
    (404, "HEAD"): "Content-Length and the number of bytes sent",
    (204, "GET"): "204 responses must have an empty content length",
    (204, "HEAD"): "204 responses must have an empty content length",
}


def lint(app, method):
    iterable = LintMiddleware(app)(create_environ(method=method), lambda status, headers, exc_info=None: lambda data: 0)
    list(iterable)
    iterable.close()


@pytest.mark.parametrize("make", CLASSES.values(), ids=CLASSES.keys())
@pytest.mark.parametrize("status", [200, 204, 304, 404])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_every_answer_passes_werkzeugs_linter(make, status, method):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if (status, method) in UNFOUNDED:
            warnings.filterwarnings("ignore", UNFOUNDED[status, method])
        lint(make(status), method)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("status", [201, 301, 302, 303, 307, 308])
def test_a_redirect_passes_werkzeugs_linter(method, status):
    lint(RedirectResponse("http://a.example/", status), method)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("status", [200, 204, 304])
@pytest.mark.parametrize("touched", [False, True], ids=["plain", "with its headers touched"])
@pytest.mark.parametrize("make", CLASSES.values(), ids=CLASSES.keys())
def test_the_background_runs_once_when_the_body_is_closed(make, method, status, touched):
    ran: list[str] = []
    response = make(status)
    response.background = BackgroundTask(ran.append, "background")
    if touched:
        response.headers["X-A"] = "1"
    answer = start(response, method)
    assert ran == []
    answer.close()
    answer.close()
    assert ran == ["background"]


def test_a_task_that_fails_is_logged_and_not_raised(caplog):
    def fail():
        raise LookupError

    call(Response("abc", background=BackgroundTask(fail)))
    assert "<BackgroundTask test_a_task_that_fails_is_logged_and_not_raised.<locals>.fail>" in caplog.text


def test_tasks_see_the_context_of_the_call():
    seen: list[str] = []
    tasks = BackgroundTasks()
    tasks.add_task(lambda: seen.append(NAME.get()))
    NAME.set("the call")
    answer = start(Response("abc", background=tasks))
    NAME.set("later")
    answer.close()
    assert seen == ["the call"]


@pytest.mark.parametrize("status", [200, 204])
@pytest.mark.parametrize("make", CLASSES.values(), ids=CLASSES.keys())
def test_the_background_runs_after_an_error_of_start_response(make, status):
    ran: list[str] = []

    def refuse(status, headers, exc_info=None):
        raise ConnectionError("gone")

    response = make(status)
    response.background = BackgroundTask(ran.append, "background")
    with pytest.raises(ConnectionError, match="gone"):
        response(environ(), refuse)
    assert ran == ["background"]


def test_one_response_answers_many_requests():
    ran: list[int] = []
    response = PlainTextResponse("abc", headers={"X-A": "1"}, background=BackgroundTask(ran.append, 1))
    response.set_cookie("a", "b")
    answers = [call(response, method) for method in ("GET", "HEAD", "GET")]
    assert answers[0].headers == answers[1].headers == answers[2].headers
    assert [answer.body for answer in answers] == [b"abc", b"", b"abc"]
    assert ran == [1, 1, 1]


@pytest.mark.parametrize("touched", [False, True], ids=["plain", "with its headers touched"])
def test_a_change_of_the_header_list_by_a_middleware_does_not_last(touched):
    response = PlainTextResponse("abc", headers={"X-A": "1"})
    if touched:
        response.headers["X-B"] = "2"
    call(response).headers.clear()
    assert call(response).values("X-A") == ["1"]


def test_the_headers_may_be_changed_between_two_calls():
    response = PlainTextResponse("abc")
    call(response)
    response.headers["X-A"] = "1"
    assert call(response).values("X-A") == ["1"]


def test_prepare_returns_the_answer_that_the_call_sends():
    response = PlainTextResponse("abc", 404, {"X-A": "1"})
    prepared = response.prepare(environ())
    answer = call(response)
    assert (prepared.status, prepared.status_code, prepared.headers) == ("404 Not Found", 404, answer.headers)
    assert list(prepared.body) == answer.chunks


def test_a_prepared_answer_that_is_not_sent_can_be_closed():
    ran: list[str] = []
    response = PlainTextResponse("abc", background=BackgroundTask(ran.append, "background"))
    prepared = response.prepare(environ())
    prepared.close()
    prepared.close()
    assert ran == ["background"]


def test_a_prepared_body_without_close_can_be_closed():
    PlainTextResponse("abc").prepare(environ()).close()


def test_a_subclass_may_override_prepare():
    class Teapot(PlainTextResponse):
        def prepare(self, environ):
            prepared = super().prepare(environ)
            return Prepared("418 Short and stout", prepared.headers, prepared.body)

    assert call(Teapot("abc")).status == "418 Short and stout"


def test_a_mixin_may_override_prepare():
    class Teapots:
        def prepare(self, environ):
            prepared = super().prepare(environ)
            return Prepared("418 Short and stout", prepared.headers, prepared.body)

    class Teapot(Teapots, PlainTextResponse):
        pass

    assert call(Teapot("abc")).status == "418 Short and stout"


def test_an_overridden_call_uses_the_prepare_of_its_class():
    class Teapot(PlainTextResponse):
        def prepare(self, environ):
            prepared = super().prepare(environ)
            return Prepared("418 Short and stout", prepared.headers, prepared.body)

        def __call__(self, environ, start_response):
            return super().__call__(environ, start_response)

    class Cup(Teapot):
        pass

    assert call(Cup("abc")).status == "418 Short and stout"


def test_a_subclass_may_override_the_call():
    class Loud(PlainTextResponse):
        def prepare(self, environ):
            raise AssertionError("not reached")

        def __call__(self, environ, start_response):
            start_response("200 Loud", [])
            return [b"ABC"]

    assert call(Loud("abc")).body == b"ABC"


def unreadable():
    raise PermissionError("no")
    yield


def test_an_os_error_is_raised_as_it_is():
    with pytest.raises(PermissionError, match="no"):
        call(StreamingResponse(unreadable()))


@pytest.mark.parametrize("key", ["gunicorn.socket", "waitress.client_disconnected"])
def test_an_os_error_is_wrapped_for_servers_that_would_send_no_answer(key):
    with pytest.raises(RuntimeError, match="the answer could not be made: PermissionError"):
        call(StreamingResponse(unreadable()), **{key: None})
