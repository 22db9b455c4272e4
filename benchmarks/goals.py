"""What we want the figures to be. A goal that is missed is printed as missed; it stops nothing."""

from __future__ import annotations

from dataclasses import dataclass

from .measure import Rounds


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

    def verdict(self, rounds: Rounds) -> str:
        """Return the goal, whether it was met, and the ratio that was measured."""
        found = rounds.ratio(self.ours, self.peer).median
        return f"≤ {self.factor:g} x {self.peer}: {_word(found <= self.factor)} ({found:.3g})"


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

    def verdict(self, rounds: Rounds) -> str:
        """Return the goal, whether it was met, and the ratio that was measured."""
        found = rounds.ratio(self.peer, self.ours).median
        return f"{self.ours} ≥ {self.factor:g} x as fast: {_word(found >= self.factor)} ({found:.3g})"


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

    def verdict(self, rounds: Rounds) -> str:
        """Return the goal, whether it was met, and the figure that was measured."""
        found = rounds.median(self.ours) / self.unit
        return f"≤ {self.most:g} {self.symbol}: {_word(found <= self.most)} ({found:.3g})"


Goal = AtMost | Faster | Under


def _word(met: bool) -> str:
    return "met" if met else "**missed**"
