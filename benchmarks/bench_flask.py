"""What a request costs through a Flask application with and without the extension: python -m benchmarks.bench_flask."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Flask, Response, jsonify

from wsgiresp import BackgroundTasks
from wsgiresp import Response as OurResponse
from wsgiresp.adapters.flask import Responses
from wsgiresp.responses import JSONResponse, PlainTextResponse

from .harness import report
from .harness.cases import SMALL, TEXT, Case, objects
from .harness.drive import WSGI
from .harness.goals import AtMost, Goal
from .harness.measure import batched, interleaved
from .harness.report import Part, Rounds
from .harness.tables import Table, costs

PLAIN = "flask"
EXTENDED = "flask + extension"
OURS = "flask + extension, ours"
ALONE = "flask, ours"
INJECTED = "flask + extension, injected"

FIFTY = objects(50)


def injected(response: OurResponse, tasks: BackgroundTasks) -> Any:
    """Return a document, as FastAPI's views do that set a header."""
    response.headers["X-Process-Time"] = "0.123"
    return jsonify(SMALL)


Views = dict[str, tuple[bool, Callable[..., Any]]]  # whether the application has the extension, and the view

CASES: list[tuple[Case, Views]] = [
    (
        Case("JSON of 1 key", document=SMALL, media_type="application/json"),
        {
            PLAIN: (False, lambda: jsonify(SMALL)),
            EXTENDED: (True, lambda: jsonify(SMALL)),
            OURS: (True, lambda: JSONResponse(SMALL)),
            ALONE: (False, lambda: JSONResponse(SMALL)),
            INJECTED: (True, injected),
        },
    ),
    (
        Case("JSON of 50 objects", document=FIFTY, media_type="application/json"),
        {
            PLAIN: (False, lambda: jsonify(FIFTY)),
            EXTENDED: (True, lambda: jsonify(FIFTY)),
            OURS: (True, lambda: JSONResponse(FIFTY)),
        },
    ),
    (
        Case("text", body=TEXT.encode()),
        {
            PLAIN: (False, lambda: TEXT),
            EXTENDED: (True, lambda: TEXT),
            OURS: (True, lambda: PlainTextResponse(TEXT)),
        },
    ),
    (
        Case("a response of Flask's", body=TEXT.encode()),
        {
            PLAIN: (False, lambda: Response(TEXT)),
            EXTENDED: (True, lambda: Response(TEXT)),
        },
    ),
    (
        Case("a dict", document=SMALL, media_type="application/json"),
        {
            PLAIN: (False, lambda: SMALL),
            EXTENDED: (True, lambda: SMALL),
        },
    ),
]

GOALS: list[Goal] = [AtMost(EXTENDED, PLAIN, 1.1), AtMost(OURS, PLAIN, 1.0)]


def driver(case: Case, has_extension: bool, view: Callable[..., Any]) -> WSGI:
    """Return what drives an application with *view*; ``RuntimeError`` if its answer to *case* is wrong."""
    app = Flask(__name__, static_folder=None)
    if has_extension:
        Responses(app)
    app.add_url_rule("/", "view", view)
    made = WSGI(app.wsgi_app)
    fault = case.fault(made.answer())
    if fault is not None:
        raise RuntimeError(f"{case.name}: {fault}")
    return made


def measured(case: Case, views: Views, rounds: int, batch: float) -> list[Table]:
    """Return the table of one *case*, for the applications with one of *views* each."""
    measures = {name: batched(driver(case, *view).seconds, batch) for name, view in views.items()}
    found = interleaved(measures, rounds)
    goals = [goal for goal in GOALS if found.keys() >= set(goal.about)]
    # A view with something injected does more than any of Flask's: there is no rival to it.
    rivals = {name: [PLAIN] for name in found if name not in (PLAIN, INJECTED)}
    return [costs(case.name, found, PLAIN, goals, rivals)]


def main() -> None:
    """Print a table for each case, and keep them if that is asked for."""
    options = report.options(__doc__, Rounds(5, 101, 301), batch=5)
    parts = [
        Part(case.name, partial(measured, case, views, options.rounds, options.batch / 1000))
        for case, views in CASES
        if options.only in case.name
    ]
    report.run("flask", "A request through Flask's wsgi_app", parts, ["Flask"], options, [])


if __name__ == "__main__":
    report.begin(main)
