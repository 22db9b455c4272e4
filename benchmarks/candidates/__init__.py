"""Who is measured: one module for each, which says how its users write each case."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.harness.cases import Case
from benchmarks.harness.drive import WSGI, Driver
from benchmarks.harness.events import Event

PEERS = (
    "starlette",
    "baize",
    "werkzeug",
    "flask",
    "django",
    "webob",
    "falcon",
    "litestar",
    "whitenoise",
    "fastapi",
    "sse_starlette",
)


@dataclass(frozen=True)
class Candidate:
    """The applications of one candidate: by case, by the name of its JSON class, made for a document, and by the name
    of its way to send files, made for the folder that they are in; ``PATH_INFO`` says which. And by the name of its way
    to write a server-sent event, what gives the bytes of one.

    A case that a candidate has no public way to answer is not in ``apps``. Paths are not checked: no candidate is timed
    for that, and there is no client but ours.
    """

    distribution: str | None
    apps: Mapping[str, Any]
    json: Mapping[str, Callable[[Any], Any]]
    files: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)
    events: Mapping[str, Callable[[Event], Callable[[], bytes]]] = field(default_factory=dict)
    driver: Callable[[Any, str, str], Driver] = WSGI

    def ready(self, app: Any, case: Case) -> Driver:
        """Return what drives *app*.

        ``RuntimeError`` if its answer to *case* is wrong: the time of a wrong answer says nothing.
        """
        driver = self.driver(app, case.method, case.path)
        fault = case.fault(driver.answer())
        if fault is not None:
            raise RuntimeError(f"{self.distribution or 'bare'}, {case.name}: {fault}")
        return driver


def load(skipped: Callable[[str], None]) -> Iterator[tuple[str, Candidate]]:
    """Return name and candidate of all that are installed; *skipped* is told of each peer that is not."""
    for name in ("bare", "wsgiresp", *PEERS):
        try:
            module = importlib.import_module(f"{__name__}.{name}")
        except ImportError as error:
            if name not in PEERS:
                raise
            skipped(f"{name}: {error}")
        else:
            yield name, module.CANDIDATE
