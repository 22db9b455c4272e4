"""Server profile: the properties of the server of a request, read from ``environ`` and the current thread.

No other module reads the keys that servers add to ``environ`` for the application. A profile is created once for each
request that needs one. Each property is computed when it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NoReturn

from gevent import socket as gevent_socket

from wsgiresp._runtime.hubs import is_under_hub
from wsgiresp._runtime.sockets import PlainSocket

if TYPE_CHECKING:
    from wsgiresp._types import WSGIEnvironment

_INPUT = "wsgi.input"  # PEP 3333, "environ Variables"
_REQUEST = "werkzeug.request"
_FILE_WRAPPER = "wsgi.file_wrapper"  # PEP 3333, "Optional Platform-Specific File Handling"
_GUNICORN = "gunicorn.socket"
_GUNICORN_PYWSGI = "gunicorn.sock"  # worker class gevent_pywsgi
_WERKZEUG = "werkzeug.socket"
_WAITRESS = "waitress.client_disconnected"

_SAFE = frozenset({"GET", "HEAD"})  # content in their requests has no meaning: RFC 9110, Sections 9.3.1 and 9.3.2

# A server MUST NOT send a 1xx to a client of HTTP/1.0: RFC 9110, Section 15.2.
_BEFORE_1XX = frozenset({"HTTP/0.9", "HTTP/1.0"})


class ServerProfile:
    """The server that called the application with *environ*, as far as it can be detected."""

    __slots__ = ("_environ",)

    def __init__(self, environ: WSGIEnvironment) -> None:
        self._environ = environ

    @property
    def is_gunicorn(self) -> bool:
        """Whether a gunicorn worker serves the request."""
        return _GUNICORN in self._environ or _GUNICORN_PYWSGI in self._environ

    @property
    def shows_gunicorn_socket(self) -> bool:
        """Whether gunicorn itself iterates and sends the body (False for gevent_pywsgi, where gevent's server does)."""
        return _GUNICORN in self._environ

    @property
    def connection(self) -> Any:
        """The socket of the client connection, or None if the server does not expose it."""
        for name in (_GUNICORN, _GUNICORN_PYWSGI, _WERKZEUG):
            found = self._environ.get(name)
            if found is not None:
                return found
        # waitress exposes a method of its channel, which has the socket. The method itself detects a disconnect only if
        # waitress is configured to read ahead (channel_request_lookahead).
        channel = getattr(self._environ.get(_WAITRESS), "__self__", None)
        return getattr(channel, "socket", None)

    @property
    def has_software(self) -> bool:
        """Whether ``environ`` names a server. A test may name none, and then no client can disconnect."""
        return "SERVER_SOFTWARE" in self._environ

    @property
    def client_disconnected(self) -> Callable[[], bool] | None:
        """The function that returns whether the client has disconnected (waitress), or None if the server has none."""
        found: Callable[[], bool] | None = self._environ.get(_WAITRESS)
        return found

    @property
    def is_http_1_0(self) -> bool:
        """Whether the request is HTTP/1.0, where a body without Content-Length ends with its connection."""
        return self._environ.get("SERVER_PROTOCOL") == "HTTP/1.0"

    @property
    def shares_connection(self) -> bool:
        """Whether other requests share the connection with this one, as in HTTP/2 and HTTP/3."""
        protocol: str = self._environ.get("SERVER_PROTOCOL", "")
        return protocol.startswith(("HTTP/2", "HTTP/3"))

    @property
    def has_request_body(self) -> bool:
        """Whether the request may have a body (RFC 9112, Section 6.3; RFC 9113, Section 8.1, for HTTP/2)."""
        environ = self._environ
        return (
            environ.get("CONTENT_LENGTH", "") not in ("", "0")
            or "HTTP_TRANSFER_ENCODING" in environ
            or (self.shares_connection and environ["REQUEST_METHOD"] not in _SAFE)
        )

    @property
    def input(self) -> Any:
        """The input stream of the request, from which its body is read (``wsgi.input``); None under ASGI."""
        return self._environ.get(_INPUT)

    def replace_input(self, stream: Any) -> None:
        """Put *stream* into ``environ`` as the input stream of the request."""
        self._environ[_INPUT] = stream

    @property
    def werkzeug_request(self) -> Any:
        """The request object that werkzeug or Flask has made of ``environ``, or None."""
        return self._environ.get(_REQUEST)

    @property
    def is_multithread(self) -> bool:
        """Whether the server runs the application in several threads at once (PEP 3333, ``wsgi.multithread``)."""
        return bool(self._environ.get("wsgi.multithread"))

    @property
    def has_thread_pool(self) -> bool:
        """Whether the server has a thread pool of fixed size: gunicorn and waitress do."""
        return _GUNICORN in self._environ or _WAITRESS in self._environ

    @property
    def is_cooperative(self) -> bool:
        """Whether other greenlets share this thread: the socket is gevent's, or a hub drives the current greenlet."""
        return isinstance(self._environ.get(_GUNICORN), gevent_socket.socket) or is_under_hub()

    @property
    def has_sendfile(self) -> bool:
        """Whether the server is gunicorn with sync or gthread workers and without TLS, which calls ``os.sendfile``.

        Only the type of the socket distinguishes them from the other workers. A gevent socket has a ``sendfile()`` that
        reads and sends 8 KiB at a time, and a TLS socket cannot use the kernel's ``sendfile``.
        """
        return type(self._environ.get(_GUNICORN)) is PlainSocket

    @property
    def greenlet_connection(self) -> Any:
        """The socket of gunicorn's gevent worker, without TLS and with one request at a time; None for anything else.

        The worker passes a wrapped file that has a ``fileno()`` to ``sendfile()`` of this socket, after the head.
        """
        found = self._environ.get(_GUNICORN)
        return found if type(found) is gevent_socket.socket and not self.shares_connection else None

    @property
    def file_wrapper(self) -> Callable[[Any, int], Iterable[bytes]] | None:
        """The server's ``wsgi.file_wrapper``; None if it has none, or one that does not call the body's ``close()``."""
        if "uwsgi.version" in self._environ:
            return None  # uWSGI closes the file itself and does not call close()
        found: Callable[[Any, int], Iterable[bytes]] | None = self._environ.get(_FILE_WRAPPER)
        return found

    @property
    def closes_wrapper_elsewhere(self) -> bool:
        """Whether the server closes a wrapped file in the thread that serves all connections: waitress does."""
        return _WAITRESS in self._environ

    @property
    def hides_os_errors(self) -> bool:
        """Whether the server takes any ``OSError`` of the application for a lost connection, and sends no answer."""
        return self.is_gunicorn or _WAITRESS in self._environ

    @property
    def early_hints(self) -> Callable[[list[tuple[str, str]]], object] | None:
        """The function that sends a 103 (``wsgi.early_hints``), or None if server or client does not support it."""
        if self._environ.get("SERVER_PROTOCOL", "HTTP/1.0") in _BEFORE_1XX:
            return None
        found: Callable[[list[tuple[str, str]]], object] | None = self._environ.get("wsgi.early_hints")
        return found


def raise_for_server(error: OSError, environ: WSGIEnvironment) -> NoReturn:
    """Raise *error*, which an application called with *environ* has met, so that the client gets a 500.

    Where the server hides it (:attr:`ServerProfile.hides_os_errors`), a ``RuntimeError`` with *error* as its cause.
    """
    if not ServerProfile(environ).hides_os_errors:
        raise error
    raise RuntimeError(f"the answer could not be made: {error!r}") from error


def with_file_wrapper(environ: WSGIEnvironment, wrapper: object) -> WSGIEnvironment:
    """Return a copy of *environ* with *wrapper* as file wrapper, or *environ* itself if the server has no wrapper."""
    return {**environ, _FILE_WRAPPER: wrapper} if _FILE_WRAPPER in environ else environ


def show_connection(environ: WSGIEnvironment, connection: Any) -> None:
    """Put *connection* into *environ* under gunicorn's key, for the servers of tests."""
    environ[_GUNICORN] = connection
