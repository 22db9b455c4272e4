"""A run of tests that hangs ends by itself, and says where it hung."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
# Without the plugins of other packages, whose import takes seconds.
OPTIONS = ("--disable-plugin-autoload", "-p", "pytest_timeout", "-c", "/dev/null", "--rootdir", ".")
HANGS_IN_A_LOCK = """
import threading
def test_hangs():
    while True:
        try:
            threading.Event().wait()
        except BaseException:  # as gevent's hub does
            pass
"""
HANGS_AT_THE_EXIT = """
import atexit, threading
def test_passes():
    atexit.register(threading.Event().wait)
"""


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "code",
    [
        pytest.param(HANGS_IN_A_LOCK, id="a test that takes the error of its limit for its own"),
        pytest.param(HANGS_AT_THE_EXIT, id="the exit of the process"),
    ],
)
def test_a_process_that_hangs_prints_its_stacks_and_fails(code, tmp_path):
    (tmp_path / "conftest.py").write_text(
        f"import sys; sys.path.insert(0, {str(TESTS)!r})\nimport hang_guard\n"
        "hang_guard.MARGIN = hang_guard.LONGEST_EXIT = 1\npytest_plugins = ['hang_guard']\n"
    )
    (tmp_path / "test_hangs.py").write_text(code)
    run = [sys.executable, "-P", "-m", "pytest", *OPTIONS, "-o", "timeout=1", "test_hangs.py"]
    ended = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert "Timeout (0:00:0" in ended.stderr
    assert "most recent call first" in ended.stderr
