"""The asyncio thread: synchronous code runs coroutines on its loop, from greenlets, threads and other loops."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import os
import signal
import subprocess
import sys
import threading

import gevent.event
import pytest

from wsgiresp._runtime import asyncio_thread
from wsgiresp._runtime.asyncio_thread import AsyncioThread
from wsgiresp._runtime.process import part

NAME = contextvars.ContextVar("name", default="none")


async def note(seen):
    await asyncio.sleep(0)
    seen.append((NAME.get(), threading.get_ident()))


async def fail():
    raise LookupError("inside")


def test_coroutines_run_to_their_end_on_one_loop():
    seen: list[tuple[str, int]] = []
    asyncio_thread.run(note(seen))
    asyncio_thread.run(note(seen))
    assert seen[0] == seen[1]
    assert seen[0][1] != threading.get_ident()


def test_any_awaitable_can_be_run():
    class Later:
        def __await__(self):
            seen: list[tuple[str, int]] = []
            return note(seen).__await__()

    asyncio_thread.run(Later())


def test_the_error_of_a_coroutine_is_raised_in_the_caller():
    with pytest.raises(LookupError, match="inside"):
        asyncio_thread.run(fail())


@pytest.mark.parametrize("awaitable", [note, fail])
def test_in_a_greenlet_a_coroutine_runs_in_the_context_of_the_caller(awaitable):
    seen: list[tuple[str, int]] = []

    def greenlet():
        NAME.set("greenlet")
        asyncio_thread.run(note(seen) if awaitable is note else fail())

    spawned = gevent.spawn(greenlet)
    gevent.joinall([spawned], timeout=10)
    if awaitable is note:
        assert seen[0][0] == "greenlet"
    else:
        assert isinstance(spawned.exception, LookupError)


def test_many_greenlets_wait_concurrently():
    met: list[asyncio.Event] = []

    async def meet():
        # Each waits for the last: none would come to its end if they ran one after the other.
        met.append(asyncio.Event())
        if len(met) == 20:
            for event in met:
                event.set()
        await met[-1].wait()

    greenlets = [gevent.spawn(asyncio_thread.run, meet()) for _ in range(20)]
    assert len(gevent.joinall(greenlets, timeout=10, raise_error=True)) == 20


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError(), gevent.Timeout()])
@pytest.mark.parametrize("greenlet", [False, True], ids=["in a thread", "in a greenlet"])
def test_any_exception_reaches_the_caller_and_the_loop_keeps_running(error, greenlet):
    caught: list[BaseException] = []

    async def end():
        raise error

    def caller():
        try:
            asyncio_thread.run(end())
        except BaseException as raised:
            caught.append(raised)

    if greenlet:
        gevent.joinall([gevent.spawn(caller)], timeout=10)
    else:
        caller()
    asyncio_thread.run(note([]))
    assert caught == [error]


class CustomAwaitable:
    """An awaitable that is not a coroutine."""

    def __await__(self):
        return iter(())


@pytest.mark.parametrize("make", [lambda: note([]), CustomAwaitable], ids=["a coroutine", "another awaitable"])
def test_run_in_the_asyncio_thread_itself_raises_runtime_error(make):
    async def wait():
        asyncio_thread.run(make())

    with pytest.raises(RuntimeError, match="await it"):
        asyncio_thread.run(wait())


def test_killing_a_greenlet_cancels_the_coroutine_it_waits_for():
    begun, ended = gevent.event.Event(), threading.Event()
    hub = gevent.get_hub()
    watcher = hub.loop.async_()
    watcher.start(begun.set)

    async def wait():
        watcher.send()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    greenlet = gevent.spawn(asyncio_thread.run, wait())
    assert begun.wait(timeout=10)
    watcher.close()
    greenlet.kill()
    assert ended.wait(timeout=10)


def test_a_part_that_was_forked_has_no_thread():
    parent = AsyncioThread()
    loop = parent.start()
    running = parent._running
    parent.after_fork()
    assert not parent.runs(loop)
    running.stop()


def test_an_exit_without_a_thread_stops_nothing():
    parent = AsyncioThread()
    parent.at_exit()
    assert not parent.runs(None)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_has_a_loop_of_its_own():
    asyncio_thread.run(note([]))
    child = os.fork()
    if child == 0:
        seen: list[tuple[str, int]] = []
        signal.alarm(10)
        asyncio_thread.run(note(seen))
        os._exit(0 if seen else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_does_not_end_the_tasks_of_its_parent():
    begun, may_end, ends = threading.Event(), asyncio.Event(), []

    async def task():
        try:
            begun.set()
            await may_end.wait()
        finally:
            ends.append(os.getpid())

    async def schedule():
        asyncio_thread.run_or_schedule(task())

    asyncio_thread.run(schedule())
    assert begun.wait(10)
    child = os.fork()
    if child == 0:
        gc.collect()
        os._exit(len(ends))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    asyncio_thread.loop().call_soon_threadsafe(may_end.set)
    asyncio_thread.run(note([]))
    assert ends == [os.getpid()]


def test_what_is_cancelled_before_its_first_step_is_cancelled_for_the_caller():
    loop, is_blocked, may_go_on = asyncio_thread.loop(), threading.Event(), threading.Event()

    def block():
        is_blocked.set()
        may_go_on.wait(10)

    def cancel_all():
        for task in asyncio.all_tasks():
            task.cancel()

    loop.call_soon_threadsafe(block)
    assert is_blocked.wait(10)
    caught = []

    coroutine = note([])

    def run():
        try:
            asyncio_thread.run(coroutine)
        except BaseException as error:
            caught.append(error)

    thread = threading.Thread(target=run)
    before = len(loop._ready)
    thread.start()
    # The task is made behind what blocks the loop, and cancelled before its first step.
    while len(loop._ready) == before:
        pass
    loop.call_soon_threadsafe(cancel_all)
    may_go_on.set()
    thread.join(10)
    coroutine.close()
    assert [type(error) for error in caught] == [asyncio.CancelledError]


def test_a_stopped_loop_is_replaced_by_a_new_one():
    asyncio_thread.run(note([]))
    part(AsyncioThread).at_exit()
    seen: list[tuple[str, int]] = []
    asyncio_thread.run(note(seen))
    assert seen


@pytest.mark.parametrize("awaitable", [note, fail])
def test_in_a_running_loop_a_coroutine_runs_in_the_context_of_the_caller(awaitable):
    seen: list[tuple[str, int]] = []

    async def main():
        NAME.set("loop")
        asyncio_thread.run(note(seen) if awaitable is note else fail())

    if awaitable is note:
        asyncio.run(main())
        assert seen[0][0] == "loop"
    else:
        with pytest.raises(LookupError, match="inside"):
            asyncio.run(main())


def test_the_loop_runs_in_a_real_thread_after_monkey_patching():
    # In a greenlet it would be the running loop of every other greenlet, and asyncio would refuse theirs.
    program = """
from gevent import monkey
monkey.patch_all()
import asyncio
from wsgiresp._runtime import asyncio_thread
ident = monkey.get_original("_thread", "get_ident")
seen = []
async def note():
    await asyncio.sleep(0.001)
    seen.append(ident())
asyncio_thread.run(note())
assert seen != [ident()], seen
asyncio.run(note())
assert seen[1] == ident(), seen
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30, env=with_this_path())


def with_this_path():
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def test_a_failure_to_make_the_loop_is_raised_and_the_next_attempt_succeeds(monkeypatch):
    def refuse():
        raise OSError(24, "Too many open files")

    part(AsyncioThread).at_exit()
    with monkeypatch.context() as patch:
        patch.setattr(asyncio, "new_event_loop", refuse)
        with pytest.raises(OSError, match="Too many open files"):
            asyncio_thread.loop()
    asyncio_thread.run(note([]))
