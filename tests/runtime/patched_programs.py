"""Programs that run in a process of their own in which gevent has patched the standard library."""

from __future__ import annotations

import os
import subprocess
import sys

_HEAD = """
from gevent import monkey
monkey.patch_all()
import asyncio, hashlib, os, socket, subprocess, sys, threading, time
import gevent
from wsgiresp._runtime import asyncio_thread
get_ident = monkey.get_original("_thread", "get_ident")
"""


def run_patched(program, head=_HEAD):
    """Run *program* under gevent's patches, and fail with its output if it fails or takes more than 60 s."""
    path = os.pathsep.join(filter(None, sys.path))
    ended = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", head + program],
        env={**os.environ, "PYTHONPATH": path},
        timeout=60,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout
