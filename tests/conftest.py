"""A test that wants an extra which is not installed is skipped, and says which; what else is missing is an error.

Known faults of other projects that no test saw any more are named in the summary: see ``known_faults.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable
from pathlib import Path

import pytest
from known_faults import NOTED, Fault, Sighting, mended

pytest_plugins = ["hang_guard", "process_fixtures"]

# What brings each module.
EXTRAS = {
    "asgiref": "django",
    "django": "django",
    "flask": "flask",
    "gunicorn": "gunicorn",
    "numpy": "test",
    "orjson": "orjson",
    "pandas": "test",
    "pydantic": "pydantic",
    "rest_framework": "test",
}


class Module(pytest.Module):
    """A module of tests, which may import what an extra brings."""

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        try:
            return super().collect()
        except self.CollectError as error:
            cause = error.__cause__
            if isinstance(cause, ModuleNotFoundError) and cause.name in EXTRAS:
                pytest.skip(f"wants wsgiresp[{EXTRAS[cause.name]}]", allow_module_level=True)
            raise


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module:
    return Module.from_parent(parent, path=module_path)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call() -> Generator[None, object, object]:
    """Take our own word for it: what cannot be used for want of an extra says how to install it."""
    try:
        return (yield)
    except ImportError as error:
        wanted = re.search(r"pip install (wsgiresp\[\w+\])", str(error))
        if wanted:
            pytest.skip(f"wants {wanted[1]}")
        raise


@pytest.fixture
def note_fault(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Return ``note_fault(fault, shows=...)``, which notes whether a known fault was there where it shows."""

    def note(fault: Fault, *, shows: bool) -> None:
        request.node.user_properties.append((NOTED, Sighting(fault, shows)))

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    passed = terminalreporter.stats.get("passed", [])
    lines = mended(value for report in passed for name, value in report.user_properties if name == NOTED)
    if lines:
        terminalreporter.section("rows that can go")
        for line in lines:
            terminalreporter.write_line(line)
