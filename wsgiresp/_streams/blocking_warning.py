"""The one warning about event streams on a worker that they block."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING

from wsgiresp._runtime.close_steps import log
from wsgiresp._runtime.hubs import may_block_thread

if TYPE_CHECKING:
    from wsgiresp._types import WSGIEnvironment

_warned: set[str] = set()


def warn_of_blocking(environ: WSGIEnvironment) -> None:
    """Log, once in a process, that an event stream keeps a thread of this server busy, and the command that cures it.

    Silent where a hub serves all streams in one thread, and where the server has as many threads as it has clients.
    """
    if not may_block_thread() or _warned:
        return
    if not environ.get("wsgi.multithread"):
        what = "the whole worker"
    elif "gunicorn.socket" in environ or "waitress.client_disconnected" in environ:
        what = "one of the threads of this worker"
    else:
        return
    _warned.add(what)
    log.warning("an event stream blocks %s as long as it is open; serve it with: %s", what, _cure(environ))


def _cure(environ: WSGIEnvironment) -> str:
    if "gunicorn.socket" not in environ:
        return "gunicorn --worker-class gevent MODULE:APP"
    # Of two options of a kind, gunicorn takes the last.
    program, *arguments = sys.argv
    program = "gunicorn" if os.path.basename(program) in ("__main__.py", "gunicorn") else program
    return shlex.join([program, *arguments, "--worker-class", "gevent"])
