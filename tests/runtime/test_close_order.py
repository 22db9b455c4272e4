"""The order of the end."""

from __future__ import annotations

import logging

import pytest
from greenlet import GreenletExit

from wsgiresp._runtime.close_order import ClosingBody, run_each


def raising(error):
    def step():
        raise error

    return step


def test_a_body_gives_its_chunks():
    assert list(ClosingBody([b"a", b"b"], [])) == [b"a", b"b"]


def test_steps_are_taken_in_order_and_once():
    taken: list[str] = []
    body = ClosingBody((), [lambda: taken.append("source"), lambda: taken.append("background")])
    body.close()
    body.close()
    assert taken == ["source", "background"]


def test_a_close_from_inside_a_step_repeats_nothing():
    taken: list[str] = []
    body = ClosingBody((), [lambda: body.close(), lambda: taken.append("background")])
    body.close()
    assert taken == ["background"]


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), GeneratorExit()])
def test_a_step_that_raises_is_logged_and_the_next_still_runs(caplog, error):
    taken: list[str] = []
    ClosingBody((), [raising(error), lambda: taken.append("background")]).close()
    assert taken == ["background"]
    (record,) = caplog.records
    assert (record.name, record.levelno, record.exc_info[1]) == ("wsgiresp", logging.ERROR, error)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), GreenletExit()])
def test_what_asks_this_thread_to_end_goes_on_after_the_last_step(error):
    taken: list[str] = []
    with pytest.raises(type(error)) as raised:
        run_each([raising(error), lambda: taken.append("background"), raising(KeyboardInterrupt("later"))])
    assert raised.value is error
    assert taken == ["background"]
