"""Tasks that are bound to what is around them, and to who is told of their failures."""

from __future__ import annotations

import asyncio
import contextlib
import types

import pytest
from gevent import GreenletExit

from wsgiresp import BackgroundTask, BackgroundTasks
from wsgiresp._tasks import retry
from wsgiresp.background import bound


@pytest.fixture
def binding():
    """Return ``bind(background)`` and the list of what then happens around it."""
    said = []

    @contextlib.contextmanager
    def around():
        said.append("in")
        try:
            yield
        finally:
            said.append("out")

    return lambda background: bound(
        background, around, lambda task, error: said.append((repr(task), repr(error)))
    ), said


async def say_later(said, word):
    await asyncio.sleep(0)
    said.append(word)


def say(said, word):
    said.append(word)


class OwnTask(BackgroundTask):
    def __call__(self):
        self.args[0].append("own")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        pytest.param(lambda said: BackgroundTask(say, said, "a"), ["in", "a", "out"], id="a task"),
        pytest.param(lambda said: BackgroundTask(say_later, said, "a"), ["in", "a", "out"], id="an async task"),
        pytest.param(lambda said: lambda: said.append("a"), ["in", "a", "out"], id="a function"),
        pytest.param(lambda said: lambda: say_later(said, "a"), ["in", "a", "out"], id="a function that is awaited"),
        pytest.param(lambda said: OwnTask(say, said), ["in", "own", "out"], id="a task with a call of its own"),
        pytest.param(
            lambda said: BackgroundTasks([BackgroundTask(say, said, "a"), BackgroundTask(say, said, "b")]),
            ["in", "a", "out", "in", "b", "out"],
            id="two tasks",
        ),
        pytest.param(
            lambda said: BackgroundTasks([BackgroundTasks([BackgroundTask(say, said, "a")])]),
            ["in", "a", "out"],
            id="tasks in tasks",
        ),
    ],
)
def test_each_bound_task_runs_inside_what_is_around_it(binding, make, words):
    bind, said = binding
    bind(make(said))()
    assert said == words


def test_a_bound_task_of_an_engine_is_put_in_its_queue(binding):
    bind, said = binding

    async def job(): ...

    def template(word):
        put.append(word)  # noqa: F821 - of the globals it is given below

    job.delay = types.FunctionType(template.__code__, {"__name__": "rq.decorators", "put": said})
    bind(BackgroundTask(job, "a"))()
    assert said == ["in", "a", "out"]


def test_a_failure_of_a_bound_task_is_reported_and_not_logged(binding, caplog):
    bind, said = binding
    tasks = BackgroundTasks()
    tasks.add_task(int, "x")
    tasks.add_task(say, said, "b")
    bind(tasks)()
    assert said[2:] == [
        ("<BackgroundTask int>", repr(ValueError("invalid literal for int() with base 10: 'x'"))),
        "in",
        "b",
        "out",
    ]
    assert caplog.records == []


def test_each_try_of_a_bound_task_is_inside(binding, monkeypatch):
    monkeypatch.setattr(retry, "sleep", lambda seconds: None)
    bind, said = binding
    bind(BackgroundTask(int, "x").with_options(retries=1))()
    assert said[:4] == ["in", "out", "in", "out"]


@pytest.mark.parametrize("ending", [KeyboardInterrupt, GreenletExit])
def test_what_ends_a_thread_goes_through_a_bound_task(binding, ending):
    def end():
        raise ending

    with pytest.raises(ending):
        binding[0](end)()


def test_a_task_that_is_added_to_bound_ones_is_bound(binding):
    bind, said = binding
    tasks = BackgroundTasks()
    tasks.add_task(lambda: tasks.add_task(say, said, "late"))
    twin = bind(tasks)
    twin.add_task(say, said, "early")
    twin()
    assert said == ["in", "out", "in", "early", "out", "in", "late", "out"]


def test_bound_tasks_are_named_like_the_tasks(binding):
    tasks = BackgroundTasks([BackgroundTask(say, [], "a")])
    twin = binding[0](tasks)
    assert (str(twin), len(twin.tasks), [str(task) for task in twin.tasks[:1]]) == (
        str(tasks),
        1,
        ["<BackgroundTask say(list, str)>"],
    )


def test_a_bound_task_leaves_the_task_as_it_was(binding):
    task = BackgroundTask(say, [], "a")
    binding[0](task)()
    assert binding[1] == ["in", "out"]
    assert task.args[0] == ["a"]
