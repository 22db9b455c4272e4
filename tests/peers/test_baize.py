"""baize's own tests on our responses, called by WSGI and over ASGI: what differs is known, and has its reason."""

from __future__ import annotations

import pytest
from peers import suites
from peers.differences import MOST_FAILED, changed, known, unknown

FILES = ("tests/test_responses.py", "tests/test_wsgi.py", "tests/test_asgi.py")
# Of the headers that httpx sends: others where brotli is installed.
LEFT_OUT = "test_request_headers"

pytestmark = pytest.mark.timeout(150)


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    """The folder of baize's source distribution."""
    return suites.unpacked("baize", tmp_path_factory.mktemp("baize"))


def outcomes(sdist, *options):
    plugins = ("-p", "peers.coroutine_tests", "-p", "peers.baize_suite")
    return suites.outcomes(sdist, *plugins, "-k", f"not {LEFT_OUT}", *options, *FILES)


@pytest.fixture(scope="module")
def theirs(sdist):
    """What comes of baize's tests with its own classes."""
    return outcomes(sdist)


def test_our_classes_differ_from_baizes_only_where_it_is_known(sdist, theirs, note_fault):
    differing = changed(theirs, outcomes(sdist, "--ours"))
    assert unknown("baize", differing, known("baize"), note_fault) == set()


def test_baizes_own_classes_pass_nearly_all_of_its_tests(theirs):
    assert len(theirs) > 100
    assert list(theirs.values()).count("failed") <= MOST_FAILED
