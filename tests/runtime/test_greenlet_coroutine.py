"""Coroutines that are driven in a greenlet: synchronous code in them waits, and the loop goes on."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import inspect
import threading
import weakref

import pytest
from greenlet import GreenletExit, getcurrent, greenlet
from hypothesis import given
from hypothesis import strategies as st
from runtime.runners import PATIENCE

from wsgiresp._runtime import greenlet_coroutine
from wsgiresp._runtime.greenlet_coroutine import GreenletCoroutine, block_on, is_driven, may_block

NAME = contextvars.ContextVar("name", default="none")


def run(coroutine, *, driven=True):
    """Return the result of *coroutine* on a new loop with our task factory."""
    loop = asyncio.new_event_loop()
    loop.set_task_factory(greenlet_coroutine.create_task)
    context = contextvars.copy_context()
    context.run(may_block.set, lambda: driven)
    try:
        task = context.run(loop.create_task, asyncio.wait_for(coroutine, PATIENCE))
        return loop.run_until_complete(task)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def blocked(value="done"):
    """Return *value* after an iteration of the loop, from synchronous code."""
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    loop.call_soon(future.set_result, value)
    return block_on(future)


def test_synchronous_code_in_a_task_waits_for_a_future():
    async def view():
        return blocked("first"), await asyncio.sleep(0, "between"), blocked("second")

    assert run(view()) == ("first", "between", "second")


def test_other_tasks_run_while_synchronous_code_waits():
    async def view():
        gate = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().create_task(opener(gate))
        return block_on(gate)

    async def opener(gate):
        await asyncio.sleep(0)
        gate.set_result("opened by another task")

    assert run(view()) == "opened by another task"


def test_a_future_that_is_done_is_not_waited_for():
    async def view():
        future = asyncio.get_running_loop().create_future()
        future.set_result(1)
        return block_on(future)

    assert run(view()) == 1


def test_the_error_of_a_future_is_raised_in_the_synchronous_code():
    async def view():
        future = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(future.set_exception, LookupError("late"))
        with pytest.raises(LookupError, match="late"):
            block_on(future)
        return "handled"

    assert run(view()) == "handled"


@pytest.mark.parametrize("driven", [True, False])
def test_child_tasks_are_driven_like_their_parent(driven):
    async def child():
        return is_driven()

    async def view():
        async with asyncio.TaskGroup() as group:
            of_group = group.create_task(child())
        return [is_driven(), of_group.result(), *await asyncio.gather(child(), child())]

    assert run(view(), driven=driven) == [driven] * 4


def test_a_task_in_a_given_context_is_driven_if_that_says_so():
    async def child():
        return is_driven()

    async def view():
        return await asyncio.get_running_loop().create_task(child(), context=contextvars.Context())

    assert run(view()) is False


def test_the_current_task_is_the_same_before_and_after_the_wait():
    async def view():
        before = asyncio.current_task()
        blocked()
        return asyncio.current_task() is before

    assert run(view()) is True


def test_context_variables_are_those_of_the_task():
    async def child(name):
        NAME.set(name)
        blocked()
        seen = NAME.get()
        await asyncio.sleep(0)
        return seen, NAME.get()

    async def view():
        return await asyncio.gather(child("a"), child("b"))

    assert run(view()) == [("a", "a"), ("b", "b")]


def test_code_may_wait_inside_of_another_context():
    async def view():
        inner = contextvars.copy_context()
        inner.run(NAME.set, "inner")
        return inner.run(lambda: (blocked(), NAME.get())), NAME.get()

    assert run(view()) == (("done", "inner"), "none")


def test_code_may_wait_in_a_greenlet_inside_of_the_task():
    async def view():
        return greenlet(blocked).switch("from a greenlet"), await asyncio.sleep(0, "after")

    assert run(view()) == ("from a greenlet", "after")


def test_a_cancelled_task_raises_where_its_synchronous_code_waits():
    async def view():
        try:
            block_on(asyncio.get_running_loop().create_future())
        except asyncio.CancelledError:
            return "cleaned up"

    async def main():
        task = asyncio.ensure_future(view())
        await asyncio.sleep(0)
        task.cancel()
        return await task

    assert run(main()) == "cleaned up"


def test_a_timeout_ends_the_wait_of_synchronous_code():
    async def view():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                block_on(asyncio.get_running_loop().create_future())
        return blocked("goes on")

    assert run(view()) == "goes on"


@pytest.mark.parametrize("kind", [LookupError, SystemExit, KeyboardInterrupt, GreenletExit])
@pytest.mark.parametrize("waits", [False, True])
def test_an_exception_of_any_kind_leaves_the_coroutine(kind, waits):
    async def fail():
        if waits:
            await asyncio.sleep(0)
        raise kind("it")

    coroutine = GreenletCoroutine(fail())
    if waits:
        assert coroutine.send(None) is None
    with pytest.raises(kind, match="it"):
        coroutine.send(None)


def test_a_coroutine_that_has_ended_cannot_be_used_again():
    async def nothing():
        return None

    coroutine = GreenletCoroutine(nothing())
    with pytest.raises(StopIteration):
        coroutine.send(None)
    with pytest.raises(RuntimeError, match="already awaited"):
        coroutine.send(None)
    coroutine.close()


def test_a_coroutine_that_is_closed_before_its_first_step_runs_nothing():
    async def never():
        pytest.fail("it ran")

    GreenletCoroutine(never()).close()


@pytest.mark.parametrize("waits_in", ["await", "block_on"])
def test_close_raises_generator_exit_where_the_coroutine_waits(waits_in):
    seen = []
    loop = asyncio.new_event_loop()

    async def view():
        future = loop.create_future()
        try:
            if waits_in == "await":
                await future
            else:
                block_on(future)
        except GeneratorExit:
            seen.append("closed")
            raise

    coroutine = GreenletCoroutine(view())
    assert asyncio.isfuture(coroutine.send(None))
    coroutine.close()
    loop.close()
    assert seen == ["closed"]


def test_what_is_asked_of_the_coroutine_is_asked_of_the_wrapped_one():
    async def view():
        return asyncio.current_task().get_coro(), repr(asyncio.current_task())

    async def main():
        task = asyncio.ensure_future(view())
        states = [inspect.getcoroutinestate(task.get_coro())]
        coroutine, text = await task
        states.append(inspect.getcoroutinestate(coroutine))
        return states, coroutine.__name__, "view" in text

    assert run(main()) == ([inspect.CORO_CREATED, inspect.CORO_CLOSED], "view", True)


def test_a_driven_coroutine_can_be_awaited():
    async def inner():
        return await asyncio.sleep(0, "inner")

    async def outer():
        return await GreenletCoroutine(inner())

    assert run(outer(), driven=False) == "inner"


def test_code_that_no_driven_task_runs_must_not_block():
    async def view():
        with pytest.raises(RuntimeError, match="outside of a task"):
            block_on(asyncio.get_running_loop().create_future())
        return is_driven()

    assert run(view(), driven=False) is False


def test_a_thread_local_value_outlives_an_await():
    async def view():
        current = getcurrent()
        await asyncio.sleep(0)
        blocked()
        return getcurrent() is current

    assert run(view()) is True


def test_a_coroutine_that_waits_and_is_dropped_is_freed():
    class Payload:
        pass

    def start():
        payload = Payload()

        async def view():
            await asyncio.sleep(0)
            return payload

        coroutine = GreenletCoroutine(view())
        coroutine.send(None)
        return weakref.ref(payload)

    left = start()
    gc.collect()
    assert left() is None


def test_no_thread_is_started():
    async def view():
        return blocked(threading.get_ident())

    assert run(view()) == threading.get_ident()


STEPS = st.lists(st.sampled_from(["await", "block", "nested", "child", "raise", "context"]), max_size=8)


@given(plan=st.lists(STEPS, min_size=1, max_size=4))
def test_a_plan_of_waits_gives_what_it_gives_without_a_greenlet(plan):
    """Each wait is made by ``await`` in one run and by synchronous code in the other; the results are the same."""

    async def wait(value, is_driven_run):
        return blocked(value) if is_driven_run else await asyncio.sleep(0, value)

    async def follow(steps, is_driven_run):
        made = []
        for place, step in enumerate(steps):
            NAME.set(f"{step}{place}")
            if step == "await":
                made.append(await asyncio.sleep(0, place))
            elif step == "nested":
                made.append(greenlet(blocked).switch(place) if is_driven_run else await asyncio.sleep(0, place))
            elif step == "child":
                made.append(await asyncio.ensure_future(follow(steps[place + 1 :], is_driven_run)))
            elif step == "raise":
                try:
                    raise LookupError(await wait(place, is_driven_run))
                except LookupError as error:
                    made.append(str(error))
            else:
                made.append(await wait(place, is_driven_run))
            made.append(NAME.get())
        return made

    async def all_of_them(is_driven_run):
        return await asyncio.gather(*(follow(steps, is_driven_run) for steps in plan))

    assert run(all_of_them(True)) == run(all_of_them(False), driven=False)
