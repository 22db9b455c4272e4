"""Background tasks run in application contexts of their own, and the application hears of their failures."""

from __future__ import annotations

import flask
import pytest
from flask.signals import got_request_exception
from flask_apps import application

from wsgiresp.responses import BackgroundTask, BackgroundTasks, FileResponse, JSONResponse


@pytest.fixture
def app():
    return application()


@pytest.fixture
def order(app):
    """What happened: the ends of the contexts of requests and of applications, and what tasks say."""
    said = []
    app.teardown_request(lambda error: said.append("request ends"))
    app.teardown_appcontext(lambda error: said.append("application context ends"))
    return said


def answered(app, background):
    app.add_url_rule("/", view_func=lambda: JSONResponse({}, background=background))
    with app.test_client().get("/") as answer:
        return answer.status_code


async def say_later(said):
    said.append(flask.current_app.name)


@pytest.mark.parametrize(
    "task",
    [
        pytest.param(lambda said: BackgroundTask(lambda: said.append(flask.current_app.name)), id="a task"),
        pytest.param(lambda said: BackgroundTask(say_later, said), id="an async task"),
        pytest.param(lambda said: lambda: said.append(flask.current_app.name), id="a function"),
    ],
)
def test_a_task_runs_after_the_request_in_a_context_of_its_own(app, order, task):
    answered(app, task(order))
    assert order == ["request ends", "application context ends", "tested", "application context ends"]


def test_each_task_has_a_context_of_its_own(app):
    seen = []

    def look():
        seen.append("word" in flask.g)
        flask.g.word = 1

    answered(app, BackgroundTasks([BackgroundTask(look), BackgroundTask(look)]))
    assert seen == [False, False]


@pytest.fixture
def told(app):
    """The errors that ``got_request_exception`` told of."""
    errors = []

    def tell(sender, exception):
        errors.append((sender.name, repr(exception)))

    with got_request_exception.connected_to(tell, app):
        yield errors


def fail(error=LookupError):
    raise error


def test_a_failure_is_signalled_and_the_next_task_runs(app, told):
    ran = []
    tasks = BackgroundTasks([BackgroundTask(fail), BackgroundTask(ran.append, 1)])
    assert answered(app, tasks) == 200
    assert (told, ran) == ([("tested", "LookupError()")], [1])


def test_a_failure_is_in_the_log_of_the_application_once(app, caplog):
    answered(app, BackgroundTasks([BackgroundTask(fail)]))
    ((name, message),) = [(record.name, record.getMessage()) for record in caplog.records]
    assert (name, message) == (app.logger.name, "<BackgroundTask fail> failed after a response")


def test_a_failure_is_raised_nowhere(app):
    app.testing = True
    assert answered(app, BackgroundTask(fail)) == 200


def test_an_exit_is_logged_and_no_error_of_a_request(app, told, caplog):
    answered(app, BackgroundTask(fail, SystemExit))
    assert (told, len(caplog.records)) == ([], 1)


def test_a_task_of_a_constant_is_run_once_for_each_answer(app):
    ran = []
    constant = JSONResponse({}, background=BackgroundTask(ran.append, 1))
    app.add_url_rule("/", view_func=lambda: constant)
    for _ in range(2):
        app.test_client().get("/").close()
    assert ran == [1, 1]


def say_name(said):
    return lambda: said.append(flask.current_app.name)


def test_a_task_of_a_file_runs_in_a_context(app, order):
    app.add_url_rule("/", view_func=lambda: FileResponse(__file__, background=say_name(order)))
    with app.test_client().get("/", headers={"Range": "bytes=0-1"}):
        pass
    assert order[2:] == ["tested", "application context ends"]


def test_a_task_that_a_hook_sets_runs_in_a_context(app, order):
    @app.after_request
    def add(response):
        response.background = BackgroundTask(say_name(order))
        return response

    answered(app, None)
    assert order[2:] == ["tested", "application context ends"]


def test_a_task_that_a_hook_adds_runs_in_a_context(app, order):
    @app.after_request
    def add(response):
        response.background.add_task(say_name(order))
        return response

    answered(app, BackgroundTasks())
    assert order[2:] == ["tested", "application context ends"]


def test_a_task_of_a_response_that_a_hook_returns_runs_in_a_context(app, order):
    constant = JSONResponse({}, background=say_name(order))
    app.after_request(lambda response: constant)
    app.add_url_rule("/", view_func=lambda: "text")
    for _ in range(2):
        app.test_client().get("/").close()
    assert order.count("tested") == 2
    assert type(constant) is JSONResponse
