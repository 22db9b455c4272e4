"""Tasks that run after the response."""

from __future__ import annotations

import contextvars
import functools

import pytest

from wsgiresp import BackgroundTask, BackgroundTasks
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
