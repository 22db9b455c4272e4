"""Our responses as applications of ASGI, for the suites of those that have no others.

Each answer is a call of WSGI in a thread of its own, from the first step to ``close()``; what it gives is sent as
messages, and a client that leaves is told of as waitress does it.
"""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from wsgiref.util import setup_testing_defaults

import anyio
from anyio import from_thread, to_thread

from wsgiresp import responses

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class OverASGI:
    """``await response(scope, receive, send)``, for what stands behind it among the bases and is called by WSGI."""

    headers: Any

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        await answer(super().__call__, scope, receive, send)  # type: ignore[misc]

    @property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """The headers in ASGI's own shape."""
        return _raw(self.headers)


class Response(OverASGI, responses.Response):
    """A base of all that :func:`over_asgi` makes, as ours is of ours."""


def over_asgi(kind: type[Any]) -> type[Any]:
    """Return a subclass of *kind*, one of our classes, that ASGI can call."""
    return type(kind.__name__, (Response, kind), {})


class GoneError(Exception):
    """The client left while it was sent to."""


async def answer(application: Callable[..., Any], scope: Message, receive: Receive, send: Send) -> None:
    """Send what the WSGI *application* answers; raises what it raises, and what *send* raises.

    *receive* is asked whether the client has left, unless nothing would be broken off by that, or the server of this
    scope tells it in *send* (ASGI, HTTP, version 2.4).
    """
    client = _Client(receive, send)
    environ = _environ(scope)
    environ["waitress.client_disconnected"] = client.left.is_set
    told_by_send = tuple(map(int, scope.get("asgi", {}).get("spec_version", "2.0").split("."))) >= (2, 4)
    error: Exception | None = None
    async with anyio.create_task_group() as tasks:
        if not told_by_send and environ["REQUEST_METHOD"] != "HEAD":
            tasks.start_soon(client.wait)
        try:
            await to_thread.run_sync(_exchange, application, environ, client)
        except Exception as raised:
            error = raised
        tasks.cancel_scope.cancel()
    # Out here: from in there it would come as a group.
    if error is not None and not isinstance(error, GoneError):
        raise error


class _Client:
    """The other end, as the thread sees it."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self.left = threading.Event()
        self._receive = receive
        self._send = send
        self._sending = anyio.CancelScope()

    async def wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.left.set()
        self._sending.cancel()

    def send(self, message: Message) -> None:
        """Send from the thread; raises GoneError where the client has left."""
        from_thread.run(self._send_to, message)

    async def _send_to(self, message: Message) -> None:
        if not self.left.is_set():
            with anyio.CancelScope() as self._sending:
                await self._send(message)
        if self.left.is_set():
            raise GoneError


def _exchange(application: Callable[..., Iterable[bytes]], environ: dict[str, Any], client: _Client) -> None:
    start: Message = {}

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
        start.update(type="http.response.start", status=int(status[:3]), headers=_raw(headers))

    def send_start() -> None:
        # With the first bytes or at the end, as PEP 3333 wants it.
        if start:
            client.send(start.copy())
            start.clear()

    body = application(environ, start_response)
    try:
        # A body that is there as a whole is one message.
        chunks = (b"".join(body),) if isinstance(body, tuple) else filter(None, body)
        more = not isinstance(body, tuple)
        for chunk in chunks:
            send_start()
            client.send({"type": "http.response.body", "body": chunk, "more_body": more})
        if more:
            send_start()
            client.send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        close = getattr(body, "close", None)
        if close:
            close()


def _environ(scope: Message) -> dict[str, Any]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.get("method", "GET").upper(),
        "SCRIPT_NAME": scope.get("root_path", ""),
        "PATH_INFO": scope.get("path", "/").encode().decode("latin-1"),
        "QUERY_STRING": scope.get("query_string", b"").decode("latin-1"),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
    }
    setup_testing_defaults(environ)
    for name, value in scope.get("headers", ()):
        environ["HTTP_" + name.decode("latin-1").upper().replace("-", "_")] = value.decode("latin-1")
    return environ


def _raw(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
