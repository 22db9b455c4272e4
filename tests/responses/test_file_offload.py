"""Files that the server in front sends."""

from __future__ import annotations

import io
import os

import pytest
from responses.wsgi_calls import call

from wsgiresp.responses import FileResponse, XAccelRedirect, XSendfile


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "files" / "sub").mkdir(parents=True)
    (tmp_path / "files" / "sub" / "50 % ü?.txt").write_bytes(b"0123456789")
    (tmp_path / "files" / "a.txt").write_bytes(b"0123456789")
    return tmp_path / "files"


def offloaded(folder, path="a.txt", offload=None, **more):
    return FileResponse(folder / path, offload=offload or XAccelRedirect("/protected/", folder), **more)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_answer_is_a_header_and_no_body(folder, method):
    answer = call(offloaded(folder, filename="b.txt", max_age=5), method)
    assert (answer.status, answer.body) == ("200 OK", b"")
    assert answer.headers == [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Disposition", 'attachment; filename="b.txt"'),
        ("Cache-Control", "max-age=5"),
        ("X-Accel-Redirect", "/protected/a.txt"),
        ("Content-Length", "0"),
    ]


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({"HTTP_RANGE": "bytes=0-1"}, id="a range"),
        pytest.param({"HTTP_IF_NONE_MATCH": "*"}, id="a condition"),
    ],
)
def test_ranges_and_conditions_are_left_to_the_server_in_front(folder, asked):
    assert call(offloaded(folder), **asked).status == "200 OK"


@pytest.mark.parametrize("prefix", ["/protected/", "/protected"])
def test_nginx_gets_an_encoded_path(folder, prefix):
    answer = call(offloaded(folder, "sub/50 % ü?.txt", XAccelRedirect(prefix, folder)))
    assert answer.values("X-Accel-Redirect") == ["/protected/sub/50%20%25%20%C3%BC%3F.txt"]


def test_apache_gets_the_whole_path(folder):
    answer = call(offloaded(folder, "sub/50 % ü?.txt", XSendfile()))
    assert answer.values("X-Sendfile") == [f"{folder}/sub/50%20%25%20%C3%BC%3F.txt"]


def test_a_name_that_is_no_text_is_sent_byte_by_byte(folder):
    name = os.fsdecode(b"\xff.txt")
    (folder / name).write_bytes(b"")
    assert call(offloaded(folder, name)).values("X-Accel-Redirect") == ["/protected/%FF.txt"]


def test_links_are_resolved_on_both_sides(folder, tmp_path):
    (tmp_path / "current").symlink_to("files")
    (folder / "link").symlink_to("sub")
    answer = call(FileResponse("link/50 % ü?.txt", root=folder, offload=XAccelRedirect("/p/", tmp_path / "current")))
    assert answer.values("X-Accel-Redirect") == ["/p/sub/50%20%25%20%C3%BC%3F.txt"]


def test_a_file_outside_the_folder_of_nginx_is_refused(folder):
    with pytest.raises(ValueError, match="a file that nginx is to send must be in"):
        call(offloaded(folder, "a.txt", XAccelRedirect("/protected/", folder / "sub")))


def test_a_file_that_vanished_is_not_announced(folder):
    response = offloaded(folder)
    (folder / "a.txt").unlink()
    with pytest.raises(FileNotFoundError):
        call(response)


@pytest.mark.parametrize(
    "prefix", ["protected/", "//protected/", "", "/漢/", "/a\r\nX: y/", "/a?b/", "/a%20b/", "/#a/", "/a/../b/", "/./"]
)
def test_a_prefix_that_is_no_path_is_refused(prefix):
    with pytest.raises(ValueError, match="prefix must be the path of a location"):
        XAccelRedirect(prefix, "/srv")


class Offloaded(FileResponse):
    offload = XSendfile()


def test_a_subclass_sets_it_for_all(folder):
    assert call(Offloaded(folder / "a.txt")).values("X-Sendfile") == [f"{folder}/a.txt"]


def test_what_is_deleted_is_sent_from_here(folder):
    assert call(Offloaded(folder / "a.txt", delete_after=True)).body == b"0123456789"


def test_a_file_object_is_sent_from_here():
    assert call(Offloaded(io.BytesIO(b"ab"))).body == b"ab"


@pytest.mark.parametrize(("status", "body"), [(201, b"0123456789"), (404, b"0123456789"), (204, b""), (304, b"")])
def test_another_status_is_sent_from_here_since_nginx_would_make_a_200_of_it(folder, status, body):
    answer = call(offloaded(folder, status_code=status))
    assert (answer.status[:3], answer.body) == (str(status), body)
    assert answer.values("X-Accel-Redirect") == []


def test_a_status_that_is_set_later_counts(folder):
    response = offloaded(folder)
    response.status_code = 404
    assert call(response).body == b"0123456789"


def test_the_background_runs(folder):
    ran: list[int] = []
    call(offloaded(folder, background=lambda: ran.append(1)))
    assert ran == [1]


def test_the_length_of_the_file_is_not_the_length_of_the_answer(folder):
    assert call(offloaded(folder, headers={"Content-Length": "10"})).values("Content-Length") == ["0"]


def test_the_file_must_still_be_there_later(folder):
    with pytest.raises(ValueError, match="exclude each other"):
        offloaded(folder, delete_after=True)


@pytest.mark.parametrize("more", [{"offload": XSendfile()}, {"delete_after": True}, {"root": "/"}])
def test_a_file_object_has_no_place(more):
    with pytest.raises(ValueError, match="root, delete_after and offload are for a path"):
        FileResponse(io.BytesIO(b""), **more)
