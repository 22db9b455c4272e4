"""Tasks that run after the response."""

from __future__ import annotations

import contextvars
import functools

import gevent
import gevent.event
import pytest

from wsgiresp import BackgroundTask, BackgroundTasks
from wsgiresp._tasks import retry
from wsgiresp.background import AfterResponse

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
    monkeypatch.setattr(retry, "sleep", lambda seconds: None)
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
    monkeypatch.setattr(retry, "backoff", lambda attempt: 0.001)
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
        f"<BackgroundTask {here}.third_time_right> failed in attempt 1 of 3, next in 0.0 s",
        f"<BackgroundTask {here}.third_time_right> failed in attempt 2 of 3, next in 0.0 s",
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
