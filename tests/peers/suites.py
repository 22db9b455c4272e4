"""The tests of another project, from its source distribution, run in a process of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def unpacked(name: str, folder: Path) -> Path:
    """Return where the source distribution of *name* is in *folder*, of the version that is installed.

    The test is skipped where it cannot be had.
    """
    try:
        wanted = f"{name}=={version(name)}"
    except PackageNotFoundError:
        pytest.skip(f"{name} is not installed: wsgiresp[test] brings it")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", name, "-d", folder, wanted]
    outcome = subprocess.run(command, check=False, capture_output=True, text=True, timeout=50)
    archives = list(folder.glob("*.tar.gz"))
    if not archives:
        pytest.skip(f"the sdist of {wanted} cannot be had: {outcome.stderr.strip()[-200:]}")
    with tarfile.open(archives[0]) as archive:
        archive.extractall(folder, filter="data")
    (found,) = (path for path in folder.iterdir() if path.is_dir())
    return found


def outcomes_of_django(sdist: Path, how: str, labels: list[str], limit: float) -> dict[str, str]:
    """Return "passed" or "failed" of each of Django's tests of *labels* by its id; see ``django_suite.py``.

    *limit*: seconds. A test that is skipped is left out.
    """
    file = sdist / f"outcomes-{how}.json"
    subprocess.run(
        [sys.executable, "-m", "peers.django_suite", how, file, *labels],
        check=True,
        cwd=sdist / "tests",
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE.parent), *filter(None, sys.path)])},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=limit,
    )
    found: dict[str, str] = json.loads(file.read_text("utf-8"))
    return found


def outcomes(sdist: Path, *options: str) -> dict[str, str]:
    """Return "passed", "skipped" or "failed" of each test in *sdist* by its id; *options* are pytest's."""
    file = sdist / "outcomes.json"
    command = [sys.executable, "-P", "-m", "pytest", "-p", "peers.substitution", "--outcomes", file]
    outcome = subprocess.run(
        [*command, "-q", "--tb=no", "-p", "no:cacheprovider", *options],
        check=False,
        cwd=sdist,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE.parent), *filter(None, sys.path)])},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=50,
    )
    if outcome.returncode > 1:
        raise RuntimeError(outcome.stdout)
    found: dict[str, str] = json.loads(file.read_text("utf-8"))
    return found
