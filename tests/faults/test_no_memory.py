"""Streams that are closed while there is no memory are closed all the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

STREAMS = 2400

pytestmark = [
    pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="the size of the process is read from /proc"),
    pytest.mark.timeout(180),
]


def test_streams_that_are_closed_without_memory_leave_nothing():
    program = Path(__file__).with_name("stopped_readers.py")
    done = subprocess.run(
        [sys.executable, str(program), str(STREAMS)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout, done.stderr[-2000:]
    assert json.loads(done.stdout) == {"open": 0, "closed": STREAMS, "tasks": STREAMS}
