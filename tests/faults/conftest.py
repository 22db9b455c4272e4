"""The zygote of the tests, and the list of scenarios and calls in the summary of the run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from faults.table import call_line, totals
from faults.zygote import Outcome, Zygote

_OUTCOMES = pytest.StashKey[list[Outcome]]()


@pytest.fixture(scope="session")
def zygote(request: pytest.FixtureRequest) -> Iterator[Zygote]:
    """The process that runs the scenarios."""
    found = Zygote()
    request.config.stash[_OUTCOMES] = found.outcomes
    yield found
    found.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    outcomes = terminalreporter.config.stash.get(_OUTCOMES, [])
    if outcomes:
        terminalreporter.section("injected faults")
        for outcome in outcomes:
            terminalreporter.line(call_line(outcome.title, outcome.calls))
        for line in totals(outcomes):
            terminalreporter.line(line)
