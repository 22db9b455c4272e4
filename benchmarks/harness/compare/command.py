"""Compare two revisions of wsgiresp in one run: python -m benchmarks --compare REV (Linux).

The exit status is 1 where a row is worse, which is where the 95 % interval of its ratio new / old lies above its limit,
and 2 where a row could not be measured.
"""

from __future__ import annotations

import argparse
import datetime
import sys
import time
import traceback
from collections.abc import Collection, Sequence
from pathlib import Path

from ..report import reason
from . import intervals
from .groups import GROUPS
from .revisions import WORKING_TREE, Revision, built
from .rows import Both, Figures, Group, Row
from .table import dumped, printed, status

NOT_DONE = 2


def asked(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--compare", required=True, metavar="REV", help="the old revision, by any name that git knows")
    parser.add_argument("--to", metavar="REV", help=f"the new revision ({WORKING_TREE})")
    parser.add_argument("--only", nargs="+", metavar="TEXT", help="only rows and groups whose name holds a TEXT")
    parser.add_argument("--save", type=Path, metavar="FILE", help="write all figures as JSON")
    extent = parser.add_mutually_exclusive_group()
    least = intervals.LEAST
    extent.add_argument("--quick", dest="rounds", action="store_const", const=least, help=f"{least} rounds of each row")
    extent.add_argument("--rounds", type=int, metavar="N", help=f"N rounds of each row, at least {least}")
    found = parser.parse_args(arguments)
    if found.rounds is not None and found.rounds < least:
        parser.error(f"--rounds must be at least {least}: fewer have no 95 % interval")
    found.wanted = wanted(found.only)
    if not found.wanted:
        names = ", ".join(group.name for group in GROUPS)
        parser.error(f"no row is named so; the groups are {names}")
    return found


def wanted(only: Sequence[str] | None) -> list[tuple[Group, list[Row]]]:
    """Return the rows that are asked for by group: those whose own name or group's holds one of *only*.

    Without *only* these are all rows of the usual groups.
    """
    if only is None:
        return [(group, list(group.rows)) for group in GROUPS if group.is_usual]
    found = []
    for group in GROUPS:
        rows = [row for row in group.rows if any(text in name for text in only for name in (row.name, group.name))]
        if rows:
            found.append((group, rows))
    return found


def measured(
    wanted: Sequence[tuple[Group, Sequence[Row]]], old: Revision, new: Revision, rounds: int | None
) -> Figures:
    """Return the figures of the rows *wanted*, in as many *rounds*, or as many as each group has."""
    figures = Figures()
    for group, rows in wanted:
        began = time.monotonic()
        for number in range(rounds or group.rounds):
            _measure(group, rows, Both(old, new, number), figures)
        print(f"{group.name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return figures


def _measure(group: Group, rows: Collection[Row], both: Both, figures: Figures) -> None:
    left = [row for row in rows if row not in figures.failures]
    if not left:
        return
    try:
        group.measure(both, left, figures)
    except Exception as error:
        # Servers that do not start, say: no row of this round is whole.
        for row in left:
            figures.fail(row, reason(error))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, and return the exit status."""
    options = asked(arguments)
    began = time.monotonic()
    rows = [row for _, group_rows in options.wanted for row in group_rows]
    try:
        with built(options.compare, options.to) as (old, new):
            figures = measured(options.wanted, old, new, options.rounds)
    except LookupError as error:
        print(error, file=sys.stderr)
        return NOT_DONE
    except Exception:
        # Not by the status that Python would end with, 1: that says that a row is worse.
        traceback.print_exc()
        return NOT_DONE
    minutes = (time.monotonic() - began) / 60
    print(f"old: {old.name}; new: {new.name}; {minutes:.1f} minutes\n\n{printed(rows, figures)}")
    if options.save:
        about = {"old": old.name, "new": new.name, "date": datetime.date.today().isoformat(), "minutes": minutes}
        options.save.write_text(dumped(rows, figures, about), encoding="utf-8")
    return status(rows, figures)
