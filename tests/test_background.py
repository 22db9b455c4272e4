"""Tasks that run after the response."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import types

import gevent
import gevent.event
import pytest
from gevent import GreenletExit

from wsgiresp import BackgroundTask, BackgroundTasks
from wsgiresp._bodies import attempts
from wsgiresp.background import AfterResponse, bound

NAME = contextvars.ContextVar("name", default="none")


def fail(*arguments):
    raise LookupError("no")


async def append_later(seen, value):
    seen.append(value)


def test_a_task_calls_its_function_with_its_arguments():
    seen: list[object] = []
    BackgroundTask(lambda *args, **kwargs: seen.append((args, kwargs)), 1, two=2)()
    assert seen == [((1,), {"two": 2})]


def test_a_coroutine_function_is_run_to_its_end():
    seen: list[str] = []
    BackgroundTask(append_later, seen, "done")()
    assert seen == ["done"]


def test_what_a_task_returns_is_dropped():
    assert BackgroundTask(lambda: 5)() is None


def test_what_cannot_be_called_is_refused():
    with pytest.raises(TypeError, match="func must be callable, got 5"):
        BackgroundTask(5)  # type: ignore[arg-type]


def test_tasks_run_in_order_and_one_that_fails_stops_none(caplog):
    seen: list[str] = []
    tasks = BackgroundTasks([BackgroundTask(seen.append, "first")])
    tasks.add_task(fail, "secret")
    tasks.add_task(append_later, seen, "last")
    tasks()
    assert seen == ["first", "last"]
    (record,) = caplog.records
    assert "<BackgroundTask fail>" in record.getMessage()
    assert "secret" not in record.getMessage()


def test_a_task_may_add_another():
    seen: list[str] = []
    tasks = BackgroundTasks()
    tasks.add_task(lambda: tasks.add_task(seen.append, "added"))
    tasks()
    assert seen == ["added"]


def test_an_interrupt_waits_for_the_tasks_behind_it():
    seen: list[str] = []
    tasks = BackgroundTasks()

    def interrupt():
        raise KeyboardInterrupt

    tasks.add_task(interrupt)
    tasks.add_task(seen.append, "last")
    with pytest.raises(KeyboardInterrupt):
        tasks()
    assert seen == ["last"]


def test_the_list_given_is_not_changed():
    given = [BackgroundTask(fail)]
    BackgroundTasks(given).add_task(fail)
    assert len(given) == 1


def test_the_log_knows_tasks_by_name():
    tasks = BackgroundTasks([BackgroundTask(fail)])
    assert repr(AfterResponse(tasks)) == "<BackgroundTasks [<BackgroundTask fail>]>"


def test_a_callable_without_a_name_is_known_by_its_class():
    class Sender:
        def __call__(self):
            pass

    assert repr(BackgroundTask(Sender())).endswith("Sender>")


def test_the_log_does_not_know_the_arguments_of_a_partial():
    assert repr(BackgroundTask(functools.partial(functools.partial(fail, "secret"), 1))) == "<BackgroundTask fail>"


@pytest.mark.parametrize("make", [AfterResponse, lambda value: BackgroundTasks([value])])
def test_what_cannot_run_is_refused(make):
    with pytest.raises(TypeError, match="must be callable"):
        make(5)


def test_a_background_may_be_a_coroutine_function():
    seen: list[str] = []
    AfterResponse(lambda: append_later(seen, "done"))()
    assert seen == ["done"]


def test_tasks_run_in_a_copy_of_the_context_of_their_making():
    seen: list[str] = []

    def task():
        seen.append(NAME.get())
        NAME.set("task")

    NAME.set("view")
    step = AfterResponse(BackgroundTask(task))
    NAME.set("next request")
    step()
    assert seen == ["view"]
    assert NAME.get() == "next request"


def test_options_make_another_task(caplog):
    plain = BackgroundTask(fail)
    told: list[BaseException] = []
    with pytest.raises(LookupError):
        plain.with_options(on_error=told.append)()
    with pytest.raises(LookupError):
        plain()
    assert len(told) == 1


def test_options_cannot_clash_with_keywords_of_the_function():
    seen: list[object] = []
    BackgroundTask(lambda **named: seen.append(named), retries=1, timeout=2, on_error=3).with_options(retries=4)()
    assert seen == [{"retries": 1, "timeout": 2, "on_error": 3}]


def test_a_task_without_options_is_what_it_was():
    task = BackgroundTask(fail, 1)
    assert task.with_options(retries=2) is not task
    with pytest.raises(LookupError):
        task()


def test_a_task_is_tried_again_as_its_options_say(monkeypatch):
    monkeypatch.setattr(attempts, "sleep", lambda seconds: None)
    calls: list[int] = []

    def second_time_right():
        calls.append(1)
        if len(calls) == 1:
            raise LookupError

    BackgroundTask(second_time_right).with_options(retries=1)()
    assert len(calls) == 2


@pytest.mark.parametrize("make", [lambda: BackgroundTask(fail), BackgroundTasks], ids=["a task", "tasks"])
@pytest.mark.parametrize("options", [{"retries": -1}, {"timeout": 0}])
def test_an_option_that_is_not_right_is_refused_at_once(make, options):
    with pytest.raises(ValueError, match=next(iter(options))):
        make().with_options(**options)


def test_options_of_tasks_are_for_what_is_added_through_them():
    told: list[BaseException] = []
    seen: list[str] = []
    tasks = BackgroundTasks()
    tasks.add_task(fail, "plain")
    loud = tasks.with_options(on_error=told.append)
    assert loud.add_task(fail, "loud") is None
    tasks.add_task(seen.append, "last")
    tasks()
    assert len(told) == 1
    assert seen == ["last"]


def test_order_isolation_and_log_of_a_whole_response(caplog, monkeypatch):
    """Tasks that raise, block for ever, are tried again, add others: all in order, and each failure in one line."""
    monkeypatch.setattr(attempts, "pause", lambda attempt: 0.001)
    seen: list[str] = []
    is_done = gevent.event.Event()
    tasks = BackgroundTasks()

    def third_time_right():
        seen.append("try")
        if seen.count("try") < 3:
            raise OSError("not yet")

    def block():
        seen.append("block")
        gevent.event.Event().wait()

    def add():
        tasks.add_task(seen.append, "added")
        tasks.add_task(is_done.set)

    tasks.add_task(fail)
    tasks.with_options(timeout=0.01).add_task(block)
    tasks.with_options(retries=2).add_task(third_time_right)
    tasks.add_task(add)
    tasks.add_task(seen.append, "last")
    gevent.spawn(AfterResponse(tasks)).join(10)
    assert is_done.wait(10)
    assert seen == ["block", "try", "try", "try", "last", "added"]
    here = "test_order_isolation_and_log_of_a_whole_response.<locals>"
    assert caplog.messages == [
        "<BackgroundTask fail> failed after a response",
        f"<BackgroundTask {here}.block> failed after a response",
        f"<BackgroundTask {here}.third_time_right> failed in try 1 of 3, next in 0.0 s",
        f"<BackgroundTask {here}.third_time_right> failed in try 2 of 3, next in 0.0 s",
    ]
    assert [record.exc_info[0] for record in caplog.records] == [LookupError, TimeoutError, OSError, OSError]


def test_a_background_without_a_class_of_ours_is_known_by_its_name():
    assert repr(AfterResponse(functools.partial(fail, "secret"))) == "<BackgroundTask fail>"


def test_a_coroutine_function_among_the_tasks_is_run_to_its_end():
    seen: list[str] = []
    BackgroundTasks([functools.partial(append_later, seen, "done")])()
    assert seen == ["done"]


@pytest.mark.parametrize("wrap", [AfterResponse, lambda task: BackgroundTasks([task])], ids=["alone", "among others"])
def test_a_subclass_may_be_called_as_a_coroutine_function(wrap):
    class Later(BackgroundTask):
        async def __call__(self):
            await append_later(*self.args)

    seen: list[str] = []
    wrap(Later(print, seen, "done"))()
    assert seen == ["done"]


def test_a_subclass_that_is_called_its_own_way_keeps_its_name():
    class Later(BackgroundTask):
        async def __call__(self):
            pass

    assert repr(AfterResponse(Later(fail))) == "<BackgroundTask <Later fail>>"


def test_the_types_of_arguments_may_be_told():
    tasks = BackgroundTasks([BackgroundTask(fail, "secret", 5, to=b"secret"), BackgroundTask(fail)])
    assert str(tasks) == "<BackgroundTasks [<BackgroundTask fail(str, int, to=bytes)>, <BackgroundTask fail()>]>"


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
    monkeypatch.setattr(attempts, "sleep", lambda seconds: None)
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
