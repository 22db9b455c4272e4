"""Programs that tests call: skipped where they are missing, without the settings and proxies of the one who calls."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PATIENCE = 30  # s for a program that is to end by itself


def needs(*programs: str) -> pytest.MarkDecorator:
    """Return the mark of a test that calls *programs*: it is skipped where one is missing."""
    missing = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def environ(home: Path) -> dict[str, str]:
    """Return an environment in which nothing is configured: *home* is to be an empty folder."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "HOME": str(home), "LC_ALL": "C.UTF-8"}


def run(folder: Path, *command: str) -> str:
    """Return the output of *command*, run in *folder*; ``AssertionError`` with what it said where it fails."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environ(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
    )
    if done.returncode:
        raise AssertionError(f"{command[0]} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done.stdout
