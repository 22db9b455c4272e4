"""``around`` of a streaming class or response: around the steps of its content, and around its tasks."""

from __future__ import annotations

import contextlib
import functools
import logging
import warnings

import pytest
from around_recorders import SURROUNDED, Recorder
from responses.wsgi_calls import call, start
from runtime.runners import everywhere, wait_until
from streams.fake_producer import ManualContent

from wsgiresp.responses import (
    BackgroundTask,
    BackgroundTasks,
    EventSourceResponse,
    JSONResponse,
    StreamingResponse,
)

RECORDED = Recorder()


@pytest.fixture(autouse=True)
def recorded():
    RECORDED.words.clear()
    return RECORDED.words


def enter():
    return RECORDED.blocking()


class Enter:
    """A class whose objects are context managers."""

    def __enter__(self):
        self._manager = enter()
        return self._manager.__enter__()

    def __exit__(self, *error):
        return self._manager.__exit__(*error)


class Callable:
    def __call__(self):
        return enter()


class Mixin:
    around = enter


class ByClassmethod:
    @classmethod
    def around(cls):
        return enter()


class ByProperty:
    @property
    def around(self):
        return enter


def with_attribute(around):
    return type("WithAttribute", (), {"around": around})


WAYS = [
    pytest.param(Mixin, id="a function"),
    pytest.param(with_attribute(lambda: enter()), id="a lambda"),
    pytest.param(with_attribute(staticmethod(enter)), id="a staticmethod"),
    pytest.param(with_attribute(functools.partial(enter)), id="a partial"),
    pytest.param(with_attribute(Enter), id="a class"),
    pytest.param(with_attribute(Callable()), id="a callable object"),
    pytest.param(with_attribute(RECORDED.blocking), id="a method of another object"),
    pytest.param(ByClassmethod, id="a classmethod"),
    pytest.param(ByProperty, id="a property"),
]


@pytest.mark.parametrize("way", WAYS)
def test_each_callable_is_entered_around_steps_and_tasks(way, recorded):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        surrounded = type("Surrounded", (way, StreamingResponse), {})
        call(surrounded(RECORDED.chunks(), background=BackgroundTask(RECORDED.step, "task")))
    assert recorded == SURROUNDED


def test_a_function_that_is_assigned_to_a_class_later_is_no_method(recorded):
    class Later(StreamingResponse):
        pass

    Later.around = enter
    call(Later(RECORDED.chunks()))
    assert recorded == ["in", "chunk", "/in"]


def test_a_method_of_the_response_that_is_assigned_to_it_stays_one(recorded):
    class Own(StreamingResponse):
        def opened(self):
            return enter()

    response = Own(RECORDED.chunks())
    response.around = response.opened
    call(response)
    assert recorded == ["in", "chunk", "/in"]


def test_a_subclass_can_be_without_it(recorded):
    class Plain(type("Surrounded", (Mixin, StreamingResponse), {})):
        around = None

    call(Plain(RECORDED.chunks()))
    assert recorded == ["chunk"]


def test_what_is_not_callable_is_refused_when_the_class_is_made():
    with pytest.raises(TypeError, match=r"around of Wrong must be a callable .*, got 5"):
        type("Wrong", (StreamingResponse,), {"around": 5})


def test_a_function_that_needs_an_argument_is_refused_when_the_class_is_made():
    with pytest.raises(TypeError, match="around of Wrong must be callable without arguments, since it is not a method"):
        type("Wrong", (StreamingResponse,), {"around": lambda self: enter()})


def test_what_is_not_callable_is_refused_when_the_response_is_called():
    response = StreamingResponse([b"a"])
    response.around = 5
    with pytest.raises(TypeError, match=r"around of StreamingResponse must be a callable .*, got 5"):
        call(response)


class Surrounded(StreamingResponse):
    around = enter


class SurroundedEvents(EventSourceResponse):
    around = enter


class SurroundedLater(StreamingResponse):
    around = RECORDED.asynchronous


@everywhere
@pytest.mark.parametrize("response_class", [Surrounded, SurroundedEvents])
def test_it_is_entered_wherever_the_content_is_stepped(run, response_class, recorded):
    run(call, response_class(RECORDED.chunks()))
    assert recorded == ["in", "chunk", "/in"]


@pytest.mark.parametrize("response_class", [Surrounded, SurroundedLater])
def test_asynchronous_content_and_tasks_take_either_kind(response_class, recorded):
    call(response_class(RECORDED.async_chunks(), background=BackgroundTask(RECORDED.async_task)))
    wait_until(lambda: len(recorded) >= 6)
    assert recorded == SURROUNDED


def test_synchronous_content_refuses_an_asynchronous_context_manager():
    with pytest.raises(TypeError, match="around must return a synchronous context manager for a synchronous content"):
        call(SurroundedLater([b"a"]))


def test_each_task_of_several_is_in_its_own(recorded):
    tasks = BackgroundTasks()
    tasks.add_task(RECORDED.step, "a")
    tasks.add_task(RECORDED.step, "b")
    call(Surrounded([b"a"], background=tasks))
    assert recorded[2:] == ["in", "a", "/in", "in", "b", "/in"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_task_is_inside_though_the_body_was_replaced_or_is_not_sent(method, recorded):
    response = Surrounded([b"a"], background=BackgroundTask(RECORDED.step, "task"))
    response.response = [b"b"]
    call(response, method)
    assert recorded == ["in", "task", "/in"]


def test_the_failure_of_a_task_is_logged_as_ever(caplog):
    def fail():
        raise LookupError("no")

    call(Surrounded([b"a"], background=BackgroundTask(fail)))
    [record] = caplog.records
    assert (record.levelno, record.exc_info[0]) == (logging.ERROR, LookupError)
    assert record.getMessage().endswith("fail> failed after a response")


def test_other_responses_have_no_such_attribute(recorded):
    class Plain(JSONResponse):
        around = staticmethod(enter)

    call(Plain(1, background=BackgroundTask(RECORDED.step, "task")))
    assert recorded == ["task"]


def test_content_that_brings_its_own_producer_is_not_inside(recorded):
    call(Surrounded(ManualContent(chunks=[b"a"])))
    assert recorded == []


class Content:
    """Content of one chunk and perhaps an *error* that counts how often it is closed."""

    def __init__(self, error=None):
        self.closed = 0
        self._error = error

    def close(self):
        self.closed += 1

    def chunks(self):
        yield b"a"
        if self._error is not None:
            raise self._error


class SyncContent(Content):
    def __iter__(self):
        return self.chunks()


class AsyncContent(Content):
    async def __aiter__(self):
        for chunk in self.chunks():
            yield chunk


def surrounded_by(around, content):
    response = StreamingResponse(content)
    response.around = around
    return start(response)


@pytest.mark.parametrize("content_class", [SyncContent, AsyncContent])
class TestErrors:
    def test_of_entering_are_raised_by_the_call_and_the_content_is_closed(self, content_class):
        @contextlib.contextmanager
        def around():
            raise LookupError("no tenant")
            yield

        content = content_class()
        with pytest.raises(LookupError, match="no tenant"):
            surrounded_by(around, content)
        assert content.closed == 1

    def test_of_leaving_break_the_transfer(self, content_class):
        @contextlib.contextmanager
        def around():
            yield
            raise LookupError("not committed")

        answer = surrounded_by(around, content_class())
        with pytest.raises(LookupError, match="not committed"):
            list(answer.iterable)
        answer.close()

    def test_of_the_content_cannot_be_suppressed(self, content_class):
        answer = surrounded_by(lambda: contextlib.suppress(LookupError), content_class(LookupError("half of it")))
        with pytest.raises(LookupError, match="half of it"):
            list(answer.iterable)
        answer.close()
