"""Streams on a connection that carries more than them: requests that were sent ahead, and TLS."""

from __future__ import annotations

import ssl
import time

import gunicorn
import pytest
from servers.http_client import TruncatedError
from servers.server_processes import cases, serve
from servers.stream_clients import SHOW_SOCKET, open_stream
from servers.tls import certificate, needs_openssl, secured

KINDS_OF_STREAM = pytest.mark.parametrize("kind", ["events", "bytes"])
# waitress closes behind every body in chunks, as HTTP allows.
PIPELINING = pytest.mark.parametrize(
    "server_name", cases("gunicorn:gthread", "gunicorn:gevent", "gevent.pywsgi", "cheroot")
)


@pytest.fixture
def server(server_name, served):
    return served(server_name, "streams:app")


def ask_ahead(connection, target, *, together):
    """Ask for *target* and for ``/text``, at once or when the first piece has come; return the pieces of the first."""
    connection.request("GET", target)
    if together:
        connection.request("GET", "/text")
    pieces = connection.pieces(connection.head())
    yield next(pieces)
    if not together:
        connection.request("GET", "/text")
    yield from pieces


@PIPELINING
@KINDS_OF_STREAM
@pytest.mark.parametrize("together", [True, False], ids=["sent together", "sent while the source waits"])
def test_a_request_that_is_sent_ahead_is_no_disconnect(server, kind, together):
    if together and server.kind.name == "gunicorn:gthread" and gunicorn.version_info < (25,):
        pytest.skip("older gthread workers of gunicorn lose a request that comes with the one before")
    with server.connect() as connection:
        target = f"/waits/{kind}/moment/{kind}-{together}"
        assert b"last" in b"".join(ask_ahead(connection, target, together=together))
        assert connection.answer().body == b"text\n"


@pytest.mark.parametrize("server_name", cases(*SHOW_SOCKET))
@KINDS_OF_STREAM
@pytest.mark.parametrize("wait", ["sleep", "async"])
def test_a_client_that_leaves_after_it_has_sent_ahead_is_noticed(server, kind, wait):
    word = f"{kind}-{wait}"
    with server.connect() as connection:
        open_stream(connection, f"/waits/{kind}/{wait}/{word}")
        connection.request("GET", "/text")
        left = time.monotonic()
    closed = server.log.wait_for(rf"closed {word} in {word} at (\S+)\n")
    assert float(closed[1]) - left < 1


@pytest.fixture(scope="module", params=cases("gunicorn:gevent", "gunicorn:gthread"))
def secure(request, tmp_path_factory):
    with serve(request.param, "streams:app", *certificate(tmp_path_factory.mktemp("tls"))) as server:
        yield server


@needs_openssl
@KINDS_OF_STREAM
@pytest.mark.parametrize("wait", ["sleep", "async"])
def test_a_client_that_leaves_is_noticed_under_tls(secure, kind, wait):
    word = f"{kind}-{wait}"
    with secured(secure.connect()) as connection:
        open_stream(connection, f"/waits/{kind}/{wait}/{word}")
        left = time.monotonic()
    closed = secure.log.wait_for(rf"closed {word} in {word} at (\S+)\n")
    assert float(closed[1]) - left < 1


@needs_openssl
@KINDS_OF_STREAM
def test_a_stream_is_whole_under_tls(secure, kind):
    with secured(secure.connect()) as connection:
        assert b"last" in connection.exchange("GET", f"/waits/{kind}/moment/{kind}-whole").body
        assert connection.exchange("GET", "/text").body == b"text\n"


@needs_openssl
def test_a_stream_that_fails_is_a_broken_transfer_under_tls(secure):
    with secured(secure.connect()) as connection:
        connection.send(b"GET /fails/bytes/sync/LookupError/second/secure HTTP/1.0\r\n\r\n")
        # No close_notify: a client that knows TLS knows that this is not the end (RFC 8446, Section 6.1).
        with pytest.raises((TruncatedError, ssl.SSLEOFError)):
            list(connection.pieces(connection.head()))
    secure.log.wait_for("after secure ")
