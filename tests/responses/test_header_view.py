"""``response.headers`` is a view of the fields: the body stays as it is, and each call settles Content-Length."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from responses.wsgi_calls import call

from wsgiresp.responses import PlainTextResponse, Response

VIEWS = {
    "read": lambda response: response.headers.get("X"),
    "set": lambda response: response.headers.set("X", "1"),
    "length removed": lambda response: response.headers.remove("Content-Length"),
    "length said": lambda response: response.headers.set("Content-Length", "4"),
    "length said twice": lambda response: response.headers.add("Content-Length", "4"),
    "replaced": lambda response: setattr(response, "headers", {"X": "1"}),
    "cookie": lambda response: response.set_cookie("a", "b"),
    "status": lambda response: setattr(response, "status_code", 404),
    "iterable": lambda response: response.response,
}
COPIES = {
    "copy": copy.copy,
    "deep copy": copy.deepcopy,
    "pickle": lambda response: pickle.loads(pickle.dumps(response)),
    "the same": lambda response: response,
}


@given(
    st.lists(st.sampled_from(sorted(VIEWS)), max_size=6),
    st.sampled_from(sorted(COPIES)),
    st.sampled_from(["GET", "HEAD"]),
)
def test_whatever_is_done_to_the_headers_one_true_length_is_sent(names, copier, method):
    response = PlainTextResponse("four")
    for name in names:
        VIEWS[name](response)
    response = COPIES[copier](response)
    answer = call(response, method=method)
    assert set(answer.values("Content-Length")) == {"4"}
    assert answer.body == (b"" if method == "HEAD" else b"four")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_another_length_is_refused_at_the_call(method):
    response = PlainTextResponse("four")
    response.headers["Content-Length"] = "5"
    with pytest.raises(ValueError, match="must be the 4 bytes of the body, got 5"):
        call(response, method=method)


def test_an_empty_body_shows_no_length_before_the_call():
    response = Response()
    assert "Content-Length" not in response.headers
    assert ("Content-Length", "0") in call(response).headers


def test_an_empty_body_may_announce_to_head_what_get_would_send():
    response = Response()
    response.headers["Content-Length"] = "1000"
    assert ("Content-Length", "1000") in call(response, method="HEAD").headers
    with pytest.raises(ValueError, match="must be the 0 bytes of the body, got 1000"):
        call(response)


def test_headers_are_one_object_before_and_after_the_iterable_was_asked_for():
    response = Response()
    headers = response.headers
    response.response = [b"chunk"]
    headers["X"] = "1"
    assert response.headers is headers
    assert ("X", "1") in call(response).headers


@pytest.mark.parametrize("ask", ["headers", "response"])
@pytest.mark.parametrize("content", ["", "four"])
def test_all_threads_get_one_view(ask, content):
    class AskedTwice(Response):
        other = None

        def _field_list(self):
            fields = super()._field_list()
            if self.other is None:
                self.other = ()
                self.other = self.headers  # as another thread may at this moment
            return fields

    response = AskedTwice(content)
    getattr(response, ask)
    assert response.headers is response.other
    response.other["X"] = "1"
    assert ("X", "1") in call(response).headers


def test_a_copy_has_a_view_of_its_own():
    response = PlainTextResponse("four")
    response.headers["X"] = "1"
    twin = copy.copy(response)
    twin.headers["X"] = "2"
    assert response.headers["X"] == "1"
    assert ("X", "2") in call(twin).headers


@pytest.mark.parametrize("copier", sorted(COPIES))
def test_a_copy_refuses_the_length_that_its_model_refuses(copier):
    response = PlainTextResponse("four")
    response.headers["Content-Length"] = "5"
    twin = COPIES[copier](response)
    with pytest.raises(ValueError, match="must be the 4 bytes of the body, got 5"):
        call(twin)


def test_a_copy_of_an_empty_response_announces_its_length():
    response = Response()
    response.headers["X"] = "1"
    assert ("Content-Length", "0") in call(copy.copy(response)).headers


def test_a_response_with_a_view_can_be_pickled():
    response = PlainTextResponse("four")
    response.headers["X"] = "1"
    restored = pickle.loads(pickle.dumps(response))
    restored.headers["X"] = "2"
    assert ("X", "2") in call(restored).headers


def test_a_class_that_sets_no_length_sends_none():
    class Bare(PlainTextResponse):
        automatically_set_content_length = False

    response = Bare("four")
    response.headers["X"] = "1"
    assert [name for name, _ in call(response).headers] == ["Content-Type", "X"]


@pytest.mark.parametrize("name", ["read", "length removed"])
def test_the_fields_can_be_asked_for_without_a_request(name):
    response = PlainTextResponse("four")
    VIEWS[name](response)
    assert response.get_wsgi_headers({})["Content-Length"] == "4"
