"""The list of the scenarios and of the calls that failed in them, as lines of text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from faults.zygote import Outcome


def call_line(title: str, calls: dict[str, int]) -> str:
    """Return the line of a scenario: each primitive with the number of its calls."""
    return f"{title}: " + ", ".join(f"{name} {count}" for name, count in sorted(calls.items()))


def loss_lines(outcome: Outcome, with_hangs: bool = False) -> Iterator[str]:
    """Yield the lines of a scenario: its calls, then each fault that loses something, with its place."""
    yield call_line(outcome.title, outcome.calls)
    if outcome.losses:
        yield f"    UNDISTURBED: {'; '.join(outcome.losses)}"
    for row in outcome.lost:
        if row.hang and with_hangs:
            yield row.hang
        yield f"    {row.primitive} {row.k} at {row.place}: {'; '.join(row.losses)} [{row.error}]"


def totals(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Yield the lines about all scenarios together."""
    calls: Counter[str] = Counter()
    faults = lost = scenarios = 0
    for outcome in outcomes:
        scenarios += 1
        calls.update(outcome.calls)
        faults += len(outcome.rows)
        lost += len(outcome.lost)
    yield call_line(f"All {scenarios} scenarios, {faults} faults, {lost} of them lose something", calls)
