"""One call, tried once or several times."""

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
    """The pauses that were made, in no time."""
    pauses: list[float] = []
    monkeypatch.setattr(retry, "sleep", pauses.append)
    return pauses


class Failing:
    """A call that raises *error* the first *times*."""

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


def wait_for_ever():
    Event().wait()


def in_greenlet(function, *arguments):
    return gevent.spawn(function, *arguments).get(timeout=PATIENCE)


def error_of(call, policy):
    """What making *call* raises."""
    try:
        call_with_retries(call, policy, "task")
    except BaseException as error:
        return error
    return None


def test_a_call_that_succeeds_is_made_once(slept):
    call = Failing(0)
    call_with_retries(call, RetryPolicy(retries=3), "task")
    assert (call.calls, slept) == (1, [])


def test_a_call_is_tried_again_until_it_succeeds(slept):
    call = Failing(2)
    call_with_retries(call, RetryPolicy(retries=3), "task")
    assert (call.calls, len(slept)) == (3, 2)


def test_the_error_of_the_last_try_is_raised(slept):
    call = Failing(9)
    assert str(error_of(call, RetryPolicy(retries=2))) == "call 3"
    assert call.calls == 3


def test_a_call_without_retries_says_nothing_of_tries(caplog):
    assert error_of(Failing(1), RUN_ONCE) is not None
    assert caplog.messages == []


def test_the_log_tells_of_each_try(caplog, monkeypatch, slept):
    monkeypatch.setattr(retry, "backoff", float)
    assert error_of(Failing(9), RetryPolicy(retries=2)) is not None
    assert caplog.messages == [
        "'task' failed in try 1 of 3, next in 1.0 s",
        "'task' failed in try 2 of 3, next in 2.0 s",
        "'task' failed in try 3 of 3",
    ]


def test_the_log_has_the_traceback_of_each_try_but_the_last_which_is_raised(caplog, slept):
    assert error_of(Failing(9), RetryPolicy(retries=1)) is not None
    assert [bool(record.exc_info) for record in caplog.records] == [True, False]


@pytest.mark.parametrize("error", [GreenletExit, KeyboardInterrupt])
def test_what_asks_for_the_end_is_not_tried_again(slept, error):
    told: list[BaseException] = []
    call = Failing(9, error)
    assert isinstance(error_of(call, RetryPolicy(retries=3, on_error=told.append)), error)
    assert (call.calls, told) == (1, [])


def test_any_other_error_is_a_failure(slept):
    call = Failing(1, SystemExit)
    call_with_retries(call, RetryPolicy(retries=1), "task")
    assert call.calls == 2


def test_on_error_is_told_of_the_last_error_alone(slept):
    told: list[BaseException] = []
    error = error_of(Failing(9), RetryPolicy(retries=2, on_error=told.append))
    assert told == [error]


def test_on_error_may_be_a_coroutine_function():
    told: list[BaseException] = []

    async def tell(error):
        told.append(error)

    error = error_of(Failing(9), RetryPolicy(on_error=tell))
    assert told == [error]


def test_an_on_error_that_fails_is_logged_and_hides_nothing(caplog):
    def fail(error):
        raise OSError("nobody hears")

    assert isinstance(error_of(Failing(9), RetryPolicy(on_error=fail)), LookupError)
    (record,) = caplog.records
    assert record.getMessage() == "on_error of 'task' failed"
    assert record.exc_info[0] is OSError


def test_an_on_error_may_end_the_greenlet():
    def end(error):
        raise GreenletExit

    assert isinstance(error_of(Failing(9), RetryPolicy(on_error=end)), GreenletExit)


@pytest.mark.parametrize("call", [wait_for_ever, forever], ids=["a function", "a coroutine function"])
def test_under_a_hub_any_call_is_cut_short(call):
    error = in_greenlet(error_of, call, RetryPolicy(timeout=0.01))
    assert isinstance(error, TimeoutError)
    assert str(error) == "not done after 0.01 s"


def test_a_call_cannot_take_the_end_of_its_time_for_an_error_of_its_own():
    def stubborn():
        try:
            Event().wait()
        except Exception:
            Event().wait()

    assert isinstance(in_greenlet(error_of, stubborn, RetryPolicy(timeout=0.01)), TimeoutError)


def test_the_time_is_that_of_each_try(slept):
    calls: list[int] = []

    def second_time_right():
        calls.append(1)
        if len(calls) == 1:
            wait_for_ever()

    assert in_greenlet(error_of, second_time_right, RetryPolicy(retries=1, timeout=0.05)) is None


def test_a_timeout_of_the_calls_own_is_not_ours():
    own = gevent.Timeout(0.001)

    def call():
        with own:
            wait_for_ever()

    assert in_greenlet(error_of, call, RetryPolicy(timeout=PATIENCE)) is own


def test_a_call_that_is_in_time_is_left_alone():
    assert in_greenlet(error_of, Failing(0), RetryPolicy(timeout=PATIENCE)) is None


def test_without_a_hub_what_is_awaited_is_cut_short():
    error = error_of(forever, RetryPolicy(timeout=0.01))
    assert isinstance(error, TimeoutError)
    assert str(error) == "not done after 0.01 s"


def test_without_a_hub_what_is_cut_short_cleans_up():
    ended = asyncio.Event()
    assert error_of(lambda: forever(ended), RetryPolicy(timeout=0.01)) is not None
    assert ended.is_set()


def test_without_a_hub_what_goes_on_though_it_was_cut_short_is_left(monkeypatch):
    monkeypatch.setattr(retry, "CLEANUP_TIMEOUT", 0.01)
    may_end = asyncio.Event()
    loops = []

    async def stubborn():
        loops.append(asyncio.get_running_loop())
        while not may_end.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await may_end.wait()

    assert isinstance(error_of(stubborn, RetryPolicy(timeout=0.01)), TimeoutError)
    loops[0].call_soon_threadsafe(may_end.set)


def test_without_a_hub_what_is_awaited_may_be_in_time():
    async def be_quick():
        pass

    assert error_of(be_quick, RetryPolicy(timeout=PATIENCE)) is None


def test_a_timeout_error_of_what_is_awaited_stays_what_it_is():
    async def fail():
        raise TimeoutError("the mail server's")

    assert str(error_of(fail, RetryPolicy(timeout=PATIENCE))) == "the mail server's"


def test_without_a_hub_a_function_that_takes_too_long_is_logged(caplog):
    call_with_retries(lambda: time.sleep(0.01), RetryPolicy(timeout=0.001), "task")
    (message,) = caplog.messages
    assert message.startswith("'task' took 0.0 s, not 0.0: ")


def test_without_a_hub_a_function_that_is_in_time_is_not_logged(caplog):
    call_with_retries(lambda: None, RetryPolicy(timeout=PATIENCE), "task")
    assert caplog.messages == []


@given(attempt=st.integers(1, 10_000))
def test_a_pause_is_between_half_and_all_of_twice_those_before(attempt):
    longest = min(0.5 * 2 ** min(attempt - 1, 100), 30)
    assert longest / 2 <= backoff(attempt) <= longest


def test_pauses_differ():
    assert len({backoff(1) for _ in range(20)}) > 1


@pytest.mark.parametrize("run", [lambda function, *args: function(*args), in_greenlet], ids=["thread", "greenlet"])
def test_a_pause_is_waited_for(run):
    begin = time.monotonic()
    run(retry.sleep, 0.01)
    assert time.monotonic() - begin >= 0.009


def test_a_pause_under_a_hub_lets_others_go_on():
    seen: list[str] = []
    waiting = gevent.spawn(retry.sleep, 0.01)
    gevent.spawn(seen.append, "other")
    waiting.join(PATIENCE)
    assert seen == ["other"]


@pytest.mark.parametrize(
    ("policy", "error", "fault"),
    [
        pytest.param(RetryPolicy(retries=1.0), TypeError, "retries must be an int, got 1.0", id="half a try"),
        pytest.param(RetryPolicy(retries=True), TypeError, "retries must be an int, got True", id="a bool"),
        pytest.param(RetryPolicy(retries=-1), ValueError, "retries must be 0 or more, got -1", id="less than none"),
        pytest.param(RetryPolicy(timeout="5"), TypeError, "timeout must be a number of seconds, got '5'", id="a text"),
        pytest.param(RetryPolicy(timeout=True), TypeError, "timeout must be .*, got True", id="a bool as seconds"),
        pytest.param(RetryPolicy(timeout=0), ValueError, "timeout must be more than 0 seconds, got 0", id="no time"),
        pytest.param(RetryPolicy(timeout=float("nan")), ValueError, "timeout must be .*, got nan", id="no number"),
        pytest.param(RetryPolicy(timeout=float("inf")), ValueError, "timeout must be .*, got inf", id="for ever"),
        pytest.param(RetryPolicy(on_error=5), TypeError, "on_error must be callable, got 5", id="nobody to tell"),
    ],
)
def test_an_option_that_cannot_be_is_refused(policy, error, fault):
    with pytest.raises(error, match=fault):
        validated(policy)


def test_options_that_are_right_come_back():
    policy = RetryPolicy(3, 5, print)
    assert validated(policy) is policy
