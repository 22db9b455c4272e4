"""The page of all benchmarks, in Markdown, made of what is kept of each: nothing on it is written by hand."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from .goals import Goal, Verdict
from .plots import picture
from .results import Result
from .tables import table, times

PAGE = "index.md"

_HEAD = """\
# Benchmarks

What these responses cost beside their peers'. In a checkout, `python -m benchmarks` measures all of it and writes this
page; `benchmarks/README.md` tells how each figure comes about.

A figure is the median over all rounds. A ratio is taken within a round, in which every candidate had its turn, and has
its quartiles beside it: another machine has other microseconds, and about the same ratios.
"""

Judged = tuple[str, str, Goal, Verdict | None]
"""The title of a table, the heading of a column, a goal of it, and what became of that, None if it was not measured."""


def write(folder: Path, results: Mapping[str, Result | None]) -> None:
    """Write the page of *results* to *folder*, with its pictures; those of an earlier page are taken away.

    *results* has an entry for each benchmark, None where nothing is kept of it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for before in folder.glob("*.svg"):
        before.unlink()
    pictures = {name: picture(one.heading, one.tables) for name, one in results.items() if one is not None}
    drawn = {name: svg for name, svg in pictures.items() if svg is not None}
    for name, svg in drawn.items():
        (folder / f"{name}.svg").write_text(svg, encoding="utf-8")
    (folder / PAGE).write_text(page(results, drawn), encoding="utf-8")


def page(results: Mapping[str, Result | None], pictures: Container[str] = ()) -> str:
    """Return the page of *results*; those named in *pictures* have one beside the page."""
    found = [one for one in results.values() if one is not None]
    sections = [_HEAD, _where(found), _goals(found), _ahead(found), _absent(results)]
    sections += [_section(one, one.name in pictures) for one in found]
    return "\n".join(filter(None, sections))


def judged(result: Result) -> Iterator[Judged]:
    """Return all goals of *result*, with what became of them."""
    for one in result.tables:
        for column in one.columns:
            for goal, verdict in column.verdicts():
                yield one.title, column.heading, goal, verdict


def _where(results: Sequence[Result]) -> str:
    """Return the machines, dates and versions that the figures are of."""
    machines = _distinct(f"{one.cpu}, {one.python}" for one in results if one.cpu)
    dates = sorted({one.date for one in results if one.date})
    versions: dict[str, dict[str, None]] = {}
    for one in results:
        for name, version in one.versions.items():
            versions.setdefault(name, {})[version] = None
    lines = {
        "Measured": " to ".join(_distinct([*dates[:1], *dates[-1:]])),
        "Machine": "; ".join(machines),
        "Notes": "; ".join(_distinct(one.note for one in results if one.note)),
        "Versions": ", ".join(f"{name} {' and '.join(found)}" for name, found in versions.items()),
    }
    text = "".join(f"- {name}: {line}\n" for name, line in lines.items() if line)
    if any(one.extent == "quick" for one in results):
        text += "\n**This is a first look (`--quick`): a few rounds, of which no figure is worth keeping.**\n"
    return text


def _goals(results: Sequence[Result]) -> str:
    """Return how many goals were met, by benchmark, and each that was not."""
    counts, missed, unknown = [], [], []
    for result in results:
        found = list(judged(result))
        verdicts = [verdict for _, _, _, verdict in found if verdict is not None]
        met = sum(verdict.is_met for verdict in verdicts)
        figures = [str(len(found)), str(met), str(len(verdicts) - met), str(len(found) - len(verdicts))]
        counts.append([f"[{result.heading}](#{_anchor(result.heading)})", *figures])
        for title, heading, goal, verdict in found:
            row = [result.name, title, heading, goal.claim]
            if verdict is None:
                unknown.append(row)
            elif not verdict.is_met:
                missed.append([*row, times(verdict.found), "yes" if verdict.is_decided else "no"])
    if not counts:
        return ""
    total, met, not_met, absent = (sum(int(row[place]) for row in counts) for place in range(1, 5))
    text = f"## Goals\n\nOf {total} goals {met} are met, {not_met} missed, {absent} could not be looked at.\n\n"
    text += table(["", "goals", "met", "missed", "not measured"], counts, figures=4)
    if missed:
        head = ["missed", "case", "of", "wanted", "found (quartiles)", "decided"]
        text += "\nWhere a miss is not decided, the goal lies between the quartiles: another run may meet it.\n"
        text += f"\n{table(head, missed)}"
    if unknown:
        text += f"\n{table(['not measured', 'case', 'of', 'wanted'], unknown)}"
    return text


def _ahead(results: Sequence[Result]) -> str:
    """Return where a peer is better than ours, and how many times that is not decided."""
    if not results:
        return ""
    found = [(result, one, each) for result in results for one in result.tables for each in one.ahead()]
    decided = [ahead for ahead in found if ahead[2].is_decided]
    text = "## Where a peer is ahead\n\n"
    if decided:
        # Under whichever worker: the name of that stands before it.
        counts = Counter(each.peer.rpartition(": ")[2] for _, _, each in decided)
        named = ", ".join(f"`{peer}` {_times(count)}" for peer, count in counts.most_common())
        text += f"Better than ours, beyond the quartiles: {named}.\n"
        text += "Below, each with its figure as a multiple of ours: less than 1 for a cost, more for a rate.\n"
    else:
        text += "No peer is better than ours beyond the quartiles.\n"
    text += f"By less than these figures can tell apart, a peer is ahead {_times(len(found) - len(decided))} more.\n\n"
    for (name, title, heading), group in groupby(decided, key=lambda one: (one[0].name, one[1].title, one[2].heading)):
        told = ", ".join(f"`{each.peer}` {times(each.ratio)} x `{each.ours}`" for _, _, each in group)
        text += f"- {name}, {title}, {heading}: {told}\n"
    return text


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _absent(results: Mapping[str, Result | None]) -> str:
    """Return what failed, was left out, or was never measured."""
    lines = []
    for name, result in results.items():
        if result is None:
            lines.append(f"- {name}: nothing is kept of it; `python -m benchmarks --only {name}` measures it\n")
            continue
        lines += [f"- {name}, failed: {_plain(one)}\n" for one in result.failures]
        lines += [f"- {name}, left out: {_plain(one)}\n" for one in result.skipped]
    return f"## What is not here\n\n{''.join(lines)}" if lines else ""


def _section(result: Result, has_picture: bool) -> str:
    """Return the tables of *result*, under the picture of them if it has one."""
    parts = [f"## {result.heading}\n\n{_facts(result)}\n"]
    if has_picture:
        parts.append(f"![{result.heading}: the ratios of the tables below]({result.name}.svg)\n")
    parts += [f"### {result.name}: {one.title}\n\n{one.markdown()}" for one in result.tables]
    return "\n".join(parts)


def _facts(result: Result) -> str:
    """Return how *result* came about, in one line; of a benchmark that never came to its end that is nothing."""
    if not result.tables:
        return "No figures: see above."
    before, after = result.load
    extent = "" if result.extent == "usual" else f" (`--{result.extent}`)"
    return (
        f"{result.date}, {result.rounds} rounds of {result.batch}{extent}, {result.seconds / 60:.1f} minutes; "
        f"load of the machine {before:g} before and {after:g} after."
    )


def _plain(text: str) -> str:
    """Return *text* in which no sign means anything to Markdown."""
    return "`" + " ".join(text.replace("`", "'").split()) + "`"


def _anchor(heading: str) -> str:
    """Return the anchor that Markdown gives to *heading*."""
    return re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-"))


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))
