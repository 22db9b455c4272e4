"""Django's response objects, sent as its WSGIHandler sends them; middleware and routing are in nobody's time.

Django leaves HEAD to the server, and has no public way to do something after one response. For files there is a whole
application too, as its users have it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import FileResponse, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path

from benchmarks.candidates import Candidate
from benchmarks.harness.cases import HEADERS, TARGET, TEXT

settings.configure()


def sent(make: Callable[[], HttpResponse]) -> WSGIApplication:
    """Return the application that answers with what *make* returns."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        response = make()
        start(response, start_response)
        return response

    return app


def start(response: HttpResponseBase, start_response: StartResponse) -> None:
    """Send the beginning of *response*."""
    headers = [
        *response.items(),
        *(("Set-Cookie", cookie.output(header="").strip()) for cookie in response.cookies.values()),
    ]
    start_response(f"{response.status_code} {response.reason_phrase}", headers)


class Routes:
    """What Django asks a module for."""

    def __init__(self, *patterns: URLPattern) -> None:
        self.urlpatterns = patterns


def application(folder: str) -> WSGIApplication:
    """Return an application with a route for the files in *folder* and no middleware. The last that was made counts."""
    settings.ROOT_URLCONF = Routes(path("<name>", lambda request, name: opened(f"{folder}/{name}")))
    return WSGIHandler()


def opened(name: str) -> FileResponse:
    """Return the file *name*; the response closes it."""
    return FileResponse(open(name, "rb"))


def file(folder: str) -> WSGIApplication:
    """Return the application that sends the files in *folder*, through the server's file wrapper if it has one."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        response = opened(folder + environ["PATH_INFO"])
        start(response, start_response)
        if "wsgi.file_wrapper" not in environ:
            return response
        response.file_to_stream.close = response.close
        wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](response.file_to_stream, response.block_size)
        return wrapped

    return app


def cookies() -> HttpResponse:
    """Return the text and two cookies."""
    response = HttpResponse(TEXT, content_type="text/plain; charset=utf-8")
    response.set_cookie("session", "38afes7a8", max_age=3600, httponly=True, samesite="Lax")
    response.set_cookie("theme", "dark", samesite="Lax")
    return response


CANDIDATE = Candidate(
    distribution="Django",
    apps={
        "text": sent(lambda: HttpResponse(TEXT, content_type="text/plain; charset=utf-8")),
        "text + 3 headers": sent(lambda: HttpResponse(TEXT, content_type="text/plain; charset=utf-8", headers=HEADERS)),
        "text + 2 cookies": sent(cookies),
        "redirect": sent(lambda: HttpResponseRedirect(TARGET, preserve_request=True)),
    },
    json={"django": lambda document: sent(lambda: JsonResponse(document, safe=False))},
    files={"django": file, "django app": application},
)
