"""Run all benchmarks, one after the other, and write the page of what they found: python -m benchmarks (Linux)."""

from __future__ import annotations

import argparse
import datetime
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from .compare import command as compare
from .page import write
from .report import PARTLY
from .results import RESULTS, Result, keep, kept

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "benchmarks"
LOOKED_AT = ROOT / "build" / "benchmarks"  # what a first look leaves, that no figure worth keeping is lost for it

MODULES = {
    "dispatch": "bench_dispatch",
    "json": "bench_json",
    "files": "bench_files",
    "sse-encode": "bench_sse_encode",
    "flask": "bench_flask",
    "django": "bench_django",
    "gunicorn": "bench_gunicorn",
    "streams": "bench_streams",
    "sse": "bench_sse",
}
"""The module of each benchmark, in the order of the page."""

LONGEST = {"quick": 600.0, "usual": 1800.0, "long": 7200.0}  # s that one may take
ENDING = 30.0  # s for it to end its servers when it is told to

Run = Callable[[Sequence[str], float], str | None]
"""Runs a command for so many seconds at most; returns why it did not come to its end, None if it did."""


def asked(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return what the command line asks for; ``results`` and ``pages`` are the folders for what comes out."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    extent = parser.add_mutually_exclusive_group()
    for name, meaning in {"quick": "a first look, left in build/", "long": "more rounds and larger cases"}.items():
        extent.add_argument(f"--{name}", dest="extent", action="store_const", const=name, default="usual", help=meaning)
    parser.add_argument("--only", dest="names", nargs="+", choices=list(MODULES), default=list(MODULES), metavar="NAME")
    parser.add_argument("--pages-only", action="store_true", help="only write the page of what is kept")
    parser.add_argument("--note", default="", help="a line about the machine, for the page")
    parser.add_argument("--compare", metavar="REV", help="compare this revision with the working tree: REV --help")
    parser.add_argument("--into", type=Path, metavar="FOLDER", help="leave all there, as a first look does in build/")
    found = parser.parse_args(arguments)
    into = found.into or (LOOKED_AT if found.extent == "quick" else None)
    found.results, found.pages = (into / "results", into / "page") if into else (RESULTS, PAGES)
    return found


def command(name: str, options: argparse.Namespace) -> list[str]:
    """Return the command that runs the benchmark *name* as *options* say."""
    extent = [] if options.extent == "usual" else [f"--{options.extent}"]
    start = [sys.executable, "-m", f"benchmarks.{MODULES[name]}"]
    return [*start, *extent, "--into", str(options.results.resolve()), "--note", options.note]


def run(arguments: Sequence[str], seconds: float) -> str | None:
    """Return why the command *arguments* did not come to its end within so many *seconds*, None if it did.

    That is the last line of what it wrote to its standard error, which is passed on. What it started ends with it.
    """
    with tempfile.TemporaryFile("w+", errors="replace") as errors:
        process = subprocess.Popen(arguments, cwd=ROOT, stderr=errors, start_new_session=True)
        try:
            status: int | None = process.wait(seconds)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            _end(process)
        errors.seek(0)
        text = errors.read()
    sys.stderr.write(text)
    if status in (0, PARTLY):
        return None
    if status is None:
        return f"not done in {seconds:g} s"
    return ([line.strip() for line in text.splitlines() if line.strip()] or [f"exit status {status}"])[-1][:300]


def take(options: argparse.Namespace, runs: Run) -> None:
    """Run the benchmarks that *options* name by *runs*; one that fails is named in what is kept of it."""
    for number, name in enumerate(options.names, 1):
        now = datetime.datetime.now()
        print(f"{now:%H:%M:%S} {name} ({number} of {len(options.names)})", flush=True)
        failure = runs(command(name, options), LONGEST[options.extent])
        if failure is not None:
            failed = Result(name, failures=[f"on {now.date().isoformat()}: {failure}"])
            keep(failed, options.results)


def main(arguments: Sequence[str] | None = None, runs: Run = run) -> int:
    """Return the exit status: 1 where a benchmark or a part of one failed, which the page names.

    With ``--compare`` it is that of the comparison.
    """
    given = sys.argv[1:] if arguments is None else arguments
    if any(one.partition("=")[0] == "--compare" for one in given):
        return compare.main(given)
    options = asked(arguments)
    if not options.pages_only:
        take(options, runs)
    found: Mapping[str, Result | None] = {name: kept(name, options.results) for name in MODULES}
    write(options.pages, found)
    print(f"written: {options.pages}")
    return int(any(one is not None and one.failures for one in found.values()))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End *process*, and those that it started and left.

    First by the signal upon which it ends its servers and removes its files. Not by that of the keyboard: what runs in
    the background of a shell may ignore it.
    """
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(ENDING)
