"""Coroutines from synchronous code, whatever drives the thread."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import gevent
import pytest

from wsgiresp._bodies import coroutines

NAME = contextvars.ContextVar("name", default="none")


async def note(seen):
    await asyncio.sleep(0)
    seen.append((NAME.get(), threading.get_ident()))


async def fail():
    raise LookupError("inside")


def test_a_coroutine_runs_to_its_end_in_a_plain_thread():
    seen: list[tuple[str, int]] = []
    coroutines.run(note(seen))
    assert seen == [("none", threading.get_ident())]


def test_any_awaitable_is_waited_for():
    class Later:
        def __await__(self):
            seen: list[tuple[str, int]] = []
            return note(seen).__await__()

    coroutines.run(Later())


def test_what_a_coroutine_raises_is_raised_to_the_caller():
    with pytest.raises(LookupError, match="inside"):
        coroutines.run(fail())


@pytest.mark.parametrize("awaitable", [note, fail])
def test_under_a_hub_it_runs_in_a_thread_with_the_callers_context(awaitable):
    seen: list[tuple[str, int]] = []

    def greenlet():
        NAME.set("greenlet")
        coroutines.run(note(seen) if awaitable is note else fail())

    spawned = gevent.spawn(greenlet)
    gevent.joinall([spawned], timeout=10)
    if awaitable is note:
        assert seen[0][0] == "greenlet"
        assert seen[0][1] != threading.get_ident()
    else:
        assert isinstance(spawned.exception, LookupError)


def test_two_greenlets_may_wait_at_once():
    seen: list[tuple[str, int]] = []
    both = [gevent.spawn(coroutines.run, note(seen)) for _ in range(2)]
    gevent.joinall(both, timeout=10, raise_error=True)
    assert len(seen) == 2


@pytest.mark.parametrize("awaitable", [note, fail])
def test_within_a_running_loop_it_runs_in_a_thread_with_the_callers_context(awaitable):
    seen: list[tuple[str, int]] = []

    async def main():
        NAME.set("loop")
        coroutines.run(note(seen) if awaitable is note else fail())

    if awaitable is note:
        asyncio.run(main())
        assert seen[0][0] == "loop"
    else:
        with pytest.raises(LookupError, match="inside"):
            asyncio.run(main())
