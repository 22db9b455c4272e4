"""FileResponse: its arguments, its headers, its body."""

from __future__ import annotations

import io
import os
import pathlib
import time
from datetime import timedelta
from wsgiref.util import FileWrapper
from wsgiref.validate import validator

import pytest
from responses.calls import call, environ, start
from werkzeug.wrappers import Response as WerkzeugResponse

from wsgiresp import BackgroundTask
from wsgiresp.responses import FileResponse
from wsgiresp.responses import file as file_module

DATA = bytes(range(256)) * 4


@pytest.fixture
def path(tmp_path):
    """A file of 1024 bytes, last changed on 2 Jan 2001."""
    found = tmp_path / "photo.png"
    found.write_bytes(DATA)
    os.utime(found, (978393600, 978393600))
    return found


class Closings:
    """Counts the descriptors of this process that are more than at the start."""

    def __init__(self):
        self.before = self.now()

    def now(self):
        return len(os.listdir("/proc/self/fd"))

    @property
    def leaked(self):
        return self.now() - self.before


@pytest.fixture
def descriptors():
    return Closings()


def test_the_whole_file_is_sent_with_what_is_known_of_it(path):
    answer = call(FileResponse(path))
    assert (answer.status, answer.body) == ("200 OK", DATA)
    status = path.stat()
    assert answer.headers == [
        ("Content-Type", "image/png"),
        ("Accept-Ranges", "bytes"),
        ("Last-Modified", "Tue, 02 Jan 2001 00:00:00 GMT"),
        ("ETag", f'"{status.st_mtime_ns:x}-400-{status.st_ino:x}"'),
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

    def test_a_date_before_the_epoch_is_the_epoch(self, path):
        os.utime(path, (-5, -5))
        assert call(FileResponse(path)).values("Last-Modified") == ["Thu, 01 Jan 1970 00:00:00 GMT"]


class TestAPath:
    def test_a_missing_file_is_told_at_once(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            FileResponse(tmp_path / "none")

    def test_a_folder_is_told_at_once(self, tmp_path):
        with pytest.raises(IsADirectoryError):
            FileResponse(tmp_path)

    def test_a_device_is_told_at_once(self):
        with pytest.raises(ValueError, match="regular file"):
            FileResponse("/dev/null")

    def test_a_file_that_vanished_is_told_by_prepare(self, path):
        response = FileResponse(path)
        path.unlink()
        with pytest.raises(FileNotFoundError):
            response.prepare(environ())

    def test_a_status_that_is_known_decides_no_length(self, path, tmp_path):
        (tmp_path / "short").write_bytes(b"ab")
        answer = call(FileResponse(path, stat_result=(tmp_path / "short").stat()))
        assert answer.body == DATA

    def test_a_file_that_was_replaced_is_sent_as_it_is_now(self, path, tmp_path):
        response = FileResponse(path)
        (tmp_path / "new").write_bytes(b"new")
        (tmp_path / "new").rename(path)
        answer = call(response)
        assert (answer.body, answer.values("Content-Length")) == (b"new", ["3"])

    def test_a_file_that_is_replaced_while_it_is_sent_is_sent_as_it_was(self, path, tmp_path):
        answer = start(FileResponse(path))
        (tmp_path / "new").write_bytes(b"new")
        (tmp_path / "new").rename(path)
        assert b"".join(answer.iterable) == DATA
        answer.close()

    def test_a_file_that_grows_is_cut_at_its_length(self, path):
        answer = start(FileResponse(path))
        with path.open("ab") as handle:
            handle.write(b"more")
        assert b"".join(answer.iterable) == DATA
        answer.close()

    @pytest.mark.parametrize("asked", ["bytes=0-", "bytes=0-1,1000-1010", "bytes=1023-"])
    def test_a_file_that_shrinks_is_an_error(self, path, asked, descriptors):
        answer = start(FileResponse(path), HTTP_RANGE=asked)
        os.truncate(path, 1)
        with pytest.raises(EOFError):
            list(answer.iterable)
        answer.close()
        assert descriptors.leaked == 0

    def test_an_empty_file_is_an_empty_answer(self, tmp_path):
        (tmp_path / "a").write_bytes(b"")
        answer = call(FileResponse(tmp_path / "a"), HTTP_RANGE="bytes=0-")
        assert (answer.status[:3], answer.values("Content-Length")) == ("416", ["0"])
        answer = call(FileResponse(tmp_path / "a"))
        assert (answer.status, answer.values("Content-Length"), answer.body) == ("200 OK", ["0"], b"")

    def test_a_path_is_kept_to_its_root(self, path, tmp_path):
        assert call(FileResponse("photo.png", root=tmp_path)).body == DATA
        with pytest.raises(FileNotFoundError):
            FileResponse("../photo.png", root=tmp_path / "sub")

    def test_a_link_that_leads_out_after_the_constructor_gains_nothing(self, path, tmp_path):
        root = tmp_path / "root"
        root.mkdir()
        (root / "a.png").write_bytes(b"a")
        response = FileResponse("a.png", root=root)
        (root / "a.png").unlink()
        (root / "a.png").symlink_to(path)
        with pytest.raises(FileNotFoundError):
            response.prepare(environ())


class TestAFileObject:
    def test_it_is_sent_from_where_it_stands_and_closed(self):
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
    def test_its_name_tells_its_type(self, name, content_type):
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

    def test_it_is_closed_where_it_is_not_sent(self):
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

    def test_what_is_more_than_the_length_is_cut(self):
        assert call(FileResponse(Pipe(b"ab", b"cd"), headers={"Content-Length": "3"})).body == b"abc"

    def test_what_is_less_than_the_length_is_an_error(self):
        with pytest.raises(EOFError):
            call(FileResponse(Pipe(b"ab"), headers={"Content-Length": "3"}))


class TestDeletion:
    @pytest.mark.parametrize(
        ("method", "asked", "status"),
        [
            pytest.param("GET", {}, 200, id="the whole"),
            pytest.param("HEAD", {}, 200, id="no body"),
            pytest.param("GET", {"HTTP_RANGE": "bytes=0-1"}, 206, id="a part"),
            pytest.param("GET", {"HTTP_IF_NONE_MATCH": "*"}, 304, id="not modified"),
            pytest.param("GET", {"HTTP_IF_MATCH": '"x"'}, 412, id="a condition that fails"),
            pytest.param("GET", {"HTTP_RANGE": "bytes=5000-"}, 416, id="no such part"),
        ],
    )
    @pytest.mark.parametrize("can_delete_what_is_open", [True, False])
    def test_the_file_is_gone_after_every_answer(
        self, path, method, asked, status, can_delete_what_is_open, monkeypatch
    ):
        monkeypatch.setattr(file_module, "CAN_DELETE_WHAT_IS_OPEN", can_delete_what_is_open)
        answer = start(FileResponse(path, delete_after=True), method, **asked)
        assert path.exists() is not can_delete_what_is_open
        b"".join(answer.iterable)
        answer.close()
        assert int(answer.status[:3]) == status
        assert not path.exists()

    def test_the_file_is_sent_whole(self, path):
        assert call(FileResponse(path, delete_after=True)).body == DATA

    def test_the_file_is_gone_where_the_answer_is_dropped(self, path):
        FileResponse(path, delete_after=True).close()
        assert not path.exists()

    def test_a_file_of_the_same_name_is_not_deleted(self, path):
        answer = start(FileResponse(path, delete_after=True))
        path.write_bytes(b"of somebody else")
        answer.close()
        assert path.exists()

    def test_it_can_be_sent_only_once(self, path):
        response = FileResponse(path, delete_after=True)
        call(response)
        path.write_bytes(b"of somebody else")
        with pytest.raises(RuntimeError, match="can be sent only once"):
            call(response)

    def test_a_file_that_cannot_be_deleted_is_sent_and_the_log_tells(self, path, monkeypatch, caplog):
        def forbid(path):
            raise PermissionError("no")

        monkeypatch.setattr(os, "unlink", forbid)
        assert call(FileResponse(path, delete_after=True)).body == DATA
        assert "PermissionError: no" in caplog.text


class TestTheEnd:
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    @pytest.mark.parametrize("asked", [{}, {"HTTP_RANGE": "bytes=5000-"}, {"HTTP_IF_NONE_MATCH": "*"}])
    def test_the_file_then_callbacks_then_background(self, path, method, asked, descriptors):
        order: list[object] = []
        response = FileResponse(path, background=BackgroundTask(order.append, "background"))
        response.call_on_close(lambda: order.append(descriptors.leaked))
        answer = call(response, method, **asked)
        answer.close()
        assert order == [0, "background"]

    @pytest.mark.parametrize("wrapper", [{}, {"wsgi.file_wrapper": FileWrapper}])
    @pytest.mark.parametrize("asked", [{}, {"HTTP_RANGE": "bytes=0-1,5-6"}])
    def test_a_body_that_nobody_reads_is_closed(self, path, descriptors, wrapper, asked):
        ran: list[int] = []
        start(FileResponse(path, background=lambda: ran.append(1)), **wrapper, **asked).close()
        assert (descriptors.leaked, ran) == (0, [1])

    def test_a_server_that_refuses_the_headers_leaves_nothing_open(self, path, descriptors):
        def refuse(status, headers, exc_info=None):
            raise OSError("no")

        ran: list[int] = []
        with pytest.raises(OSError, match="no"):
            FileResponse(path, background=lambda: ran.append(1))(environ(), refuse)
        assert (descriptors.leaked, ran) == (0, [1])

    def test_a_wrapper_that_raises_leaves_nothing_open(self, path, descriptors):
        def refuse(filelike, size):
            raise OSError("no")

        with pytest.raises(OSError, match="no"):
            FileResponse(path).prepare(environ(**{"wsgi.file_wrapper": refuse}))
        assert descriptors.leaked == 0

    def test_an_answer_that_is_prepared_and_closed_leaves_nothing_open(self, path, descriptors):
        FileResponse(path).prepare(environ()).close()
        assert descriptors.leaked == 0

    def test_an_answer_that_is_prepared_and_forgotten_leaves_nothing_open(self, path, descriptors):
        FileResponse(path).prepare(environ())
        assert descriptors.leaked == 0


class Application(WerkzeugResponse):
    """The response class of an application."""


class TestAsAResponseOfWerkzeug:
    @pytest.fixture
    def adopted(self, path):
        return WerkzeugResponse.force_type(FileResponse(path))

    def test_another_class_changes_nothing(self, path):
        ran: list[int] = []
        response = FileResponse(path, background=lambda: ran.append(1))
        response.__class__ = Application
        assert isinstance(response, Application)
        answer = call(response, HTTP_RANGE="bytes=0-9", **{"wsgi.file_wrapper": FileWrapper})
        assert (answer.status, answer.body, ran) == ("206 Partial Content", DATA[:10], [1])
        assert isinstance(answer.iterable, FileWrapper)

    def test_it_is_a_stream_that_passes_through(self, adopted):
        assert (adopted.is_streamed, adopted.is_sequence, adopted.direct_passthrough) == (True, False, True)

    def test_its_content_is_not_read_by_accident(self, adopted):
        with pytest.raises(RuntimeError, match="direct passthrough"):
            adopted.get_data()

    def test_its_content_can_be_read_on_purpose(self, adopted):
        adopted.direct_passthrough = False
        assert adopted.get_data() == DATA

    def test_its_content_can_be_iterated(self, adopted, descriptors):
        assert b"".join(adopted.response) == DATA
        assert descriptors.leaked == 0

    def test_conditions_are_left_to_prepare(self, adopted):
        assert adopted.make_conditional(environ(HTTP_IF_NONE_MATCH="*")) is adopted
        assert adopted.status_code == 200

    def test_another_body_may_take_its_place(self, path):
        ran: list[int] = []
        response = FileResponse(path, background=lambda: ran.append(1))
        response.set_data(b"ab")
        answer = call(response, HTTP_RANGE="bytes=0-0")
        assert (answer.status, answer.body, ran) == ("200 OK", b"ab", [1])

    def test_a_stream_may_take_the_place_of_an_object_which_is_closed(self):
        handle = io.BytesIO(DATA)
        response = FileResponse(handle)
        response.direct_passthrough = False
        response.response = (chunk[:5] for chunk in response.response)
        assert call(response).body == DATA[:5]
        assert handle.closed

    def test_its_headers_can_be_asked_for(self, path, descriptors):
        assert FileResponse(path).get_wsgi_headers(environ())["Content-Length"] == "1024"
        assert descriptors.leaked == 0
