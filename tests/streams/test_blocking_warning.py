"""The warning, once in a process, that event streams block a worker without greenlets."""

from __future__ import annotations

import sys

import pytest
from process_fixtures import forget_event
from responses.wsgi_calls import environ
from runtime.runners import in_greenlet

from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._streams import blocking_warning
from wsgiresp._streams.blocking_warning import warn_of_blocking


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """A process that has not warned yet."""
    forget_event(blocking_warning.EVENT)


def environ_of(threads, **more):
    return environ(**{"wsgi.multithread": threads, **more})


GUNICORN = {"gunicorn.socket": None}
WAITRESS = {"waitress.client_disconnected": None}


@pytest.mark.parametrize(
    ("request_environ", "what"),
    [
        pytest.param(environ_of(False, **GUNICORN), "the whole worker", id="a sync worker"),
        pytest.param(environ_of(True, **GUNICORN), "one of the threads of this worker", id="a gthread worker"),
        pytest.param(environ_of(True, **WAITRESS), "one of the threads of this worker", id="waitress"),
        pytest.param(environ_of(False), "the whole worker", id="wsgiref"),
    ],
)
def test_a_stream_that_blocks_its_thread_is_warned_of(caplog, request_environ, what):
    warn_of_blocking(ServerProfile(request_environ))
    (message,) = caplog.messages
    assert message.startswith(f"an event stream blocks {what} as long as it is open; serve it with: ")


def test_a_server_with_a_thread_per_client_gets_no_warning(caplog):
    warn_of_blocking(ServerProfile(environ_of(True)))
    assert caplog.messages == []


def test_under_a_hub_there_is_no_warning(caplog):
    in_greenlet(warn_of_blocking, ServerProfile(environ_of(False)))
    assert caplog.messages == []


def test_the_warning_is_logged_once(caplog):
    warn_of_blocking(ServerProfile(environ_of(False)))
    warn_of_blocking(ServerProfile(environ_of(True, **GUNICORN)))
    assert len(caplog.messages) == 1


@pytest.mark.parametrize(
    ("line", "more", "command"),
    [
        pytest.param(
            ["/usr/bin/gunicorn", "-b", ":80", "my app:app"],
            GUNICORN,
            "gunicorn -b :80 'my app:app' --worker-class gevent",
            id="of gunicorn, its own line",
        ),
        pytest.param(
            ["/site-packages/gunicorn/__main__.py", "app:app"],
            GUNICORN,
            "gunicorn app:app --worker-class gevent",
            id="of gunicorn as a module",
        ),
        pytest.param(
            ["/srv/serve.py", "app:app"],
            GUNICORN,
            "/srv/serve.py app:app --worker-class gevent",
            id="of a program that is gunicorn",
        ),
        pytest.param(["wsgi.py"], {}, "gunicorn --worker-class gevent MODULE:APP", id="of any other server"),
    ],
)
def test_the_warning_names_the_command_that_avoids_the_blocking(caplog, monkeypatch, line, more, command):
    monkeypatch.setattr(sys, "argv", line)
    warn_of_blocking(ServerProfile(environ_of(False, **more)))
    assert caplog.messages[0].endswith(f"serve it with: {command}")
