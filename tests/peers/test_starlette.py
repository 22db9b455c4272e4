"""Starlette's own tests of responses and tasks on ours, called over ASGI: what differs is known, and has its reason."""

from __future__ import annotations

import pytest
from peers import suites
from peers.differences import MOST_FAILED, changed, known, unknown

FILES = ("tests/test_responses.py", "tests/test_background.py")

pytestmark = pytest.mark.timeout(150)


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    """The folder of Starlette's source distribution."""
    return suites.unpacked("starlette", tmp_path_factory.mktemp("starlette"))


def outcomes(sdist, *options):
    return suites.outcomes(sdist, "-p", "peers.starlette_suite", *options, *FILES)


@pytest.fixture(scope="module")
def theirs(sdist):
    """What comes of Starlette's tests with its own classes."""
    return outcomes(sdist)


def test_our_classes_differ_from_starlettes_only_where_it_is_known(sdist, theirs, note_fault):
    differing = changed(theirs, outcomes(sdist, "--ours"))
    assert unknown("starlette", differing, known("starlette"), note_fault) == set()


def test_starlettes_own_classes_pass_nearly_all_of_its_tests(theirs):
    assert len(theirs) > 90
    assert list(theirs.values()).count("failed") <= MOST_FAILED
