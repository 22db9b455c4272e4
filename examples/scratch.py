"""A temporary folder that goes with the process that made it."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path


def scratch_folder(name: str) -> Path:
    """Return a new temporary folder, whose name begins with *name*; it is removed when this process ends."""
    folder = tempfile.mkdtemp(prefix=f"{name}-")
    atexit.register(_remove, folder, os.getpid())
    return Path(folder)


def _remove(folder: str, owner: int) -> None:
    # A worker that was forked later has the same at its exit, and others still need the folder.
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
