"""Warning, logged once in a process, that event streams block a worker without greenlets, with the command to use."""

from __future__ import annotations

import logging
import os
import shlex
import sys

from wsgiresp._runtime.hubs import may_block_thread
from wsgiresp._runtime.process import is_first
from wsgiresp._runtime.server_profile import ServerProfile

log = logging.getLogger("wsgiresp")

EVENT = "an event stream blocks a worker"


def warn_of_blocking(server: ServerProfile) -> None:
    """Log, once in a process, that an event stream blocks a thread of *server*, and the command that avoids it.

    Not if a hub serves all streams in one thread, nor if the server starts a thread for each client.
    """
    if not may_block_thread():
        return
    if not server.is_multithread:
        what = "the whole worker"
    elif server.has_thread_pool:
        what = "one of the threads of this worker"
    else:
        return
    if is_first(EVENT):
        log.warning("an event stream blocks %s as long as it is open; serve it with: %s", what, _cure(server))


def _cure(server: ServerProfile) -> str:
    if not server.shows_gunicorn_socket:
        return "gunicorn --worker-class gevent MODULE:APP"
    # gunicorn takes the last of two equal options.
    program, *arguments = sys.argv
    program = "gunicorn" if os.path.basename(program) in ("__main__.py", "gunicorn") else program
    return shlex.join([program, *arguments, "--worker-class", "gevent"])
