"""Rounds in which every candidate is measured once, in an order that changes: what slows the machine slows them all.

A figure is never a time, it is a ratio of two times of one round, and the median of that ratio over all rounds.
"""

from __future__ import annotations

import gc
import math
import random
from collections.abc import Callable, Mapping, Sequence
from statistics import median, quantiles
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Spread(NamedTuple):
    """The median of one figure over all rounds, with its quartiles."""

    median: float
    lower: float
    upper: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> Spread:
        """Return the spread of *figures*: from the least to the most where they have no quartiles.

        That is so for one figure alone, and where one is infinite, as for what never came.
        """
        if len(figures) == 1 or math.inf in figures:
            return cls(median(figures), min(figures), max(figures))
        lower, middle, upper = quantiles(figures, n=4, method="inclusive")
        return cls(middle, lower, upper)


class Rounds:
    """The figures of each candidate, round by round."""

    def __init__(self, figures: Mapping[str, Sequence[float]]) -> None:
        self.figures = figures

    def median(self, name: str) -> float:
        """Return the median figure of *name* in its own unit."""
        return median(self.figures[name])

    def ratio(self, name: str, other: str) -> Spread:
        """Return how many times the figure of *other* that of *name* is."""
        pairs = zip(self.figures[name], self.figures[other], strict=True)
        return Spread.of([mine / theirs for mine, theirs in pairs])


def interleaved(measures: Mapping[str, Callable[[], T]], rounds: int, seed: int = 1) -> dict[str, list[T]]:
    """Return what each of *measures* gave in as many *rounds*, each in an order of its own."""
    order = list(measures)
    shuffle = random.Random(seed).shuffle
    found: dict[str, list[T]] = {name: [] for name in order}
    # What was imported is no garbage. The collector itself stays on: a candidate that makes cycles pays for them.
    gc.collect()
    gc.freeze()
    for _ in range(rounds):
        shuffle(order)
        for name in order:
            found[name].append(measures[name]())
    gc.unfreeze()
    return found


def batched(seconds: Callable[[int], float], length: float) -> Callable[[], float]:
    """Return a measure of the seconds of one call, in batches that take about *length* seconds.

    *seconds* returns what as many calls took as it is told.
    """
    calls = calls_within(seconds, length)
    return lambda: seconds(calls) / calls


def calls_within(seconds: Callable[[int], float], length: float) -> int:
    """Return how many calls take about *length* seconds; *seconds* returns what as many took as it is told."""
    calls = 1
    # The least of three, for a batch that was interrupted would make all later ones too short.
    while (taken := min(seconds(calls) for _ in range(3))) < length / 4:
        calls *= 4
    return max(1, round(calls * length / taken))
