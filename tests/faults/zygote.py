"""Zygote: a process without threads and hubs that has imported everything, and forks a child for each run.

So each run begins in the same state, and none can spoil another, whether it hangs or not. ``python -m faults.zygote``
reads a line for each scenario, its title, and answers by a line, a JSON object. :class:`Zygote` is the other side.
"""

from __future__ import annotations

import gc
import json
import os
import select
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

CONCURRENT = 10
"""Runs at a time: most of a run that hangs is waiting."""

_DOUBTED = 3  # so few runs of a scenario that hang are tried again: the machine may have been busy


@dataclass
class Row:
    """The *k*-th call of *primitive* failed at *place*, and these are the *losses*."""

    primitive: str
    k: int
    place: str
    losses: list[str]
    error: str = ""
    log: list[str] = field(default_factory=list)
    hang: str = ""


@dataclass
class Outcome:
    """A scenario with all its faults: the calls of an undisturbed run, what it lost by itself, and a row a fault."""

    title: str
    calls: dict[str, int]
    losses: list[str]
    rows: list[Row]

    @property
    def lost(self) -> list[Row]:
        return [row for row in self.rows if row.losses]


class Zygote:
    """The other side of a zygote, which is started at the first scenario."""

    def __init__(self) -> None:
        # What is imported here is imported there: the checkout, or the wheel that is under test.
        path = os.pathsep.join(filter(None, sys.path))
        self.outcomes: list[Outcome] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "faults.zygote"],
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def titles(self) -> list[str]:
        """Return the titles of all scenarios."""
        found: list[str] = self._ask("titles", "")
        return found

    def count(self, title: str) -> dict[str, int]:
        """Return the calls that the scenario makes undisturbed."""
        found: dict[str, int] = self._ask("count", title)
        return found

    def try_all(self, title: str) -> Outcome:
        """Return the outcome of the scenario with each call failing once."""
        found = self._ask("try", title)
        found["rows"] = [Row(**row) for row in found["rows"]]
        outcome = Outcome(**found)
        self.outcomes.append(outcome)
        return outcome

    def close(self) -> None:
        """End the process."""
        with self._process as process:
            pipe(process.stdin).close()
            process.wait(10)

    def _ask(self, command: str, title: str) -> Any:
        to, back = pipe(self._process.stdin), pipe(self._process.stdout)
        to.write(f"{command}\t{title}\n")
        to.flush()
        answer = back.readline()
        if not answer:
            raise RuntimeError(f"the zygote has ended in the scenario {title!r}")
        return json.loads(answer)


def pipe(found: IO[str] | None) -> IO[str]:
    """Return *found*, a pipe to a process."""
    if found is None:
        raise RuntimeError("the process has no pipe")
    return found


def main() -> None:
    from faults import primitives

    primitives.install()
    from faults import file_scenarios, one_run, other_stream_scenarios, planted, stream_scenarios, task_scenarios
    from faults.scenarios import SCENARIOS

    from wsgiresp._tasks import retry

    primitives.bind()
    retry.FIRST_BACKOFF = 0.001
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        stream_scenarios.add_all()
        other_stream_scenarios.add_all()
        file_scenarios.add_all(Path(folder))
        file_scenarios.write_file(Path(folder))
        task_scenarios.add_all()
        titles = list(SCENARIOS)
        planted.add_all()
        gc.collect()
        gc.freeze()
        _answer_all(titles, _Forks(one_run))


def _answer_all(titles: list[str], forks: _Forks) -> None:
    for line in sys.stdin:
        command, _, title = line.rstrip("\n").partition("\t")
        answer: Any = titles
        if command == "count":
            answer = forks.undisturbed(title).calls
        elif command == "try":
            answer = asdict(forks.try_all(title))
        print(json.dumps(answer), flush=True)


class _Forks:
    """The children; *module* is ``one_run``, which may be imported only once the primitives are replaced."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def undisturbed(self, title: str) -> Any:
        """Return the report of an undisturbed run."""
        ((_, report),) = self._all([self._module.Job(title)], None)
        return report

    def try_all(self, title: str) -> Outcome:
        base = self.undisturbed(title)
        outcome = Outcome(title, base.calls, base.losses, [])
        if base.hang:
            outcome.rows.append(Row("none", 0, base.place, base.losses, hang=base.hang))
            return outcome
        # One more than there are calls: that run must find that none fails any more.
        jobs = [self._module.Job(title, name, k) for name, n in sorted(base.calls.items()) for k in range(1, n + 2)]
        reports = dict(self._all(jobs, base.resources))
        hung = [job for job, report in reports.items() if report.hang]
        if len(hung) <= _DOUBTED:
            reports.update(self._all(hung, base.resources))
        for job, report in reports.items():
            if report.has_fired:
                outcome.rows.append(
                    Row(job.primitive, job.k, report.place, report.losses, report.error, report.log, report.hang)
                )
        outcome.rows.sort(key=lambda row: (row.primitive, row.k))
        return outcome

    def _all(self, jobs: list[Any], goal: Any) -> Iterator[tuple[Any, Any]]:
        waiting, running = list(reversed(jobs)), {}
        while waiting or running:
            while waiting and len(running) < CONCURRENT:
                job = waiting.pop()
                running.update(self._start(job, goal))
            for descriptor in select.select(list(running), [], [])[0]:
                job, child, stderr = running.pop(descriptor)
                with open(descriptor) as written, stderr:
                    text = written.read()
                    os.waitpid(child, 0)
                    stderr.seek(0)
                    yield job, self._module.report_of(text, stderr.read().decode(errors="replace"))

    def _start(self, job: Any, goal: Any) -> dict[int, tuple[Any, int, Any]]:
        stderr = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed with the report
        here, there = os.pipe()
        child = os.fork()
        if not child:
            code = 1
            try:
                os.close(here)
                self._module.run_job(job, goal, there, stderr.fileno())
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        os.close(there)
        return {here: (job, child, stderr)}


if __name__ == "__main__":
    main()
