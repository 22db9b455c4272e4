"""The command line of a benchmark: what it is asked for, its parts one after the other, and what is kept of them."""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from .results import RESULTS, Result, keep
from .tables import Table

RUNTIME = ("wsgiresp", "Werkzeug", "gevent", "simplejson", "orjson")

PARTLY = 3
"""The exit status of a benchmark of which parts failed, and are named in what it keeps."""


class Rounds(NamedTuple):
    """How many there are, for a first look, usually, and where time is no matter."""

    quick: int
    usual: int
    long: int


class Part(NamedTuple):
    """What gives some tables, and how it is named where it gives none."""

    title: str
    measure: Callable[[], Sequence[Table]]


def begin(main: Callable[[], object]) -> None:
    """Run *main* so that SIGTERM unwinds it: its servers are ended, and its files removed."""

    def end(number: int, frame: object) -> None:
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, end)
    main()


def options(
    description: str | None, rounds: Rounds, batch: int, unit: str = "ms", arguments: Sequence[str] | None = None
) -> argparse.Namespace:
    """Return what the command line asks for: ``rounds``, ``batch`` in *unit*, ``extent``, ``only``, ``into``, ``note``.

    ``extent`` is the name of one of *rounds*; ``into`` is the folder for what is kept, None where nothing is.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, help=f"of which the median is taken ({rounds.usual})")
    parser.add_argument("--batch", type=int, default=batch, help=f"{unit} that one candidate has in a round ({batch})")
    parser.add_argument("--only", default="", metavar="TEXT", help="only the cases whose name holds TEXT")
    parser.add_argument("--save", dest="into", action="store_const", const=RESULTS, help=f"keep all in {RESULTS.name}/")
    parser.add_argument("--into", type=Path, metavar="FOLDER", help="keep all in FOLDER")
    parser.add_argument("--note", default="", help="a line about the machine, for the page")
    extent = parser.add_mutually_exclusive_group()
    for name in ("quick", "long"):
        meaning = f"--rounds {getattr(rounds, name)}, and smaller or larger cases where there are some"
        extent.add_argument(f"--{name}", dest="extent", action="store_const", const=name, default="usual", help=meaning)
    asked = parser.parse_args(arguments)
    if asked.rounds is None:
        asked.rounds = getattr(rounds, asked.extent)
    if asked.rounds < 2:
        parser.error("--rounds must be at least 2")
    if asked.only and asked.into:
        parser.error("what is kept is whole: --only goes with neither --save nor --into")
    asked.unit = unit
    return asked


def run(
    name: str,
    title: str,
    parts: Iterable[Part],
    distributions: Iterable[str | None],
    asked: argparse.Namespace,
    skipped: Sequence[str],
) -> None:
    """Measure the *parts*, print their tables, and keep them if that is asked for; a part that fails stops no other.

    *skipped* is looked at in the end. Where a part failed, the process ends with the status ``PARTLY``.
    """
    began, load = time.monotonic(), os.getloadavg()[0]
    tables, failures = measured(parts)
    result = Result(
        name=name,
        title=title,
        date=datetime.date.today().isoformat(),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        cpu=f"{_cpu()}, {os.cpu_count()} cores",
        load=[round(one, 1) for one in (load, os.getloadavg()[0])],
        versions=_versions(distributions),
        extent=asked.extent,
        rounds=asked.rounds,
        batch=f"{asked.batch} {asked.unit}",
        seconds=round(time.monotonic() - began, 1),
        note=asked.note,
        skipped=list(skipped),
        failures=failures,
        tables=tables,
    )
    for line in (*(f"skipped: {one}" for one in skipped), *(f"failed: {one}" for one in failures)):
        print(line)
    if asked.into:
        keep(result, asked.into)
    if failures:
        sys.exit(PARTLY)


def measured(parts: Iterable[Part]) -> tuple[list[Table], list[str]]:
    """Return the tables of all *parts*, and what failed; both are printed as they come."""
    tables: list[Table] = []
    failures: list[str] = []
    current = "start"
    try:
        for current, measure in parts:
            try:
                found = measure()
            except Exception as error:
                traceback.print_exc()
                failures.append(f"{current}: {reason(error)}")
                continue
            for one in found:
                print(f"## {one.title}\n\n{one.markdown()}", flush=True)
                tables.append(one)
    except Exception as error:
        # What all parts need, such as their servers, did not start or did not end.
        traceback.print_exc()
        failures.append(f"around {current}: {reason(error)}")
    return tables, failures


def reason(error: Exception) -> str:
    """Return what is told of *error*, in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


def _versions(distributions: Iterable[str | None]) -> dict[str, str]:
    names = dict.fromkeys([*RUNTIME, *filter(None, distributions)])
    return {name: _version(name) for name in names}


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        # Ours is imported from the checkout; of the others, one that is not there was skipped.
        return "this checkout" if distribution == RUNTIME[0] else "not installed"


def _cpu() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.machine()
    models = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return models[0] if models else platform.machine()
