"""The names that werkzeug has for a body."""

from __future__ import annotations

import pytest
from responses.wsgi_calls import call, environ, start

from wsgiresp import BackgroundTask
from wsgiresp.responses import PlainTextResponse, Response


def test_callbacks_run_once_in_order_and_before_the_background(caplog):
    ran: list[str] = []
    response = PlainTextResponse("abc", background=BackgroundTask(ran.append, "background"))

    @response.call_on_close
    def fail():
        raise LookupError

    response.call_on_close(lambda: ran.append("callback"))
    answer = start(response)
    answer.close()
    response.close()
    response.close()
    assert ran == ["callback", "background"]
    assert "fail" in caplog.text


def test_closing_a_response_that_was_not_called_runs_its_callbacks():
    ran: list[str] = []
    with PlainTextResponse("abc") as response:
        response.call_on_close(lambda: ran.append("callback"))
    assert ran == ["callback"]


def test_data_is_the_body():
    response = PlainTextResponse("Käse")
    assert (response.data, response.get_data(), response.get_data(as_text=True)) == ("Käse".encode(),) * 2 + ("Käse",)


@pytest.mark.parametrize("touched", [False, True], ids=["plain", "unfolded"])
def test_a_known_body_is_a_sequence_and_not_streamed(touched):
    response = PlainTextResponse("abc")
    if touched:
        assert response.response == [b"abc"]
    assert response.is_sequence
    assert not response.is_streamed
    assert response.calculate_content_length() == 3
    assert response.get_data(as_text=True) == "abc"
    assert list(response.iter_encoded()) == [b"abc"]
    assert repr(response) == "<PlainTextResponse 3 bytes [200 OK]>"


@pytest.mark.parametrize("value", ["äb", "äb".encode(), bytearray("äb".encode())])
def test_data_may_be_replaced(value):
    response = PlainTextResponse("abc")
    response.set_data(value)
    assert response.content_length == 3
    response.data = b"abcd"
    answer = call(response)
    assert (answer.body, answer.values("Content-Length")) == (b"abcd", ["4"])


def test_a_list_that_is_changed_in_place_must_keep_to_its_length():
    response = PlainTextResponse("abc")
    response.response.append(b"d")
    with pytest.raises(ValueError, match="must be the 4 bytes of the body, got 3"):
        call(response)


def test_the_stream_writes_to_the_body():
    response = PlainTextResponse("abc")
    response.stream.write(b"def")
    answer = call(response)
    assert (answer.body, answer.values("Content-Length")) == (b"abcdef", ["6"])


def test_the_length_of_the_old_body_goes_with_it():
    response = PlainTextResponse("abc")
    response.response = [response.get_data(), b"def"]
    assert call(response).values("Content-Length") == ["6"]


def test_a_length_set_before_the_body_stays():
    response = PlainTextResponse("abc")
    response.content_length = 5
    response.response = iter([b"ab", b"cde"])
    assert call(response).values("Content-Length") == ["5"]


def test_an_empty_body_announces_its_length_no_sooner_than_it_is_sent():
    response = Response()
    assert (response.response, response.content_length) == ([], None)
    assert call(response).values("Content-Length") == ["0"]


def test_the_length_can_be_left_to_the_server():
    class Unmeasured(Response):
        automatically_set_content_length = False

    response = Unmeasured("abc")
    assert call(response).values("Content-Length") == []
    response.set_data(b"abcd")
    assert call(response).values("Content-Length") == []


def test_make_conditional_still_works():
    response = PlainTextResponse("abcdef")
    response.add_etag()
    response.make_conditional(environ(HTTP_RANGE="bytes=1-2"), accept_ranges=True, complete_length=6)
    answer = call(response)
    assert (answer.status[:3], answer.body, answer.values("Content-Length")) == ("206", b"bc", ["2"])


def test_the_wsgi_response_is_that_of_the_call():
    response = PlainTextResponse("abc")
    chunks, status, headers = response.get_wsgi_response(environ())
    assert (list(chunks), status) == ([b"abc"], "200 OK")
    assert response.get_wsgi_headers(environ()).to_wsgi_list() == headers
    assert list(response.get_app_iter(environ("HEAD"))) == []
