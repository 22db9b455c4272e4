"""Names of tasks in the log: one line, whatever a client or a class has put into them."""

from __future__ import annotations

import logging

import gevent
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tasks.fake_tasks import submit

from wsgiresp._runtime.close_order import run_each
from wsgiresp._tasks import worker_pool
from wsgiresp._tasks.retry import RetryPolicy, call_with_retries
from wsgiresp.background import BackgroundTask, BackgroundTasks

LINE = "x=str)> was cut\nseen: INFO payment received <"


def store(**fields):
    pass


class Unprintable:
    """A callable whose ``repr()`` raises, or writes a line of its own."""

    def __init__(self, text=None):
        self.text = text

    def __call__(self):
        raise LookupError

    def __repr__(self):
        if self.text is None:
            raise ValueError("no repr")
        return self.text


# Not the names of the parameters of BackgroundTask itself.
@given(st.dictionaries(st.text().filter(lambda name: name not in ("self", "func")), st.integers()))
def test_the_text_of_a_task_is_one_line_whatever_its_keywords(form):
    text = str(BackgroundTask(store, **form))
    assert text.isprintable()
    assert len(text.splitlines()) == 1


def test_a_name_that_is_no_identifier_is_logged_as_its_repr():
    assert str(BackgroundTask(store, colour="red", **{LINE: "1"})) == (
        f"<BackgroundTask store(colour=str, {LINE!r}=str)>"
    )


def test_the_name_of_a_function_that_was_renamed_is_one_line():
    def renamed():
        pass

    renamed.__qualname__ = "mail\nseen: INFO"
    assert repr(BackgroundTask(renamed)) == "<BackgroundTask mail\\nseen: INFO>"


def test_the_name_of_a_class_is_one_line():
    task = type("A\nB", (BackgroundTask,), {})(store)
    assert repr(task) == "<A\\nB store>"
    tasks = type("A\nB", (BackgroundTasks,), {})([task])
    assert repr(tasks) == "<A\\nB [<A\\nB store>]>"
    assert str(tasks) == "<A\\nB [<A\\nB store()>]>"


class Forging(BackgroundTask):
    def __repr__(self):
        return "mail\nseen: INFO"

    def __str__(self):
        return "mail\nseen: INFO"


def test_the_repr_of_a_subclass_is_one_line_among_others():
    assert repr(BackgroundTasks([Forging(store)])) == "<BackgroundTasks [mail\\nseen: INFO]>"
    assert repr(BackgroundTask(Forging(store))) == "<BackgroundTask mail\\nseen: INFO>"


@pytest.mark.parametrize(
    ("step", "message"),
    [
        pytest.param(Unprintable(), "<Unprintable, whose repr() fails> failed after a response", id="it raises"),
        pytest.param(Unprintable("a\nb"), "a\\nb failed after a response", id="it has two lines"),
    ],
)
def test_a_step_that_fails_is_logged_whatever_its_repr(caplog, step, message):
    run_each([step])
    assert caplog.messages == [message]


def test_an_attempt_that_fails_is_logged_whatever_the_repr_of_its_task(caplog, monkeypatch):
    monkeypatch.setattr("wsgiresp._tasks.retry.sleep", lambda seconds: None)
    with pytest.raises(LookupError):
        call_with_retries(Unprintable(), RetryPolicy(retries=1), Unprintable("a\nb"))
    assert [message.split(",")[0] for message in caplog.messages] == [
        "a\\nb failed in attempt 1 of 2",
        "a\\nb failed in attempt 2 of 2",
    ]


@pytest.mark.usefixtures("fresh_pool")
def test_a_task_that_is_not_run_is_logged_whatever_its_text(caplog):
    caplog.set_level(logging.ERROR)
    worker_pool.drain(0)
    gevent.spawn(submit, Forging(store)).join(10)
    assert caplog.messages == ["mail\\nseen: INFO was not run: the process is shutting down"]


def test_a_value_that_is_no_task_is_refused_whatever_its_repr():
    class NoTask:
        def __repr__(self):
            raise ValueError

    with pytest.raises(TypeError, match=r"func must be callable, got <.*NoTask, whose repr\(\) fails>"):
        BackgroundTask(NoTask())
