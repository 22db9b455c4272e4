"""What a request costs through a Django project with and without the middleware: python -m benchmarks.bench_django."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path

from wsgiresp import BackgroundTasks, Response
from wsgiresp.responses import JSONResponse, PlainTextResponse, StreamingResponse

from .harness import report
from .harness.cases import SMALL, TEXT, Case, objects
from .harness.drive import WSGI
from .harness.goals import AtMost, Goal
from .harness.measure import batched, interleaved
from .harness.report import Part, Rounds
from .harness.tables import Table, costs

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


def parts_of(asked: str, rounds: int, batch: float) -> Iterator[Part]:
    """Return the cases whose names hold *asked*; all their routes are there before the first is measured."""
    drivers = {
        case.name: {name: driver(case, *view) for name, view in views.items()}
        for case, views in CASES
        if asked in case.name
    }
    for title, driven in drivers.items():
        yield Part(title, partial(measured, title, driven, rounds, batch))


def measured(title: str, driven: Mapping[str, WSGI], rounds: int, batch: float) -> list[Table]:
    """Return the table of the case *title*."""
    found = interleaved({name: batched(one.seconds, batch) for name, one in driven.items()}, rounds)
    # A view with something injected does more than any of Django's: there is no rival to it.
    rivals = {name: [PLAIN] for name in found if name not in (PLAIN, INJECTED)}
    return [costs(title, found, PLAIN, [] if title == "a stream" else GOALS, rivals)]


def main() -> None:
    """Print a table for each case, and keep them if that is asked for."""
    options = report.options(__doc__, Rounds(5, 101, 301), batch=5)
    parts = parts_of(options.only, options.rounds, options.batch / 1000)
    report.run("django", "A request through Django's WSGIHandler", parts, ["Django"], options, [])


if __name__ == "__main__":
    report.begin(main)
