"""External task queues: tasks are recognized by their types, here fake ones; ``tests/servers`` has the real engines."""

from __future__ import annotations

import functools
import types

import pytest

from wsgiresp._tasks.external_queues import enqueue_function
from wsgiresp.background import AfterResponse, BackgroundTask, BackgroundTasks


class Queue:
    """The calls that were enqueued, and those that were run instead."""

    def __init__(self):
        self.put = []
        self.run = []


def task_of(module, class_name, method, queue):
    """Return a task of the class *class_name* of *module*: a call runs it, and *method* enqueues it."""

    def put(self, *args, **kwargs):
        queue.put.append((args, kwargs))
        return UnawaitableResult()

    def run(self, *args, **kwargs):
        queue.run.append((args, kwargs))

    base = type(class_name, (), {"__module__": module, "__call__": run} | {method: put})
    return type("send_mail", (base,), {"__module__": "shop.tasks"})()


def job_of_rq(queue, name="delay", module="rq.decorators"):
    """Return a function as RQ's decorator returns it."""

    def send_mail(*args, **kwargs):
        queue.run.append((args, kwargs))

    def template(*args, **kwargs):
        put.append((args, kwargs))  # type: ignore[name-defined]  # noqa: F821 - of the globals it is given below

    delay = types.FunctionType(template.__code__, {"__name__": module, "put": queue.put})
    delay.__module__ = "shop.tasks"  # functools.wraps() says so
    setattr(send_mail, name, delay)
    return send_mail


class UnawaitableResult:
    """The result of an enqueued task, which must not be awaited."""

    def __await__(self):
        raise AssertionError("the result of a queued task was waited for")
        yield


class Proxy:
    """A proxy of a task, as Celery's decorator returns it before the app is finalized."""

    def __init__(self, found):
        self._found = found

    @property
    def __class__(self):
        return type(self._found)

    def __call__(self, *args, **kwargs):
        return self._found(*args, **kwargs)

    def __getattr__(self, name):
        return getattr(self._found, name)


@pytest.fixture
def queue():
    return Queue()


MAKERS = [
    pytest.param(functools.partial(task_of, "celery.app.task", "Task", "delay"), id="Celery"),
    pytest.param(functools.partial(task_of, "celery.canvas", "Signature", "delay"), id="a signature of Celery"),
    pytest.param(lambda queue: Proxy(task_of("celery.app.task", "Task", "delay", queue)), id="a proxy of Celery"),
    pytest.param(functools.partial(task_of, "dramatiq.actor", "Actor", "send"), id="Dramatiq"),
    pytest.param(functools.partial(task_of, "huey.api", "TaskWrapper", "__call__"), id="Huey"),
    pytest.param(job_of_rq, id="RQ"),
    pytest.param(functools.partial(job_of_rq, name="enqueue"), id="RQ by its new name"),
]


@pytest.mark.parametrize("make", MAKERS)
def test_a_task_of_an_engine_is_enqueued(queue, make):
    BackgroundTask(make(queue), 1, to="x")()
    assert (queue.put, queue.run) == ([((1,), {"to": "x"})], [])


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    "wrap", [AfterResponse, lambda task: BackgroundTasks([task])], ids=["as background", "among tasks"]
)
def test_a_task_of_an_engine_without_a_background_task_is_enqueued(queue, make, wrap):
    wrap(make(queue))()
    assert (queue.put, queue.run) == ([((), {})], [])


def test_a_partial_of_a_task_is_enqueued(queue):
    task = task_of("celery.app.task", "Task", "delay", queue)
    BackgroundTask(functools.partial(functools.partial(task, 1), to="x"), 2)()
    assert (queue.put, queue.run) == ([((1, 2), {"to": "x"})], [])


@pytest.mark.parametrize(
    "func",
    [
        pytest.param(print, id="a function"),
        pytest.param(functools.partial(print, 1), id="a partial of a function"),
        pytest.param(BackgroundTask, id="a class"),
        pytest.param(task_of("shop.tasks", "Task", "delay", Queue()), id="a Task with a delay() that is not Celery's"),
        pytest.param(job_of_rq(Queue(), module="shop.jobs"), id="a function with a delay() that is not RQ's"),
    ],
)
def test_a_callable_that_is_no_task_of_an_engine_is_not_enqueued(func):
    assert enqueue_function(func) is None


def test_an_object_with_every_attribute_is_not_enqueued():
    class Anything:
        def __getattr__(self, name):
            return self

        def __call__(self):
            pass

    assert enqueue_function(Anything()) is None


def test_an_enqueue_that_fails_is_retried(monkeypatch, queue):
    monkeypatch.setattr("wsgiresp._tasks.retry.sleep", lambda seconds: None)

    class Task:
        __module__ = "celery.app.task"

        def __call__(self):
            raise AssertionError("run, not put in the queue")

        def delay(self):
            queue.put.append("try")
            if len(queue.put) < 3:
                raise ConnectionError("the broker is down")

    BackgroundTask(Task()).with_options(retries=2)()
    assert queue.put == ["try"] * 3
