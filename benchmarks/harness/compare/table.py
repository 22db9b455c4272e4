"""What was found, as a table to read and as JSON to keep."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from ..tables import table
from .intervals import Verdict, verdict
from .rows import Figures, Row

NOT_MEASURED = "NOT MEASURED"

HEAD = ("row", "unit", "old", "new", "new / old", "95 % interval", "limit", "rounds", "verdict")


def printed(rows: Iterable[Row], figures: Figures) -> str:
    """Return the table of *rows* in Markdown, with the reasons of those that have no figures under it."""
    text = table(HEAD, [_cells(row, figures) for row in rows], figures=0)
    return text + "".join(f"\n{row.name}: {reason}" for row, reason in figures.failures.items())


def verdicts(rows: Iterable[Row], figures: Figures) -> list[Verdict]:
    """Return what became of those of *rows* that were measured."""
    return [verdict(figures.ratio(row), row.limit) for row in rows if row not in figures.failures]


def status(rows: Sequence[Row], figures: Figures) -> int:
    """Return the exit status: 2 where a row could not be measured, else 1 where one is worse, else 0."""
    if figures.failures:
        return 2
    return int(Verdict.WORSE in verdicts(rows, figures))


def dumped(rows: Iterable[Row], figures: Figures, about: dict[str, Any]) -> str:
    """Return all figures of *rows* as JSON, beside what else is known *about* the run."""
    return json.dumps(about | {"rows": [_kept(row, figures) for row in rows]}, indent=1) + "\n"


def _cells(row: Row, figures: Figures) -> list[str]:
    if row in figures.failures:
        return [row.name, row.symbol, "", "", "", "", f"{row.limit:g}", "", NOT_MEASURED]
    middle, found = figures.middle(row), figures.ratio(row)
    return [
        row.name,
        row.symbol,
        *(f"{figure / row.unit:.4g}" for figure in middle),
        f"{found.median:.3f}",
        f"{found.lower:.3f} to {found.upper:.3f}",
        f"{row.limit:g}",
        str(len(figures.rounds[row])),
        verdict(found, row.limit).value,
    ]


def _kept(row: Row, figures: Figures) -> dict[str, Any]:
    kept: dict[str, Any] = {"name": row.name, "symbol": row.symbol, "unit": row.unit, "limit": row.limit}
    if row in figures.failures:
        return kept | {"failure": figures.failures[row]}
    found = figures.ratio(row)
    # As one text for each round: an array would have a line for each figure.
    rounds = [" ".join(f"{pair.old:.6g}/{pair.new:.6g}" for pair in pairs) for pairs in figures.rounds[row]]
    return kept | found._asdict() | {"verdict": verdict(found, row.limit).value, "old/new": rounds}
