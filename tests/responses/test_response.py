"""What a response is made of."""

from __future__ import annotations

import array
import copy
import io
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from responses.wsgi_calls import call

from wsgiresp.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response


@dataclass
class Item:
    name: str


@pytest.mark.parametrize(
    ("content", "body", "content_type"),
    [
        pytest.param(None, b"", "text/plain; charset=utf-8", id="None is an empty text"),
        pytest.param("", b"", "text/plain; charset=utf-8", id="an empty text"),
        pytest.param(b"", b"", "text/plain; charset=utf-8", id="empty bytes are an empty text"),
        pytest.param("Käse", "Käse".encode(), "text/plain; charset=utf-8", id="a text"),
        pytest.param(b"\x00\xff", b"\x00\xff", "application/octet-stream", id="bytes"),
        pytest.param(bytearray(b"ab"), b"ab", "application/octet-stream", id="a bytearray"),
        pytest.param(memoryview(b"abc"), b"abc", "application/octet-stream", id="a memoryview"),
        pytest.param(memoryview(b"abcd")[::2], b"ac", "application/octet-stream", id="a memoryview with steps"),
        pytest.param(
            memoryview(array.array("i", [1, 2])),
            array.array("i", [1, 2]).tobytes(),
            "application/octet-stream",
            id="a memoryview of wide items is its bytes",
        ),
    ],
)
def test_content(content, body, content_type):
    answer = call(Response(content))
    assert answer.body == body
    assert answer.headers == [("Content-Type", content_type), ("Content-Length", str(len(body)))]


@pytest.mark.parametrize(
    ("content", "instead"),
    [
        pytest.param({"a": 1}, "JSONResponse", id="a dict"),
        pytest.param([1], "JSONResponse", id="a list"),
        pytest.param((1,), "JSONResponse", id="a tuple"),
        pytest.param({1}, "JSONResponse", id="a set"),
        pytest.param(5, "JSONResponse", id="an int"),
        pytest.param(Decimal("1.10"), "JSONResponse", id="a Decimal"),
        pytest.param(Item("a"), "JSONResponse", id="a dataclass"),
        pytest.param(iter([b"a"]), "StreamingResponse", id="an iterator"),
        pytest.param((chunk for chunk in "a"), "StreamingResponse", id="a generator"),
        pytest.param(io.BytesIO(b"a"), "StreamingResponse", id="a file"),
        pytest.param(Path("a"), "FileResponse", id="a path"),
        pytest.param(object(), "JSONResponse", id="an object"),
    ],
)
@pytest.mark.parametrize("response_class", [Response, PlainTextResponse, HTMLResponse])
def test_content_of_a_wrong_type_names_the_class_to_use(response_class, content, instead):
    message = (
        rf"content of {response_class.__name__} must be str, bytes or None, got {type(content).__name__}.*{instead}"
    )
    with pytest.raises(TypeError, match=message):
        response_class(content)


def test_a_lone_surrogate_is_no_text():
    with pytest.raises(ValueError, match="surrogates not allowed"):
        PlainTextResponse("\ud800")


@pytest.mark.parametrize(
    ("response_class", "content_type"),
    [(PlainTextResponse, "text/plain; charset=utf-8"), (HTMLResponse, "text/html; charset=utf-8")],
)
def test_the_classes_of_text(response_class, content_type):
    assert call(response_class("a")).values("Content-Type") == [content_type]


@pytest.mark.parametrize("status_code", [99, 1000, 0, -1, 200.0, True, "abc", b"200"])
def test_an_invalid_status_is_refused(status_code):
    with pytest.raises(ValueError, match="status"):
        Response("a", status_code)


@pytest.mark.parametrize(
    ("status", "line"),
    [(201, "201 Created"), ("404 Gone Fishing", "404 Gone Fishing"), (None, "200 OK"), (799, "799 Unknown")],
)
def test_a_status_line(status, line):
    assert call(Response("a", status)).status == line


def test_the_arguments_have_starlettes_order():
    ran: list[str] = []
    response = Response("a", 201, {"X-A": "1"}, "image/png", lambda: ran.append("background"))
    answer = call(response)
    assert answer.status == "201 Created"
    assert answer.headers == [("Content-Type", "image/png"), ("Content-Length", "1"), ("X-A", "1")]
    assert ran == ["background"]


def test_the_attributes_are_starlettes():
    response = Response("a", 201, {"X-A": "1"}, "text/csv")
    assert response.status_code == 201
    assert response.headers["x-a"] == "1"
    assert response.headers["content-length"] == "1"
    assert response.body == b"a"
    assert response.media_type == "text/csv"
    assert response.charset == "utf-8"
    assert response.background is None


def test_a_class_has_the_media_type_of_its_answers():
    assert (HTMLResponse.media_type, HTMLResponse("a").media_type) == ("text/html", "text/html")


@pytest.mark.parametrize("headers", [{"content-type": "a/b"}, [("Content-Type", "x/y"), ("CONTENT-TYPE", "a/b")]])
def test_the_content_type_among_the_headers_wins(headers):
    assert call(PlainTextResponse("a", headers=headers)).values("Content-Type") == ["a/b"]


def test_pairs_may_repeat_a_name():
    answer = call(Response("a", headers=[("Link", "</a>"), ("Link", "</b>")]))
    assert answer.values("Link") == ["</a>", "</b>"]


def test_the_right_length_among_the_headers_is_accepted():
    assert call(Response("abc", headers={"content-length": "3"})).values("Content-Length") == ["3"]


@pytest.mark.parametrize("length", ["2", "4", "-3", "abc", ""])
def test_a_wrong_length_among_the_headers_is_refused(length):
    with pytest.raises(ValueError, match=r"[Cc]ontent-[Ll]ength must be"):
        Response("abc", headers={"content-length": length})


def test_a_wrong_length_set_later_is_refused_at_the_call():
    response = Response("abc")
    response.headers["Content-Length"] = "4"
    with pytest.raises(ValueError, match="must be the 3 bytes of the body, got 4"):
        call(response)


def test_an_answer_to_head_may_announce_the_length_of_what_get_would_send():
    response = Response(headers={"Content-Length": "1000"})
    answer = call(response, "HEAD")
    assert (answer.values("Content-Length"), answer.body) == (["1000"], b"")


def test_a_length_without_a_body_is_refused_for_get():
    with pytest.raises(ValueError, match="must be the 0 bytes of the body, got 1000"):
        call(Response(headers={"Content-Length": "1000"}))


def test_a_body_assigned_later_changes_the_length():
    response = PlainTextResponse("abc")
    response.body = b"abcdef"
    answer = call(response)
    assert (answer.body, answer.values("Content-Length")) == (b"abcdef", ["6"])


def test_a_status_code_assigned_later_is_sent():
    response = PlainTextResponse("abc")
    response.status_code = 404
    assert (response.status, response.status_code) == ("404 Not Found", 404)
    assert call(response).status == "404 Not Found"


def test_a_status_assigned_later_is_validated():
    response = PlainTextResponse("abc")
    with pytest.raises(ValueError, match="status"):
        response.status = "200 OK\r\nX-Injected: 1"


def test_a_bodiless_status_assigned_later_sends_no_body():
    response = PlainTextResponse("abc", headers={"X-A": "1"})
    response.status = "204 Nothing"
    answer = call(response)
    assert (answer.status, answer.headers, answer.body) == ("204 Nothing", [("X-A", "1")], b"")


def test_headers_assigned_later_are_copied_and_checked():
    response = PlainTextResponse("abc")
    with pytest.raises(ValueError, match="control character"):
        response.headers = {"X-A": "1\n"}
    response.headers = {"Content-Type": "a/b"}
    assert call(response).headers == [("Content-Type", "a/b"), ("Content-Length", "3")]


def test_a_background_assigned_later_runs():
    ran: list[str] = []
    response = PlainTextResponse("abc")
    response.background = lambda: ran.append("background")
    call(response)
    assert ran == ["background"]


def test_a_subclass_may_render_as_starlettes_docs_show():
    class Upper(Response):
        media_type = "text/upper"
        charset = "latin-1"

        def render(self, content):
            return content.upper().encode(self.charset)

    answer = call(Upper("käse"))
    assert (answer.body, answer.values("Content-Type")) == ("KÄSE".encode("latin-1"), ["text/upper; charset=latin-1"])


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_a_subclass_may_render_to_a_bytes_like_object(kind):
    class Odd(Response):
        def render(self, content):
            return kind(content)

    assert call(Odd(b"abc")).body == b"abc"


def test_a_subclass_that_renders_to_no_bytes_raises_type_error():
    class Wrong(Response):
        def render(self, content):
            return content

    with pytest.raises(TypeError, match=r"render\(\) must return bytes, got 'abc'"):
        Wrong("abc")


def test_a_subclass_may_set_its_media_type_before_it_is_made():
    class Late(Response):
        def __init__(self, content):
            self.media_type = "application/late"
            super().__init__(content)

    assert call(Late("a")).values("Content-Type") == ["application/late"]


@pytest.mark.parametrize("background", [5, [], "text/html"])
def test_a_background_that_cannot_be_called_is_refused(background):
    with pytest.raises(TypeError, match="background must be callable"):
        Response("a", background=background)


@pytest.mark.parametrize("body", [5, -(2**70), None, [104, 105], {"a": 1}])
def test_a_body_of_a_wrong_type_is_refused(body):
    with pytest.raises(TypeError, match="content of Response must be str, bytes or None"):
        Response("a").body = body


def test_a_charset_is_that_of_the_body_too():
    class Latin(PlainTextResponse):
        charset = "latin-1"

    response = Latin("é")
    assert response.get_data(as_text=True) == "é"
    response.body = "ß"
    assert (response.body, response.get_data(as_text=True)) == (b"\xdf", "ß")
    assert call(response).values("Content-Type") == ["text/plain; charset=latin-1"]


def test_an_object_may_have_a_charset_of_its_own():
    class Late(PlainTextResponse):
        def __init__(self, content):
            self.charset = "latin-1"
            super().__init__(content)

    assert call(Late("é")).values("Content-Type") == ["text/plain; charset=latin-1"]


def test_an_unknown_argument_is_refused():
    with pytest.raises(TypeError, match="has no argument 'mimtype'"):
        Response("a", mimtype="text/html")  # type: ignore[call-arg]


@pytest.mark.parametrize("response", [Response(""), JSONResponse([]), Response("a", 204)])
def test_frameworks_may_test_the_truth_of_a_response(response):
    assert response


@pytest.mark.parametrize("name", ["__len__", "__bool__", "__iter__", "__getitem__"])
def test_a_response_is_no_container(name):
    assert not hasattr(Response, name)


def test_a_copy_is_a_response_of_its_own():
    response = PlainTextResponse("abc", headers={"X-A": "1"})
    twin = copy.deepcopy(response)
    twin.headers["X-A"] = "2"
    assert call(response).values("X-A") == ["1"]
    assert call(twin).body == b"abc"
