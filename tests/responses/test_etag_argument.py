"""The etag= of FileResponse and serve_files: a text, or a function of path and stat result."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from responses.sample_file import DATA
from responses.wsgi_calls import call

from wsgiresp import XSendfile, serve_files
from wsgiresp.responses import FileResponse

TEXTS = [
    pytest.param("r41", '"r41"', id="text without quotes"),
    pytest.param('"r41"', '"r41"', id="an entity-tag"),
    pytest.param('W/"r41"', 'W/"r41"', id="a weak entity-tag"),
]
WRONG_TEXTS = ["", "two words", 'half"quoted', "r41\r\nX-A: 1", "\u0100"]
WRONG_TYPES = [None, 1, 1.5, b"r41", ["r41"], {"a": "b"}]


@pytest.fixture
def folder(path):
    return path.parent


@pytest.mark.parametrize(("etag", "tag"), TEXTS)
class TestAText:
    def test_it_is_the_tag_of_a_file(self, path, etag, tag):
        assert call(FileResponse(path, etag=etag)).values("ETag") == [tag]

    def test_it_is_the_tag_of_a_file_in_a_folder(self, folder, etag, tag):
        assert call(serve_files(folder, etag=etag), PATH_INFO="/photo.png").values("ETag") == [tag]

    def test_it_is_the_tag_of_a_file_object(self, etag, tag):
        response = FileResponse(io.BytesIO(DATA), etag=etag)
        assert call(response).values("ETag") == [tag]

    def test_it_is_the_tag_of_a_pipe(self, etag, tag):
        class Pipe:
            def read(self, size):
                return b""

        answer = call(FileResponse(Pipe(), etag=etag))
        assert [name for name, _ in answer.headers] == ["Content-Type", "ETag"]
        assert answer.values("ETag") == [tag]

    def test_a_function_may_return_it(self, path, etag, tag):
        assert call(FileResponse(path, etag=lambda path, status: etag)).values("ETag") == [tag]

    def test_a_client_that_has_it_is_not_sent_the_file(self, path, etag, tag):
        assert call(FileResponse(path, etag=etag), HTTP_IF_NONE_MATCH=tag).status == "304 Not Modified"


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        pytest.param({"HTTP_IF_RANGE": 'W/"v1"', "HTTP_RANGE": "bytes=0-9"}, 200, id="If-Range with it"),
        pytest.param({"HTTP_IF_RANGE": '"v1"', "HTTP_RANGE": "bytes=0-9"}, 200, id="If-Range with a strong one"),
        pytest.param({"HTTP_RANGE": "bytes=0-9"}, 206, id="Range alone"),
        pytest.param({"HTTP_IF_MATCH": 'W/"v1"'}, 412, id="If-Match with it"),
        pytest.param({"HTTP_IF_MATCH": "*"}, 200, id="If-Match with any"),
        pytest.param({"HTTP_IF_NONE_MATCH": '"v1"'}, 304, id="If-None-Match with a strong one"),
    ],
)
def test_a_weak_tag_joins_no_parts(path, asked, status):
    assert call(FileResponse(path, etag='W/"v1"'), **asked).status[:3] == str(status)


@pytest.mark.parametrize("make", [FileResponse, lambda path, etag: serve_files(path.parent, etag=etag)])
@pytest.mark.parametrize("text", WRONG_TEXTS)
def test_a_text_that_can_be_no_tag_is_refused_at_once(path, make, text):
    with pytest.raises(ValueError, match=r"etag must be an entity-tag \(RFC 9110, Section 8\.8\.3\)") as caught:
        make(path, etag=text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize("make", [FileResponse, lambda path, etag: serve_files(path.parent, etag=etag)])
@pytest.mark.parametrize("wrong", WRONG_TYPES)
def test_what_is_neither_bool_nor_text_nor_function_is_refused_at_once(path, make, wrong):
    with pytest.raises(TypeError, match="etag must be a bool, a str or a function"):
        make(path, etag=wrong)


def test_an_etag_header_wins_over_a_text(path):
    answer = call(FileResponse(path, headers={"etag": '"header"'}, etag="argument"))
    assert answer.values("ETag") == ['"header"']


def test_beside_an_etag_header_the_function_is_not_called(path):
    answer = call(FileResponse(path, headers={"ETag": '"header"'}, etag=lambda *_: 1 / 0))
    assert answer.values("ETag") == ['"header"']


class TestAFunction:
    def record(self, calls):
        def tag(path, status):
            calls.append((path, status))
            return f"s{status.st_size}"

        return tag

    def test_it_gets_the_path_as_it_was_given_and_the_stat_result(self, path):
        calls = []
        assert call(FileResponse(Path(path), etag=self.record(calls))).values("ETag") == ['"s1024"']
        ((given, status),) = calls
        assert given == str(path)
        assert os.path.samestat(status, os.stat(path))

    def test_with_a_root_it_gets_the_path_relative_to_that(self, folder):
        calls = []
        call(FileResponse(b"./photo.png", root=folder, etag=self.record(calls)))
        assert [given for given, _ in calls] == ["./photo.png"]

    def test_in_a_folder_it_gets_the_path_of_the_file(self, folder):
        (folder / "sub").mkdir()
        (folder / "sub" / "index.html").write_bytes(b"sub")
        calls = []
        app = serve_files(folder, index="index.html", etag=self.record(calls))
        assert call(app, PATH_INFO="/sub/").values("ETag") == ['"s3"']
        assert [given for given, _ in calls] == ["sub/index.html"]

    def test_it_is_called_once_for_each_request(self, path):
        calls = []
        response = FileResponse(path, etag=self.record(calls))
        call(response, HTTP_IF_NONE_MATCH='"s1024"')
        call(response, "HEAD")
        assert len(calls) == 2

    @pytest.mark.parametrize("make", [FileResponse, lambda path, etag: serve_files(path.parent, etag=etag)])
    def test_none_is_no_tag(self, path, make):
        answer = call(make(path, etag=lambda path, status: None), PATH_INFO="/photo.png")
        assert (answer.values("ETag"), len(answer.values("Last-Modified"))) == ([], 1)

    @pytest.mark.parametrize("returned", [3, b"x", True])
    def test_what_is_no_text_is_a_type_error(self, path, returned, descriptors):
        with pytest.raises(TypeError, match="etag must return a str or None, got"):
            call(FileResponse(path, etag=lambda path, status: returned))
        assert descriptors.leaked == 0

    @pytest.mark.parametrize("returned", WRONG_TEXTS)
    def test_a_text_that_can_be_no_tag_is_a_value_error(self, path, returned, descriptors):
        with pytest.raises(ValueError, match="etag must be an entity-tag"):
            call(FileResponse(path, etag=lambda path, status: returned))
        assert descriptors.leaked == 0

    def test_a_status_without_validators_does_not_call_it(self, path):
        assert call(FileResponse(path, 404, etag=lambda *_: 1 / 0)).body == DATA

    def test_beside_a_file_object_it_is_refused_at_once(self):
        with pytest.raises(ValueError, match="a function as etag is for a path"):
            FileResponse(io.BytesIO(DATA), etag=lambda path, status: "x")


class TestAFunctionThatRaises:
    @pytest.mark.parametrize("error", [KeyError("photo.png"), FileNotFoundError("sums"), PermissionError("sums")])
    def test_its_error_comes_out_of_the_call(self, path, error, descriptors):
        def raising(path, status):
            raise error

        with pytest.raises(type(error)) as caught:
            call(FileResponse(path, etag=raising))
        assert caught.value is error
        assert descriptors.leaked == 0

    @pytest.mark.parametrize("error", [KeyError("a"), FileNotFoundError("sums"), PermissionError("sums")])
    @pytest.mark.parametrize("name", ["etag", "max_age"])
    def test_its_error_is_no_404_of_a_folder(self, folder, error, name, descriptors):
        def raising(*_):
            try:
                raise OSError("cause")
            except OSError as cause:
                raise error from cause

        with pytest.raises(type(error)) as caught:
            call(serve_files(folder, **{name: raising}), PATH_INFO="/photo.png")
        assert caught.value is error
        assert str(caught.value.__cause__) == "cause"
        assert descriptors.leaked == 0

    def test_the_error_of_a_file_is_a_404_still(self, folder):
        app = serve_files(folder, etag=lambda *_: 1 / 0, max_age=lambda path: 60)
        assert call(app, PATH_INFO="/none").status == "404 Not Found"


class TestWithAServerInFront:
    @pytest.mark.parametrize("etag", ["r41", lambda path, status: f"r{status.st_size // 25}"])
    def test_it_gets_the_tag_of_the_application(self, path, etag):
        answer = call(FileResponse(path, etag=etag, offload=XSendfile()))
        assert answer.values("ETag") == ['"r41"' if etag == "r41" else '"r40"']

    @pytest.mark.parametrize("etag", [True, False])
    def test_it_makes_all_others_itself(self, path, etag):
        assert call(FileResponse(path, etag=etag, offload=XSendfile())).values("ETag") == []

    def test_an_etag_header_wins(self, path):
        response = FileResponse(path, headers={"ETag": '"header"'}, etag="r41", offload=XSendfile())
        assert call(response).values("ETag") == ['"header"']

    def test_an_answer_of_another_status_has_none(self, path):
        assert call(FileResponse(path, 404, etag="r41", offload=XSendfile())).values("ETag") == []
