"""FileResponse of an open file, and of a pipe."""

from __future__ import annotations

import io

import pytest
from responses.sample_file import DATA
from responses.wsgi_calls import call

from wsgiresp.responses import FileResponse


class TestAFileObject:
    def test_a_file_object_is_sent_from_its_position_and_closed(self):
        handle = io.BytesIO(DATA)
        handle.seek(1000)
        answer = call(FileResponse(handle))
        assert (answer.body, answer.values("Content-Length"), handle.closed) == (DATA[1000:], ["24"], True)

    def test_it_supports_ranges(self):
        handle = io.BytesIO(b"head0123456789")
        handle.seek(4)
        answer = call(FileResponse(handle), HTTP_RANGE="bytes=2-4")
        assert (answer.body, answer.values("Content-Range")) == (b"234", ["bytes 2-4/10"])

    def test_it_supports_several_ranges(self):
        answer = call(FileResponse(io.BytesIO(DATA)), HTTP_RANGE="bytes=1000-1001,0-1")
        assert answer.body.count(b"Content-Range: ") == 2
        assert DATA[1000:1002] in answer.body

    def test_it_has_no_validators_of_its_own(self, path):
        with path.open("rb") as handle:
            answer = call(FileResponse(handle))
        assert [name for name, _ in answer.headers] == ["Content-Type", "Accept-Ranges", "Content-Length"]

    def test_it_may_be_given_validators(self):
        response = FileResponse(io.BytesIO(DATA), headers={"ETag": '"a"'})
        assert call(response, HTTP_IF_NONE_MATCH='"a"').status == "304 Not Modified"

    @pytest.mark.parametrize(
        ("name", "content_type"), [("a.css", "text/css; charset=utf-8"), (3, "application/octet-stream")]
    )
    def test_the_name_of_a_file_object_decides_its_type(self, name, content_type):
        handle = io.BytesIO(DATA)
        handle.name = name
        assert call(FileResponse(handle)).values("Content-Type") == [content_type]

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_it_can_be_sent_only_once(self, method):
        response = FileResponse(io.BytesIO(DATA))
        call(response, method)
        with pytest.raises(RuntimeError, match="can be sent only once"):
            call(response)

    def test_it_is_closed_without_a_body_too(self):
        handle = io.BytesIO(DATA)
        call(FileResponse(handle), "HEAD")
        assert handle.closed

    def test_a_file_object_that_is_not_sent_is_closed(self):
        handle = io.BytesIO(DATA)
        FileResponse(handle).close()
        assert handle.closed

    def test_text_is_refused(self):
        with pytest.raises(TypeError, match="binary mode"):
            FileResponse(io.StringIO())


class Pipe:
    def __init__(self, *chunks):
        self.chunks = list(chunks)

    def read(self, size):
        return self.chunks.pop(0) if self.chunks else b""


class TestAPipe:
    def test_its_length_is_not_known(self):
        answer = call(FileResponse(Pipe(b"ab", b"c")), HTTP_RANGE="bytes=0-1")
        assert (answer.status, answer.body) == ("200 OK", b"abc")
        assert answer.headers == [("Content-Type", "application/octet-stream")]

    def test_a_length_that_is_given_is_sent(self):
        answer = call(FileResponse(Pipe(b"ab", b"c"), headers={"Content-Length": "3"}))
        assert (answer.values("Content-Length"), answer.body) == (["3"], b"abc")

    def test_bytes_after_the_announced_length_are_not_sent(self):
        assert call(FileResponse(Pipe(b"ab", b"cd"), headers={"Content-Length": "3"})).body == b"abc"

    def test_fewer_bytes_than_the_announced_length_are_an_error(self):
        with pytest.raises(EOFError):
            call(FileResponse(Pipe(b"ab"), headers={"Content-Length": "3"}))
