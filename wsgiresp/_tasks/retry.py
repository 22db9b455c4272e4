"""Retry policy of a call: attempts with exponential backoff, a timeout for each, and a callback for the last error.

Theory of operation
-------------------
:func:`call_with_retries` runs in the greenlet or thread that runs a background task, and blocks it until the last
attempt is done. It keeps its state in local variables. Only an :class:`asyncio_thread.Outcome` is shared: the asyncio
thread writes it, and the caller reads it after the end of the asyncio task.

==============================  ==========================================  ====================================
An attempt                      Policy                                      Next
==============================  ==========================================  ====================================
returns                         any                                         done
raises ``EXIT_REQUESTS``        any                                         raised at once: no retry, no on_error
raises another error            attempts are left                           logged, backoff, next attempt
raises another error            last attempt                                on_error is called, the error is raised
==============================  ==========================================  ====================================

How the timeout of an attempt is enforced depends on the caller and on the function:

=======================  ======================================================  ====================================
Caller                   Function                                                Awaitable
=======================  ======================================================  ====================================
greenlet under a hub     ``gevent.Timeout`` is raised where the function waits;  the asyncio task is cancelled and
                         a function that never waits is not interrupted          has 1 s to clean up
any other thread         not enforced: a thread cannot be interrupted; a         the same
                         warning is logged after the call
=======================  ======================================================  ====================================

The timeout of an attempt counts from the call of the function, also for the awaitable that it returns.

Rejected: ``asyncio.timeout()`` (see :func:`_within`), and an ``Exception`` as the timeout error inside a greenlet (see
:func:`_call_in_greenlet`). See also docs/explanation/greenlets.md and docs/how-to/work-after-the-response.md.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import random
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import gevent

from wsgiresp._protocol.one_line import repr_line
from wsgiresp._runtime import asyncio_thread
from wsgiresp._runtime.close_order import EXIT_REQUESTS
from wsgiresp._runtime.hubs import is_under_hub

log = logging.getLogger("wsgiresp")

FIRST_BACKOFF = 0.5
"""Seconds between the first attempt and the second. Each backoff is twice the one before."""

LONGEST_BACKOFF = 30.0
"""The maximum of a backoff, in seconds."""

CLEANUP_TIMEOUT = 1.0
"""Seconds that a call has to clean up after it timed out or was aborted."""


class RetryPolicy(NamedTuple):
    """Options of a call: *retries* after the first attempt, *timeout* (s) of each, *on_error* for the last error."""

    retries: int = 0
    timeout: float | None = None
    on_error: Callable[[BaseException], object] | None = None


RUN_ONCE = RetryPolicy()


def validated(policy: RetryPolicy) -> RetryPolicy:
    """Return *policy* unchanged; raise ``TypeError`` or ``ValueError`` that names the invalid option."""
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
    """Call *call* up to ``policy.retries + 1`` times until it succeeds, and await its result if that is awaitable.

    Blocks the calling greenlet, or without a hub its thread. The error of the last attempt is passed to ``on_error``
    and then raised. Errors of earlier attempts are logged with *name*.
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
            log.warning(
                "%s failed in attempt %d of %d, next in %.1f s", repr_line(name), attempt, last, seconds, exc_info=True
            )
        sleep(seconds)
        attempt += 1


def backoff(attempt: int) -> float:
    """Return the seconds to wait after *attempt* (1 for the first): random, between half the backoff and all of it.

    It is random so that calls which failed at the same time do not retry at the same time.
    """
    longest = min(FIRST_BACKOFF * 2 ** min(attempt - 1, 16), LONGEST_BACKOFF)
    return random.uniform(longest / 2, longest)


def sleep(seconds: float) -> None:
    """Wait *seconds*. Under a hub this blocks the current greenlet only, else the thread."""
    if is_under_hub():
        gevent.sleep(seconds)
    else:
        time.sleep(seconds)


def await_result(outcome: object) -> None:
    """Wait for *outcome* on the asyncio thread if it is awaitable; raise its error."""
    if outcome is not None and inspect.isawaitable(outcome):
        asyncio_thread.run(outcome)


def _try(call: Callable[[], object], timeout: float | None, name: object) -> None:
    if timeout is None:
        await_result(call())
        return
    begin = time.monotonic()
    is_greenlet = is_under_hub()
    outcome = _call_in_greenlet(call, timeout) if is_greenlet else call()
    took = time.monotonic() - begin
    if outcome is not None and inspect.isawaitable(outcome):
        asyncio_thread.run(_within(outcome, timeout, max(timeout - took, 0)))
    elif took > timeout and not is_greenlet:
        log.warning(
            "%s took %.1f s, its timeout is %.1f s: a thread cannot be interrupted", repr_line(name), took, timeout
        )


def _call_in_greenlet(call: Callable[[], object], timeout: float) -> object:
    # gevent.Timeout is not an Exception, so an `except Exception` inside the call does not catch it.
    timer = gevent.Timeout.start_new(timeout)
    try:
        return call()
    except gevent.Timeout as error:
        if error is not timer:
            raise
        raise TimeoutError(f"timed out after {timeout} s") from error
    finally:
        timer.close()


async def _within(awaitable: Awaitable[object], timeout: float, left: float) -> None:
    """Await *awaitable* for *left* seconds, the rest of *timeout* after its call; then it has 1 s to clean up."""
    # Not asyncio.timeout(): under a trace function (a debugger, for example), Python 3.11 loses the TimeoutError that
    # its __aexit__ raises, and CancelledError is raised instead.
    outcome = asyncio_thread.Outcome[object]()
    task = asyncio.create_task(outcome.of(awaitable))
    try:
        await asyncio.wait([task], timeout=left)
        if not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=CLEANUP_TIMEOUT)
            raise TimeoutError(f"timed out after {timeout} s")
    finally:
        task.cancel()
    task.result()  # raises CancelledError if the task was cancelled before its first step
    outcome.get()


def _give_up(error: BaseException, policy: RetryPolicy, name: object) -> None:
    if policy.retries:
        log.warning("%s failed in attempt %d of %d", repr_line(name), policy.retries + 1, policy.retries + 1)
    if policy.on_error is None:
        return
    try:
        await_result(policy.on_error(error))
    except EXIT_REQUESTS:
        raise
    except BaseException:
        log.exception("on_error of %s failed", repr_line(name))
