"""Every form of a body that is known, over the wire of every server: what is sent is what was said, byte for byte."""

from __future__ import annotations

import socket

import gunicorn
import pytest
from servers.expected_answers import OCTETS, TEXT, Row, app_fields
from servers.server_faults import CLOSES_BEHIND_NO_BODY, answer_to
from servers.server_processes import KINDS, cases, serve

LARGE = b"0123456789abcdef" * 65536

ROWS = [
    Row("/empty", 200, "OK", [TEXT], b""),
    Row("/large", 200, "OK", [OCTETS], LARGE),
    Row("/created", 201, "Created", [TEXT, ("location", "/new")], b""),
    Row(
        "/cookies",
        200,
        "OK",
        [
            TEXT,
            ("set-cookie", "theme=dark; Path=/; SameSite=Lax"),
            ("set-cookie", "session=38af; Max-Age=60; Secure; HttpOnly; Path=/; SameSite=Strict"),
            ("set-cookie", "old=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax"),
        ],
        b"cookies\n",
    ),
    Row(
        "/fields",
        418,
        "I'm a teapot",
        [("content-type", "text/csv; charset=utf-8"), ("link", "</a>"), ("link", "</b>"), ("x-latin", "\xfc\t.")],
        b"x",
    ),
    Row(
        "/unfolded",
        200,
        "OK",
        [("content-type", "application/xml"), ("vary", "Accept, Accept-Language"), ("x-late", "set after it was made")],
        b"<a/>",
    ),
    Row("/phrase", 404, "Gone Fishing", [TEXT], b"gone"),
    Row("/unknown", 599, "Unknown", [TEXT], b"new"),
    Row("/no-content", 204, "No Content", [("x-kept", "yes")], b"", None),
    Row("/reset-content", 205, "Reset Content", [TEXT], b""),
    Row("/not-modified", 304, "Not Modified", [("etag", '"1"')], b"", None),
    Row("/constant", 200, "OK", [TEXT, ("x-shared", "yes")], b"constant\n"),
    Row("/two-tasks/a", 200, "OK", [TEXT], b"two\n"),
]


# Werkzeug's reads what is left of the request before it calls the body's close(), as PEP 3333 demands, and never gets
# there if the client has reset the connection meanwhile. Cheroot loses it too at times.
CLOSES_NOTHING_AFTER_RESET = {"cheroot", "werkzeug"}

PIPELINING = [kind.name for kind in KINDS.values() if kind.keeps_alive]

EACH_ROW = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.target)


@pytest.fixture
def server(server_name, served):
    return served(server_name, "known_bodies:app")


@EACH_ROW
def test_get_is_answered_byte_for_byte(server, row, note_fault):
    with server.connect() as connection:
        connection.request("GET", row.target, ("Connection", "close"))
        answer = answer_to(connection, server.kind.name, row, note_fault)
    assert (answer.status, answer.reason) == (row.status, row.reason)
    assert app_fields(answer) == row.sent
    assert answer.body == row.body


@EACH_ROW
def test_head_has_the_fields_of_get_and_no_body(server, row, note_fault):
    with server.connect() as connection:
        connection.request("HEAD", row.target, ("Connection", "close"))
        answer = answer_to(connection, server.kind.name, row, note_fault, "HEAD")
        assert (answer.status, answer.reason) == (row.status, row.reason)
        assert app_fields(answer) == row.sent
        assert connection.ends()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@EACH_ROW
def test_the_connection_can_be_used_again_or_is_closed(server, row, method, note_fault):
    with server.connect() as connection:
        connection.request(method, row.target)
        answer = answer_to(connection, server.kind.name, row, note_fault, method)
        assert answer.status == row.status
        fault = CLOSES_BEHIND_NO_BODY.get(server.kind.name) if row.status in (204, 304) else None
        if fault:
            note_fault(fault, shows=not answer.keeps_open)
        if server.kind.keeps_alive and not (fault and not answer.keeps_open):
            assert connection.exchange("GET", "/text").body == "Grüße\n".encode()
        else:
            assert connection.ends()


@pytest.mark.parametrize("server_name", cases(*PIPELINING))
def test_two_requests_sent_at_once_get_their_answers_in_order(server):
    if server.kind.name == "gunicorn:gthread" and gunicorn.version_info < (25,):
        pytest.skip("older gthread workers of gunicorn lose a request that comes with the one before")
    with server.connect() as connection:
        connection.request("HEAD", "/json")
        connection.request("GET", "/constant")
        assert connection.answer("HEAD").status == 200
        assert connection.answer("GET").body == b"constant\n"


def test_the_answer_is_there_before_the_task_is_done(server):
    with socket.create_server(("127.0.0.1", 0)) as listener, server.connect() as connection:
        listener.settimeout(10)
        port = listener.getsockname()[1]
        # The task does not end before it has heard from us, so the answer has not waited for it.
        answer = connection.exchange("GET", f"/waiting-task/{port}")
        task, _ = listener.accept()
        with task:
            task.sendall(b"g")
        assert answer.body == b"waits\n"
        server.log.wait_for(f"known_bodies: done {port}")


TASKS = [
    pytest.param("HEAD", "/task/head", id="HEAD"),
    pytest.param("GET", "/async-task/async", id="a coroutine function"),
    pytest.param("GET", "/two-tasks/second", id="behind one that fails"),
]


@pytest.fixture(scope="session")
def whole_log(server_name):
    """The log of a server from its start to its end, after one request for each task."""
    with serve(server_name, "known_bodies:app") as server:
        for method, target in [*(case.values for case in TASKS), ("GET", "/failing-task/alone")]:
            with server.connect() as connection:
                connection.request(method, target, ("Connection", "close"))
                connection.rest()
        for line in [*(f"done {case.values[1].rpartition('/')[2]}\n" for case in TASKS), "LookupError: failed alone\n"]:
            server.log.wait_for(line)
        return server.stop()


@pytest.mark.parametrize(("method", "target"), TASKS)
def test_a_task_is_run_once(whole_log, method, target):
    assert whole_log.count(f"known_bodies: done {target.rpartition('/')[2]}\n") == 1


@pytest.mark.parametrize("server_name", cases(*(name for name in KINDS if name not in CLOSES_NOTHING_AFTER_RESET)))
def test_the_task_of_a_client_that_left_is_run_once(server):
    with server.connect() as connection:
        connection.request("GET", "/large-task/gone")
        connection.head()
        connection.reset()
    server.log.wait_for("known_bodies: done gone\n")
    server.exchange("GET", "/task/after")
    server.log.wait_for("known_bodies: done after\n")
    assert server.log.text.count("known_bodies: done gone\n") == 1


@pytest.mark.parametrize("word", ["second", "alone"])
def test_a_task_that_fails_is_logged_once(whole_log, word):
    assert whole_log.count(f"LookupError: failed {word}\n") == 1
    assert whole_log.count("wsgiresp: <BackgroundTask fail> failed after a response\n") == 2
