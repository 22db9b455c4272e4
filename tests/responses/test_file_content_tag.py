"""ETag of a BytesIO: made of its bytes, and only for a request that can make use of it."""

from __future__ import annotations

import hashlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from responses.wsgi_calls import call

from wsgiresp.responses import FileResponse

VIDEO = bytes(range(256)) * 40
NEWER = VIDEO[::-1]


def tag(content):
    return f'"{hashlib.sha256(content).hexdigest()}"'


TAG = tag(VIDEO)


def ask(content=VIDEO, method="GET", headers=None, etag=True, **fields):
    asked = {"HTTP_" + name.upper(): value for name, value in fields.items()}
    return call(FileResponse(io.BytesIO(content), headers=headers, etag=etag), method, **asked)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_plain_download_has_none(method):
    assert ask(method=method).values("ETag") == []


def test_a_post_with_a_range_has_none():
    answer = ask(method="POST", range="bytes=0-1", if_none_match="*")
    assert (answer.status, answer.values("ETag"), answer.body) == ("200 OK", [], VIDEO)


def test_a_browser_that_looks_before_it_plays_gets_two_parts_with_one_tag():
    first = ask(range="bytes=0-1")
    rest = ask(range="bytes=0-", if_range=first.values("ETag")[0])
    assert [first.status, rest.status] == ["206 Partial Content"] * 2
    assert (first.body, rest.body) == (VIDEO[:2], VIDEO)
    assert first.values("ETag") == rest.values("ETag") == [TAG]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        pytest.param({"range": "bytes=0-1"}, 206, id="a range"),
        pytest.param({"range": "bytes=99999-"}, 416, id="a range beyond the end"),
        pytest.param({"range": "bytes=0-1", "if_range": TAG}, 206, id="a part of this version"),
        pytest.param({"range": "bytes=0-1", "if_range": tag(NEWER)}, 200, id="a part of another version"),
        pytest.param(
            {"range": "bytes=0-1", "if_range": "Sat, 29 Oct 1994 19:43:31 GMT"}, 200, id="a part of a version of a date"
        ),
        pytest.param({"if_none_match": TAG}, 304, id="the tag"),
        pytest.param({"if_none_match": f"W/{TAG}"}, 304, id="the tag, weak"),
        pytest.param({"if_none_match": tag(NEWER)}, 200, id="another tag"),
        pytest.param({"if_match": TAG}, 200, id="this tag wanted"),
        pytest.param({"if_match": tag(NEWER)}, 412, id="another tag wanted"),
        pytest.param({"if_match": f"W/{TAG}"}, 412, id="a weak tag wanted"),
        pytest.param({"if_modified_since": "Sat, 29 Oct 1994 19:43:31 GMT"}, 200, id="a date, of which it has none"),
    ],
)
def test_conditions_hold_for_its_bytes(fields, status):
    answer = ask(**fields)
    assert int(answer.status[:3]) == status
    assert answer.values("ETag") == ([TAG] if status < 400 else [])
    head = ask(method="HEAD", **fields)
    assert int(head.status[:3]) == (status if status in (304, 412) else 200)


@given(content=st.binary(max_size=60), other=st.binary(max_size=60), position=st.integers(0, 70))
def test_two_objects_share_a_tag_where_they_send_the_same_bytes(content, other, position):
    def sent(content):
        handle = io.BytesIO(content)
        handle.seek(position)
        return call(FileResponse(handle), HTTP_IF_NONE_MATCH='"x"')

    one, two = sent(content), sent(other)
    assert one.values("ETag") == [tag(one.body)]
    assert (one.values("ETag") == two.values("ETag")) == (one.body == two.body)


def test_it_can_be_switched_off():
    answer = ask(etag=False, range="bytes=0-1")
    assert (answer.status, answer.values("ETag")) == ("206 Partial Content", [])
    assert ask(etag=False, range="bytes=0-1", if_range=TAG).status == "200 OK"


def test_a_tag_that_is_given_wins():
    answer = ask(headers={"etag": '"v1"'}, range="bytes=0-1", if_range='"v1"')
    assert (answer.status, answer.values("ETag")) == ("206 Partial Content", ['"v1"'])


def test_another_status_has_none():
    response = FileResponse(io.BytesIO(VIDEO), 203)
    assert call(response, HTTP_IF_NONE_MATCH='"x"').values("ETag") == []


def test_the_object_is_closed_after_a_304():
    handle = io.BytesIO(VIDEO)
    call(FileResponse(handle), HTTP_IF_NONE_MATCH=TAG)
    assert handle.closed


def test_a_subclass_with_a_read_of_its_own_has_none():
    class Upper(io.BytesIO):
        def read(self, size=-1):
            return super().read(size).upper()

    answer = call(FileResponse(Upper(b"abcdef")), HTTP_RANGE="bytes=1-2")
    assert (answer.status, answer.body, answer.values("ETag")) == ("206 Partial Content", b"BC", [])


def test_a_subclass_that_gives_more_bytes_than_it_holds_is_sent_whole():
    class Doubled(io.BytesIO):
        def read(self, size=-1):
            return super().read(size) * 2

    answer = call(FileResponse(Doubled(b"abc")))
    assert (answer.body, answer.values("Content-Length")) == (b"abcabc", [])


def test_a_subclass_that_may_go_back_slowly_has_ranges_in_ascending_order_alone():
    class Decoded(io.BytesIO):
        def read(self, size=-1):
            return super().read(size)

    assert call(FileResponse(Decoded(VIDEO)), HTTP_RANGE="bytes=9-9,0-0").status == "200 OK"
    assert call(FileResponse(Decoded(VIDEO)), HTTP_RANGE="bytes=0-0,9-9").status == "206 Partial Content"
