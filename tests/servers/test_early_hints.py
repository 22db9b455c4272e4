"""Early Hints over the wire."""

from __future__ import annotations

import socket

import gunicorn
import pytest
from servers.server_faults import SENDS_NO_HINTS
from servers.server_processes import KINDS, cases

LINKS = (("Link", "</app.css>; rel=preload; as=style"), ("Link", "</app.js>; rel=modulepreload"))
SEND_HINTS = [name for name in KINDS if name.startswith("gunicorn:")] if gunicorn.version_info >= (25,) else []


@pytest.fixture
def server(server_name, served):
    return served(server_name, "early_hints:app")


@pytest.mark.skipif(not SEND_HINTS, reason="gunicorn sends no hints before its version 25")
@pytest.mark.parametrize("server_name", cases(*(name for name in KINDS if name.startswith("gunicorn:"))))
def test_the_hints_are_there_before_the_answer(server):
    with socket.create_server(("127.0.0.1", 0)) as listener, server.connect() as connection:
        listener.settimeout(10)
        connection.request("GET", f"/{listener.getsockname()[1]}")
        hints = connection.answer()
        # It is not answered before it has heard from us.
        app, _ = listener.accept()
        with app:
            app.sendall(b"g")
        answer = connection.answer()
    assert (hints.status, hints.reason, hints.fields) == (103, "Early Hints", LINKS)
    assert (answer.status, answer.body) == (200, b"True")


@pytest.mark.parametrize("server_name", cases(*(name for name in KINDS if name not in SEND_HINTS)))
def test_a_server_that_cannot_sends_the_answer_alone(server, note_fault):
    with socket.create_server(("127.0.0.1", 0)) as listener, server.connect() as connection:
        listener.settimeout(10)
        connection.request("GET", f"/{listener.getsockname()[1]}")
        answer = connection.answer()
        is_hint = answer.status == 103
        if is_hint:
            assert answer.fields == LINKS
            app, _ = listener.accept()
            with app:
                app.sendall(b"g")
            answer = connection.answer()
    note_fault(SENDS_NO_HINTS[server.kind.name], shows=not is_hint)
    assert (answer.status, answer.body) == (200, str(is_hint).encode())


def test_a_client_of_http_1_0_gets_no_hints(server):
    with server.connect() as connection:
        connection.send(b"GET /0 HTTP/1.0\r\nHost: a.example\r\n\r\n")
        assert connection.answer().body == b"False"
