"""A server for one request: it calls the response, writes the body to a real socket, and closes the body.

It does as gunicorn does: an error before ``start_response`` is a 500, a later one breaks the transfer off, and
``close()`` is called whatever has happened.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import gevent
from faults.injector import INJECTOR, our_caller
from faults.parts import Record
from faults.primitives import os_error, user_part
from gevent import monkey
from gevent import socket as gevent_socket
from responses.wsgi_calls import environ

_PlainSocket: Any = monkey.get_original("socket", "socket")
ROOM = 1 << 20
"""Bytes in the buffers of a connection: each write must fit, since the client takes it only after it has returned."""

Act = Callable[["Client"], object]


def _getsockopt(kind: Any) -> Any:
    def getsockopt(self: Any, *arguments: Any) -> Any:
        frame = our_caller()
        if frame is not None:
            INJECTOR.visit("getsockopt", os_error(22), frame)
        return kind.getsockopt(self, *arguments)

    return getsockopt


_KINDS = {
    kind: type("Connection", (kind,), {"getsockopt": _getsockopt(kind)})
    for kind in (_PlainSocket, gevent_socket.socket)
}


class Client:
    """The client of a request, and the server's socket for it."""

    def __init__(self, *, is_under_hub: bool, room: int = ROOM) -> None:
        kind = _KINDS[gevent_socket.socket if is_under_hub else _PlainSocket]
        self._client = _PlainSocket()
        self._client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        with _PlainSocket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(1)
            self._client.connect(listener.getsockname())
            descriptor, _ = listener._accept()
        self.connection = kind(fileno=descriptor)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, room)
        self._client.setblocking(False)

    def take(self) -> None:
        """Take what has come."""
        with contextlib.suppress(OSError):
            while self._client.recv(ROOM):
                pass

    def leave(self) -> None:
        """Disconnect."""
        self._client.close()

    def sees_clean_end(self) -> bool:
        """Close the server's side as gunicorn does; return whether the client reads a FIN, not a RST."""
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        self.connection.close()
        self._client.settimeout(1)
        try:
            while self._client.recv(ROOM):
                pass
        except OSError:
            return False
        return True

    def close(self) -> None:
        self._client.close()
        self.connection.close()


class _Opaque:
    """A connection, of a TLS library for example, that is not derived from a socket."""

    def __init__(self, connection: Any) -> None:
        for name in ("fileno", "getsockopt", "setsockopt"):
            setattr(self, name, getattr(connection, name))


def wrapper(reader: Any, block: int) -> Iterator[bytes]:
    """The server's ``wsgi.file_wrapper``: as that of wsgiref."""
    from wsgiref.util import FileWrapper

    user_part("wsgi.file_wrapper")
    return FileWrapper(reader, block)  # type: ignore[return-value]  # it is iterable


def serve(
    record: Record,
    response: Any,
    client: Client,
    *,
    stop_after: int | None = None,
    act: Act | None = None,
    drops: bool = False,
    reads: bool = True,
    is_opaque: bool = False,
    **more: Any,
) -> None:
    """Answer a request with *response*; *act* is called after the first chunk, the body left after *stop_after*.

    *drops*: whether the body is dropped without ``close()``. *reads*: whether the client takes what is sent.
    *is_opaque*: whether the connection that the response sees is no socket, but has a descriptor.
    """

    def start_response(status: str, headers: Any, exc_info: Any = None) -> None:
        user_part("start_response")
        record.status = status
        record.handed_over = True

    given = environ(
        SERVER_SOFTWARE="faults",
        **{"gunicorn.socket": _Opaque(client.connection) if is_opaque else client.connection},
        **more,
    )
    try:
        body = response(given, start_response)
    except BaseException as error:
        record.error = f"call: {error!r}"
        return
    try:
        for count, chunk in enumerate(body, 1):
            user_part("server.write", os_error(104))
            client.connection.sendall(chunk)
            if reads:
                client.take()
            record.body += chunk
            if count == 1 and act is not None:
                act(client)
            if count == stop_after:
                break
    except BaseException as error:
        record.error = f"transfer: {error!r}"
    finally:
        try:
            if not drops:
                getattr(body, "close", bool)()
        except BaseException as error:
            record.happened["close() raised"] += 1
            record.error += f" close: {error!r}"
        if given.get("SERVER_PROTOCOL") == "HTTP/1.0":
            record.ends_cleanly = client.sees_clean_end()


async def serve_on_loop(
    record: Record, response: Any, *, stop_after: int | None = None, leaves: bool = False, closes_on_loop: bool = False
) -> None:
    """Answer a request under ASGI: the body is begun and iterated on the loop, and closed in a thread or on the loop.

    With *leaves* the task that iterates is cancelled after the first chunk, as servers do when the client leaves.
    """
    try:
        prepared = response.prepare_for_loop(environ())
        record.handed_over = True
        await prepared.body.begin()
        record.status = prepared.status
    except BaseException as error:
        record.error = f"call: {error!r}"
        return
    body = prepared.body
    has_first = asyncio.Event()

    async def read() -> None:
        count = 0
        async for chunk in body:
            record.body += chunk
            count += 1
            has_first.set()
            if count == stop_after:
                break

    reading = asyncio.ensure_future(read())
    try:
        if leaves:
            waiting = asyncio.ensure_future(has_first.wait())
            await asyncio.wait([reading, waiting], return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            reading.cancel()
        await reading
    except BaseException as error:
        record.error = f"transfer: {error!r}"
    await _close_on_loop(record, body, closes_on_loop)


async def _close_on_loop(record: Record, body: Any, closes_on_loop: bool) -> None:
    loop = asyncio.get_running_loop()
    in_thread = partial(loop.run_in_executor, None, body.close)
    for close in (partial(_close_here, body),) if closes_on_loop else (body.aclose, in_thread):
        try:
            await close()
        except BaseException as error:
            record.happened["close() raised"] += 1
            record.error += f" close: {error!r}"
    await asyncio.sleep(0.01)


async def _close_here(body: Any) -> None:
    body.close()


def in_real_thread(function: Callable[[], object]) -> None:
    """Call *function* in another thread, as the watcher of a worker does, and wait until it has returned."""
    done = threading.Event()

    def run() -> None:
        try:
            function()
        finally:
            done.set()

    threading.Thread(target=run, daemon=True).start()
    done.wait(1)


def under_hub(function: Callable[[], object]) -> None:
    """Call *function* in a greenlet, and wait for it."""
    gevent.spawn(function).join()


def in_thread(function: Callable[[], object]) -> None:
    """Call *function* in a thread of its own, and wait for it."""
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()
