"""Close order of a body: each close step runs once, in order, whatever another one raises."""

from __future__ import annotations

import logging
import threading

import pytest
from gevent import Timeout
from greenlet import GreenletExit
from runtime.runners import PATIENCE

from wsgiresp._runtime import close_order
from wsgiresp._runtime.close_order import ClosingBody, run_each


def raising(error):
    def step():
        raise error

    return step


def test_a_body_yields_its_chunks():
    assert list(ClosingBody([b"a", b"b"], [])) == [b"a", b"b"]


def test_close_runs_the_steps_in_order_and_once():
    taken: list[str] = []
    body = ClosingBody((), [lambda: taken.append("source"), lambda: taken.append("background")])
    body.close()
    body.close()
    assert taken == ["source", "background"]


def test_a_close_by_a_step_repeats_no_step():
    taken: list[str] = []
    body = ClosingBody((), [lambda: body.close(), lambda: taken.append("background")])
    body.close()
    assert taken == ["background"]


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), GeneratorExit(), Timeout(1)])
def test_a_step_that_raises_is_logged_and_the_next_still_runs(caplog, error):
    taken: list[str] = []
    ClosingBody((), [raising(error), lambda: taken.append("background")]).close()
    assert taken == ["background"]
    (record,) = caplog.records
    assert (record.name, record.levelno, record.exc_info[1]) == ("wsgiresp", logging.ERROR, error)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), GreenletExit()])
def test_an_interrupt_is_raised_after_the_last_step(error):
    taken: list[str] = []
    with pytest.raises(type(error)) as raised:
        run_each([raising(error), lambda: taken.append("background"), raising(KeyboardInterrupt("later"))])
    assert raised.value is error
    assert taken == ["background"]


class TestStepsInAnotherThread:
    def test_steps_run_in_order_in_a_thread_of_their_own(self):
        is_done, ran = threading.Event(), []
        close_order.run_each_in_thread([lambda: ran.append(threading.get_ident()), is_done.set])
        assert is_done.wait(PATIENCE)
        assert ran != [threading.get_ident()]

    def test_a_background_task_alone_has_a_worker_thread(self):
        class Task:
            def run_in_worker_thread(self):
                asked.append("asked")

        asked = []
        close_order.run_each_in_thread([Task()])
        assert asked == ["asked"]

    def test_no_thread_is_started_for_no_step(self, monkeypatch):
        monkeypatch.setattr(close_order, "start_thread_at_once", None)
        close_order.run_each_in_thread([])


def test_a_stream_inside_hears_of_the_answer():
    class Stream:
        is_answered = False

        def __iter__(self):
            return iter(())

        def note_answered(self):
            self.is_answered = True

    stream = Stream()
    ClosingBody(stream, []).note_answered()
    ClosingBody((), []).note_answered()
    assert stream.is_answered
