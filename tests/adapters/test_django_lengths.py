"""The length that is announced is that of what goes out, also where middleware changes the body, and after HEAD."""

from __future__ import annotations

import asyncio

import pytest
from django.test import AsyncRequestFactory, RequestFactory
from django_apps import OURS, asked

from wsgiresp.adapters.django import to_django
from wsgiresp.responses import BackgroundTask, FileResponse, HTMLResponse, Response, StreamingResponse

COMMON = "django.middleware.common.CommonMiddleware"
GZIP = "django.middleware.gzip.GZipMiddleware"
PAGE = "<p>again and again</p>" * 100


class Changing:
    """A middleware that makes another page of the page."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        response.content = response.content.replace(b"<p>", b"<p class='a'>")
        response.write("<!-- the end -->")
        return response


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("middleware", [(), (COMMON,)], ids=["alone", "before CommonMiddleware"])
@pytest.mark.parametrize("background", [None, BackgroundTask(int)], ids=["plain", "with a task"])
def test_the_length_follows_a_middleware_that_changes_the_content(method, middleware, background):
    answer = asked(
        lambda request: HTMLResponse("<p>", background=background),
        method=method,
        middleware=[*middleware, f"{__name__}.Changing", OURS],
    )
    assert answer.headers["Content-Length"] == str(len("<p class='a'><!-- the end -->"))


def test_an_answer_without_a_length_gets_none_by_a_change():
    class Unmeasured(Response):
        automatically_set_content_length = False

    made = to_django(RequestFactory().get("/"), Unmeasured("a"))
    made.content = "abc"
    assert (made.content, "Content-Length" in made.headers) == (b"abc", False)


@pytest.mark.parametrize("middleware", [(), (COMMON, GZIP)], ids=["alone", "with Django's middleware"])
@pytest.mark.parametrize(
    "options",
    [{}, {"background": BackgroundTask(int)}, {"response": []}],
    ids=["plain", "with a task", "as a list of chunks"],
)
def test_an_empty_answer_to_head_may_announce_what_get_would_send(options, middleware):
    answer = asked(
        lambda request: Response(headers={"Content-Length": "1000"}, **options),
        method="HEAD",
        middleware=[*middleware, OURS],
    )
    assert (answer.data, answer.headers["Content-Length"]) == (b"", "1000")


@pytest.fixture
def path(tmp_path):
    (tmp_path / "page.html").write_text(PAGE, "ascii")
    return tmp_path / "page.html"


KINDS = {
    "plain": lambda path: HTMLResponse(PAGE),
    "with a task": lambda path: HTMLResponse(PAGE, background=BackgroundTask(int)),
    "file": FileResponse,
    "stream": lambda path: StreamingResponse(iter([PAGE])),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_head_has_the_fields_of_get(path, kind, coding):
    def fields(method):
        answer = asked(
            lambda request: KINDS[kind](path),
            method=method,
            middleware=[COMMON, GZIP, OURS],
            headers={"accept-encoding": coding},
        )
        assert method == "GET" or answer.data == b""
        # How long the compressed text is differs: a random number of bytes is put in (BREACH).
        return {name: value for name, value in answer.headers.items() if (name, coding) != ("Content-Length", "gzip")}

    assert fields("HEAD") == fields("GET")


@pytest.mark.parametrize("kind", KINDS)
def test_the_server_gets_no_body_after_head(path, kind):
    made = to_django(RequestFactory().head("/"), KINDS[kind](path))
    assert list(made) == []
    made.close()


@pytest.mark.parametrize("kind", ["file", "stream"])
def test_the_server_gets_no_body_after_head_under_asgi(path, kind):
    async def chunks():
        made = to_django(AsyncRequestFactory().head("/"), KINDS[kind](path))
        found = [chunk async for chunk in made]
        await asyncio.to_thread(made.close)
        return found

    assert asyncio.run(chunks()) == []
