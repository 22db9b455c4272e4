"""gunicorn's configuration of the demo: wsgiresp's hooks, and a folder that all workers share, one after the other.

The journal is in that folder, so whoever reads the log has missed nothing when a worker is replaced.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from typing import Any

from wsgiresp.adapters import gunicorn
from wsgiresp.adapters.gunicorn import post_request, pre_request, worker_class, worker_int

__all__ = ["post_request", "pre_request", "worker_class", "worker_int"]

log = logging.getLogger("demo")


def on_starting(server: Any) -> None:
    """Make the folder, before there is a worker; each finds its name in the environment."""
    os.environ["DEMO_FOLDER"] = tempfile.mkdtemp(prefix="demo-")


def post_worker_init(worker: Any) -> None:
    """Do what wsgiresp does, and tell the journal."""
    gunicorn.post_worker_init(worker)
    log.info("worker %s has begun", worker.pid)


def worker_exit(server: Any, worker: Any) -> None:
    """Do what wsgiresp does, and tell the journal."""
    gunicorn.worker_exit(server, worker)
    log.info("worker %s has ended", worker.pid)


def on_exit(server: Any) -> None:
    """Remove the folder, when no worker is left."""
    shutil.rmtree(os.environ["DEMO_FOLDER"], ignore_errors=True)
