"""A process of tests that hangs prints the stack of each thread and ends.

pytest-timeout raises an error in the main thread. Where that thread is in gevent's hub, the hub prints the error and
goes on, and a process that hangs at its exit runs no test any more. Both would last until the whole run is ended from
outside, and nothing would say where they hung. :mod:`faulthandler` needs neither the main thread nor Python code.
"""

from __future__ import annotations

import faulthandler
import os
from collections.abc import Generator

import pytest

MARGIN = 60  # s after the limit of pytest-timeout, in which the test may report by itself
LONGEST_EXIT = 120  # s from the last report to the end of the process

_STDERR = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    # A copy: while a test runs, the descriptor itself leads to what pytest captures.
    config.stash[_STDERR] = os.dup(2)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    faulthandler.dump_traceback_later(limit(item) + MARGIN, exit=True, file=item.config.stash[_STDERR])
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    faulthandler.dump_traceback_later(LONGEST_EXIT, exit=True, file=config.stash[_STDERR])


def limit(item: pytest.Item) -> float:
    """Return the seconds that pytest-timeout allows *item*."""
    marker = item.get_closest_marker("timeout")
    if marker is None:
        return float(item.config.getini("timeout"))
    return float(marker.args[0] if marker.args else marker.kwargs["timeout"])
