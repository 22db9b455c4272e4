"""Retry policy of a call: attempts with exponential backoff, a timeout for each, and a callback for the last error."""

from __future__ import annotations

import asyncio
import inspect
import logging
import random
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import gevent
from gevent import GreenletExit

from wsgiresp._runtime import asyncio_thread
from wsgiresp._runtime.hubs import is_under_hub

log = logging.getLogger("wsgiresp")

FIRST_BACKOFF = 0.5
"""Seconds between the first try and the second; each backoff is twice the one before."""

LONGEST_BACKOFF = 30.0
"""Seconds between two tries at most."""

CLEANUP_TIMEOUT = 1.0
"""Seconds in which a call that was cut short may clean up."""

EXIT_REQUESTS = (KeyboardInterrupt, GreenletExit)
"""What asks the thread or the greenlet itself to end: no failure of the call, and no reason to try again."""


class RetryPolicy(NamedTuple):
    """How a call is made: *retries* after the first try, *timeout* seconds for each, *on_error* for the last error."""

    retries: int = 0
    timeout: float | None = None
    on_error: Callable[[BaseException], object] | None = None


RUN_ONCE = RetryPolicy()


def validated(policy: RetryPolicy) -> RetryPolicy:
    """Return *policy*, once it is checked; ``TypeError`` or ``ValueError`` naming the one that is not."""
    retries, timeout, on_error = policy
    if not isinstance(retries, int) or isinstance(retries, bool):
        raise TypeError(f"retries must be an int, got {retries!r}")
    if retries < 0:
        raise ValueError(f"retries must be 0 or more, got {retries!r}")
    if timeout is not None:
        if not isinstance(timeout, (int, float)) or isinstance(timeout, bool):
            raise TypeError(f"timeout must be a number of seconds, got {timeout!r}")
        if not 0 < timeout < float("inf"):
            raise ValueError(f"timeout must be more than 0 seconds, got {timeout!r}")
    if on_error is not None and not callable(on_error):
        raise TypeError(f"on_error must be callable, got {on_error!r}")
    return policy


def call_with_retries(call: Callable[[], object], policy: RetryPolicy, name: object) -> None:
    """Make *call*, and wait for what it returns where that is awaitable, as *policy* says.

    The error of the last try is raised, once ``on_error`` has been told of it; the others are logged with *name*.
    """
    last = policy.retries + 1
    attempt = 1
    while True:
        try:
            _try(call, policy.timeout, name)
            return
        except EXIT_REQUESTS:
            raise
        except BaseException as error:
            if attempt == last:
                _give_up(error, policy, name)
                raise
            seconds = backoff(attempt)
            log.warning("%r failed in try %d of %d, next in %.1f s", name, attempt, last, seconds, exc_info=True)
        sleep(seconds)
        attempt += 1


def backoff(attempt: int) -> float:
    """Return the seconds to wait after try number *attempt*: by chance between half and all of twice those before.

    Chance, because what failed together should not come back together.
    """
    longest = min(FIRST_BACKOFF * 2 ** min(attempt - 1, 16), LONGEST_BACKOFF)
    return random.uniform(longest / 2, longest)


def sleep(seconds: float) -> None:
    """Wait *seconds*; under a hub only this greenlet does."""
    if is_under_hub():
        gevent.sleep(seconds)
    else:
        time.sleep(seconds)


def await_result(outcome: object) -> None:
    """Wait for what a call returned, where there is something to wait for."""
    if outcome is not None and inspect.isawaitable(outcome):
        asyncio_thread.run(outcome)


def _try(call: Callable[[], object], timeout: float | None, name: object) -> None:
    if timeout is None:
        await_result(call())
    elif is_under_hub():
        _try_in_greenlet(call, timeout)
    else:
        _try_in_thread(call, timeout, name)


def _try_in_greenlet(call: Callable[[], object], timeout: float) -> None:
    # Thrown in as gevent's own, which is no Exception, so that no `except Exception` of the call swallows it.
    with gevent.Timeout(timeout) as timer:
        try:
            await_result(call())
        except gevent.Timeout as error:
            if error is not timer:
                raise
            raise TimeoutError(f"not done after {timeout} s") from error


def _try_in_thread(call: Callable[[], object], timeout: float, name: object) -> None:
    """Make *call*: nothing can stop a thread from outside, so only what it awaits can be cut short."""
    begin = time.monotonic()
    outcome = call()
    if outcome is not None and inspect.isawaitable(outcome):
        asyncio_thread.run(_within(outcome, timeout))
    elif (took := time.monotonic() - begin) > timeout:
        log.warning("%r took %.1f s, not %.1f: without greenlets it cannot be cut short", name, took, timeout)


async def _within(awaitable: Awaitable[object], timeout: float) -> None:
    # Not asyncio.timeout(): traced, by a debugger say, Python 3.11 loses the TimeoutError that its __aexit__ raises.
    outcome = asyncio_thread.Outcome[object]()
    task = asyncio.create_task(outcome.of(awaitable))
    try:
        await asyncio.wait([task], timeout=timeout)
        if not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=CLEANUP_TIMEOUT)
            raise TimeoutError(f"not done after {timeout} s")
    finally:
        task.cancel()
    task.result()  # raises where somebody cancelled it before its first step
    outcome.get()


def _give_up(error: BaseException, policy: RetryPolicy, name: object) -> None:
    if policy.retries:
        log.warning("%r failed in try %d of %d", name, policy.retries + 1, policy.retries + 1)
    if policy.on_error is None:
        return
    try:
        await_result(policy.on_error(error))
    except EXIT_REQUESTS:
        raise
    except BaseException:
        log.exception("on_error of %r failed", name)
