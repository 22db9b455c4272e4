"""The renewal of the pins, as far as it needs no network: what is read, written and compared."""

from __future__ import annotations

import pytest
from renewal import differences, read, resolved, written


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        pytest.param({"a": "1"}, {"a": "1"}, [], id="the same version"),
        pytest.param({"a": "1"}, {"a": "2"}, ["a: 1 -> 2"], id="another version"),
        pytest.param({}, {"a": "1"}, ["a: added, 1"], id="a new package"),
        pytest.param({"a": "1"}, {}, ["a: removed, was 1"], id="a package that is gone"),
        pytest.param(
            {"c": "1", "a": "1"}, {"b": "1", "a": "2"}, ["a: 1 -> 2", "b: added, 1", "c: removed, was 1"], id="by name"
        ),
    ],
)
def test_each_difference_of_two_sets_of_pins_is_a_line(old, new, lines):
    assert differences(old, new) == lines


def test_the_pins_that_are_written_are_read_again():
    pins = {"b": "1.0.post1", "a": "2!1.0"}
    assert read(written(pins)) == pins


def test_comments_and_blank_lines_hold_no_pin():
    assert read("# head==1\n\na==1  # why\n") == {"a": "1"}


def test_one_package_is_found_by_any_spelling_of_its_name():
    assert read("Zope.Interface==1\n") == {"zope-interface": "1"}


def test_the_checkout_is_not_pinned():
    report = {
        "install": [
            {"metadata": {"name": "wsgiresp", "version": "0.1.0"}, "is_direct": True},
            {"metadata": {"name": "Flask_Login", "version": "0.6.3"}, "is_direct": False},
        ]
    }
    assert resolved(report) == {"flask-login": "0.6.3"}
