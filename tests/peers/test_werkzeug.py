"""Werkzeug's own tests with our Response in the place of its own: what differs is known, and each has its reason."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

HERE = Path(__file__).parent
# Those of its tests that make or read a response, and need no plugin of pytest.
FILES = (
    "middleware/test_dispatcher.py",
    "middleware/test_lint.py",
    "middleware/test_profiler.py",
    "middleware/test_proxy_fix.py",
    "middleware/test_shared_data.py",
    "sansio",
    "test_exceptions.py",
    "test_formparser.py",
    "test_internal.py",
    "test_routing.py",
    "test_send_file.py",
    "test_test.py",
    "test_utils.py",
    "test_wrappers.py",
    "test_wsgi.py",
)


TABLES = tomllib.loads((HERE / "werkzeug_differences.toml").read_text("utf-8"))["difference"]
DIFFERENCES = {test for table in TABLES for test in table["tests"]}
REFUSED_WITHOUT_WORDS = {test for table in TABLES if table.get("passes_by_werkzeugs_words") for test in table["tests"]}


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    """The folder of werkzeug's source distribution, of the version that is installed."""
    folder = tmp_path_factory.mktemp("werkzeug")
    wanted = f"werkzeug=={version('werkzeug')}"
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", "werkzeug", "-d", folder, wanted]
    outcome = subprocess.run(command, check=False, capture_output=True, text=True, timeout=50)
    archives = list(folder.glob("*.tar.gz"))
    if not archives:
        pytest.skip(f"the sdist of {wanted} cannot be had: {outcome.stderr.strip()[-200:]}")
    with tarfile.open(archives[0]) as archive:
        archive.extractall(folder, filter="data")
    (unpacked,) = (path for path in folder.iterdir() if path.is_dir())
    return unpacked


def outcomes(sdist, *options):
    """Return "passed", "skipped" or "failed" of each of werkzeug's tests by its id."""
    file = sdist / "outcomes.json"
    command = [sys.executable, "-P", "-m", "pytest", "-p", "peers.substitution", "--outcomes", file, *options]
    # Its conftest.py starts servers, and imports what we have not.
    quiet = ["-q", "--tb=no", "--noconftest", "-p", "no:cacheprovider"]
    outcome = subprocess.run(
        [*command, *quiet, *(f"tests/{name}" for name in FILES)],
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
    return json.loads(file.read_text("utf-8"))


@pytest.fixture(scope="module")
def theirs(sdist):
    """What comes of werkzeug's tests with its own Response."""
    return outcomes(sdist)


@pytest.mark.parametrize(
    ("substitute", "known"),
    [
        pytest.param("asis", DIFFERENCES, id="as it is"),
        pytest.param("worded", DIFFERENCES - REFUSED_WITHOUT_WORDS, id="with werkzeug's words for its arguments"),
    ],
)
def test_our_response_differs_from_werkzeugs_only_where_it_is_known(sdist, theirs, substitute, known):
    ours = outcomes(sdist, "--substitute", substitute)
    assert ours.keys() == theirs.keys()
    assert {test for test in theirs if theirs[test] != ours[test]} == known & theirs.keys()


def test_every_test_of_the_table_is_one_of_werkzeugs(theirs):
    assert theirs.keys() >= DIFFERENCES


def test_each_difference_has_one_reason():
    assert sum(len(table["tests"]) for table in TABLES) == len(DIFFERENCES)
    assert all(table["reason"] for table in TABLES)


def test_werkzeugs_own_response_passes_its_tests(theirs):
    assert len(theirs) > 500
    assert "failed" not in theirs.values()
