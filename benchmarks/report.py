"""Tables in Markdown, and the page about the machine that makes them worth keeping."""

from __future__ import annotations

import argparse
import datetime
import os
import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from .goals import Goal
from .measure import Rounds, Spread

RESULTS = Path(__file__).parent / "results"
RUNTIME = ("wsgiresp", "Werkzeug", "gevent", "simplejson", "orjson")


def options(
    description: str | None, rounds: int, batch: int, unit: str = "ms", quick: int | None = None
) -> argparse.Namespace:
    """Return what the command line asks for: ``rounds``, ``batch`` in *unit*, ``only``, ``save``, ``note``.

    Where *quick* is given, there is a ``--quick`` for as many rounds, and ``quick`` says whether that was asked for.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=rounds, help=f"of which the median is taken ({rounds})")
    parser.add_argument("--batch", type=int, default=batch, help=f"{unit} that one candidate has in a round ({batch})")
    parser.add_argument("--only", default="", metavar="TEXT", help="only the cases whose name holds TEXT")
    parser.add_argument("--save", action="store_true", help="keep the page in benchmarks/results")
    parser.add_argument("--note", default="", help="a line about the machine, for the page")
    if quick is not None:
        parser.add_argument("--quick", action="store_true", help=f"for a first look: --rounds {quick}")
    asked = parser.parse_args()
    if quick is not None and asked.quick:
        asked.rounds = quick
    if asked.rounds < 2:
        parser.error("--rounds must be at least 2")
    return asked


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return *rows* under *head* as a Markdown table: text in the first and last column, figures in the others."""
    marks = ["---", *("--:" for _ in head[2:]), "---"]
    return "".join("| " + " | ".join(cells) + " |\n" for cells in (head, marks, *rows))


def verdicts(goals: Iterable[Goal], rounds: Rounds) -> dict[str, str]:
    """Return what the column of goals says beside each candidate; a goal about one that was skipped is left out."""
    said: dict[str, list[str]] = {}
    for goal in goals:
        if rounds.figures.keys() >= set(goal.about):
            said.setdefault(goal.row, []).append(goal.verdict(rounds))
    return {name: "; ".join(lines) for name, lines in said.items()}


def times(spread: Spread) -> str:
    """Return a ratio with its quartiles."""
    return f"{spread.median:.3g} ({spread.lower:.3g} to {spread.upper:.3g})"


def costs(title: str, rounds: Rounds, baseline: str, goals: Iterable[Goal]) -> str:
    """Return the section of one case: the seconds of a call in us, and as a multiple of those of *baseline*."""
    beside = verdicts(goals, rounds)
    rows = [
        [name, f"{rounds.median(name) * 1e6:.2f}", times(rounds.ratio(name, baseline)), beside.get(name, "")]
        for name in rounds.figures
    ]
    return f"## {title}\n\n" + table(["", "us", f"x {baseline} (quartiles)", "goal"], rows)


def finish(
    name: str, title: str, sections: Sequence[str], distributions: Iterable[str | None], asked: argparse.Namespace
) -> None:
    """Print what the figures of *sections* hold for, and keep both as one page if that was asked for."""
    preamble = "\n".join(
        [
            f"- date: {datetime.date.today().isoformat()}",
            f"- Python: {platform.python_implementation()} {platform.python_version()}",
            f"- versions: {_versions(distributions)}",
            f"- CPU: {_cpu()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end",
            f"- rounds: {asked.rounds}, batch: {asked.batch}",
            *([f"- note: {asked.note}"] if asked.note else []),
        ]
    )
    print(preamble)
    if asked.save:
        path = RESULTS / f"{datetime.date.today().isoformat()}-{name}.md"
        path.write_text("\n".join([f"# {title}", "", preamble, "", *sections]), encoding="utf-8")


def _versions(distributions: Iterable[str | None]) -> str:
    names = dict.fromkeys([*RUNTIME, *filter(None, distributions)])
    return ", ".join(f"{name} {_version(name)}" for name in names)


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "(this checkout)"


def _cpu() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.machine()
    models = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return models[0] if models else platform.machine()
