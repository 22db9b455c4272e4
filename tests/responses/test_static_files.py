"""A folder as an application."""

from __future__ import annotations

import errno
import os
from datetime import timedelta

import pytest
from responses.wsgi_calls import call, environ

from wsgiresp import XAccelRedirect, serve_files
from wsgiresp._files import beneath_root, safe_open
from wsgiresp.responses import FileResponse


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "files"
    (root / "sub").mkdir(parents=True)
    (root / "index.html").write_bytes(b"home")
    (root / "sub" / "index.html").write_bytes(b"sub")
    (root / "a.css").write_bytes(b"a{}")
    (root / "..foo.txt").write_bytes(b"dots")
    (root / "\u00e4 %.txt").write_bytes(b"umlaut")
    (root / "empty").mkdir()
    (root / "out").symlink_to(tmp_path)
    (tmp_path / "secret").write_bytes(b"secret")
    os.mkfifo(root / "pipe")
    return root


def path_info(path):
    """Return *path* as PEP 3333 has it: its bytes as latin-1."""
    return path.encode().decode("latin-1")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/a.css", b"a{}"),
        ("/sub/index.html", b"sub"),
        ("/..foo.txt", b"dots"),
        ("/\u00e4 %.txt", b"umlaut"),
        ("a.css", b"a{}"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_file_is_served_by_its_path(folder, path, body, method):
    answer = call(serve_files(folder), method, PATH_INFO=path_info(path))
    assert (answer.status, answer.values("Content-Length")) == ("200 OK", [str(len(body))])
    assert answer.body == (body if method == "GET" else b"")


def test_a_name_that_is_no_text_is_found(folder):
    (folder / os.fsdecode(b"\xff")).write_bytes(b"bytes")
    assert call(serve_files(folder), PATH_INFO="/\xff").body == b"bytes"


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/none", id="no such file"),
        pytest.param("/../secret", id="above"),
        pytest.param("/sub/../../secret", id="down and above"),
        pytest.param("//etc/passwd", id="absolute"),
        pytest.param("/out/secret", id="through a link"),
        pytest.param("/..\\secret", id="by the other separator"),
        pytest.param("/a.css\x00.png", id="a NUL"),
        pytest.param("/con", id="a device of Windows"),
        pytest.param("/" + "n" * 300, id="a name that is too long"),
        pytest.param("/a.css/", id="a file as a folder"),
        pytest.param("/pipe", id="a pipe"),
        pytest.param("/sub", id="a folder"),
        pytest.param("/sub/", id="a folder with its slash"),
        pytest.param("/", id="the folder itself"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_path_without_a_file_in_the_folder_is_not_found(folder, path):
    answer = call(serve_files(folder), PATH_INFO=path)
    assert (answer.status, answer.body) == ("404 Not Found", b"Not Found")


def test_a_file_that_must_not_be_read_is_not_found(folder, monkeypatch):
    def forbid(path, flags, dir_fd=None):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(beneath_root, "openat2", lambda *arguments: -1)
    monkeypatch.setattr(os, "open", forbid)
    assert call(serve_files(folder), PATH_INFO="/a.css").status == "404 Not Found"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_another_method_is_not_allowed(folder, method):
    answer = call(serve_files(folder), method, PATH_INFO="/a.css")
    assert (answer.status, answer.values("Allow")) == ("405 Method Not Allowed", ["GET, HEAD"])


def test_ranges_and_conditions_are_those_of_a_file_response(folder):
    app = serve_files(folder)
    assert call(app, PATH_INFO="/a.css", HTTP_RANGE="bytes=0-0").body == b"a"
    assert call(app, PATH_INFO="/a.css", HTTP_IF_NONE_MATCH="*").status == "304 Not Modified"


@pytest.mark.parametrize(("path", "body"), [("/", b"home"), ("", b"home"), ("/sub/", b"sub")])
def test_an_index_stands_for_its_folder(folder, path, body):
    assert call(serve_files(folder, index="index.html"), PATH_INFO=path).body == body


@pytest.mark.parametrize("path", ["/empty/", "/none/"])
def test_a_folder_without_an_index_is_not_found(folder, path):
    assert call(serve_files(folder, index="index.html"), PATH_INFO=path).status == "404 Not Found"


@pytest.mark.parametrize(
    ("more", "location"),
    [
        pytest.param({}, "/sub/", id="at the root"),
        pytest.param({"SCRIPT_NAME": "/static"}, "/static/sub/", id="below another application"),
        pytest.param({"QUERY_STRING": "a=b&c=%20"}, "/sub/?a=b&c=%20", id="with a query"),
    ],
)
def test_a_folder_is_redirected_to_its_slash(folder, more, location):
    answer = call(serve_files(folder, index="index.html"), PATH_INFO="/sub", **more)
    assert (answer.status, answer.values("Location")) == ("307 Temporary Redirect", [location])


def test_options_are_those_of_a_file_response(folder):
    app = serve_files(folder, max_age="immutable", etag=False, headers=[("X-A", "1"), ("X-A", "2")])
    answer = call(app, PATH_INFO="/a.css")
    assert answer.values("Cache-Control") == ["max-age=31536000, immutable"]
    assert answer.values("X-A") == ["1", "2"]
    assert answer.values("ETag") == []


def test_an_age_may_depend_on_the_path(folder):
    app = serve_files(folder, max_age=lambda path: 60 if path.endswith(".css") else None)
    assert call(app, PATH_INFO="/a.css").values("Cache-Control") == ["max-age=60"]
    assert call(app, PATH_INFO="/index.html").values("Cache-Control") == ["no-cache"]


# Nomad issue 9772, Nikola issue 545: without Cache-Control a browser may use a file for a tenth of its age (RFC 9111,
# Section 4.2.2), and does not ask for one that was deployed anew.


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        pytest.param({}, ["no-cache"], id="nothing is said"),
        pytest.param({"max_age": None}, ["no-cache"], id="None is said"),
        pytest.param({"max_age": 0}, ["no-cache"], id="0 is said"),
        pytest.param({"max_age": lambda path: None}, ["no-cache"], id="a function says None"),
        pytest.param({"max_age": 60}, ["max-age=60"], id="an age"),
        pytest.param({"max_age": timedelta(minutes=1)}, ["max-age=60"], id="an age as a timedelta"),
        pytest.param({"max_age": lambda path: 60}, ["max-age=60"], id="a function says an age"),
        pytest.param({"headers": {"cache-control": "no-store"}}, ["no-store"], id="a given field"),
        pytest.param(
            {"headers": {"Cache-Control": "no-store"}, "max_age": 60}, ["no-store"], id="a given field, an age"
        ),
        pytest.param({"headers": {"EXPIRES": "0"}}, [], id="a given Expires"),
        pytest.param({"headers": {"Expires": "0"}, "max_age": 60}, ["max-age=60"], id="a given Expires, an age"),
        pytest.param({"headers": {"X-A": "1"}}, ["no-cache"], id="another field"),
    ],
)
def test_a_file_is_asked_for_again_unless_something_else_is_said(folder, options, sent):
    answer = call(serve_files(folder, **options), PATH_INFO="/a.css")
    assert answer.values("Cache-Control") == sent
    again = call(serve_files(folder, **options), PATH_INFO="/a.css", HTTP_IF_NONE_MATCH=answer.values("ETag")[0])
    assert (again.status, again.values("Cache-Control")) == ("304 Not Modified", sent)


def test_a_file_by_itself_has_no_cache_control(folder):
    assert call(FileResponse(folder / "a.css")).values("Cache-Control") == []


def test_an_age_is_that_of_the_file_and_not_of_the_path_of_the_request(folder):
    app = serve_files(folder, index="index.html", max_age={"index.html": 1, "sub/index.html": 2}.__getitem__)
    assert call(app, PATH_INFO="/").values("Cache-Control") == ["max-age=1"]
    assert call(app, PATH_INFO="/sub/").values("Cache-Control") == ["max-age=2"]


def test_the_server_in_front_can_send(folder):
    app = serve_files(folder, offload=XAccelRedirect("/p/", folder))
    assert call(app, PATH_INFO="/sub/index.html").values("X-Accel-Redirect") == ["/p/sub/index.html"]


def test_a_root_that_is_no_folder_is_refused_at_once(folder):
    with pytest.raises(NotADirectoryError, match="root must be a folder"):
        serve_files(folder / "a.css")


@pytest.mark.parametrize("wrong", [{"max_age": -1}, {"headers": {"X-A": "a\nb"}}, {"headers": {"Status": "1"}}])
def test_invalid_options_are_refused_at_once(folder, wrong):
    with pytest.raises(ValueError, match=r"max_age|X-A|Status"):
        serve_files(folder, **wrong)


def test_a_server_that_refuses_the_headers_leaves_nothing_open(folder):
    def refuse(status, headers, exc_info=None):
        raise OSError("no")

    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match="no"):
        serve_files(folder)(environ(PATH_INFO="/a.css"), refuse)
    assert len(os.listdir("/proc/self/fd")) == before


def raise_emfile(*_):
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


@pytest.mark.parametrize(
    ("keys", "error"),
    [
        pytest.param({}, OSError, id="a server that answers 500"),
        pytest.param({"gunicorn.socket": None}, RuntimeError, id="gunicorn, which would close the connection"),
        pytest.param({"waitress.client_disconnected": None}, RuntimeError, id="waitress, which would do so too"),
    ],
)
@pytest.mark.parametrize("failing", ["open", "etag", "max_age"])
def test_an_os_error_is_raised_such_that_the_server_answers_500(folder, monkeypatch, keys, error, failing):
    if failing == "open":
        app = serve_files(folder)
        monkeypatch.setattr(safe_open, "open_beneath", raise_emfile)
    else:
        app = serve_files(folder, **{failing: raise_emfile})
    with pytest.raises(error, match=os.strerror(errno.EMFILE)):
        call(app, PATH_INFO="/a.css", **keys)


@pytest.mark.parametrize("failing", ["read", "open"])
def test_an_os_error_of_the_page_for_a_404_is_raised_such_that_the_server_answers_500(folder, monkeypatch, failing):
    (folder / "404.html").write_bytes(b"")
    app = serve_files(folder, index="index.html")
    if failing == "open":
        monkeypatch.setattr(safe_open, "open_beneath", raise_emfile)
    else:
        monkeypatch.setattr(safe_open, "_read_at", raise_emfile)
    with pytest.raises(RuntimeError, match=os.strerror(errno.EMFILE)):
        call(app, PATH_INFO="/none", **{"gunicorn.socket": None})
