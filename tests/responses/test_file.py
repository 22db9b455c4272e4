"""FileResponse: what it sends, and its arguments."""

from __future__ import annotations

import io
import os
import pathlib
import time
from datetime import timedelta
from wsgiref.util import FileWrapper
from wsgiref.validate import validator

import pytest
from responses.sample_file import DATA
from responses.wsgi_calls import call, start

from wsgiresp.responses import FileResponse


def test_the_whole_file_is_sent_with_what_is_known_of_it(path):
    answer = call(FileResponse(path))
    assert (answer.status, answer.body) == ("200 OK", DATA)
    assert answer.headers == [
        ("Content-Type", "image/png"),
        ("Accept-Ranges", "bytes"),
        ("Last-Modified", "Tue, 02 Jan 2001 00:00:00 GMT"),
        ("ETag", f'"{path.stat().st_mtime_ns:x}-400"'),
        ("Content-Length", "1024"),
    ]


@pytest.mark.parametrize("make", [str, pathlib.Path, os.fsencode], ids=["str", "Path", "bytes"])
def test_a_path_has_many_forms(path, make):
    assert call(FileResponse(make(path))).body == DATA


@pytest.mark.parametrize("wrong", [3, None, 1.5, ["a"]])
def test_a_number_is_no_path(wrong):
    with pytest.raises(TypeError):
        FileResponse(wrong)


def test_the_same_response_answers_many_requests(path):
    response = FileResponse(path)
    answers = [start(response), start(response, HTTP_RANGE="bytes=0-9"), start(response, "HEAD")]
    assert [b"".join(answer.iterable) for answer in answers] == [DATA, DATA[:10], b""]
    assert response.headers.to_wsgi_list() == [("Content-Type", "image/png")]
    for answer in answers:
        answer.close()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_answer_passes_the_validator_of_the_standard_library(path, method):
    more = {"wsgi.file_wrapper": FileWrapper, "QUERY_STRING": "", "wsgi.version": (1, 0), "wsgi.errors": io.StringIO()}
    flags = {"wsgi.multithread": False, "wsgi.multiprocess": False, "wsgi.run_once": False, "SCRIPT_NAME": ""}
    body = io.BytesIO()
    answer = call(validator(FileResponse(path)), method, **more, **flags, **{"wsgi.input": body})
    assert len(answer.body) == (1024 if method == "GET" else 0)


class TestArguments:
    def test_a_filename_makes_an_attachment(self, path):
        answer = call(FileResponse(path, filename="r\u00e9sum\u00e9.png"))
        assert answer.values("Content-Disposition") == [
            "attachment; filename=\"resume.png\"; filename*=UTF-8''r%C3%A9sum%C3%A9.png"
        ]

    def test_the_type_of_the_disposition_can_be_chosen(self, path):
        answer = call(FileResponse(path, filename="a.png", content_disposition_type="inline"))
        assert answer.values("Content-Disposition") == ['inline; filename="a.png"']

    @pytest.mark.parametrize("media_type", [None, "text/csv"])
    def test_a_filename_of_another_type_is_refused_before_the_file_is_looked_at(self, path, media_type):
        with pytest.raises(TypeError, match=r"filename must be a str, got .*: pass its name"):
            FileResponse(path.with_name("none"), filename=path, media_type=media_type)

    def test_without_a_filename_there_is_no_disposition(self, path):
        assert call(FileResponse(path)).values("Content-Disposition") == []

    @pytest.mark.parametrize(
        ("arguments", "content_type"),
        [
            pytest.param({}, "image/png", id="from the path"),
            pytest.param({"filename": "a.css"}, "text/css; charset=utf-8", id="from the filename, with a charset"),
            pytest.param({"media_type": "text/csv"}, "text/csv; charset=utf-8", id="as it is given"),
            pytest.param(
                {"media_type": "text/csv; charset=latin-1"}, "text/csv; charset=latin-1", id="with its charset"
            ),
            pytest.param({"headers": {"Content-Type": "x/y"}}, "x/y", id="from the headers"),
            pytest.param({"filename": "a.tar.gz"}, "application/gzip", id="of a compressed file"),
            pytest.param({"filename": "README"}, "application/octet-stream", id="unknown"),
        ],
    )
    def test_the_content_type(self, path, arguments, content_type):
        assert call(FileResponse(path, **arguments)).values("Content-Type") == [content_type]

    def test_a_subclass_has_its_own_type(self, path):
        class Icon(FileResponse):
            media_type = "image/x-icon"

        assert call(Icon(path)).values("Content-Type") == ["image/x-icon"]

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("ETag", '"mine"'),
            ("last-modified", "Mon, 01 Jan 2001 00:00:00 GMT"),
            ("Cache-Control", "private"),
            ("content-disposition", "inline"),
            ("Accept-Ranges", "none"),
        ],
    )
    def test_a_header_that_is_given_wins(self, path, name, text):
        answer = call(FileResponse(path, headers={name: text}, max_age=60, filename="a"))
        assert answer.values(name) == [text]

    def test_a_header_that_is_set_later_wins_too(self, path):
        response = FileResponse(path)
        response.set_etag("mine", weak=True)
        assert call(response).values("ETag") == ['W/"mine"']

    @pytest.mark.parametrize(
        ("max_age", "text"),
        [(60, "max-age=60"), (timedelta(days=1), "max-age=86400"), (0, "no-cache")],
    )
    def test_an_age_becomes_cache_control(self, path, max_age, text):
        assert call(FileResponse(path, max_age=max_age)).values("Cache-Control") == [text]

    def test_an_age_can_be_read_through_werkzeug(self, path):
        assert FileResponse(path, max_age="immutable").cache_control.immutable

    def test_the_etag_can_be_left_out(self, path):
        answer = call(FileResponse(path, etag=False))
        assert answer.values("ETag") == []
        assert answer.values("Last-Modified") != []

    def test_a_status_of_an_error_page_sends_the_file_and_nothing_of_its_version(self, path):
        answer = call(FileResponse(path, 404), HTTP_RANGE="bytes=0-1")
        assert (answer.status, answer.body) == ("404 Not Found", DATA)
        assert answer.headers == [("Content-Type", "image/png"), ("Content-Length", "1024")]

    @pytest.mark.parametrize("status", [204, 304])
    def test_a_status_without_content_sends_none(self, path, status):
        answer = call(FileResponse(path, status))
        assert (answer.headers, answer.body) == ([], b"")

    @pytest.mark.parametrize("status", [99, 1000, 200.0, "200 OK\r\n", True])
    def test_a_status_that_http_does_not_have_is_refused(self, path, status):
        with pytest.raises(ValueError, match="status"):
            FileResponse(path, status)

    def test_a_header_that_http_does_not_allow_is_refused(self, path):
        with pytest.raises(ValueError, match="X-A"):
            FileResponse(path, headers={"X-A": "a\r\nb"})

    def test_a_cookie_goes_with_the_file(self, path):
        response = FileResponse(path)
        response.set_cookie("a", "b")
        assert call(response, HTTP_IF_NONE_MATCH="*").values("Set-Cookie") == ["a=b; Path=/; SameSite=Lax"]

    def test_a_length_that_is_the_files_may_be_given(self, path):
        assert call(FileResponse(path, headers={"Content-Length": "1024"})).values("Content-Length") == ["1024"]

    def test_a_length_that_is_not_the_files_is_refused(self, path, descriptors):
        with pytest.raises(ValueError, match="Content-Length must be the 1024 bytes"):
            call(FileResponse(path, headers={"Content-Length": "5"}))
        assert descriptors.leaked == 0

    def test_the_length_of_a_part_is_that_of_the_part(self, path):
        answer = call(FileResponse(path, headers={"Content-Length": "1024"}), HTTP_RANGE="bytes=0-9")
        assert answer.values("Content-Length") == ["10"]

    def test_a_date_in_the_future_is_now(self, path, monkeypatch):
        monkeypatch.setattr(time, "time", lambda: 978000000.5)
        assert call(FileResponse(path)).values("Last-Modified") == ["Thu, 28 Dec 2000 10:40:00 GMT"]

    def test_a_date_before_the_epoch_is_none(self, path):
        os.utime(path, (-5, -5))
        assert call(FileResponse(path)).values("Last-Modified") == []
