"""Django's response objects, sent as its WSGIHandler sends them; middleware and routing are in nobody's time.

Django leaves HEAD to the server, and has no public way to do something after one response.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse

from benchmarks.candidates import Candidate
from benchmarks.cases import HEADERS, TARGET, TEXT

settings.configure()


def sent(make: Callable[[], HttpResponse]) -> WSGIApplication:
    """Return the application that answers with what *make* returns."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        response = make()
        headers = [
            *response.items(),
            *(("Set-Cookie", cookie.output(header="").strip()) for cookie in response.cookies.values()),
        ]
        start_response(f"{response.status_code} {response.reason_phrase}", headers)
        return response

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
)
