"""One run of a scenario in a process that was forked for it: with a fault, and then once more without one."""

from __future__ import annotations

import faulthandler
import json
import logging
import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import gevent
from faults.fake_server import in_thread
from faults.holdings import Holdings, registered, resources
from faults.injector import FIRED, INJECTOR
from faults.parts import Record
from faults.primitives import OF_USER
from faults.scenarios import SCENARIOS, Scenario

from wsgiresp._runtime.process import part

DEADLINE = 10.0
"""Seconds after which a run hangs: undisturbed it takes some hundredths of a second."""

SETTLING = 0.5
"""Seconds that a run may take, after its answer, to give back what it holds."""

_UNDISTURBED = 0.1  # s that the undisturbed run takes for that


MAY_FAIL_SILENTLY = {"openat2", "os.preadv", "getsockopt", "Thread.start", *OF_USER}
"""Primitives with a substitute that does as well (of a thread: another one of the executor, or the next stream or task
that starts one); and those of the user, whose failure is the user's to tell."""


_NEED_NOT_TELL = {"call_soon_in_finalizer", "_begin_arrival"}
"""Functions whose failure is made good: what a finaliser cannot post is done by a thread or by the next stream, and an
event that the hub has taken already needs no callback."""


class Job(NamedTuple):
    """One run: of the scenario of that title, with the *k*-th call of *primitive* failing; none fails if k is 0."""

    title: str
    primitive: str = ""
    k: int = 0


@dataclass
class Report:
    """What was seen of a run; *hang*: where its threads waited when the time was over."""

    has_fired: bool = False
    place: str = ""
    calls: dict[str, int] = field(default_factory=dict)
    losses: list[str] = field(default_factory=list)
    error: str = ""
    log: list[str] = field(default_factory=list)
    resources: Holdings = field(default_factory=dict)
    hang: str = ""


class _Log(logging.Handler):
    """Keeps the messages of wsgiresp and of asyncio."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.name}: {record.getMessage()}")


def run_job(job: Job, goal: Holdings | None, report_to: int, stderr: int) -> None:
    """Do *job* and write its report as JSON to the descriptor *report_to*; in a process that ends afterwards.

    *goal*: the resources after an undisturbed run; None for that run itself.
    """
    os.dup2(stderr, 2)
    before = resources()
    faulthandler.dump_traceback_later(DEADLINE, exit=True)
    log = _Log()
    logging.getLogger().addHandler(log)
    logging.lastResort = None
    if job.k:
        INJECTOR.arm(job.primitive, job.k)
    scenario = SCENARIOS[job.title]
    report = Report()
    first = _run(scenario)
    report.calls, report.log, report.error = dict(INJECTOR.calls), list(log.lines), first.error
    report.has_fired, report.place = INJECTOR.has_fired, INJECTOR.place
    report.losses = [*_losses(scenario, first, report.log), *_still_registered()]
    is_told = bool(first.error or report.log or _said_more(stderr) or INJECTOR.is_repeated)
    is_told = is_told or INJECTOR.function in _NEED_NOT_TELL
    if report.has_fired and not is_told and job.primitive not in MAY_FAIL_SILENTLY:
        report.losses.append("nothing tells of it")
    second = _run(scenario)
    if second.error and scenario.whole(b""):  # also a client that leaves may see its transfer end
        second.error = ""
    report.losses += [f"the next request: {loss}" for loss in _losses(scenario, second, [])]
    if second.error and not first_fails(scenario):
        report.losses.append(f"the next request fails: {second.error}")
    report.resources = _settled(before, goal)
    if goal is not None and job.primitive != "os.preadv":  # its substitute is the thread pool of the hub
        report.losses += _excess(report.resources, goal)
    os.write(report_to, json.dumps(vars(report)).encode())


def first_fails(scenario: Scenario) -> bool:
    """Return whether the scenario is one whose transfer breaks off also without a fault."""
    return "aborts" in scenario.name or "leaves" in scenario.name


def _run(scenario: Scenario) -> Record:
    record = Record()
    INJECTOR.is_counting = INJECTOR.place == ""
    INJECTOR.calls.clear()
    scenario.run(record)
    _recover()
    _wait(lambda: _is_done(record) and not any(registered().values()), SETTLING)
    INJECTOR.is_counting = False
    return record


def _recover() -> None:
    """Recover the lost streams, and start the tasks that wait for a thread, as the next stream and task do."""
    from wsgiresp._streams.open_streams import OpenStreams, _recover
    from wsgiresp._tasks.thread_tasks import ThreadTasks

    let_run(0.001)
    if part(OpenStreams).lost:
        in_thread(lambda: _recover(part(OpenStreams)))
    part(ThreadTasks).start_threads()


def _settled(before: Holdings, goal: Holdings | None) -> Holdings:
    """Return the resources that this process has more than *before*, once they are those of *goal*."""

    def more() -> Holdings:
        return {name: count - before[name] for name, count in resources().items()}

    if goal is None:
        let_run(_UNDISTURBED)
    else:
        _wait(lambda: all(more()[name] <= count for name, count in goal.items()), SETTLING)
    return more()


def _excess(found: Holdings, goal: Holdings) -> list[str]:
    excess = {name: found[name] - count for name, count in goal.items() if found[name] > count}
    if excess.keys() <= {"greenlets", "hubs"} and max(excess.values(), default=0) < 2:
        return []  # a hub that is destroyed, and waits for the next request to be collected
    return [f"{name}: {found[name]} instead of {goal[name]}" for name in excess]


def _wait(is_true: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    let_run(0.001)
    while not is_true() and time.monotonic() < deadline:
        let_run(0.005)


def let_run(seconds: float) -> None:
    """Let the hub of this thread run, if it has one, else the other threads."""
    from gevent._hub_local import get_hub_if_exists

    (gevent.sleep if get_hub_if_exists() is not None else time.sleep)(seconds)


def _is_done(record: Record) -> bool:
    return all(record.happened[event] >= count for event, count in record.expected.items() if _is_owed(record, event))


def _is_owed(record: Record, event: str) -> bool:
    """Return whether *event* must happen: what the view did not hand over is its own."""
    if record.error.startswith("view:"):
        return False
    return event == "source closed" or record.handed_over


def _losses(scenario: Scenario, record: Record, log: list[str]) -> list[str]:
    losses = []
    # What the server itself could not write, the client may miss anyway.
    ends_well = record.ends_cleanly and "reset by peer" not in record.error if record.error else True
    if ends_well and not scenario.whole(record.body):
        losses.append(f"{len(record.body)} bytes end as if they were the whole body")
    happened = Counter(record.happened)
    for event, count in record.expected.items():
        if happened[event] > count or (happened[event] < count and _is_owed(record, event)):
            is_told = event == "task done" and any(line.startswith("wsgiresp") for line in log)
            if happened[event] > count or not is_told:
                losses.append(f"{event} {happened[event]} times instead of {count}")
    if happened["close() raised"]:
        losses.append(f"close() raises: {record.error}")
    if record.leftover is not None and record.leftover.exists() and not log and not record.error.startswith("view:"):
        losses.append("the file is left")
    return losses


def _said_more(stderr: int) -> bool:
    """Return whether something has been written to *stderr* beside the line about the fault."""
    return len(os.pread(stderr, 1 << 16, 0).splitlines()) > 1


def _still_registered() -> list[str]:
    return [f"{count} {name}" for name, count in registered().items() if count]


def report_of(written: str, stderr: str) -> Report:
    """Return the report that a process has *written*, or that of a hang if it has written none."""
    if written:
        found: dict[str, Any] = json.loads(written)
        return Report(**found)
    is_hang = "Timeout (" in stderr
    place = stderr.partition(FIRED)[2].partition("\n")[0].strip()
    loss = "it hangs" if is_hang else "the process dies"
    return Report(has_fired=True, place=place, losses=[loss], hang=stderr[-6000:])
