"""FileResponse as a response of werkzeug's, of another class and with another body."""

from __future__ import annotations

import io
from wsgiref.util import FileWrapper

import pytest
from responses.sample_file import DATA
from responses.wsgi_calls import call, environ
from werkzeug.wrappers import Response as WerkzeugResponse

from wsgiresp.responses import FileResponse


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
