"""One WSGI server in a process of its own: ``python -m servers.launch_server NAME DESCRIPTOR MODULE:APP [OPTION...]``.

The server takes over the listening socket of that descriptor. Run by ``server_processes.py``, which lists the names.
"""

from __future__ import annotations

import importlib
import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any, NoReturn
from wsgiref.types import WSGIApplication

LIFETIME = 900  # s after which a server ends that nobody has ended


def main() -> None:
    if hasattr(signal, "alarm"):
        signal.alarm(LIFETIME)  # it outlives exec
    name, descriptor, app, *options = sys.argv[1:]
    family, _, worker = name.partition(":")
    if family == "gunicorn":
        gunicorn(int(descriptor), app, ["--worker-class", worker, *options])
    elif family == "uwsgi":
        uwsgi(int(descriptor), app)
    elif family == "granian":
        granian(int(descriptor), app)
    else:
        signal.signal(signal.SIGTERM, end)
        _IN_THIS_PROCESS[name](int(descriptor), app)


is_ending = False


def end(*_: object) -> NoReturn:
    """Leave, as Ctrl-C would have it: what a server does at its end is done."""
    global is_ending
    is_ending = True
    sys.exit()


def gunicorn(descriptor: int, app: str, options: list[str]) -> NoReturn:
    from gunicorn.config import KNOWN_SETTINGS

    # Newer ones open a control socket in the home folder, older ones do not know the option.
    if any(setting.name == "control_socket_disable" for setting in KNOWN_SETTINGS):
        options = ["--no-control-socket", *options]
    execute("-m", "gunicorn", "--bind", f"fd://{descriptor}", *options, app)


def uwsgi(descriptor: int, app: str) -> NoReturn:
    environ = as_systemd_does(descriptor)
    program = os.path.join(os.path.dirname(sys.executable), "uwsgi")
    options = ["--protocol", "http", "--die-on-term", "--need-app", "--enable-threads", "--virtualenv", sys.prefix]
    os.execve(program, [program, *options, "--pythonpath", ".", "--module", app], environ)


def as_systemd_does(descriptor: int) -> dict[str, str]:
    """Return the environment that tells of a listening socket as systemd does: it is descriptor 3."""
    os.dup2(descriptor, 3, inheritable=True)
    if descriptor != 3:
        os.close(descriptor)
    return {**os.environ, "LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}


def execute(*arguments: str) -> NoReturn:
    os.execv(sys.executable, [sys.executable, *arguments])


def loaded(app: str) -> WSGIApplication:
    module, _, name = app.partition(":")
    found: WSGIApplication = getattr(importlib.import_module(module), name)
    return found


def gevent_pywsgi(descriptor: int, app: str) -> None:
    from gevent import monkey

    monkey.patch_all()
    import gevent
    from gevent import pywsgi
    from gevent import socket as gevent_socket

    listener = gevent_socket.socket(fileno=descriptor)
    server = pywsgi.WSGIServer(listener, loaded(app), log=None)
    gevent.signal_handler(signal.SIGTERM, server.stop)
    server.serve_forever()


def waitress(descriptor: int, app: str) -> None:
    from waitress.server import create_server

    create_server(loaded(app), sockets=[socket.socket(fileno=descriptor)]).run()


def waitress_that_reads_ahead(descriptor: int, app: str) -> None:
    from waitress.server import create_server

    listener = socket.socket(fileno=descriptor)
    create_server(loaded(app), sockets=[listener], channel_request_lookahead=5, threads=8).run()


def wsgiref(descriptor: int, app: str) -> None:
    from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

    class Server(WSGIServer):
        def service_actions(self) -> None:
            # Its handler takes any exception for one of the application's, SystemExit too, and serves on.
            if is_ending:
                sys.exit()

    with Server(("127.0.0.1", 0), WSGIRequestHandler, bind_and_activate=False) as server:
        server.socket.close()
        server.socket = socket.socket(fileno=descriptor)
        server.server_name, server.server_port = server.socket.getsockname()
        server.setup_environ()
        server.set_app(loaded(app))
        server.serve_forever()


def werkzeug(descriptor: int, app: str) -> None:
    from werkzeug.serving import make_server

    make_server("127.0.0.1", 0, loaded(app), threaded=True, fd=descriptor).serve_forever()


def cheroot(descriptor: int, app: str) -> None:
    from cheroot.wsgi import Server

    os.environ.update(as_systemd_does(descriptor))
    server = Server(("127.0.0.1", 0), loaded(app))
    try:
        server.start()
    finally:
        server.stop()


def granian(descriptor: int, app: str) -> None:
    from granian.constants import Interfaces
    from granian.net import SocketHolder
    from granian.server import Server

    class Inheriting(Server):  # type: ignore[misc, unused-ignore]
        # It has no option for a socket that is there already.
        def _init_shared_socket(self) -> None:
            self._shd = SocketHolder(descriptor, uds=False, backlog=128)
            self._sfd = descriptor
            self._sso = None

    Inheriting(app, interface=Interfaces.WSGI).serve()


def runserver(descriptor: int, app: str) -> None:
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler

    with ThreadedWSGIServer(("127.0.0.1", 0), WSGIRequestHandler, bind_and_activate=False) as server:
        server.socket.close()
        server.socket = socket.socket(fileno=descriptor)
        server.server_name, server.server_port = server.socket.getsockname()
        server.setup_environ()
        server.set_app(loaded(app))
        server.serve_forever()


def uvicorn(descriptor: int, app: str) -> None:
    from uvicorn import Config, Server

    Server(Config(app, log_level="warning")).run(sockets=[socket.socket(fileno=descriptor)])


_IN_THIS_PROCESS: dict[str, Callable[[int, str], Any]] = {
    "cheroot": cheroot,
    "gevent.pywsgi": gevent_pywsgi,
    "runserver": runserver,
    "uvicorn": uvicorn,
    "waitress": waitress,
    "waitress:lookahead": waitress_that_reads_ahead,
    "werkzeug": werkzeug,
    "wsgiref": wsgiref,
}

if __name__ == "__main__":
    main()
