"""The loop for gevent's patches, in a process without them: its own code is the same there."""

from __future__ import annotations

import asyncio
import sys

import pytest
from greenlet import greenlet
from process_fixtures import forget
from runtime.runners import PATIENCE, in_thread

from wsgiresp._runtime import asyncio_loop
from wsgiresp._runtime.asyncio_children import _ChildTransport
from wsgiresp._runtime.asyncio_loop import PatchedLoop, new_loop
from wsgiresp._runtime.child_reaper import _ReapedChildren
from wsgiresp._runtime.real_executor import RealThreadExecutor


@pytest.fixture(autouse=True)
def _fresh():
    forget(_ReapedChildren)
    yield
    forget(_ReapedChildren)


def run(make_coroutine):
    """Return the result of the coroutine on a loop for gevent's patches, in a thread of its own."""

    def call():
        executor = RealThreadExecutor(2)
        loop = PatchedLoop()
        loop.set_default_executor(executor)
        try:
            return loop.run_until_complete(asyncio.wait_for(make_coroutine(), PATIENCE))
        finally:
            executor.shutdown()
            loop.close()

    return in_thread(call)


@pytest.mark.parametrize("is_patched", [True, False])
def test_a_new_loop_is_the_one_for_the_patches_if_there_are_any(monkeypatch, is_patched):
    monkeypatch.setattr(asyncio_loop.monkey, "is_module_patched", lambda name: is_patched)
    executor = RealThreadExecutor(1)
    loop = new_loop(executor)
    loop.close()
    assert isinstance(loop, PatchedLoop) is is_patched


@pytest.mark.parametrize("schedule", ["call_soon", "call_later"])
def test_a_callback_that_another_greenlet_schedules_wakes_the_loop(schedule):
    async def wake():
        loop, called, wakes = asyncio.get_running_loop(), asyncio.Event(), []
        write = loop._write_to_self
        loop._write_to_self = lambda: (wakes.append("woken"), write())
        arguments = (called.set,) if schedule == "call_soon" else (0, called.set)
        getattr(loop, schedule)(*arguments)
        own = len(wakes)
        called.clear()
        greenlet(getattr(loop, schedule)).switch(*arguments)
        await called.wait()
        return own, len(wakes)

    assert run(wake) == (0, 1)


def test_names_are_looked_up_in_both_directions():
    async def look_up():
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo("127.0.0.1", 80, type=1)
        return found[0][4], await loop.getnameinfo(("127.0.0.1", 80), 3)  # NI_NUMERICHOST and NI_NUMERICSERV

    assert run(look_up) == (("127.0.0.1", 80), ("127.0.0.1", "80"))


def test_a_child_process_runs_and_its_code_is_known():
    async def start():
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "print(input()); raise SystemExit(3)", stdin=-1, stdout=-1
        )
        output, _ = await child.communicate(b"hello\n")
        return output, child.returncode

    assert run(start) == (b"hello\n", 3)


def test_a_child_process_can_be_killed():
    async def start():
        child = await asyncio.create_subprocess_shell("exec sleep 1000")
        child.kill()
        return await child.wait()

    assert run(start) == -9


def test_a_program_that_does_not_exist_leaves_no_reaper():
    async def start():
        with pytest.raises(FileNotFoundError):
            await asyncio.create_subprocess_exec("/no/such/program")
        return "raised"

    assert run(start) == "raised"


def test_a_child_whose_maker_is_cancelled_is_ended(monkeypatch):
    made = []
    start_child = _ChildTransport._start

    def start_noted(self, *arguments, **named):
        start_child(self, *arguments, **named)
        made.append(self._proc)

    async def start():
        monkeypatch.setattr(_ChildTransport, "_start", start_noted)
        making = asyncio.create_task(asyncio.create_subprocess_exec("sleep", "1000"))
        while not made:
            await asyncio.sleep(0)
        making.cancel()
        with pytest.raises(asyncio.CancelledError):
            await making
        return made[0].returncode

    assert run(start) == -9
