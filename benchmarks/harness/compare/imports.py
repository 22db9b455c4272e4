"""The import of wsgiresp in a new interpreter."""

from __future__ import annotations

import subprocess
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ..servers import Apart
from .revisions import Revision
from .rows import Both, Figures, Pair, Row, taken_in_turns

# Nothing else is imported, since that would be in nobody's figures if wsgiresp needs it too.
_PROBE = """\
from time import perf_counter, process_time
seconds, cpu = perf_counter(), process_time()
import wsgiresp
print(perf_counter() - seconds, process_time() - cpu)
print(*[line.split()[1] for line in open("/proc/self/status") if line.startswith("VmRSS:")], wsgiresp.__file__)
"""


class Cost(NamedTuple):
    """What one import took: seconds of CPU and by the clock, and the bytes of RAM of the interpreter after it."""

    cpu: float
    seconds: float
    memory: float


ROWS = {
    "cpu": Row("import, CPU", "ms CPU", 1e-3),
    "seconds": Row("import, time", "ms", 1e-3),
    "memory": Row("import, memory of the process", "MiB", 1048576),
}
"""The row of each field of ``Cost``."""


@dataclass(frozen=True)
class Imports:
    """Rows of imports: *pairs* of new interpreters in each round."""

    name: str
    rounds: int = 15
    pairs: int = 6
    is_usual: bool = True

    @property
    def rows(self) -> Sequence[Row]:
        """All that it measures."""
        return list(ROWS.values())

    def measure(self, both: Both, wanted: Collection[Row], figures: Figures) -> None:
        """Measure one round of the rows *wanted*."""
        old, new = (partial(imported, revision, both.round) for revision in (both.old, both.new))
        with Apart() as apart:
            taken = apart.start(partial(taken_in_turns, old, new, self.pairs))
        for field, row in ROWS.items():
            if row in wanted:
                figures.add(row, [Pair(getattr(before, field), getattr(after, field)) for before, after in taken])


def imported(revision: Revision, round: int) -> Cost:
    """Return what the import of *revision* cost a new interpreter; ``ImportError`` if it imported another."""
    done = subprocess.run(
        revision.python("-c", _PROBE),
        cwd=revision.folder,
        env=revision.environment(round),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    times, memory_and_file = done.stdout.splitlines()
    seconds, cpu = map(float, times.split())
    kibibytes, file = memory_and_file.split(maxsplit=1)
    if not Path(file).resolve().is_relative_to(revision.folder.resolve()):
        raise ImportError(f"wsgiresp is imported from {file!r}, not from {str(revision.folder)!r}")
    return Cost(cpu, seconds, int(kibibytes) * 1024)
