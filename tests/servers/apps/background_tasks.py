"""Background tasks that connect to the test and wait for a byte from it: see ``test_background_tasks.py``."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from wsgiresp.responses import BackgroundTask, PlainTextResponse

log = logging.getLogger("background_tasks")
logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")


def wait_for_client(port: str) -> None:
    """Connect to *port*, and log how it ends: by a byte, by the end of the connection, or by being cut."""
    log.info("begun %s", port)
    try:
        with socket.create_connection(("127.0.0.1", int(port)), 10) as connection:
            word = connection.recv(1)
        log.info("done %s %r", port, word)
    except BaseException as error:
        log.info("ended %s %s", port, type(error).__name__)
        raise


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer ``/wait/port`` and run a task that waits for a byte at that port; answer anything else."""
    route, _, port = environ["PATH_INFO"].lstrip("/").partition("/")
    task = BackgroundTask(wait_for_client, port) if route == "wait" else None
    return PlainTextResponse(f"{route}\n", background=task)(environ, start_response)
