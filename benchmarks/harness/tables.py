"""What was measured, as tables: a row for each candidate, and for each column the raw figures of every round.

A raw figure is a cost, in seconds or bytes: less is better. What a column shows of it may be a rate.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from .goals import Goal, Verdict, verdict
from .measure import Rounds, Spread

OURS = "wsgiresp"
"""What the name of each candidate of ours has in it, and that of no peer."""


@dataclass(frozen=True)
class Column:
    """One kind of figure of each candidate.

    A figure is shown in the unit *heading*, of which it is *per* many; for a rate, *per* is what it is a part of:
    a file of 2 GB in 4 s is 0.5 GB/s with *per* 2. *beside* names what all are compared with, *baselines* says for each
    candidate which one that is; one that has none there, or whose baseline was not measured, is not compared.
    """

    heading: str
    figures: Mapping[str, Sequence[float]]
    per: float = 1.0
    is_rate: bool = False
    places: int = 2
    beside: str = ""
    baselines: Mapping[str, str] = field(default_factory=dict)
    goals: Sequence[Goal] = ()
    shows_longest: bool = False

    @cached_property
    def rounds(self) -> Rounds:
        """The figures, to be compared."""
        return Rounds(self.figures)

    def shown(self, name: str) -> str:
        """Return the median figure of *name*, or the largest, as it stands in its cell."""
        figure = max(self.figures[name]) if self.shows_longest else self.rounds.median(name)
        if math.isinf(figure) and not self.is_rate:
            return "never"
        return f"{self.per / figure if self.is_rate else figure / self.per:.{self.places}f}"

    def ratio(self, name: str, other: str) -> Spread:
        """Return how many times what is shown of *other* that of *name* is."""
        return self.rounds.ratio(*((other, name) if self.is_rate else (name, other)))

    def compared(self, name: str) -> Spread | None:
        """Return how many times that of its baseline the figure of *name* is."""
        baseline = self.baselines.get(name)
        return None if baseline is None or baseline not in self.figures else self.ratio(name, baseline)

    def verdicts(self) -> Iterator[tuple[Goal, Verdict | None]]:
        """Return each goal with what became of it, None where a candidate that it is about was not measured."""
        for goal in self.goals:
            yield goal, verdict(goal, self.rounds) if self.figures.keys() >= set(goal.about) else None


class Ahead(NamedTuple):
    """A peer that is better than ours in one column: its figure as multiple of ours, and whether that is decided."""

    heading: str
    ours: str
    peer: str
    ratio: Spread
    is_decided: bool


@dataclass(frozen=True)
class Table:
    """One case of one benchmark, of which every column has the same candidates.

    *rivals* says which peers each of ours is compared with, *plotted* which rows a plot has: all, where it is empty.
    """

    title: str
    columns: Sequence[Column]
    rivals: Mapping[str, Sequence[str]] = field(default_factory=dict)
    plotted: Sequence[str] = ()

    def ahead(self) -> Iterator[Ahead]:
        """Return each peer that is better than ours where figures are compared."""
        for column in self.columns:
            for ours, peers in self.rivals.items() if column.baselines else ():
                for peer in peers:
                    if not {ours, peer} <= column.figures.keys():
                        continue
                    cost = column.rounds.ratio(peer, ours)
                    if cost.median < 1:
                        yield Ahead(column.heading, ours, peer, column.ratio(peer, ours), cost.upper < 1)

    def markdown(self) -> str:
        """Return the table in Markdown, without its title."""
        head = [""]
        for column in self.columns:
            head += [column.heading, f"x {column.beside} (quartiles)"] if column.beside else [column.heading]
        said = self._goals()
        rows = [[name, *self._cells(name), *([said.get(name, "")] if said else [])] for name in self.columns[0].figures]
        return table([*head, "goal"] if said else head, rows, figures=len(head) - 1)

    def _cells(self, name: str) -> Iterator[str]:
        for column in self.columns:
            yield column.shown(name)
            if column.beside:
                found = column.compared(name)
                yield "" if found is None else times(found)

    def _goals(self) -> dict[str, str]:
        """Return what the column of goals says beside each candidate; where several columns have some, of which."""
        said: dict[str, list[str]] = {}
        several = sum(bool(column.goals) for column in self.columns) > 1
        for column in self.columns:
            for goal, found in column.verdicts():
                if found is not None:
                    of = f"{column.heading} " if several else ""
                    text = f"{of}{goal.wish}: {found.word} ({found.found.median:.3g})"
                    said.setdefault(goal.row, []).append(text)
        return {name: "; ".join(lines) for name, lines in said.items()}


def peers(names: Collection[str], besides: Collection[str] = ()) -> list[str]:
    """Return those of *names* that are neither ours nor in *besides*, such as what is no peer but a limit."""
    return [name for name in names if OURS not in name and name not in besides]


def costs(
    title: str,
    figures: Mapping[str, Sequence[float]],
    baseline: str,
    goals: Sequence[Goal],
    rivals: Mapping[str, Sequence[str]],
) -> Table:
    """Return the table of one case: the seconds of a call in us, and as a multiple of those of *baseline*."""
    baselines = dict.fromkeys(figures, baseline)
    return Table(title, [Column("us", figures, 1e-6, beside=baseline, baselines=baselines, goals=goals)], rivals)


def table(head: Sequence[str], rows: Iterable[Sequence[str]], figures: int = 0) -> str:
    """Return *rows* under *head* as a Markdown table; the first column is text, the next as many as *figures* not."""
    marks = ["---", *["--:"] * figures, *["---"] * (len(head) - 1 - figures)]
    return "".join("| " + " | ".join(cells) + " |\n" for cells in (head, marks, *rows))


def times(spread: Spread) -> str:
    """Return a ratio with its quartiles."""
    return f"{spread.median:.3g} ({spread.lower:.3g} to {spread.upper:.3g})"
