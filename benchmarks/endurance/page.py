"""The page about an endurance run: what grew, what was wrong, and how long the answers took."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from statistics import median

from ..harness import report
from .visitors import Run, Visitor
from .worker import Sample

MIB = 2**20
WARM = 5.0  # minutes after which memory must not grow; of a shorter run, a third
WINDOW = 1.0  # minutes of which the median counts, about that moment and before the end
MOST = 0.05  # of growth
SHOWN = 40  # errors
THINGS = ("descriptors", "greenlets", "threads")

GOALS = "no error, nothing left behind, memory ≤ {:.0%} more at the end than at minute {:g}"


class Page:
    """What a run gave, as it comes.

    *asked*: the options of the command line. *ready*: what was in the worker when all was there but the load.
    """

    def __init__(self, asked: argparse.Namespace, ready: Sample) -> None:
        self.at_rest = [ready]
        self.samples: list[Sample] = []
        self.run: Run
        self._asked = asked
        self._wrong: list[str] = []

    def check_log(self, faults: Sequence[str], promised: Mapping[str, int], done: Mapping[str, int]) -> None:
        """Note the *faults* that the log tells of, and tasks that were *done* more or less often than *promised*."""
        self._wrong += [f"in the log: {line}" for line in faults]
        differ = {line: (promised.get(line, 0), done.get(line, 0)) for line in {*promised, *done}}
        self._wrong += [f"{line!r}: promised {a}, done {b}" for line, (a, b) in differ.items() if a != b]

    def finish(self, crew: Mapping[type[Visitor], int]) -> int:
        """Print the page, keep it where that was asked for, and return 0 if all goals are met, 1 if not."""
        grown = self._growth()
        left = [name for name in THINGS if getattr(self.at_rest[1], name) > getattr(self.at_rest[0], name)]
        errors = [*self.run.errors, *self._wrong]
        is_good = not errors and not left and all(now <= then * (1 + MOST) for _, then, now in grown[:2])
        goals = GOALS.format(MOST, self._warm / 60)
        sections = [
            f"{'**Met**' if is_good else '**Missed**'}: {goals}.\n",
            "## The worker under load\n\n" + self._growth_table(grown),
            "## The worker at rest\n\n" + self._rest_table() + f"\nLeft behind: {', '.join(left) or 'nothing'}.\n",
            "## Answers\n\n" + self._answers(crew),
            "## Errors\n\n" + ("".join(f"- {error}\n" for error in errors[:SHOWN]) or "None.\n"),
            "## Minute by minute\n\n" + self._minutes(),
        ]
        if len(errors) > SHOWN:
            sections[4] += f"- and {len(errors) - SHOWN} more\n"
        print("\n".join(sections))
        self._asked.rounds, self._asked.batch = 1, f"{self._asked.minutes:g} minutes"
        report.finish("endurance", "Mixed load on the demo", sections, ["gunicorn", "Flask", "Django"], self._asked)
        return 0 if is_good else 1

    @property
    def _warm(self) -> float:
        return min(WARM, float(self._asked.minutes) / 3) * 60

    def _growth(self) -> list[tuple[str, float, float]]:
        """Return for each figure of a sample its medians about the warm moment and at the end."""
        begin, end = self.samples[0].seconds - self._asked.every, self.samples[-1].seconds
        half = min(WINDOW, self._asked.minutes / 6) * 30
        then = [one for one in self.samples if abs(one.seconds - begin - self._warm) <= half] or self.samples[:1]
        now = [one for one in self.samples if one.seconds >= end - 2 * half]
        return [
            (name, median(getattr(one, name) for one in then), median(getattr(one, name) for one in now))
            for name in Sample._fields[1:]
        ]

    def _growth_table(self, grown: list[tuple[str, float, float]]) -> str:
        head = ["", f"minute {self._warm / 60:g}", "the end", "growth", ""]
        rows = []
        for name, then, now in grown:
            is_memory = name in ("rss", "uss")
            title, goal = (name.upper(), f"≤ {MOST:.0%}") if is_memory else (name, "")
            figures = [f"{one / MIB:.1f} MiB" if is_memory else f"{one:.0f}" for one in (then, now)]
            rows.append([title, *figures, f"{now / then - 1:+.1%}", goal])
        return report.table(head, rows)

    def _rest_table(self) -> str:
        titles = ["before the load", "after the load"]
        rows = [[title, *_figures(one), ""] for title, one in zip(titles, self.at_rest, strict=True)]
        return report.table(["", "RSS", "USS", *Sample._fields[3:], ""], rows)

    def _answers(self, crew: Mapping[type[Visitor], int]) -> str:
        rows = []
        for kind, count in crew.items():
            taken = sorted(self.run.seconds[kind.kind])
            if taken:
                waits = [f"{1000 * taken[int((len(taken) - 1) * part)]:.1f}" for part in (0.5, 0.99)]
                rows.append([kind.kind, str(count), str(len(taken)), str(self.run.left[kind.kind]), *waits, ""])
        total = sum(map(len, self.run.seconds.values()))
        head = ["", "clients", "answers", "of which given up", "p50 ms", "p99 ms", ""]
        tasks = f"Tasks that ran: {sum(self.run.tasks.values())}.\n"
        return (
            report.table(head, rows)
            + f"\n{total} answers. To the end of the answer; of a stream, to its begin. "
            + tasks
        )

    def _minutes(self) -> str:
        begin = self.samples[0].seconds
        last = {int((one.seconds - begin) // 60): one for one in self.samples}
        rows = [[str(minute + 1), *_figures(one), ""] for minute, one in last.items()]
        return report.table(["minute", "RSS", "USS", *Sample._fields[3:], ""], rows)


def _figures(sample: Sample) -> list[str]:
    return [f"{sample.rss / MIB:.1f} MiB", f"{sample.uss / MIB:.1f} MiB", *map(str, sample[3:])]
