"""Retry policy of a call: attempts with backoff, a timeout for each attempt, and ``on_error``."""

from __future__ import annotations

import asyncio
import contextlib
import time

import gevent
import pytest
from gevent import GreenletExit
from gevent.event import Event
from hypothesis import given
from hypothesis import strategies as st

from wsgiresp._tasks import retry
from wsgiresp._tasks.retry import RUN_ONCE, RetryPolicy, backoff, call_with_retries, validated

PATIENCE = 10


@pytest.fixture
def slept(monkeypatch):
    """The seconds of each pause; no pause takes time."""
    pauses: list[float] = []
    monkeypatch.setattr(retry, "sleep", pauses.append)
    return pauses


class Failing:
    """A call that raises *error* the first *times* times."""

    def __init__(self, times, error=LookupError):
        self.times = times
        self.error = error
        self.calls = 0

    def __call__(self):
        self.calls += 1
        if self.calls <= self.times:
            raise self.error(f"call {self.calls}")


async def forever(*ended):
    try:
        await asyncio.Event().wait()
    finally:
        for event in ended:
            event.set()


def wait_forever():
    Event().wait()


def in_greenlet(function, *arguments):
    return gevent.spawn(function, *arguments).get(timeout=PATIENCE)


def error_of(call, policy):
    """Return the error that a run of *call* raises, or None."""
    try:
        call_with_retries(call, policy, "task")
    except BaseException as error:
        return error
    return None


def test_a_call_that_succeeds_is_made_once(slept):
    call = Failing(0)
    call_with_retries(call, RetryPolicy(retries=3), "task")
    assert (call.calls, slept) == (1, [])


def test_a_call_is_retried_until_it_succeeds(slept):
    call = Failing(2)
    call_with_retries(call, RetryPolicy(retries=3), "task")
    assert (call.calls, len(slept)) == (3, 2)


def test_the_error_of_the_last_attempt_is_raised(slept):
    call = Failing(9)
    assert str(error_of(call, RetryPolicy(retries=2))) == "call 3"
    assert call.calls == 3


def test_a_call_without_retries_logs_no_attempt(caplog):
    assert error_of(Failing(1), RUN_ONCE) is not None
    assert caplog.messages == []


def test_each_attempt_is_logged(caplog, monkeypatch, slept):
    monkeypatch.setattr(retry, "backoff", float)
    assert error_of(Failing(9), RetryPolicy(retries=2)) is not None
    assert caplog.messages == [
        "'task' failed in attempt 1 of 3, next in 1.0 s",
        "'task' failed in attempt 2 of 3, next in 2.0 s",
        "'task' failed in attempt 3 of 3",
    ]


def test_the_log_has_the_traceback_of_each_attempt_except_the_last(caplog, slept):
    assert error_of(Failing(9), RetryPolicy(retries=1)) is not None
    assert [bool(record.exc_info) for record in caplog.records] == [True, False]


@pytest.mark.parametrize("error", [GreenletExit, KeyboardInterrupt])
def test_an_interrupt_is_not_retried(slept, error):
    errors: list[BaseException] = []
    call = Failing(9, error)
    assert isinstance(error_of(call, RetryPolicy(retries=3, on_error=errors.append)), error)
    assert (call.calls, errors) == (1, [])


def test_any_other_base_exception_is_retried(slept):
    call = Failing(1, SystemExit)
    call_with_retries(call, RetryPolicy(retries=1), "task")
    assert call.calls == 2


def test_on_error_gets_the_last_error_alone(slept):
    errors: list[BaseException] = []
    error = error_of(Failing(9), RetryPolicy(retries=2, on_error=errors.append))
    assert errors == [error]


def test_on_error_may_be_a_coroutine_function():
    errors: list[BaseException] = []

    async def note(error):
        errors.append(error)

    error = error_of(Failing(9), RetryPolicy(on_error=note))
    assert errors == [error]


def test_an_error_of_on_error_is_logged_and_the_first_error_is_raised(caplog):
    def fail(error):
        raise OSError("the receiver is down")

    assert isinstance(error_of(Failing(9), RetryPolicy(on_error=fail)), LookupError)
    (record,) = caplog.records
    assert record.getMessage() == "on_error of 'task' failed"
    assert record.exc_info[0] is OSError


def test_on_error_may_raise_greenlet_exit():
    def end(error):
        raise GreenletExit

    assert isinstance(error_of(Failing(9), RetryPolicy(on_error=end)), GreenletExit)


@pytest.mark.parametrize("call", [wait_forever, forever], ids=["a function", "a coroutine function"])
def test_under_a_hub_any_call_ends_at_its_timeout(call):
    error = in_greenlet(error_of, call, RetryPolicy(timeout=0.01))
    assert isinstance(error, TimeoutError)
    assert str(error) == "timed out after 0.01 s"


def test_the_timeout_is_not_caught_by_except_exception():
    def uninterruptible():
        try:
            Event().wait()
        except Exception:
            Event().wait()

    assert isinstance(in_greenlet(error_of, uninterruptible, RetryPolicy(timeout=0.01)), TimeoutError)


def test_the_timeout_applies_to_each_attempt(slept):
    calls: list[int] = []

    def succeed_the_second_time():
        calls.append(1)
        if len(calls) == 1:
            wait_forever()

    assert in_greenlet(error_of, succeed_the_second_time, RetryPolicy(retries=1, timeout=0.05)) is None


def test_a_gevent_timeout_of_the_call_itself_is_raised_unchanged():
    own = gevent.Timeout(0.001)

    def call():
        with own:
            wait_forever()

    assert in_greenlet(error_of, call, RetryPolicy(timeout=PATIENCE)) is own


def test_a_call_that_ends_before_its_timeout_succeeds():
    assert in_greenlet(error_of, Failing(0), RetryPolicy(timeout=PATIENCE)) is None


def test_without_a_hub_a_coroutine_ends_at_its_timeout():
    error = error_of(forever, RetryPolicy(timeout=0.01))
    assert isinstance(error, TimeoutError)
    assert str(error) == "timed out after 0.01 s"


def test_under_a_hub_a_coroutine_cleans_up_at_its_timeout():
    ended: list[str] = []

    async def call():
        try:
            await asyncio.sleep(PATIENCE)
        finally:
            await asyncio.sleep(0)
            ended.append("cleaned up")

    assert isinstance(in_greenlet(error_of, call, RetryPolicy(timeout=0.01)), TimeoutError)
    assert ended == ["cleaned up"]


def test_without_a_hub_a_coroutine_cleans_up_at_its_timeout():
    ended = asyncio.Event()
    assert error_of(lambda: forever(ended), RetryPolicy(timeout=0.01)) is not None
    assert ended.is_set()


def test_without_a_hub_a_coroutine_that_suppresses_its_timeout_is_abandoned(monkeypatch):
    monkeypatch.setattr(retry, "CLEANUP_TIMEOUT", 0.01)
    may_end = asyncio.Event()
    loops = []

    async def uninterruptible():
        loops.append(asyncio.get_running_loop())
        while not may_end.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await may_end.wait()

    assert isinstance(error_of(uninterruptible, RetryPolicy(timeout=0.01)), TimeoutError)
    loops[0].call_soon_threadsafe(may_end.set)


def test_without_a_hub_a_coroutine_that_ends_before_its_timeout_succeeds():
    async def be_quick():
        pass

    assert error_of(be_quick, RetryPolicy(timeout=PATIENCE)) is None


def test_a_timeout_error_of_the_coroutine_itself_is_raised_unchanged():
    async def fail():
        raise TimeoutError("the mail server's")

    assert str(error_of(fail, RetryPolicy(timeout=PATIENCE))) == "the mail server's"


def test_without_a_hub_a_function_that_exceeds_its_timeout_is_logged(caplog):
    call_with_retries(lambda: time.sleep(0.01), RetryPolicy(timeout=0.001), "task")
    (message,) = caplog.messages
    assert message.startswith("'task' took 0.0 s, its timeout is 0.0 s: ")


def test_without_a_hub_a_function_that_ends_before_its_timeout_is_not_logged(caplog):
    call_with_retries(lambda: None, RetryPolicy(timeout=PATIENCE), "task")
    assert caplog.messages == []


@given(attempt=st.integers(1, 10_000))
def test_the_backoff_doubles_up_to_a_limit_with_half_of_it_as_jitter(attempt):
    longest = min(0.5 * 2 ** min(attempt - 1, 100), 30)
    assert longest / 2 <= backoff(attempt) <= longest


def test_the_backoff_has_jitter():
    assert len({backoff(1) for _ in range(20)}) > 1


@pytest.mark.parametrize("run", [lambda function, *args: function(*args), in_greenlet], ids=["thread", "greenlet"])
def test_sleep_waits_for_the_pause(run):
    begin = time.monotonic()
    run(retry.sleep, 0.01)
    assert time.monotonic() - begin >= 0.009


def test_other_greenlets_run_during_a_pause_under_a_hub():
    seen: list[str] = []
    waiting = gevent.spawn(retry.sleep, 0.01)
    gevent.spawn(seen.append, "other")
    waiting.join(PATIENCE)
    assert seen == ["other"]


@pytest.mark.parametrize(
    ("policy", "error", "fault"),
    [
        pytest.param(RetryPolicy(retries=1.0), TypeError, "retries must be an int, got 1.0", id="a float"),
        pytest.param(RetryPolicy(retries=True), TypeError, "retries must be an int, got True", id="a bool"),
        pytest.param(RetryPolicy(retries=-1), ValueError, "retries must be 0 or more, got -1", id="less than 0"),
        pytest.param(RetryPolicy(timeout="5"), TypeError, "timeout must be a number of seconds, got '5'", id="a text"),
        pytest.param(RetryPolicy(timeout=True), TypeError, "timeout must be .*, got True", id="a bool as seconds"),
        pytest.param(RetryPolicy(timeout=0), ValueError, "timeout must be more than 0 seconds, got 0", id="0 seconds"),
        pytest.param(RetryPolicy(timeout=float("nan")), ValueError, "timeout must be .*, got nan", id="not a number"),
        pytest.param(RetryPolicy(timeout=float("inf")), ValueError, "timeout must be .*, got inf", id="infinity"),
        pytest.param(RetryPolicy(on_error=5), TypeError, "on_error must be callable, got 5", id="no callable"),
    ],
)
def test_an_invalid_option_is_refused(policy, error, fault):
    with pytest.raises(error, match=fault):
        validated(policy)


def test_a_valid_policy_is_returned():
    policy = RetryPolicy(3, 5, print)
    assert validated(policy) is policy
