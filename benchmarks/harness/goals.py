"""What we want the figures to be. A goal that is missed is printed as missed; it stops nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from .measure import Rounds, Spread


class Verdict(NamedTuple):
    """What became of a goal."""

    found: Spread
    is_met: bool
    is_decided: bool
    """Whether the quartiles are both on the side of the median: where not, another run may say otherwise."""

    @property
    def word(self) -> str:
        """Whether it is met, in a word that is seen where it is not."""
        return "met" if self.is_met else "**missed**"


@dataclass(frozen=True)
class AtMost:
    """Ours costs at most *factor* times what *peer* costs."""

    ours: str
    peer: str
    factor: float

    @property
    def row(self) -> str:
        """The candidate beside which the goal is printed."""
        return self.ours

    @property
    def about(self) -> tuple[str, ...]:
        """The candidates whose figures it needs."""
        return self.ours, self.peer

    @property
    def wish(self) -> str:
        """What is wanted, beside its row."""
        return f"≤ {self.factor:g} x {self.peer}"

    @property
    def claim(self) -> str:
        """What is wanted, where no row is beside it."""
        return f"{self.ours} {self.wish}"

    def spread(self, rounds: Rounds) -> Spread:
        """Return how many times what the peer costs ours costs."""
        return rounds.ratio(self.ours, self.peer)

    def holds(self, figure: float) -> bool:
        """Return whether *figure* is what is wanted."""
        return figure <= self.factor


@dataclass(frozen=True)
class Faster:
    """Ours is at least *factor* times as fast as *peer*; below 1 it may be slower."""

    ours: str
    peer: str
    factor: float

    @property
    def row(self) -> str:
        """The candidate beside which the goal is printed."""
        return self.peer

    @property
    def about(self) -> tuple[str, ...]:
        """The candidates whose figures it needs."""
        return self.ours, self.peer

    @property
    def wish(self) -> str:
        """What is wanted, beside its row."""
        return f"{self.ours} ≥ {self.factor:g} x as fast"

    @property
    def claim(self) -> str:
        """What is wanted, where no row is beside it."""
        return f"{self.wish} as {self.peer}"

    def spread(self, rounds: Rounds) -> Spread:
        """Return how many times as fast as the peer ours is."""
        return rounds.ratio(self.peer, self.ours)

    def holds(self, figure: float) -> bool:
        """Return whether *figure* is what is wanted."""
        return figure >= self.factor


@dataclass(frozen=True)
class Under:
    """The figure of *ours* is at most *most*; *unit* is what the figure is a multiple of, such as 1e-3 for ms of s."""

    ours: str
    most: float
    unit: float
    symbol: str

    @property
    def row(self) -> str:
        """The candidate beside which the goal is printed."""
        return self.ours

    @property
    def about(self) -> tuple[str, ...]:
        """The candidates whose figures it needs."""
        return (self.ours,)

    @property
    def wish(self) -> str:
        """What is wanted, beside its row."""
        return f"≤ {self.most:g} {self.symbol}"

    @property
    def claim(self) -> str:
        """What is wanted, where no row is beside it."""
        return f"{self.ours} {self.wish}"

    def spread(self, rounds: Rounds) -> Spread:
        """Return the figure in its unit."""
        return Spread.of([figure / self.unit for figure in rounds.figures[self.ours]])

    def holds(self, figure: float) -> bool:
        """Return whether *figure* is what is wanted."""
        return figure <= self.most


Goal = AtMost | Faster | Under

_KINDS: dict[str, type[Goal]] = {"AtMost": AtMost, "Faster": Faster, "Under": Under}


def verdict(goal: Goal, rounds: Rounds) -> Verdict:
    """Return what became of *goal* in these *rounds*, which hold the candidates that it is about."""
    found = goal.spread(rounds)
    held = {goal.holds(figure) for figure in found}
    return Verdict(found, goal.holds(found.median), len(held) == 1)


def written(goal: Goal) -> dict[str, Any]:
    """Return *goal* as an object of JSON, of which ``read`` makes it again."""
    return {"kind": type(goal).__name__, **asdict(goal)}


def read(text: Mapping[str, Any]) -> Goal:
    """Return the goal that was ``written``; ``KeyError`` for a kind that there is not."""
    return _KINDS[text["kind"]](**{name: value for name, value in text.items() if name != "kind"})
