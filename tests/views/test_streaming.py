"""Views that are generators: what they give is sent as it comes, by the class that the decorator names."""

from __future__ import annotations

import pytest
from pydantic import BaseModel
from responses.wsgi_calls import call, start

from wsgiresp import respond_with
from wsgiresp._views import coercion
from wsgiresp.exceptions import ResponseValidationError
from wsgiresp.responses import (
    EventSourceResponse,
    HTMLResponse,
    JSONLinesResponse,
    JSONResponse,
    Response,
    ServerSentEvent,
    StreamingResponse,
)


class Item(BaseModel):
    number: int


def generator(*items):
    def view():
        yield from items

    return view


def asynchronous(*items):
    async def view():
        for item in items:
            yield item

    return view


def events(answer):
    return [line for line in answer.body.decode().splitlines() if line.startswith(("data", "event"))]


@pytest.mark.parametrize("kind", [generator, asynchronous])
@pytest.mark.parametrize(
    ("response_class", "items", "content_type", "body"),
    [
        pytest.param(None, ["a", b"b"], "application/octet-stream", b"ab", id="bytes and text"),
        pytest.param(StreamingResponse, ["a"], "application/octet-stream", b"a", id="a stream"),
        pytest.param(HTMLResponse, ["<p>", "</p>"], "text/html; charset=utf-8", b"<p></p>", id="a page"),
        pytest.param(JSONLinesResponse, [{"a": 1}, 2], "application/jsonl", b'{"a":1}\n2\n', id="lines"),
    ],
)
def test_a_generator_is_sent_as_it_comes(kind, response_class, items, content_type, body):
    answer = call(respond_with(response_class)(kind(*items))())
    assert (answer.values("Content-Type"), answer.body) == ([content_type], body)


@pytest.mark.parametrize("kind", [generator, asynchronous])
def test_a_generator_gives_events(kind):
    answer = call(respond_with(EventSourceResponse)(kind("a", {"event": "b", "data": "c"}))())
    assert events(answer) == ["data: a", "event: b", "data: c"]


def test_a_generator_for_json_is_an_array():
    assert call(respond_with(JSONResponse)(generator(1, 2))()).body == b"[1,2]"


def test_a_list_is_a_stream_by_the_class():
    assert call(respond_with(JSONLinesResponse)(lambda: [1, 2])()).body == b"1\n2\n"


def test_status_and_headers_are_those_of_the_decorator():
    answer = call(respond_with(HTMLResponse, status_code=202, headers={"X-A": "1"})(generator("a"))())
    assert (answer.status, answer.values("X-A")) == ("202 Accepted", ["1"])


def test_a_generator_gets_what_it_asks_for():
    ran = []

    @respond_with(HTMLResponse)
    def view(response: Response):
        yield str(response.headers)
        ran.append(response)

    assert call(view()).body == b"\r\n"
    assert len(ran) == 1


@pytest.mark.parametrize("kind", [generator, asynchronous])
def test_each_item_is_as_the_model_says(kind):
    view = respond_with(JSONLinesResponse, response_model=Item)(kind({"number": "1", "more": 1}, Item(number=2)))
    assert call(view()).body == b'{"number":1}\n{"number":2}\n'


def test_an_item_that_the_model_does_not_allow_is_an_error_of_the_view():
    view = respond_with(JSONLinesResponse, response_model=Item)(generator({"number": "a"}))
    with pytest.raises(ResponseValidationError, match="number"):
        call(view())


def test_an_event_is_sent_as_it_says():
    sent = ServerSentEvent(data="a", event="own")
    view = respond_with(EventSourceResponse, response_model=Item)(generator({"number": 1}, sent))
    assert events(call(view())) == ['data: {"number":1}', "event: own", "data: a"]


def test_items_of_what_is_no_generator_are_validated():
    view = respond_with(JSONLinesResponse, response_model=Item)(lambda: iter([{"number": 1}]))
    assert call(view()).body == b'{"number":1}\n'


class Numbers:
    """An asynchronous iterator that cannot be closed."""

    def __init__(self):
        self.left = [{"number": 1}]

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop()


def test_items_of_what_is_no_async_generator_are_validated():
    view = respond_with(JSONLinesResponse, response_model=Item)(lambda: Numbers())
    assert call(view()).body == b'{"number":1}\n'


def test_a_json_class_validates_the_array():
    view = respond_with(JSONResponse, response_model=list[Item])(generator({"number": 1, "more": 2}))
    assert call(view()).body == b'[{"number":1}]'


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_client_that_leaves_closes_the_generator_behind_the_model(kind):
    closed = []

    def endless():
        try:
            while True:
                yield {"number": 1}
        finally:
            closed.append(1)

    async def endless_later():
        try:
            while True:
                yield {"number": 1}
        finally:
            closed.append(1)

    view = endless if kind == "sync" else endless_later
    answer = start(respond_with(JSONLinesResponse, response_model=Item)(view)())
    next(iter(answer.iterable))
    answer.close()
    assert closed == [1]


def test_the_application_may_have_a_class_for_streams(monkeypatch):
    monkeypatch.setattr(coercion, "_finders", [lambda: JSONLinesResponse])
    assert call(respond_with(response_model=Item)(generator({"number": 1}))()).body == b'{"number":1}\n'
