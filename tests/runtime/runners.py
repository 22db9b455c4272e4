"""Runners of a test: a greenlet of the hub, as in gevent's workers, or a thread without other greenlets."""

from __future__ import annotations

import asyncio
import gc
import threading

import gevent
import pytest
from gevent.hub import Hub

PATIENCE = 30
"""Seconds after which a test fails."""


def in_greenlet(function, *arguments, **named):
    """Return what *function* returns in a greenlet of the hub."""
    return gevent.spawn(function, *arguments, **named).get(timeout=PATIENCE)


def in_thread(function, *arguments, **named):
    """Return what *function* returns in a new thread, whose hub need not be destroyed."""
    outcome = []

    def run():
        try:
            outcome.append((function(*arguments, **named), None))
        except BaseException as error:
            outcome.append((None, error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if not outcome:
        raise TimeoutError(f"{function} has not returned within {PATIENCE} s")
    value, error = outcome[0]
    if error is not None:
        raise error
    return value


def in_main_greenlet(function, *arguments, **named):
    """Return what *function* returns in the main greenlet of this thread."""
    return function(*arguments, **named)


everywhere = pytest.mark.parametrize(
    "run",
    [
        pytest.param(in_greenlet, id="under a hub"),
        pytest.param(in_main_greenlet, id="in the main thread"),
        pytest.param(in_thread, id="in another thread"),
    ],
)


def live_hubs():
    """Return how many hubs the garbage collector knows."""
    gc.collect()
    # By type(): a lazy object imports its module when its __class__ is read.
    return sum(issubclass(type(thing), Hub) for thing in gc.get_objects())


def run_others(count=5):
    """Let every runnable greenlet run, and the hub poll its timers and sockets."""
    for _ in range(count):
        gevent.sleep(0)
    gevent.sleep(1e-6)


def wait_until(claim, patience=PATIENCE):
    """Wait, letting the greenlets run, until *claim* returns something true."""
    with gevent.Timeout(patience):
        while not claim():
            gevent.sleep(0.001)


async def wait_until_async(claim):
    """Wait, letting the tasks of this loop run, until *claim* returns something true."""
    async with asyncio.timeout(PATIENCE):
        while not claim():
            await asyncio.sleep(0.001)


def throw(greenlet, error):
    """Raise *error* where *greenlet* waits, as a timeout does, and let the others run."""
    gevent.get_hub().loop.run_callback(greenlet.throw, error)
    run_others()
