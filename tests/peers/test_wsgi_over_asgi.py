"""The shim over which the suites for ASGI call our responses."""

from __future__ import annotations

import threading

import anyio
import pytest
from peers.wsgi_over_asgi import answer, over_asgi

from wsgiresp.responses import PlainTextResponse, StreamingResponse

SCOPE = {"type": "http", "method": "GET", "path": "/", "headers": [(b"x-asked", b"1")]}


class Body:
    """A body of WSGI that notes in which threads it was used, and whether it was closed."""

    def __init__(self, *chunks):
        self.chunks = iter(chunks)
        self.threads = []
        self.closed = 0

    def __call__(self, environ, start_response):
        self.environ = environ
        start_response("200 OK", [("X-Name", "value")])
        self.threads.append(threading.current_thread())
        return self

    def __iter__(self):
        return self

    def __next__(self):
        self.threads.append(threading.current_thread())
        return next(self.chunks)

    def close(self):
        self.threads.append(threading.current_thread())
        self.closed += 1


class Client:
    """The other end: what it was sent, until it leaves or fails."""

    def __init__(self, leaves_at=None, error=None):
        self.messages = []
        self.leaves_at = leaves_at
        self.error = error

    async def receive(self):
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        self.messages.append(message)
        if self.error is not None:
            raise self.error
        if len(self.messages) == self.leaves_at:
            self.left.set()
            await anyio.sleep_forever()

    def ask(self, application, scope=SCOPE):
        async def asked():
            self.left = anyio.Event()
            with anyio.fail_after(5):
                await application(scope, self.receive, self.send)

        anyio.run(asked)
        return self

    def ask_wsgi(self, body):
        async def application(scope, receive, send):
            await answer(body, scope, receive, send)

        return self.ask(application)


def test_each_chunk_is_a_message_as_it_comes():
    assert Client().ask_wsgi(Body(b"a", b"", b"b")).messages == [
        {"type": "http.response.start", "status": 200, "headers": [(b"x-name", b"value")]},
        {"type": "http.response.body", "body": b"a", "more_body": True},
        {"type": "http.response.body", "body": b"b", "more_body": True},
        {"type": "http.response.body", "body": b"", "more_body": False},
    ]


def test_a_known_body_is_one_message():
    messages = Client().ask(over_asgi(PlainTextResponse)("hello")).messages
    assert messages[1:] == [{"type": "http.response.body", "body": b"hello", "more_body": False}]


def test_the_head_is_that_of_the_scope():
    Client().ask_wsgi(body := Body())
    assert (body.environ["REQUEST_METHOD"], body.environ["HTTP_X_ASKED"]) == ("GET", "1")


def test_one_thread_takes_all_steps():
    Client().ask_wsgi(body := Body(b"a"))
    assert len(set(body.threads)) == 1


@pytest.mark.parametrize("leaves_at", [pytest.param(1, id="the head"), pytest.param(2, id="a chunk")])
def test_a_body_is_closed_once_where_the_client_leaves_at(leaves_at):
    Client(leaves_at).ask_wsgi(body := Body(b"a", b"b"))
    assert body.closed == 1


def test_a_body_is_closed_once_where_sending_fails():
    body = Body(b"a", b"b")
    with pytest.raises(OSError, match="gone"):
        Client(error=OSError("gone")).ask_wsgi(body)
    assert body.closed == 1


def test_what_a_stream_raises_is_raised_without_a_group():
    def fails():
        yield "a"
        raise LookupError("in the middle")

    with pytest.raises(LookupError, match="in the middle"):
        Client().ask(over_asgi(StreamingResponse)(fails()))


def test_an_idle_stream_is_closed_when_the_client_leaves():
    closed = threading.Event()

    async def idle():
        try:
            yield "a"
            await anyio.sleep_forever()
        finally:
            closed.set()

    Client(leaves_at=2).ask(over_asgi(StreamingResponse)(idle()))
    assert closed.wait(5)
