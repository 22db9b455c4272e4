"""What the demo asks of itself: the bytes that come back, and nobody else, whatever a client writes."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from examples.readme_tables import example
from werkzeug.test import Client, TestResponse, create_environ

RAW = example("panels.raw")
ANSWER = b"HTTP/1.1 200 OK\r\n\r\n\xff"

Ask = Callable[..., TestResponse]


class Listener:
    """A server that answers each request with the same bytes, and notes what it got; then it closes, or waits."""

    def __init__(self, answer: bytes, closes: bool) -> None:
        self.got: list[bytes] = []
        self._answer = answer
        self._closes = closes
        self._done = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError), self._socket:
            while True:
                connection, _ = self._socket.accept()
                with connection, contextlib.suppress(ConnectionError):
                    self.got.append(connection.recv(65536))
                    connection.sendall(self._answer)
                    if not self._closes:
                        self._done.wait(10)

    def end(self) -> None:
        self._done.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)


@contextlib.contextmanager
def listening(answer: bytes = ANSWER, closes: bool = True) -> Iterator[Listener]:
    listener = Listener(answer, closes)
    try:
        yield listener
    finally:
        listener.end()


@pytest.fixture
def server() -> Iterator[Listener]:
    with listening() as server:
        yield server


def ask(server: Listener, **query: str) -> TestResponse:
    """Ask the demo, as if *server* were the server that it runs under."""
    client = Client(example("demo").app)
    return client.get("/raw", query_string=query, environ_overrides={"SERVER_PORT": str(server.port)})


def test_the_request_and_the_answer_are_the_bytes_that_went_to_and_fro(server: Listener) -> None:
    shown = ask(server, path="/text", method="HEAD", range="bytes=0-3").get_json()
    assert shown["request"].encode("latin-1") == server.got[0]
    assert (shown["response"].encode("latin-1"), shown["end"]) == (ANSWER, "closed")


def test_the_request_is_that_of_the_query(server: Listener) -> None:
    ask(server, path="/file?a=b", range="bytes=0-3", accept="")
    assert server.got[0].decode().split("\r\n") == [
        "GET /file?a=b HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}",
        "Via: 1.1 wsgiresp-demo",
        "Connection: close",
        "Range: bytes=0-3",
        "",
        "",
    ]


@pytest.mark.parametrize(
    "query",
    [
        pytest.param({}, id="no path"),
        pytest.param({"path": "text"}, id="a relative path"),
        pytest.param({"path": "http://example.com/"}, id="another host"),
        pytest.param({"path": "@example.com/"}, id="another host after userinfo"),
        pytest.param({"path": "/text HTTP/1.1\r\nHost: example.com"}, id="a line end in the path"),
        pytest.param({"path": "/text\n"}, id="a line feed after the path"),
        pytest.param({"path": "/a b"}, id="a space in the path"),
        pytest.param({"path": "/a#b"}, id="a fragment"),
        pytest.param({"path": "/gr\xfc\xdfe"}, id="a path that is not ASCII"),
        pytest.param({"path": "/" + "a" * 2000}, id="a path that is too long"),
        pytest.param({"path": "/restart", "method": "POST"}, id="a method that changes something"),
        pytest.param({"path": "/text", "method": "get"}, id="a method in small letters"),
        pytest.param({"path": "/text", "range": "bytes=0-3\r\nCookie: a=b"}, id="a line end in a field"),
        pytest.param({"path": "/text", "range": "bytes=0-3\n"}, id="a line feed after a field"),
        pytest.param({"path": "/text", "accept": "\x00"}, id="a NUL"),
        pytest.param({"path": "/text", "accept": " "}, id="a field of blanks"),
        pytest.param({"path": "/text", "accept": "\u2028"}, id="a field that is not ASCII"),
        pytest.param({"path": "/text", "accept": "a" * 501}, id="a field that is too long"),
        pytest.param({"path": "/text", "cookie": "a=b"}, id="a field that is not of those"),
        pytest.param({"path": "/text", "host": "example.com"}, id="the field that names the host"),
        pytest.param({"path": "/text", "transfer-encoding": "chunked"}, id="a field that frames"),
    ],
)
def test_what_is_no_request_is_refused_and_not_sent(server: Listener, query: dict[str, str]) -> None:
    answer = ask(server, **query)
    assert (answer.status_code, list(answer.get_json()), server.got) == (400, ["detail"], [])


def test_who_asks_itself_is_stopped(server: Listener) -> None:
    client = Client(example("demo").app)
    answer = client.get("/raw?path=/raw", headers={"Via": "1.1 wsgiresp-demo"})
    assert (answer.status_code, server.got) == (508, [])


def test_the_host_of_the_client_is_not_asked(server: Listener) -> None:
    client = Client(example("demo").app)
    own = {"SERVER_PORT": str(server.port), "SERVER_NAME": "example.com", "HTTP_HOST": "example.com:1"}
    assert client.get("/raw?path=/text", environ_overrides=own).status_code == 200


@pytest.mark.parametrize(
    ("family", "port"), [("AF_INET", None), ("AF_UNIX", 0)], ids=["its own", "none behind a Unix socket"]
)
def test_the_port_under_gunicorn_is_that_of_the_connection(family: str, port: int | None) -> None:
    with socket.socket(getattr(socket, family)) as connection:
        if family == "AF_INET":
            connection.bind(("127.0.0.1", 0))
            port = connection.getsockname()[1]
        # What a client has written as Host where gunicorn listens on a Unix socket.
        environ = create_environ("/", "http://127.0.0.1:6379", environ_overrides={"gunicorn.socket": connection})
        assert RAW.own_port(environ) == port


def test_a_port_where_nobody_answers_is_a_502() -> None:
    with listening() as server:
        pass
    answer = ask(server, path="/text")
    assert (answer.status_code, list(answer.get_json())) == (502, ["detail"])


def test_an_answer_is_cut_at_its_limit() -> None:
    with listening(b"x" * (RAW.MOST + 1)) as server:
        shown = ask(server, path="/text").get_json()
    assert (len(shown["response"]), shown["end"]) == (RAW.MOST, "length")


@pytest.mark.parametrize("answer", [b"", b"some"], ids=["nothing", "a beginning"])
def test_an_answer_without_an_end_is_cut_in_time(monkeypatch: pytest.MonkeyPatch, answer: bytes) -> None:
    monkeypatch.setattr(RAW, "PATIENCE", 0.2)
    with listening(answer, closes=False) as server:
        shown: Any = ask(server, path="/text").get_json()
    assert (shown["response"].encode(), shown["end"]) == (answer, "time")
