"""What a row of the comparison is, and the figures that were found of each."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple, Protocol, TypeVar

from .intervals import Interval, interval
from .revisions import Revision

T = TypeVar("T")

SLOWER = 1.05
"""How many times the old figure the new one may be."""


@dataclass(frozen=True)
class Row:
    """One quantity of both revisions, less of which is better; a figure is divided by *unit*, and shown as *symbol*."""

    name: str
    symbol: str = "us CPU"
    unit: float = 1e-6
    limit: float = SLOWER


class Pair(NamedTuple):
    """Something of both revisions."""

    old: float
    new: float


class Both(NamedTuple):
    """The two revisions, and the number of the round that they are in."""

    old: Revision
    new: Revision
    round: int


class Figures:
    """What was found of each row: round by round, the pairs of figures; or why there are none."""

    def __init__(self) -> None:
        self.rounds: dict[Row, list[list[Pair]]] = {}
        self.failures: dict[Row, str] = {}

    def add(self, row: Row, pairs: Sequence[Pair]) -> None:
        """Add the *pairs* of one round of *row*."""
        self.rounds.setdefault(row, []).append(list(pairs))

    def fail(self, row: Row, reason: str) -> None:
        """Tell that *row* cannot be measured; the first reason stays."""
        self.failures.setdefault(row, reason)

    def ratio(self, row: Row) -> Interval:
        """Return new / old of *row*; ``ValueError`` where there were too few rounds."""
        return interval([median(pair.new / pair.old for pair in pairs) for pairs in self.rounds[row]])

    def middle(self, row: Row) -> Pair:
        """Return the median figures of *row*."""
        pairs = [pair for pairs in self.rounds[row] for pair in pairs]
        return Pair(median(pair.old for pair in pairs), median(pair.new for pair in pairs))


class Group(Protocol):
    """Rows that are measured in the same processes."""

    @property
    def name(self) -> str:
        """What it is called on the command line."""

    @property
    def rounds(self) -> int:
        """How many rounds it has, where the command line does not say."""

    @property
    def is_usual(self) -> bool:
        """Whether it is measured without being asked for."""

    @property
    def rows(self) -> Sequence[Row]:
        """All that it measures."""

    def measure(self, both: Both, wanted: Collection[Row], figures: Figures) -> None:
        """Measure one round of the rows *wanted* in new processes, and add it to *figures*."""


def taken_in_turns(old: Callable[[], T], new: Callable[[], T], pairs: int) -> list[tuple[T, T]]:
    """Return what *old* and *new* gave in as many *pairs*; which of them is first is up to chance, pair by pair."""
    found: list[tuple[T, T]] = []
    for _ in range(pairs):
        if random.random() < 0.5:
            first = old()
            found.append((first, new()))
        else:
            second = new()
            found.append((old(), second))
    return found
