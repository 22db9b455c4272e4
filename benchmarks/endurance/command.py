"""Serve the demo, have it visited for half an hour, and say what was wrong and what was left behind."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory

import gevent

from ..harness.event_clients import allow_descriptors
from ..harness.servers import Apart
from . import files, pages, streams
from .page import Page
from .visitors import Run, Visitor
from .worker import Demo, Sample

# A line of the log goes to each who reads it, and each step of progress is a line: few make many events.
CREW: dict[type[Visitor], int] = {
    pages.Pages: 4,
    pages.Documents: 2,
    pages.Cookies: 2,
    pages.Flask: 3,
    pages.Django: 3,
    pages.Tasks: 2,
    files.Ranges: 4,
    files.Conditions: 3,
    files.Downloads: 2,
    files.Leavers: 3,
    streams.LogReader: 150,
    streams.Progress: 2,
    streams.FrameworkEvents: 348,
    streams.AsyncStream: 10,
    streams.Lines: 1,
}
DESCRIPTORS = 2048
REHEARSAL = 60.0  # s in which everything happens that happens once
MORE = 1.25  # times as many clients then
LAST = 30.0  # s for the last visits


def main() -> int:
    """Do what the command line asks for; return the exit status, 0 where all goals are met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.endurance", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="of load (30)")
    parser.add_argument("--every", type=float, default=10, metavar="SECONDS", help="between two samples (10)")
    parser.add_argument("--save", action="store_true", help="keep the page in benchmarks/results")
    parser.add_argument("--note", default="", help="a line about the machine, for the page")
    asked = parser.parse_args()
    allow_descriptors(DESCRIPTORS)
    with ExitStack() as stack:
        place = Path(stack.enter_context(TemporaryDirectory()))
        apart = stack.enter_context(Apart())
        demo = stack.enter_context(closing(apart.start(lambda: Demo(place))))
        # Memory is as large as what was once under way at a time, and stays so: let that be more than ever after.
        tasks = endure(demo, REHEARSAL, demo.stall, crowd=MORE).tasks
        page = Page(asked, demo.sample_at_rest())

        def take_sample() -> None:
            page.samples.append(sample := demo.sample())
            print(described(sample), flush=True)

        page.run = endure(demo, asked.minutes * 60, take_sample, asked.every)
        page.at_rest.append(demo.sample_at_rest(page.at_rest[0]))
        page.check_log(demo.faults(), page.run.tasks + tasks, demo.tasks())
    return page.finish(CREW)


def endure(demo: Demo, seconds: float, look: Callable[[], None], every: float = 10.0, *, crowd: float = 1.0) -> Run:
    """Have *demo* visited by CREW for so many *seconds*; return what came of it. *look* is called meanwhile.

    *crowd*: how many times as many as CREW says.
    """
    run = Run(demo.address, demo.files)
    crew = [kind(run, number) for kind, count in CREW.items() for number in range(round(count * crowd))]
    staying = [gevent.spawn_later(number * 0.01, visitor.stay) for number, visitor in enumerate(crew)]
    deadline = time.monotonic() + seconds
    try:
        while (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, every))
            look()
    finally:
        run.over.set()
        last = pages.Pages(run, -1)
        end = time.monotonic() + LAST
        while (still := [one for one in staying if not one.dead]) and time.monotonic() < end:
            # A line for those who wait for one in the log.
            last.exchange("GET", "/streams/")
            gevent.joinall(still, 0.5)
        last.leave()
        run.errors += [f"a visitor did not come to an end: {one!r}" for one in still]
        gevent.killall(still)
    return run


def described(sample: Sample) -> str:
    """Return *sample* as a line."""
    seconds, rss, uss, *numbers = sample
    things = "{} descriptors, {} greenlets, {} threads, {} objects".format(*numbers)
    return f"{seconds:6.0f} s: RSS {rss / 2**20:.1f} MiB, USS {uss / 2**20:.1f} MiB, {things}"
