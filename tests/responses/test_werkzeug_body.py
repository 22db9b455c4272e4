"""The names that werkzeug has for a body."""

from __future__ import annotations

import io

import pytest
from responses.calls import call, environ, start
from werkzeug.wrappers import Response as WerkzeugResponse
from werkzeug.wsgi import FileWrapper

from wsgiresp import BackgroundTask
from wsgiresp.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response


def test_a_response_is_werkzeugs():
    assert isinstance(JSONResponse({}), WerkzeugResponse)


@pytest.mark.parametrize(
    ("words", "content_type"),
    [
        pytest.param({"mimetype": "text/css"}, "text/css; charset=utf-8", id="a mimetype gets its charset"),
        pytest.param({"mimetype": "application/xml"}, "application/xml; charset=utf-8", id="XML too, as in werkzeug"),
        pytest.param({"content_type": "text/css"}, "text/css", id="a content type is taken as it is"),
        pytest.param({"mimetype": None, "content_type": None}, "text/plain; charset=utf-8", id="None is not given"),
    ],
)
def test_werkzeugs_words_for_the_type(words, content_type):
    assert call(Response("abc", **words)).values("Content-Type") == [content_type]


def test_werkzeugs_word_for_the_status():
    assert call(Response("abc", status="404 Gone Fishing")).status == "404 Gone Fishing"


def test_werkzeugs_word_for_the_content():
    assert call(Response(response="abc")).body == b"abc"


def test_content_is_given_by_one_word():
    with pytest.raises(TypeError, match="content and response are two words for one argument"):
        Response("abc", response="def")


def test_werkzeugs_content_is_not_rendered():
    assert call(JSONResponse(response='{"a":1}', mimetype="application/json")).body == b'{"a":1}'


def test_a_background_goes_with_werkzeugs_words():
    ran: list[str] = []
    call(Response("abc", status=201, background=BackgroundTask(ran.append, "background")))
    assert ran == ["background"]


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: Response(response=["a", b"b"]), id="response="),
        pytest.param(lambda: Response(["a", b"b"], "200 OK", []), id="a status line"),
        pytest.param(lambda: Response(("a", b"b"), status=None, headers=None), id="status="),
    ],
)
def test_a_list_of_chunks_announces_its_length(make):
    answer = call(make())
    assert (answer.chunks, answer.values("Content-Length")) == ([b"a", b"b"], ["2"])


def test_an_iterator_of_chunks_announces_no_length_and_is_closed():
    closed: list[str] = []

    def chunks():
        try:
            yield "a"
            yield b"b"
        finally:
            closed.append("source")

    response = Response(response=chunks(), background=BackgroundTask(closed.append, "background"))
    answer = start(response)
    assert next(iter(answer.iterable)) == b"a"
    answer.close()
    assert answer.values("Content-Length") == []
    assert closed == ["source", "background"]


@pytest.mark.parametrize(
    ("length", "fault"), [("5", "5 bytes, got 2 less"), ("2", "2 bytes, got 1 more")], ids=["too short", "too long"]
)
@pytest.mark.parametrize("again", [iter, lambda chunks: Repeated(chunks)], ids=["an iterator", "an iterable"])
def test_an_iterator_is_held_to_the_length_that_was_announced(again, length, fault):
    answer = start(Response(response=again(["ab", b"c"]), headers={"Content-Length": length}))
    taken: list[bytes] = []
    with pytest.raises(ValueError, match=f"Content-Length must be that of the body: {fault}"):
        taken.extend(answer.iterable)
    answer.close()
    assert answer.values("Content-Length") == [length]
    assert len(b"".join(taken)) <= int(length)


def test_an_iterator_of_the_length_that_was_announced_is_sent_and_closed():
    closed: list[str] = []

    def chunks():
        try:
            yield "ab"
            yield b"c"
        finally:
            closed.append("source")

    response = Response(response=chunks(), headers={"Content-Length": "3"})
    response.background = BackgroundTask(closed.append, "background")
    assert call(response).body == b"abc"
    assert closed == ["source", "background"]


def test_an_iterator_that_is_left_half_way_is_closed_though_it_is_held_to_a_length():
    closed: list[str] = []

    def chunks():
        try:
            yield "ab"
            yield b"c"
        finally:
            closed.append("source")

    answer = start(Response(response=chunks(), headers={"Content-Length": "3"}))
    assert next(iter(answer.iterable)) == b"ab"
    answer.close()
    answer.close()
    assert closed == ["source"]


def test_what_the_server_gets_as_it_is_is_the_servers_to_measure():
    wrapper = FileWrapper(io.BytesIO(b"abc"))
    response = Response(response=wrapper, direct_passthrough=True, headers={"Content-Length": "5"})
    assert start(response).iterable is wrapper
    response.close()


class Repeated:
    """An iterable that is no iterator."""

    def __init__(self, chunks):
        self._chunks = chunks

    def __iter__(self):
        return iter(self._chunks)


def test_an_iterator_is_sent_once():
    response = Response(response=iter([b"a"]))
    assert call(response).body == b"a"
    with pytest.raises(RuntimeError, match="iterator that was sent already"):
        call(response)


def test_another_iterator_may_be_assigned():
    response = Response(response=iter([b"a"]))
    call(response)
    response.response = iter([b"b"])
    assert call(response).body == b"b"


def test_an_iterable_that_is_no_iterator_is_sent_again_and_again():
    class Chunks:
        def __iter__(self):
            return iter([b"a"])

    response = Response(response=Chunks())
    assert [call(response).body, call(response).body] == [b"a", b"a"]


def test_head_does_not_start_an_iterator():
    started: list[str] = []

    def chunks():
        started.append("source")
        yield b"a"

    assert call(Response(response=chunks()), "HEAD").body == b""
    assert started == []


def test_in_direct_passthrough_the_server_gets_the_very_object():
    wrapper = FileWrapper(io.BytesIO(b"abc"))
    answer = start(Response(response=wrapper, direct_passthrough=True))
    assert answer.iterable is wrapper
    answer.close()
    assert wrapper.file.closed


def test_direct_passthrough_loses_no_callback():
    ran: list[str] = []
    wrapper = FileWrapper(io.BytesIO(b"abc"))
    response = Response(response=wrapper, direct_passthrough=True)
    response.call_on_close(lambda: ran.append("callback"))
    response.background = BackgroundTask(ran.append, "background")
    assert call(response).body == b"abc"
    assert ran == ["callback", "background"]
    assert wrapper.file.closed


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
def test_a_body_tells_its_form(touched):
    response = PlainTextResponse("abc")
    if touched:
        assert response.response == [b"abc"]
    assert response.is_sequence
    assert not response.is_streamed
    assert response.calculate_content_length() == 3
    assert response.get_data(as_text=True) == "abc"
    assert list(response.iter_encoded()) == [b"abc"]
    assert repr(response) == "<PlainTextResponse 3 bytes [200 OK]>"


def test_an_iterator_tells_its_form():
    response = Response(response=iter([b"a"]))
    assert response.is_streamed
    assert not response.is_sequence


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


def test_freeze_makes_an_iterator_a_sequence_with_an_etag():
    response = Response(response=iter(["a", "b"]))
    response.freeze()
    answer = call(response)
    assert (answer.body, answer.values("Content-Length")) == (b"ab", ["2"])
    assert response.get_etag() != (None, None)


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


def test_an_application_may_ask_for_absolute_locations():
    class Absolute(RedirectResponse):
        autocorrect_location_header = True

    assert call(Absolute("/b")).values("Location") == ["http://a.example/b"]
    assert call(Absolute("/b", headers={"X-A": "1"})).values("Location") == ["http://a.example/b"]


def test_typed_headers_are_werkzeugs():
    response = PlainTextResponse("abc")
    response.cache_control.max_age = 60
    response.vary.add("Accept")
    response.last_modified = 0
    assert response.headers["Cache-Control"] == "max-age=60"
    assert call(response).values("Last-Modified") == ["Thu, 01 Jan 1970 00:00:00 GMT"]


def test_a_foreign_application_becomes_a_response():
    def app(environ, start_response):
        start_response("201 Created", [("X-A", "1")])
        return [b"a", b"b"]

    response = Response.from_app(app, environ())
    answer = call(response)
    assert (answer.status, answer.body, answer.values("X-A")) == ("201 Created", b"ab", ["1"])


def test_werkzeugs_own_response_may_be_forced_to_be_ours():
    closed: list[str] = []
    foreign = WerkzeugResponse("abc", "404 Gone Fishing", {"X-A": "1"})
    foreign.call_on_close(lambda: closed.append("callback"))
    foreign.extra = "kept"
    forced = JSONResponse.force_type(foreign)
    answer = call(forced)
    assert isinstance(forced, JSONResponse)
    assert forced.extra == "kept"
    assert (answer.status, answer.body, answer.values("X-A")) == ("404 Gone Fishing", b"abc", ["1"])
    assert closed == ["callback"]


def test_werkzeugs_own_response_passes_the_wall_when_it_is_forced():
    foreign = WerkzeugResponse("abc")
    foreign.headers._list.append(("X-A", "1\r\nX-Injected: 1"))
    with pytest.raises(ValueError, match="control character"):
        Response.force_type(foreign)


def test_any_application_may_be_forced_to_be_a_response():
    def app(environ, start_response):
        start_response("201 Created", [("Content-Type", "a/b")])
        return [b"abc"]

    answer = call(Response.force_type(app, environ()))
    assert (answer.status, answer.body) == ("201 Created", b"abc")


def test_an_application_cannot_be_forced_without_an_environ():
    with pytest.raises(TypeError, match="environ"):
        Response.force_type(lambda environ, start_response: [])


def test_one_of_ours_stays_what_it_is_when_it_is_forced():
    response = JSONResponse({})
    assert Response.force_type(response) is response
    assert type(response) is JSONResponse
