"""What is asked of a file of 1024 bytes, and what RFC 9110 has for an answer."""

from __future__ import annotations

import io
import os
import random
import re
from itertools import product

import pytest
from responses.wsgi_calls import call, start
from werkzeug.http import http_date

from wsgiresp.responses import FileResponse

DATA = bytes(range(256)) * 4
CHANGED = 978393600
ETAG = '"v1"'
BOUNDARY = re.compile(rb"--([0-9a-f]{32})\r\n")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    found = tmp_path_factory.mktemp("files") / "a.bin"
    found.write_bytes(DATA)
    os.utime(found, (CHANGED, CHANGED))
    return found


def ask(path, method="GET", **fields):
    response = FileResponse(path, headers={"ETag": ETAG, "X-User": "1"})
    asked = {"HTTP_" + name.upper(): value for name, value in fields.items()}
    return call(response, method, **asked)


def code(answer):
    return int(answer.status[:3])


@pytest.mark.parametrize(
    ("value", "span"),
    [
        pytest.param("bytes=0-0", (0, 1), id="the first byte"),
        pytest.param("bytes=-1", (1023, 1024), id="the last byte"),
        pytest.param("bytes=-5000", (0, 1024), id="a suffix longer than the file"),
        pytest.param("bytes=1000-5000", (1000, 1024), id="an end behind the file"),
        pytest.param("BYTES=5-", (5, 1024), id="a unit in capitals"),
        pytest.param("bytes=0-1,9000-9001", (0, 2), id="the satisfiable one of two"),
        pytest.param("bytes=0-9,5-19,20-29", (0, 30), id="ranges that overlap and touch"),
        pytest.param("bytes=5-99999999999999999999999999", (5, 1024), id="a number beyond all"),
    ],
)
def test_one_range_is_a_part(path, value, span):
    answer = ask(path, range=value)
    start, stop = span
    assert (code(answer), answer.body) == (206, DATA[start:stop])
    assert answer.values("Content-Range") == [f"bytes {start}-{stop - 1}/1024"]
    assert answer.values("Content-Length") == [str(stop - start)]
    assert answer.values("ETag") == [ETAG]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("bytes=5-2", id="backwards"),
        pytest.param("abc", id="no range at all"),
        pytest.param("items=0-1", id="another unit"),
        pytest.param("bytes=+1-2", id="a sign"),
        pytest.param("bytes=1_0-20", id="an underscore"),
        pytest.param("bytes=" + ",".join(["0-0"] * 1300), id="1300 ranges"),
        pytest.param("bytes=" + ",".join(f"{n * 10}-{n * 10}" for n in range(99)), id="parts longer than the file"),
    ],
)
def test_an_ignored_range_gets_the_whole_file(path, value):
    answer = ask(path, range=value)
    assert (code(answer), answer.body, answer.values("Content-Range")) == (200, DATA, [])


@pytest.mark.parametrize("value", ["bytes=-0", "bytes=1024-", "bytes=9000-9001,5000-"])
def test_an_unsatisfiable_range_is_a_416(path, value):
    answer = ask(path, range=value)
    assert (code(answer), answer.body) == (416, b"")
    assert answer.headers == [
        ("X-User", "1"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", "0"),
        ("Content-Range", "bytes */1024"),
    ]


def test_several_ranges_are_parts(path):
    answer = ask(path, range="bytes=1000-1009,0-1")
    boundary = BOUNDARY.match(answer.body)[1].decode()
    assert code(answer) == 206
    assert answer.values("Content-Range") == []
    assert answer.values("Content-Type") == [f"multipart/byteranges; boundary={boundary}"]
    assert answer.values("Content-Length") == [str(len(answer.body))]
    head = f"--{boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes {{}}-{{}}/1024\r\n\r\n"
    parts = [head.format(first, last).encode() + DATA[first : last + 1] for first, last in ((1000, 1009), (0, 1))]
    assert answer.body == b"\r\n".join([*parts, f"--{boundary}--\r\n".encode()])


def test_a_boundary_cannot_be_guessed(path):
    boundaries = {ask(path, range="bytes=0-1,100-101").values("Content-Type")[0] for _ in range(5)}
    assert len(boundaries) == 5


@pytest.mark.parametrize("value", ["bytes=0-0", "bytes=5000-", "bytes=0-1,5-6"])
@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT"])
def test_ranges_are_for_get_alone(path, method, value):
    answer = ask(path, method, range=value)
    assert (code(answer), answer.values("Content-Length")) == (200, ["1024"])


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        pytest.param({"if_none_match": ETAG}, 304, id="the tag"),
        pytest.param({"if_none_match": f"W/{ETAG}"}, 304, id="the tag, weak"),
        pytest.param({"if_none_match": f'"x", {ETAG}'}, 304, id="the tag in a list"),
        pytest.param({"if_none_match": "*"}, 304, id="any tag"),
        pytest.param(
            {"if_none_match": '"x"', "if_modified_since": http_date(CHANGED)}, 200, id="the tag before the date"
        ),
        pytest.param({"if_none_match": ETAG, "range": "bytes=0-0"}, 304, id="the tag before the range"),
        pytest.param({"if_modified_since": http_date(CHANGED)}, 304, id="the date"),
        pytest.param({"if_modified_since": http_date(CHANGED - 1)}, 200, id="a date before"),
        pytest.param({"if_modified_since": "garbage"}, 200, id="no date"),
        pytest.param({"if_range": '"x"', "range": "bytes=0-0"}, 200, id="a part of an old version"),
        pytest.param({"if_range": f"W/{ETAG}", "range": "bytes=0-0"}, 200, id="a part of a similar version"),
        pytest.param({"if_range": ETAG, "range": "bytes=0-0"}, 206, id="a part of this version"),
        pytest.param({"if_range": http_date(CHANGED), "range": "bytes=0-0"}, 206, id="a part of this date"),
        pytest.param({"if_range": http_date(CHANGED + 5), "range": "bytes=0-0"}, 200, id="a part of a later date"),
        pytest.param({"if_match": '"x"'}, 412, id="another tag wanted"),
        pytest.param({"if_match": ETAG}, 200, id="this tag wanted"),
        pytest.param({"if_unmodified_since": http_date(CHANGED - 1)}, 412, id="an older date wanted"),
        pytest.param({"if_unmodified_since": http_date(CHANGED)}, 200, id="this date wanted"),
        pytest.param({"range": "bytes=0-0"}, 206, id="a part of any version"),
    ],
)
def test_conditions(path, fields, status):
    assert code(ask(path, **fields)) == status
    assert code(ask(path, "HEAD", **fields)) == (200 if status == 206 else status)


def test_a_304_has_the_tag_and_the_headers_of_the_user(path):
    answer = ask(path, if_none_match=ETAG)
    assert (answer.headers, answer.body) == ([("ETag", ETAG), ("X-User", "1")], b"")


def test_a_412_has_the_headers_of_the_user(path):
    answer = ask(path, if_match='"x"')
    assert (answer.values("X-User"), answer.values("Content-Length"), answer.body) == (["1"], ["0"], b"")


def test_a_date_of_this_second_names_no_version(tmp_path):
    (tmp_path / "a").write_bytes(DATA)
    changed = int((tmp_path / "a").stat().st_mtime) + 3600
    os.utime(tmp_path / "a", (changed, changed))
    response = FileResponse(tmp_path / "a")
    last_modified = call(response, "HEAD").values("Last-Modified")[0]
    assert code(call(response, HTTP_RANGE="bytes=0-0", HTTP_IF_RANGE=last_modified)) == 200


def test_the_tag_tells_versions_apart_that_have_size_and_second_in_common(path, tmp_path):
    (tmp_path / "a").write_bytes(DATA)
    tags = []
    for nanoseconds in (0, 1):
        os.utime(tmp_path / "a", ns=(0, CHANGED * 10**9 + nanoseconds))
        tags += call(FileResponse(tmp_path / "a"), "HEAD").values("ETag")
    assert tags[0] != tags[1]


CONDITIONS = {
    "if_match": (ETAG, '"x"'),
    "if_unmodified_since": (http_date(CHANGED), http_date(CHANGED - 1)),
    "if_none_match": ('"x"', ETAG),
    "if_modified_since": (http_date(CHANGED - 1), http_date(CHANGED)),
    "if_range": (ETAG, '"x"'),
}


def expected(holds, method):
    """Return the status code by the steps of RFC 9110, Section 13.2.2."""
    if not holds.get("if_match", holds.get("if_unmodified_since", True)):
        return 412
    if not holds.get("if_none_match", holds.get("if_modified_since", True)):
        return 304
    return 206 if method == "GET" and holds.get("if_range", True) else 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_every_choice_of_conditions_with_a_range(path, method):
    for states in product((None, True, False), repeat=5):
        holds = {name: state for name, state in zip(CONDITIONS, states, strict=True) if state is not None}
        fields = {name: CONDITIONS[name][0 if state else 1] for name, state in holds.items()}
        assert code(ask(path, method, range="bytes=0-0", **fields)) == expected(holds, method), holds


@pytest.mark.parametrize("seed", range(5))
def test_a_thousand_answers_closed_at_any_point_leak_nothing(path, seed):
    chance = random.Random(seed)
    ran: list[int] = []
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(1000):
        source = path if chance.random() < 0.8 else io.BytesIO(DATA)
        response = FileResponse(source, background=lambda: ran.append(1))
        asked = chance.choice(
            [{}, {"HTTP_RANGE": "bytes=5-9"}, {"HTTP_RANGE": "bytes=5-9,100-"}, {"HTTP_IF_NONE_MATCH": "*"}]
        )
        answer = start(response, chance.choice(["GET", "GET", "HEAD"]), **asked)
        chunks = iter(answer.iterable)
        for _ in range(chance.choice([0, 1, 10])):
            next(chunks, None)
        answer.close()
    assert (len(os.listdir("/proc/self/fd")), len(ran)) == (before, 1000)
