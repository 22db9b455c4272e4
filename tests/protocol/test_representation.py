from __future__ import annotations

import pytest

from wsgiresp._protocol.representation import has, of_not_modified, of_refusal, without

OF_THE_USER = [("Access-Control-Allow-Origin", "*"), ("Set-Cookie", "a=b"), ("Vary", "Origin"), ("X-A", "1")]
OF_THE_FILE = [
    ("Content-Type", "text/css"),
    ("content-disposition", "attachment"),
    ("Content-Encoding", "gzip"),
    ("Content-Language", "de"),
    ("Content-Length", "5"),
    ("Accept-Ranges", "bytes"),
]
KEPT = [("Cache-Control", "max-age=5"), ("Expires", "Thu, 01 Jan 1970 00:00:00 GMT"), ("Content-Location", "/a.css")]
ETAG = ("ETag", '"a"')
LAST_MODIFIED = ("Last-Modified", "Thu, 01 Jan 1970 00:00:00 GMT")


def test_a_304_keeps_what_caches_need_and_what_is_the_users():
    assert of_not_modified([*OF_THE_USER, *OF_THE_FILE, *KEPT, ETAG, LAST_MODIFIED]) == [*OF_THE_USER, *KEPT, ETAG]


def test_a_304_without_an_etag_keeps_the_date():
    assert of_not_modified([*OF_THE_FILE, LAST_MODIFIED]) == [LAST_MODIFIED]


def test_a_refusal_keeps_what_is_the_users_alone():
    assert of_refusal([*OF_THE_USER, *OF_THE_FILE, *KEPT, ETAG, LAST_MODIFIED]) == [
        *OF_THE_USER,
        *KEPT[:2],
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", "0"),
    ]


@pytest.mark.parametrize("name", ["X-A", "x-a", "X-a"])
def test_names_are_found_in_any_case(name):
    assert without([(name, "1"), ("X-B", "2")], {"x-a"}) == [("X-B", "2")]


@pytest.mark.parametrize(("name", "found"), [("X-A", True), ("x-a", True), ("X-B", False), ("X", False)])
def test_a_field_is_there_in_any_case(name, found):
    assert has([("X-C", "1"), (name, "2")], "x-a") is found
