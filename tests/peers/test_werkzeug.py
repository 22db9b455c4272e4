"""Werkzeug's own tests with our Response in the place of its own: what differs is known, and each has its reason."""

from __future__ import annotations

import pytest
from peers import suites
from peers.differences import MOST_FAILED, changed, known, unknown
from peers.suites import unpacked

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


DIFFERENCES = known("werkzeug")
REFUSED_WITHOUT_WORDS = known("werkzeug", "passes_by_werkzeugs_words")

pytestmark = pytest.mark.timeout(150)


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    """The folder of werkzeug's source distribution."""
    return unpacked("werkzeug", tmp_path_factory.mktemp("werkzeug"))


def outcomes(sdist, *options):
    """Return what came of each of werkzeug's tests; its conftest.py starts servers, and imports what we have not."""
    return suites.outcomes(sdist, "--noconftest", *options, *(f"tests/{name}" for name in FILES))


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
def test_our_response_differs_from_werkzeugs_only_where_it_is_known(sdist, theirs, note_fault, substitute, known):
    ours = outcomes(sdist, "--substitute", substitute)
    assert ours.keys() == theirs.keys()
    assert unknown("werkzeug", changed(theirs, ours), known, note_fault) == set()


def test_werkzeugs_own_response_passes_nearly_all_of_its_tests(theirs):
    assert len(theirs) > 500
    assert list(theirs.values()).count("failed") <= MOST_FAILED
