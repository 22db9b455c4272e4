"""FileResponse against hostile requests and unusual files: regression tests."""

from __future__ import annotations

import io
import os
import socket

import pytest
from responses.wsgi_calls import call, environ

from wsgiresp import serve_files
from wsgiresp._files import beneath_root
from wsgiresp.responses import FileResponse


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(bytes(1000))
    return path


def descriptors():
    return len(os.listdir("/proc/self/fd"))


needs_proc = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="only Linux tells where a descriptor leads")


@needs_proc
def test_a_path_too_long_to_resolve_leaks_no_descriptor(tmp_path):
    root = os.open(tmp_path, os.O_RDONLY)
    for _ in range(17):
        os.mkdir("x" * 250, dir_fd=root)
        below = os.open("x" * 250, os.O_RDONLY, dir_fd=root)
        os.close(root)
        root = below
    os.close(os.open("f", os.O_CREAT | os.O_WRONLY, dir_fd=root))
    os.close(root)
    before = descriptors()
    for _ in range(5):
        with pytest.raises(FileNotFoundError):
            FileResponse("/".join(["x" * 250] * 15 + ["f" * 75]), root=tmp_path)
    assert descriptors() == before


@needs_proc
def test_a_path_that_cannot_be_resolved_leaks_no_descriptor(path, monkeypatch):
    def fail(descriptor):
        raise FileNotFoundError

    before = descriptors()
    monkeypatch.setattr(beneath_root, "openat2", lambda *arguments: -1)
    monkeypatch.setattr(beneath_root, "_path_of", fail)
    with pytest.raises(FileNotFoundError):
        FileResponse("a.txt", root=path.parent)
    assert descriptors() == before


@pytest.mark.parametrize("has_proc_fd", [True, False])
def test_a_file_outside_the_root_is_not_deleted(tmp_path, monkeypatch, has_proc_fd):
    monkeypatch.setattr(beneath_root, "_HAS_PROC_FD", has_proc_fd and beneath_root._HAS_PROC_FD)
    root, out = tmp_path / "root", tmp_path / "out"
    for folder in (root / "d", out):
        folder.mkdir(parents=True)
        (folder / "f").write_bytes(b"a")
    response = FileResponse("d/f", root=root, delete_after=True)
    (root / "d").rename(root / "e")
    (root / "d").symlink_to(out)
    with pytest.raises(FileNotFoundError):
        response.prepare(environ())
    response.close()
    assert (out / "f").exists()


@pytest.mark.parametrize("has_proc_fd", [True, False])
@pytest.mark.parametrize("name", ["f", "d/f"])
def test_a_file_is_deleted_from_its_root(tmp_path, monkeypatch, has_proc_fd, name):
    monkeypatch.setattr(beneath_root, "_HAS_PROC_FD", has_proc_fd and beneath_root._HAS_PROC_FD)
    (tmp_path / "d").mkdir()
    (tmp_path / name).write_bytes(b"a")
    assert call(FileResponse(name, root=tmp_path, delete_after=True)).body == b"a"
    assert not (tmp_path / name).exists()


def test_several_ranges_of_a_file_without_a_type(path):
    response = FileResponse(path)
    del response.headers["Content-Type"]
    assert call(response, HTTP_RANGE="bytes=0-1,100-101").status == "206 Partial Content"


def test_a_validator_of_the_user_stands_alone(path):
    response = FileResponse(path)
    response.headers = {"ETag": '"mine"'}
    assert call(response).values("ETag") == ['"mine"']


def test_a_socket_is_no_file(tmp_path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        with pytest.raises(ValueError, match="must name a regular file"):
            FileResponse("s", root=tmp_path)
        assert call(serve_files(tmp_path), PATH_INFO="/s").status == "404 Not Found"


@pytest.mark.parametrize("query", ["a=\x7f", "a\tb", "\xff", "a=%20&b=c/d?e"])
def test_a_query_of_a_client_is_no_crash(tmp_path, query):
    (tmp_path / "d").mkdir()
    answer = call(serve_files(tmp_path, index="index.html"), PATH_INFO="/d", QUERY_STRING=query)
    (location,) = answer.values("Location")
    assert answer.status[0] == "3"
    assert location.startswith(("/d/?a", "/d/?%FF"))


class Raw(io.RawIOBase):
    """A file object that gives what it is told to give."""

    def __init__(self, given):
        self.given = given

    def readable(self):
        return True

    def read(self, size=-1):
        return self.given


def test_a_read_without_data_is_not_the_end():
    with pytest.raises(BlockingIOError):
        call(FileResponse(Raw(None)))


def test_more_bytes_than_asked_are_not_lost():
    class Generous(Raw):
        def read(self, size=-1):
            given, self.given = self.given, b""
            return given

    given = bytes(range(250)) * 3000
    assert call(FileResponse(Generous(given))).body == given


def test_a_part_has_no_digest_of_the_whole(path):
    headers = {"Content-Digest": "sha-256=:x:", "Content-Range": "bytes 0-1/2", "Repr-Digest": "sha-256=:y:"}
    answer = call(FileResponse(path, headers=headers), HTTP_RANGE="bytes=0-1")
    assert answer.values("Content-Digest") == []
    assert answer.values("Content-Range") == ["bytes 0-1/1000"]
    assert answer.values("Repr-Digest") == ["sha-256=:y:"]


def test_a_path_that_can_also_read_is_a_path(path):
    class Local:
        def __fspath__(self):
            return str(path)

        def read(self, mode="r"):
            raise AssertionError("not reached")

    assert len(call(FileResponse(Local())).body) == 1000


@pytest.mark.parametrize("mode", ["closed", "write-only"])
def test_a_file_object_not_open_for_reading_is_refused(path, mode):
    with open(path, "ab") as handle:
        if mode == "closed":
            handle = io.BytesIO()
            handle.close()
        with pytest.raises(ValueError, match="open for reading"):
            FileResponse(handle)


def test_a_416_keeps_the_users_cache_control_and_not_that_of_the_file(path):
    asked = {"HTTP_RANGE": "bytes=5000-"}
    assert call(FileResponse(path, headers={"Cache-Control": "no-store"}), **asked).values("Cache-Control") == [
        "no-store"
    ]
    given = {"Cache-Control": "max-age=60"}
    assert call(FileResponse(path, headers=given, max_age=60), **asked).values("Cache-Control") == ["max-age=60"]
    assert call(FileResponse(path, max_age=60), **asked).values("Cache-Control") == []
