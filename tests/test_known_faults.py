"""What a run says of known faults of other projects."""

from __future__ import annotations

from importlib.metadata import version

import pytest
from known_faults import Fault, Sighting, faults, mended, named

FAULT = Fault("no-such-project", "ROW", "loses a byte")


@pytest.mark.parametrize(
    ("shows", "lines"),
    [
        pytest.param([], [], id="nobody looked for it"),
        pytest.param([True, True], [], id="all saw it"),
        pytest.param([False, True], [], id="one saw it"),
        pytest.param(
            [False, False], ["ROW: no-such-project no longer loses a byte (tests that looked: 2)"], id="nobody saw it"
        ),
    ],
)
def test_a_row_can_go_once_nobody_sees_its_fault(shows, lines):
    assert mended(Sighting(FAULT, is_seen) for is_seen in shows) == lines


def test_faults_of_several_projects_are_told_apart():
    one, another = faults("ROW", "loses a byte", "one", "another").values()
    assert mended([Sighting(one, True), Sighting(another, False)]) == [
        "ROW: another no longer loses a byte (tests that looked: 1)"
    ]


@pytest.mark.parametrize(
    ("project", "distribution"),
    [("gunicorn:gevent", "gunicorn"), ("gevent.pywsgi", "gevent"), ("werkzeug", "werkzeug")],
)
def test_a_server_is_named_with_the_version_of_its_distribution(project, distribution):
    assert named(project) == f"{project} {version(distribution)}"
