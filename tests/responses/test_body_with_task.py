"""A known body with a task: one object that is body, close step and context."""

from __future__ import annotations

import gevent
import pytest
from werkzeug.test import create_environ

from wsgiresp import BackgroundTask
from wsgiresp._frameworks.copying import known_bytes
from wsgiresp.background import BodyWithTask
from wsgiresp.responses import PlainTextResponse


def called(background, method="GET", start_response=lambda status, fields: None):
    return PlainTextResponse("text", background=background)(create_environ(method=method), start_response)


@pytest.mark.parametrize(("method", "body"), [("GET", [b"text"]), ("HEAD", [])])
def test_the_body_can_be_read_more_than_once_and_runs_nothing(method, body):
    seen: list[str] = []
    chunks = called(BackgroundTask(seen.append, "done"), method)
    assert (list(chunks), list(chunks), seen) == (body, body, [])


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_close_runs_the_task_once(method):
    seen: list[str] = []
    body = called(BackgroundTask(seen.append, "done"), method)
    body.close()
    body.close()
    assert seen == ["done"]


def test_a_close_by_the_task_does_not_run_it_again():
    seen: list[str] = []

    def close_again():
        seen.append("done")
        body.close()

    body = called(close_again)
    body.close()
    assert seen == ["done"]


def test_an_error_of_the_task_is_logged_by_its_name(caplog):
    def fail():
        raise LookupError

    called(BackgroundTask(fail)).close()
    (record,) = caplog.records
    assert record.getMessage().endswith("fail> failed after a response")
    assert record.exc_info[0] is LookupError


@pytest.mark.parametrize("error", [KeyboardInterrupt, gevent.GreenletExit])
def test_an_exit_request_of_the_task_is_raised(error):
    def leave():
        raise error

    with pytest.raises(error):
        called(leave).close()


def test_a_server_that_refuses_the_answer_does_not_keep_the_task_from_running():
    seen: list[str] = []

    def refuse(status, fields):
        raise ConnectionError

    with pytest.raises(ConnectionError):
        called(BackgroundTask(seen.append, "done"), start_response=refuse)
    assert seen == ["done"]


def test_the_whole_of_the_body_is_known_without_sending_it():
    assert known_bytes(BodyWithTask((b"te", b"xt"), print)) == b"text"


def test_a_background_that_cannot_be_called_is_refused_by_its_argument():
    with pytest.raises(TypeError, match="background must be callable, got 5"):
        BodyWithTask((), 5)
    with pytest.raises(TypeError, match="background must be callable, got 5"):
        PlainTextResponse("text", background=5)
