"""Django's own tests with the middleware on every handler: the same outcomes as without it.

A few labels, in 40 s. Others by the variable DJANGO_LABELS, such as all that have to do with requests:
``DJANGO_LABELS="handlers middleware cache sessions_tests view_tests test_client ..."``.
"""

from __future__ import annotations

import os

import pytest
from peers.differences import changed, known, unknown
from peers.suites import outcomes_of_django, unpacked

LABELS = os.environ.get("DJANGO_LABELS", "").split()
QUICK = ["handlers", "middleware", "decorators", "httpwrappers", "responses", "asgi", "conditional_processing"]
LIMIT = 1800 if LABELS else 50  # s

DIFFERENCES = known("django")

pytestmark = pytest.mark.timeout(LIMIT + 60)


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    """The folder of Django's source distribution."""
    return unpacked("django", tmp_path_factory.mktemp("django"))


@pytest.fixture(scope="module")
def without(sdist):
    """What comes of Django's tests without us."""
    return outcomes_of_django(sdist, "without", LABELS or QUICK, LIMIT)


@pytest.mark.parametrize(
    ("how", "known"),
    [
        pytest.param("adapter", set(), id="with the middleware"),
        pytest.param("turned", DIFFERENCES, id="with the middleware, and what views return turned into our responses"),
    ],
)
def test_the_outcomes_of_djangos_tests_are_the_same(sdist, without, note_fault, how, known):
    labels = LABELS or QUICK
    found = outcomes_of_django(sdist, how, labels, LIMIT)
    expected = {test for test in known if test.partition(".")[0] in labels}
    assert unknown("django", changed(without, found), expected, note_fault) == set()


def test_nearly_all_of_djangos_tests_pass_without_us(without):
    # Those of files that must not be read fail where root runs them.
    assert list(without.values()).count("failed") <= 5
    assert list(without.values()).count("passed") > 300
