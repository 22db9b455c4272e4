"""One application of one candidate, for a server's command line: ``benchmarks.served:app("baize", "text")``."""

from __future__ import annotations

import importlib
from typing import Any
from wsgiref.types import WSGIApplication

from .candidates import Candidate
from .cases import SMALL

JSON = "json"


def app(name: str, case: str) -> WSGIApplication:
    """Return the application of the candidate *name* for *case*, or its first JSON class for the small document."""
    candidate: Candidate = importlib.import_module(f"benchmarks.candidates.{name}").CANDIDATE
    made: Any = next(iter(candidate.json.values()))(SMALL) if case == JSON else candidate.apps[case]
    return made  # type: ignore[no-any-return]
