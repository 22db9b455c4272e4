"""What FileResponse closes and deletes, whatever becomes of the answer."""

from __future__ import annotations

import os
from wsgiref.util import FileWrapper

import pytest
from responses.sample_file import DATA
from responses.wsgi_calls import call, environ, start

from wsgiresp import BackgroundTask
from wsgiresp.responses import FileResponse
from wsgiresp.responses import file as file_module


def no_descriptor(source):
    raise OSError("no descriptor")


class TestDeletion:
    def test_the_file_is_gone_though_it_could_not_be_opened(self, path, monkeypatch):
        response = FileResponse(path, delete_after=True)
        monkeypatch.setattr(response._source.__class__, "open", no_descriptor)
        with pytest.raises(OSError, match="no descriptor"):
            start(response)
        assert not path.exists()

    def test_a_file_that_could_not_be_opened_can_be_sent_again(self, path, monkeypatch):
        response = FileResponse(path.open("rb"))
        with monkeypatch.context() as patch:
            patch.setattr(response._source.__class__, "open", no_descriptor)
            with pytest.raises(OSError, match="no descriptor"):
                start(response)
        assert call(response).body == DATA

    def test_a_file_object_is_closed_though_its_close_steps_cannot_be_made(self, path, monkeypatch):
        def fail(*_, **__):
            raise MemoryError

        monkeypatch.setattr(file_module, "close_steps", fail)
        with path.open("rb") as file:
            with pytest.raises(MemoryError):
                start(FileResponse(file))
            assert file.closed

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
