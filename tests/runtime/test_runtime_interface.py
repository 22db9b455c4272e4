"""What each runtime promises: that of gevent, that of asyncio, and the fake one that tests of streams use."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from runtime.runners import PATIENCE, in_greenlet, in_thread
from streams.fake_runtime import FakeRuntime

from wsgiresp._runtime.asyncio_runtime import AsyncioRuntime, run_in_thread
from wsgiresp._runtime.gevent_runtime import GeventRuntime
from wsgiresp._runtime.server_profile import ServerProfile

SHORT = 0.001  # s


class Blocking:
    """Runs a test in a greenlet or a thread; ``wait(wakeup)`` blocks it."""

    def __init__(self, make, run):
        self._make = make
        self._run = run

    def __call__(self, test):
        def run():
            runtime = self._make()

            async def wait(wakeup):
                wakeup.wait()

            try:
                test(runtime, wait).send(None)
            except StopIteration as returned:
                return returned.value
            finally:
                runtime.close()
            raise AssertionError("a blocking wait was awaited")

        return self._run(run)


def on_loop(test):
    async def run():
        return await test(AsyncioRuntime.current(), lambda wakeup: wakeup.wait())

    return asyncio.run(asyncio.wait_for(run(), PATIENCE))


each_runtime = pytest.mark.parametrize(
    "run",
    [
        pytest.param(Blocking(GeventRuntime, in_greenlet), id="gevent, under a hub"),
        pytest.param(Blocking(GeventRuntime, in_thread), id="gevent, in a thread"),
        pytest.param(Blocking(FakeRuntime, lambda function: function()), id="fake"),
        pytest.param(on_loop, id="asyncio"),
    ],
)
"""Run the test, a coroutine function of a runtime and a function that waits for a wakeup."""


@each_runtime
def test_a_wakeup_that_was_set_before_ends_the_next_wait(run):
    async def test(runtime, wait):
        wakeup = runtime.wakeup()
        wakeup.set()
        await wait(wakeup)
        return "woken"

    assert run(test) == "woken"


@each_runtime
def test_a_wakeup_is_reset_by_the_wait_that_it_ends(run):
    async def test(runtime, wait):
        wakeup, order = runtime.wakeup(), []
        wakeup.set()
        await wait(wakeup)
        runtime.timers(SHORT).arm(lambda: (order.append("timer"), wakeup.set()))
        await wait(wakeup)
        return order

    assert run(test) == ["timer"]


@each_runtime
def test_another_thread_may_set_a_wakeup(run):
    async def test(runtime, wait):
        wakeup = runtime.wakeup()
        thread = threading.Thread(target=wakeup.set_threadsafe)
        thread.start()
        thread.join(PATIENCE)
        await wait(wakeup)
        return "woken"

    assert run(test) == "woken"


@each_runtime
def test_callbacks_are_called_in_a_later_turn_and_in_order(run):
    async def test(runtime, wait):
        wakeup, calls = runtime.wakeup(), []
        runtime.call_soon(calls.append, "first")
        runtime.call_soon_threadsafe(lambda: calls.append("second"))
        runtime.call_soon_threadsafe(wakeup.set)
        before = list(calls)
        await wait(wakeup)
        return before, calls

    assert run(test) == ([], ["first", "second"])


@each_runtime
def test_a_timeout_that_is_armed_twice_fires_once(run):
    async def test(runtime, wait):
        wakeup, fired, timers = runtime.wakeup(), [], runtime.timers(SHORT)

        def fire():
            fired.append("fired")
            wakeup.set()

        timers.arm(fire)
        timers.arm(fire)
        await wait(wakeup)
        end = runtime.timers(10 * SHORT)
        end.arm(wakeup.set)
        await wait(wakeup)
        return fired

    assert run(test) == ["fired"]


@each_runtime
def test_a_cancelled_timeout_does_not_fire(run):
    async def test(runtime, wait):
        wakeup, fired = runtime.wakeup(), []
        timers, end = runtime.timers(SHORT), runtime.timers(10 * SHORT)

        def fire():
            fired.append("fired")

        timers.arm(fire)
        timers.cancel(fire)
        timers.cancel(fire)
        end.arm(wakeup.set)
        await wait(wakeup)
        return fired

    assert run(test) == []


@each_runtime
def test_a_watch_of_a_server_that_tells_nothing_can_be_ended(run):
    async def test(runtime, wait):
        end = runtime.watch_disconnect(ServerProfile({}), lambda: pytest.fail("a disconnect was noticed"))
        end()
        end()
        return type(runtime.is_turn_due())

    assert run(test) is bool


@pytest.mark.parametrize("run", [in_greenlet, in_thread], ids=["under a hub", "in a thread"])
def test_a_closed_gevent_runtime_ignores_calls_of_other_threads(run):
    def close():
        runtime = GeventRuntime()
        runtime.close()
        runtime.close()
        runtime.call_soon_threadsafe(lambda: None)
        return runtime.runs_others

    assert run(close) is (run is in_greenlet)


def test_a_closed_asyncio_loop_ignores_calls_of_other_threads():
    async def current():
        return AsyncioRuntime.current()

    runtime = asyncio.run(current())
    runtime.call_soon_threadsafe(lambda: pytest.fail("the call was made"))
    runtime.wakeup().set_threadsafe()
    runtime.close()
    assert (runtime.is_running, runtime.is_current) == (False, False)


def test_a_blocking_function_runs_in_another_thread_than_the_loop():
    async def run():
        threads = []
        await run_in_thread(lambda: threads.append(threading.get_ident()))
        return threads != [threading.get_ident()]

    assert asyncio.run(run())


def test_an_interrupter_raises_in_the_greenlet_that_asked_for_it():
    def wait():
        runtime = GeventRuntime()
        runtime.call_soon(runtime.interrupter(), LookupError("interrupted"))
        try:
            with pytest.raises(LookupError, match="interrupted"):
                runtime.wakeup().wait()
        finally:
            runtime.close()

    in_greenlet(wait)


def test_a_blocking_function_runs_although_its_caller_was_cancelled():
    may_end, calls = threading.Event(), []

    async def run():
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        loop.run_in_executor(None, may_end.wait, PATIENCE)
        caller = asyncio.ensure_future(run_in_thread(lambda: calls.append("called")))
        await asyncio.sleep(0)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        before = list(calls)
        may_end.set()
        return before

    assert asyncio.run(run()) == []
    assert calls == ["called"]


def test_a_blocking_function_runs_although_the_executor_is_shut_down():
    called = threading.Event()

    async def run():
        await asyncio.get_running_loop().shutdown_default_executor()
        await run_in_thread(called.set)

    asyncio.run(run())
    assert called.wait(PATIENCE)


class TestCallFromAThread:
    async def called(self, call, timeout=PATIENCE):
        runtime = AsyncioRuntime.current()
        return await asyncio.to_thread(runtime.run_from_thread, call, timeout)

    def test_the_result_of_the_coroutine_is_returned(self):
        async def call():
            return "done"

        assert asyncio.run(self.called(call)) == "done"

    def test_the_error_of_the_coroutine_is_raised(self):
        async def call():
            raise TimeoutError("its own")

        with pytest.raises(TimeoutError, match="its own"):
            asyncio.run(self.called(call))

    def test_the_wait_is_bounded(self):
        async def call():
            await asyncio.sleep(PATIENCE)

        with pytest.raises(TimeoutError, match="has not run a coroutine to its end"):
            asyncio.run(self.called(call, timeout=0.01))

    def test_a_loop_that_does_not_run_is_not_waited_for(self):
        loop = asyncio.new_event_loop()
        try:
            with pytest.raises(TimeoutError, match="or has stopped"):
                AsyncioRuntime(loop).run_from_thread(lambda: pytest.fail("the call was made"), PATIENCE)
        finally:
            loop.close()


@each_runtime
def test_a_finalizer_may_have_a_callback_called(run):
    async def test(runtime, wait):
        wakeup = runtime.wakeup()
        assert runtime.call_soon_in_finalizer(wakeup.set)
        await wait(wakeup)
        return runtime.has_ended

    assert run(test) is False
