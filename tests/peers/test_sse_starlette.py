"""sse-starlette's own tests of events on ours: what differs is known, and has its reason.

Its other files ask how it learns from uvicorn that the process ends, and how it ends a generator that does not.
"""

from __future__ import annotations

import pytest
from peers import suites
from peers.differences import MOST_FAILED, changed, known, unknown

EVENTS = "tests/test_event.py"
FILES = (EVENTS, "tests/test_sse.py", "tests/test_streaming_parity.py", "tests/test_issue218.py")
# Its fixture is not in the source distribution.
LEFT_OUT = "test_disconnect_whenClientDisconnects_thenHandlesGracefully"

pytestmark = pytest.mark.timeout(150)


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    """The folder of sse-starlette's source distribution."""
    return suites.unpacked("sse-starlette", tmp_path_factory.mktemp("sse_starlette"))


def outcomes(sdist, *options):
    plugins = ("-p", "peers.coroutine_tests", "-p", "peers.sse_starlette_suite")
    return suites.outcomes(sdist, *plugins, "-k", f"not {LEFT_OUT}", *options)


@pytest.fixture(scope="module")
def theirs(sdist):
    """What comes of sse-starlette's tests with its own classes."""
    return outcomes(sdist, *FILES)


def test_our_classes_differ_from_sse_starlettes_only_where_it_is_known(sdist, theirs, note_fault):
    # These would wait for seconds for what does not come, and fail; none of them is run.
    slow = known("sse_starlette", "waits")
    options = [option for test in sorted(slow) for option in ("--deselect", test)]
    ours = outcomes(sdist, "--ours", "read", *options, *FILES)
    expected = known("sse_starlette") - known("sse_starlette", "is_read_alike")
    assert unknown("sse_starlette", changed(theirs, ours), expected, note_fault) == set()


def test_the_bytes_of_our_events_differ_from_sse_starlettes_only_where_it_is_known(sdist, theirs, note_fault):
    ours = outcomes(sdist, "--ours", "asis", EVENTS)
    of_events = {test: outcome for test, outcome in theirs.items() if test.startswith(EVENTS)}
    expected = {test for test in known("sse_starlette") if test.startswith(EVENTS)}
    assert unknown("sse_starlette", changed(of_events, ours), expected, note_fault) == set()


def test_sse_starlettes_own_classes_pass_nearly_all_of_its_tests(theirs):
    assert len(theirs) > 80
    assert list(theirs.values()).count("failed") <= MOST_FAILED
