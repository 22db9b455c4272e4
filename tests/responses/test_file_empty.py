"""FileResponse of a file without a byte, and requests whose conditions have nothing in them."""

from __future__ import annotations

import io

import pytest
from responses.sample_file import DATA
from responses.wsgi_calls import call
from werkzeug.http import http_date

from wsgiresp import serve_files
from wsgiresp.responses import FileResponse

CHANGED = 978393600  # of the fixture

# Satisfiable or not, by Section 14.1.2: a file without bytes has no part. minio/minio#17708, elixir-plug/plug#1317.
RANGES = [
    pytest.param("bytes=0-1048575", id="the first slice of a proxy"),
    pytest.param("bytes=0-", id="from the first byte on"),
    pytest.param("bytes=3-", id="from a later byte on"),
    pytest.param("bytes=-9", id="the last bytes"),
    pytest.param("bytes=-0", id="the last none"),
    pytest.param("bytes=0-0,5-9", id="two ranges"),
    pytest.param("lines=0-1", id="another unit"),
    pytest.param("", id="nothing"),
]
NOTHING = [
    pytest.param("", id="nothing"),
    pytest.param(" \t", id="blanks"),
    pytest.param(", ,", id="commas"),
]


@pytest.fixture
def empty(tmp_path):
    path = tmp_path / "empty.log"
    path.write_bytes(b"")
    return path


@pytest.mark.parametrize("value", RANGES)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_range_of_an_empty_file_is_ignored(empty, method, value):
    answer = call(FileResponse(empty), method, HTTP_RANGE=value)
    assert (answer.status, answer.body) == ("200 OK", b"")
    assert (answer.values("Content-Length"), answer.values("Content-Range")) == (["0"], [])


@pytest.mark.parametrize("value", RANGES)
def test_a_range_of_an_empty_file_in_a_folder_is_ignored(empty, value):
    answer = call(serve_files(empty.parent), PATH_INFO="/empty.log", HTTP_RANGE=value)
    assert (answer.status, answer.values("Content-Length")) == ("200 OK", ["0"])


@pytest.mark.parametrize("value", RANGES)
def test_a_range_behind_the_end_of_a_file_object_is_ignored(value):
    handle = io.BytesIO(DATA)
    handle.seek(0, io.SEEK_END)
    answer = call(FileResponse(handle), HTTP_RANGE=value)
    assert (answer.status, answer.values("Content-Length"), answer.body) == ("200 OK", ["0"], b"")


def test_an_empty_file_is_answered_with_what_a_full_one_has(empty):
    names = [name for name, _ in call(FileResponse(empty), HTTP_RANGE="bytes=0-1").headers]
    assert names == ["Content-Type", "Accept-Ranges", "Last-Modified", "ETag", "Content-Length"]


def test_an_empty_file_that_the_client_has_is_not_modified(empty):
    response = FileResponse(empty)
    (tag,) = call(response).values("ETag")
    answer = call(response, HTTP_IF_NONE_MATCH=tag, HTTP_RANGE="bytes=0-1")
    assert answer.status == "304 Not Modified"


@pytest.mark.parametrize("value", NOTHING)
@pytest.mark.parametrize("name", ["HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_condition_without_a_tag_is_as_if_absent(path, method, name, value):
    answer = call(FileResponse(path), method, **{name: value})
    assert (answer.status, answer.values("Content-Length")) == ("200 OK", ["1024"])


@pytest.mark.parametrize("value", NOTHING)
@pytest.mark.parametrize("name", ["HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE"])
def test_a_condition_without_a_date_is_as_if_absent(path, name, value):
    assert call(FileResponse(path), **{name: value}).status == "200 OK"


@pytest.mark.parametrize("value", NOTHING)
def test_an_if_none_match_without_a_tag_leaves_the_date_to_decide(path, value):
    asked = {"HTTP_IF_NONE_MATCH": value, "HTTP_IF_MODIFIED_SINCE": http_date(CHANGED)}
    assert call(FileResponse(path), **asked).status == "304 Not Modified"


@pytest.mark.parametrize("value", NOTHING)
def test_an_if_match_without_a_tag_leaves_the_date_to_decide(path, value):
    asked = {"HTTP_IF_MATCH": value, "HTTP_IF_UNMODIFIED_SINCE": http_date(CHANGED - 1)}
    assert call(FileResponse(path), **asked).status == "412 Precondition Failed"


@pytest.mark.parametrize("value", NOTHING)
def test_a_slice_comes_in_spite_of_conditions_without_a_tag(path, value):
    asked = {"HTTP_IF_MATCH": value, "HTTP_IF_NONE_MATCH": value, "HTTP_RANGE": "bytes=0-9"}
    assert call(FileResponse(path), **asked).body == DATA[:10]


@pytest.mark.parametrize("value", NOTHING)
def test_an_if_range_that_names_no_version_gets_the_whole(path, value):
    answer = call(FileResponse(path), HTTP_IF_RANGE=value, HTTP_RANGE="bytes=0-9")
    assert (answer.status, answer.body) == ("200 OK", DATA)
