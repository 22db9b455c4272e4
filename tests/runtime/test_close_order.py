"""Close order of a body: each close step runs once, in order, whatever another one raises."""

from __future__ import annotations

import logging

import pytest
from gevent import Timeout
from greenlet import GreenletExit

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
