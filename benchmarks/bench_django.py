"""What a request costs through a Django project with and without the middleware: python -m benchmarks.bench_django."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path

from wsgiresp import BackgroundTasks, Response
from wsgiresp.responses import JSONResponse, PlainTextResponse, StreamingResponse

from . import report
from .cases import SMALL, TEXT, Case, objects
from .drive import WSGI
from .goals import AtMost, Goal
from .measure import Rounds, batched, interleaved

PLAIN = "django"
EXTENDED = "django + middleware"
OURS = "django + middleware, ours"
INJECTED = "django + middleware, injected"

FIFTY = objects(50)
MIDDLEWARE = "wsgiresp.adapters.django.ResponseMiddleware"

settings.configure(ALLOWED_HOSTS=["*"], MIDDLEWARE=[], ROOT_URLCONF=__name__, SECRET_KEY="for these figures alone")
django.setup()
urlpatterns: list[Any] = []


def injected(request: HttpRequest, response: Response, tasks: BackgroundTasks) -> Any:
    """Return a document, as FastAPI's views do that set a header."""
    response.headers["X-Process-Time"] = "0.123"
    return SMALL


Views = dict[str, tuple[bool, Callable[..., Any]]]  # whether the project has the middleware, and the view

CASES: list[tuple[Case, Views]] = [
    (
        Case("JSON of 1 key", document=SMALL, media_type="application/json"),
        {
            PLAIN: (False, lambda request: JsonResponse(SMALL)),
            EXTENDED: (True, lambda request: JsonResponse(SMALL)),
            OURS: (True, lambda request: JSONResponse(SMALL)),
            INJECTED: (True, injected),
        },
    ),
    (
        Case("JSON of 50 objects", document=FIFTY, media_type="application/json"),
        {
            PLAIN: (False, lambda request: JsonResponse(FIFTY, safe=False)),
            EXTENDED: (True, lambda request: JsonResponse(FIFTY, safe=False)),
            OURS: (True, lambda request: JSONResponse(FIFTY)),
        },
    ),
    (
        Case("text", body=TEXT.encode()),
        {
            PLAIN: (False, lambda request: HttpResponse(TEXT)),
            EXTENDED: (True, lambda request: HttpResponse(TEXT)),
            OURS: (True, lambda request: PlainTextResponse(TEXT)),
        },
    ),
    (
        Case("a stream", body=TEXT.encode()),
        {
            PLAIN: (False, lambda request: StreamingHttpResponse(iter([TEXT]))),
            EXTENDED: (True, lambda request: StreamingHttpResponse(iter([TEXT]))),
            OURS: (True, lambda request: StreamingResponse(iter([TEXT]))),
        },
    ),
]

GOALS: list[Goal] = [AtMost(EXTENDED, PLAIN, 1.08), AtMost(OURS, PLAIN, 1.25)]


def driver(case: Case, has_middleware: bool, view: Callable[..., Any]) -> WSGI:
    """Return what drives a handler with *view*; ``RuntimeError`` if its answer to *case* is wrong."""
    route = f"view{len(urlpatterns)}"
    urlpatterns.append(path(route, view))
    settings.MIDDLEWARE = [MIDDLEWARE] if has_middleware else []
    made = WSGI(WSGIHandler(), path=f"/{route}")
    fault = case.fault(made.answer())
    if fault is not None:
        raise RuntimeError(f"{case.name}: {fault}")
    return made


def views_of(asked: str) -> list[tuple[Case, Views]]:
    """Return the cases whose names hold *asked*."""
    return [(case, views) for case, views in CASES if asked in case.name]


def main() -> None:
    """Print a table for each case, and keep them if that is asked for."""
    options = report.options(__doc__, rounds=101, batch=5)
    sections = []
    drivers = {
        case.name: {name: driver(case, *view) for name, view in views.items()} for case, views in views_of(options.only)
    }
    for title, driven in drivers.items():
        measures = {name: batched(one.seconds, options.batch / 1000) for name, one in driven.items()}
        rounds = Rounds(interleaved(measures, options.rounds))
        sections.append(report.costs(title, rounds, PLAIN, [] if title == "a stream" else GOALS))
        print(sections[-1], flush=True)
    report.finish("django", "A request through Django's WSGIHandler", sections, ["Django"], options)


if __name__ == "__main__":
    main()
