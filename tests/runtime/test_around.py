"""Context managers around steps and tasks: entered by blocking or by asynchronous code, alone or nested."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from around_recorders import Recorder

from wsgiresp._runtime.around import awaiting, blocking, nested, require_around


def enter(around):
    with blocking(around):
        pass


def enter_async(around):
    async def run():
        async with awaiting(around):
            pass

    asyncio.run(run())


@pytest.mark.parametrize("around", [None, dict, contextlib.nullcontext])
def test_a_callable_or_none_is_taken(around):
    require_around("around", around)


def test_anything_else_is_refused_by_its_name():
    with pytest.raises(TypeError, match=r"around of Some must be a callable .*, got 5"):
        require_around("around of Some", 5)


def test_blocking_code_enters_a_context_manager():
    recorder = Recorder()
    enter(recorder.blocking)
    assert recorder.words == ["in", "/in"]


@pytest.mark.parametrize("kind", ["blocking", "asynchronous"])
def test_asynchronous_code_enters_either_kind(kind):
    recorder = Recorder()
    enter_async(getattr(recorder, kind))
    assert recorder.words == ["in", "/in"]


def test_asynchronous_code_enters_what_is_both_as_asynchronous():
    enter_async(contextlib.nullcontext)  # both in one class


def test_blocking_code_refuses_an_asynchronous_context_manager():
    with pytest.raises(TypeError, match="around must return a synchronous context manager for a synchronous content"):
        enter(Recorder().asynchronous)


@pytest.mark.parametrize("entering", [enter, enter_async])
def test_what_is_no_context_manager_is_refused(entering):
    with pytest.raises(TypeError, match="around must return a context manager, got 5"):
        entering(lambda: 5)


@pytest.mark.parametrize("entering", [enter, enter_async])
class TestNested:
    def test_the_first_is_the_outermost(self, entering):
        words = []
        entering(nested(Recorder("a", words).blocking, None, Recorder("b", words).blocking))
        assert words == ["a", "b", "/b", "/a"]

    def test_those_that_were_entered_are_left_where_the_next_fails(self, entering):
        recorder = Recorder()
        with pytest.raises(TypeError, match="got 5"):
            entering(nested(recorder.blocking, lambda: 5))
        assert recorder.words == ["in", "/in"]

    def test_one_may_suppress_an_error(self, entering):
        def failing():
            with contextlib.ExitStack() as stack:
                stack.callback(lambda: 1 / 0)
                return stack.pop_all()

        entering(nested(lambda: contextlib.suppress(ZeroDivisionError), failing))

    def test_can_be_entered_again(self, entering):
        words = []
        around = nested(Recorder("a", words).blocking, Recorder("b", words).blocking)
        entering(around)
        entering(around)
        assert len(words) == 8


def test_none_alone_is_none():
    assert nested(None, None) is None


def test_one_alone_is_itself():
    around = Recorder().blocking
    assert nested(None, around) is around
