"""Known faults of other projects, and the report of those that a run did not see any more.

A test never asserts a fault of another project: the release that mends it would turn the suite red. Where such a fault
shows in what a test compares, the test accepts two outcomes, the fault and what is right, and nothing else, and notes
which of them it saw, by the fixture ``note_fault`` of ``conftest.py``::

    END_AS_IF_WHOLE = faults("END_AS_IF_WHOLE", "ends a stream that failed as if it were whole", "uwsgi", "granian")

    if fault := END_AS_IF_WHOLE.get(server):
        note_fault(fault, shows=not is_broken)
    else:
        assert is_broken

At the end of the run pytest's summary has a line for each fault that no test saw though one looked: its row can go.
"""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

NOTED = "known fault"  # the name of the property of a test's report

# The distributions of servers that the tests call by another name.
DISTRIBUTIONS = {"gevent.pywsgi": "gevent", "runserver": "django", "uwsgi": "pyuwsgi"}


class Fault(NamedTuple):
    """What *project*, a distribution or a server of the tests, does wrong; *row*: where the tests say so."""

    project: str
    row: str
    what: str


class Sighting(NamedTuple):
    """That a test looked for a fault, and whether it was there."""

    fault: Fault
    shows: bool


def faults(row: str, what: str, *projects: str) -> dict[str, Fault]:
    """Return one fault of several projects, by the name of each."""
    return {project: Fault(project, row, what) for project in projects}


def named(project: str) -> str:
    """Return *project* with its version, where that is known here."""
    if project == "wsgiref":
        return f"{project} of Python {platform.python_version()}"
    distribution = DISTRIBUTIONS.get(project, project.partition(":")[0])
    try:
        return f"{project} {version(distribution)}"
    except PackageNotFoundError:
        return project


def mended(sightings: Iterable[Sighting]) -> list[str]:
    """Return a line for each fault that was looked for and seen by no test."""
    looks: Counter[Fault] = Counter()
    seen: set[Fault] = set()
    for fault, shows in sightings:
        looks[fault] += 1
        if shows:
            seen.add(fault)
    return [
        f"{fault.row}: {named(fault.project)} no longer {fault.what} (tests that looked: {count})"
        for fault, count in sorted(looks.items())
        if fault not in seen
    ]
