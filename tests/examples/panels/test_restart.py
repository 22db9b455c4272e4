"""The master is told by the demo's own page, on its own machine, under gunicorn; by nobody else."""

from __future__ import annotations

import os
import signal

import pytest
from examples.readme_tables import example
from werkzeug.test import Client, TestResponse

RESTART = example("panels.restart")
OWN = {
    "HTTP_HOST": "127.0.0.1:8000",
    "HTTP_ORIGIN": "http://127.0.0.1:8000",
    "HTTP_SEC_FETCH_SITE": "same-origin",
    "REMOTE_ADDR": "127.0.0.1",
    "SERVER_SOFTWARE": "gunicorn/27.0.1",
}


@pytest.fixture
def told(monkeypatch):
    """The signals that were sent, none of which arrives."""
    told = []
    monkeypatch.setattr(os, "kill", lambda *signal: told.append(signal))
    return told


def ask(method: str = "POST", **changed: str | None) -> TestResponse:
    environ = {name: value for name, value in (OWN | changed).items() if value is not None}
    # Read and closed: what is done after the answer is done then.
    return Client(example("demo").app).open("/restart", method=method, environ_overrides=environ, buffered=True)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({}, id="by address"),
        pytest.param({"HTTP_HOST": "localhost:1", "HTTP_ORIGIN": "http://localhost:1"}, id="by name"),
        pytest.param(
            {"HTTP_HOST": "[::1]:1", "HTTP_ORIGIN": "http://[::1]:1", "REMOTE_ADDR": "::1"}, id="by an address of IPv6"
        ),
        pytest.param({"HTTP_SEC_FETCH_SITE": None}, id="from a browser without fetch metadata"),
    ],
)
def test_the_master_is_told_when_the_answer_has_gone_out(told, changed):
    answer = ask(**changed)
    assert (answer.status_code, answer.get_json()) == (202, {"worker": os.getpid()})
    assert told == [(os.getppid(), signal.SIGHUP)]


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"HTTP_ORIGIN": "http://example.com"}, id="a page of another site"),
        pytest.param({"HTTP_ORIGIN": "http://127.0.0.1:8001"}, id="a page of another port"),
        pytest.param({"HTTP_ORIGIN": "https://127.0.0.1:8000"}, id="a page of another scheme"),
        pytest.param({"HTTP_ORIGIN": "null"}, id="a page without an origin"),
        pytest.param({"HTTP_ORIGIN": None, "HTTP_SEC_FETCH_SITE": None}, id="no page at all"),
        pytest.param({"HTTP_SEC_FETCH_SITE": "cross-site"}, id="fetch metadata of another site"),
        pytest.param({"HTTP_SEC_FETCH_SITE": "same-site"}, id="fetch metadata of a neighbour"),
        pytest.param({"HTTP_SEC_FETCH_SITE": "none"}, id="fetch metadata of no page"),
        pytest.param({"REMOTE_ADDR": "192.0.2.1"}, id="another machine"),
        pytest.param({"REMOTE_ADDR": ""}, id="a client without an address"),
        pytest.param(
            {"HTTP_HOST": "rebound.example:8000", "HTTP_ORIGIN": "http://rebound.example:8000"},
            id="a page whose name was bound to this address",
        ),
        pytest.param(
            {"HTTP_HOST": "127.0.0.1.example", "HTTP_ORIGIN": "http://127.0.0.1.example"},
            id="a name that begins like an address",
        ),
        pytest.param(
            {"HTTP_HOST": "example.com@127.0.0.1.x", "HTTP_ORIGIN": "http://example.com@127.0.0.1.x"}, id="userinfo"
        ),
    ],
)
def test_who_is_not_our_page_is_refused(told, changed):
    answer = ask(**changed)
    assert (answer.status_code, list(answer.get_json()), told) == (403, ["detail"], [])


# Not by the client of the tests, in which some versions of werkzeug refuse it themselves.
@pytest.mark.parametrize("host", ["[::1", "::1]", "[127.0.0.1]", ""])
def test_a_malformed_host_names_nobody(host):
    assert not RESTART.is_loopback(RESTART.name_in(host))


def test_another_server_than_gunicorn_is_not_told(told):
    answer = ask(SERVER_SOFTWARE="WSGIServer/0.2 CPython/3.11.2")
    assert (answer.status_code, list(answer.get_json()), told) == (409, ["detail"], [])


# After the master's death the parent is process 1, and with --preload whoever started the master was noted.
def test_a_parent_that_is_not_the_one_of_the_start_is_not_told(told, monkeypatch):
    monkeypatch.setattr(RESTART, "PARENT", os.getppid() + 1)
    assert (ask().status_code, told) == (409, [])


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
def test_a_link_does_not_tell_it(told, method):
    answer = ask(method)
    assert (answer.status_code, answer.headers["Allow"], told) == (405, "POST", [])
