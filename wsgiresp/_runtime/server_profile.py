"""Server profile: what ``environ``, and the thread, tell of the server that answers a request.

No other module reads the keys that servers put into ``environ`` for the application. A profile is made once for each
request that needs one; each property is looked up when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from gevent import socket as gevent_socket

from wsgiresp._runtime.hubs import is_under_hub
from wsgiresp._runtime.sockets import PlainSocket

if TYPE_CHECKING:
    from wsgiresp._types import WSGIEnvironment

_FILE_WRAPPER = "wsgi.file_wrapper"  # PEP 3333, "Optional Platform-Specific File Handling"
_GUNICORN = "gunicorn.socket"
_GUNICORN_PYWSGI = "gunicorn.sock"  # its worker class gevent_pywsgi
_WERKZEUG = "werkzeug.socket"
_WAITRESS = "waitress.client_disconnected"

# A server MUST NOT send a 1xx to a client of HTTP/1.0: RFC 9110, Section 15.2.
_BEFORE_1XX = frozenset({"HTTP/0.9", "HTTP/1.0"})


class ServerProfile:
    """The server of *environ*, as far as it can be told."""

    __slots__ = ("_environ",)

    def __init__(self, environ: WSGIEnvironment) -> None:
        self._environ = environ

    @property
    def is_gunicorn(self) -> bool:
        """Whether a worker of gunicorn serves the request."""
        return _GUNICORN in self._environ or _GUNICORN_PYWSGI in self._environ

    @property
    def shows_gunicorn_socket(self) -> bool:
        """Whether gunicorn's own loop over the body sends it, and not a server of gevent's."""
        return _GUNICORN in self._environ

    @property
    def connection(self) -> Any:
        """The socket that leads to the client, None where the server does not show it."""
        for name in (_GUNICORN, _GUNICORN_PYWSGI, _WERKZEUG):
            found = self._environ.get(name)
            if found is not None:
                return found
        # waitress shows a method of the channel; unless it is told to look ahead, that notices nothing meanwhile.
        channel = getattr(self._environ.get(_WAITRESS), "__self__", None)
        return getattr(channel, "socket", None)

    @property
    def has_software(self) -> bool:
        """Whether a server is named: in a test there may be none, and nobody who could leave."""
        return "SERVER_SOFTWARE" in self._environ

    @property
    def client_disconnected(self) -> Callable[[], bool] | None:
        """What tells, each time it is called, whether the client has left; None where no server offers it."""
        found: Callable[[], bool] | None = self._environ.get(_WAITRESS)
        return found

    @property
    def is_http_1_0(self) -> bool:
        """Whether the request is one of HTTP/1.0: a body without a length ends with its connection."""
        return self._environ.get("SERVER_PROTOCOL") == "HTTP/1.0"

    @property
    def has_connection_alone(self) -> bool:
        """Whether the request has its connection to itself, as in HTTP/1.0 and HTTP/1.1."""
        return self._environ.get("SERVER_PROTOCOL") in ("HTTP/1.0", "HTTP/1.1")

    @property
    def is_multithread(self) -> bool:
        """Whether the server runs the application in several threads at once (PEP 3333, ``wsgi.multithread``)."""
        return bool(self._environ.get("wsgi.multithread"))

    @property
    def has_thread_pool(self) -> bool:
        """Whether it is known to have a fixed number of threads: gunicorn and waitress do."""
        return _GUNICORN in self._environ or _WAITRESS in self._environ

    @property
    def is_cooperative(self) -> bool:
        """Whether greenlets share this thread: the socket is gevent's, or a hub drives the current greenlet."""
        return isinstance(self._environ.get(_GUNICORN), gevent_socket.socket) or is_under_hub()

    @property
    def has_sendfile(self) -> bool:
        """Whether the server is gunicorn with sync or gthread workers and without TLS, which sends by ``sendfile``.

        Its other workers cannot be told from these by anything but the type of the socket: gevent's has a
        ``sendfile()`` that reads and sends 8 KiB at a time, and that of TLS cannot use the kernel's.
        """
        return type(self._environ.get(_GUNICORN)) is PlainSocket

    @property
    def file_wrapper(self) -> Callable[[Any, int], Iterable[bytes]] | None:
        """The server's ``wsgi.file_wrapper``, None where it has none, or has one that loses the body's ``close()``."""
        if "uwsgi.version" in self._environ:
            return None  # uWSGI takes over the closing
        found: Callable[[Any, int], Iterable[bytes]] | None = self._environ.get(_FILE_WRAPPER)
        return found

    @property
    def closes_wrapper_elsewhere(self) -> bool:
        """Whether what the file wrapper holds is closed in the thread that serves all connections: waitress."""
        return _WAITRESS in self._environ

    @property
    def early_hints(self) -> Callable[[list[tuple[str, str]]], object] | None:
        """What sends a 103 to this client (``wsgi.early_hints``), None where the server or the client takes none."""
        if self._environ.get("SERVER_PROTOCOL", "HTTP/1.0") in _BEFORE_1XX:
            return None
        found: Callable[[list[tuple[str, str]]], object] | None = self._environ.get("wsgi.early_hints")
        return found


def with_file_wrapper(environ: WSGIEnvironment, wrapper: object) -> WSGIEnvironment:
    """Return *environ* with *wrapper* in the place of the server's file wrapper; as it is where the server has none."""
    return {**environ, _FILE_WRAPPER: wrapper} if _FILE_WRAPPER in environ else environ


def show_connection(environ: WSGIEnvironment, connection: Any) -> None:
    """Put *connection* into *environ* as gunicorn does: for servers of tests."""
    environ[_GUNICORN] = connection
