"""The interval of a median ratio, and whether it is within its limit.

The interval is that of the sign test: its ends are two of the figures themselves, the k-th from below and the k-th
from above. The median of what was sampled lies between them with a probability that the binomial distribution gives,
for figures of any distribution, as long as they are independent. A bootstrap would need a seed, and is too narrow for
ten or twenty figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from math import comb
from statistics import median
from typing import NamedTuple

CONFIDENCE = 0.95

LEAST = 6
"""The least number of figures that have an interval of this confidence: the ends are then the least and the largest."""


class Interval(NamedTuple):
    """The median of some ratios, with the ends of its interval."""

    median: float
    lower: float
    upper: float


class Verdict(Enum):
    """What an interval says beside its limit, in the word that is printed."""

    WORSE = "WORSE"
    """The whole interval is above the limit."""
    UNDECIDED = "undecided"
    """The limit is within the interval: more rounds would tell."""
    BETTER = "better"
    """The whole interval is below 1."""
    NO_WORSE = "no worse"
    """The interval ends below the limit."""


def rank(count: int) -> int:
    """Return which figures of *count*, from below and from above, are the ends of the interval; ``ValueError`` if none.

    With k of them outside on either side the interval misses with twice the probability of fewer than k heads in
    *count* throws of a coin.
    """
    if count < LEAST:
        raise ValueError(f"an interval of {CONFIDENCE:.0%} needs at least {LEAST} figures, got {count}")
    found, outside = 0, 0.0
    while outside <= (1 - CONFIDENCE) / 2:
        outside += comb(count, found) / 2**count
        found += 1
    return found - 1


def interval(ratios: Sequence[float]) -> Interval:
    """Return the interval of the median of *ratios*, which are independent of each other; ``ValueError`` if too few."""
    ends = rank(len(ratios))
    ordered = sorted(ratios)
    return Interval(median(ordered), ordered[ends - 1], ordered[-ends])


def verdict(found: Interval, limit: float) -> Verdict:
    """Return what *found* says of a ratio that may be *limit* at most."""
    if found.lower > limit:
        return Verdict.WORSE
    if found.upper > limit:
        return Verdict.UNDECIDED
    return Verdict.BETTER if found.upper < 1 else Verdict.NO_WORSE
