"""``accept_ranges=False``: a Range is ignored, and clients are told so."""

from __future__ import annotations

import io

import pytest
from responses.wsgi_calls import call
from werkzeug.test import Client

from wsgiresp import serve_files
from wsgiresp.responses import FileResponse, XAccelRedirect

DATA = bytes(range(256)) * 4


@pytest.fixture
def path(tmp_path):
    (tmp_path / "a.bin").write_bytes(DATA)
    return tmp_path / "a.bin"


class Stream:
    def __init__(self):
        self.read = io.BytesIO(DATA).read


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(lambda path: path, id="a path"),
        pytest.param(lambda path: io.BytesIO(DATA), id="a BytesIO"),
        pytest.param(lambda path: path.open("rb"), id="an open file"),
        pytest.param(lambda path: Stream(), id="a stream"),
    ],
)
@pytest.mark.parametrize("value", ["bytes=0-1", "bytes=0-1,5-6", "bytes=9999-", "lines=1-2"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_all_of_it_is_sent_for_a_range(path, source, value, method):
    answer = call(FileResponse(source(path), accept_ranges=False), method, HTTP_RANGE=value)
    assert (answer.status, answer.body) == ("200 OK", DATA if method == "GET" else b"")
    assert answer.values("Accept-Ranges") == ["none"]
    assert answer.values("Content-Range") == []


def test_conditions_count_as_before(path):
    etag = call(FileResponse(path), "HEAD").values("ETag")[0]
    response = FileResponse(path, accept_ranges=False)
    assert call(response, HTTP_IF_NONE_MATCH=etag).status == "304 Not Modified"
    assert call(response, HTTP_IF_MATCH='"x"', HTTP_RANGE="bytes=0-1").status == "412 Precondition Failed"


def test_a_bytesio_has_its_tag_for_a_condition_and_none_for_a_range():
    tags = [
        call(FileResponse(io.BytesIO(DATA), accept_ranges=False), **asked).values("ETag")
        for asked in ({"HTTP_RANGE": "bytes=0-1"}, {"HTTP_IF_NONE_MATCH": '"x"'})
    ]
    assert [len(found) for found in tags] == [0, 1]


def test_a_field_that_is_given_wins(path):
    answer = call(FileResponse(path, headers={"accept-ranges": "lines"}, accept_ranges=False), HTTP_RANGE="bytes=0-1")
    assert (answer.status, answer.values("Accept-Ranges")) == ("200 OK", ["lines"])


def test_another_status_says_nothing_of_ranges(path):
    assert call(FileResponse(path, 203, accept_ranges=False)).values("Accept-Ranges") == []


def test_a_folder_has_no_ranges_either(path):
    client = Client(serve_files(path.parent, accept_ranges=False))
    answer = client.get("/a.bin", headers={"Range": "bytes=0-1"})
    assert (answer.status_code, answer.data, answer.headers["Accept-Ranges"]) == (200, DATA, "none")


def test_with_offload_it_is_refused(path, tmp_path):
    offload = XAccelRedirect("/protected/", tmp_path)

    class Offloaded(FileResponse):
        pass

    Offloaded.offload = offload
    for make in (
        lambda: FileResponse(path, offload=offload, accept_ranges=False),
        lambda: Offloaded(path, accept_ranges=False),
        lambda: serve_files(tmp_path, offload=offload, accept_ranges=False),
    ):
        with pytest.raises(ValueError, match="accept_ranges=False and offload exclude each other"):
            make()


def test_where_the_offload_of_a_class_does_nothing_it_counts(tmp_path):
    class Offloaded(FileResponse):
        offload = XAccelRedirect("/protected/", tmp_path)

    answer = call(Offloaded(io.BytesIO(DATA), accept_ranges=False), HTTP_RANGE="bytes=0-1")
    assert (answer.body, answer.values("Accept-Ranges")) == (DATA, ["none"])
