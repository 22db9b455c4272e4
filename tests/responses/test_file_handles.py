"""FileResponse of what Python's own modules and those of others open: each arrives whole, in whatever way it seeks."""

from __future__ import annotations

import bz2
import contextlib
import functools
import gzip
import io
import lzma
import mmap
import os
import socket
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import threading
import urllib.request
import zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from files.fake_handles import IgnoringWhence, NotSeekable, StreamedHTTP, UnknownSize, WithoutWhence
from responses.wsgi_calls import call

from wsgiresp.responses import FileResponse

CONTENT = bytes(range(256)) * 400
STANDS_AT = 10  # where an object may have been read to before


class ReadAlone:
    def __init__(self):
        self.read = io.BytesIO(CONTENT).read


def a_tar(mode):
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode=mode) as archive:
        member = tarfile.TarInfo("a")
        member.size = len(CONTENT)
        archive.addfile(member, io.BytesIO(CONTENT))
    return written.getvalue()


@contextlib.contextmanager
def tar_member(file, mode):
    with tarfile.open(fileobj=file, mode=mode) as archive:
        yield archive.extractfile(archive.next())


@contextlib.contextmanager
def zip_member(compression):
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", compression) as archive:
        archive.writestr("a", CONTENT)
    with zipfile.ZipFile(written) as archive, archive.open("a") as member:
        yield member


@contextlib.contextmanager
def pipe_of_a_process(buffering):
    code = f"import sys; sys.stdout.buffer.write(bytes(range(256)) * {len(CONTENT) // 256})"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, bufsize=buffering) as process:
        yield process.stdout


@contextlib.contextmanager
def spooled(most):
    with tempfile.SpooledTemporaryFile(most) as file:
        file.write(CONTENT)
        file.seek(0)
        yield file


@contextlib.contextmanager
def file_of_a_socket():
    ours, theirs = socket.socketpair()
    with ours, theirs, theirs.makefile("rb") as file:
        sender = threading.Thread(target=lambda: (ours.sendall(CONTENT), ours.close()))
        sender.start()
        yield file
        sender.join()


@contextlib.contextmanager
def answer_of_a_url():
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(CONTENT)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{server.server_port}/") as answer:
            yield answer
        thread.join()


@contextlib.contextmanager
def on_disk(opened, content=CONTENT):
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        with opened(file.name) as handle:
            yield handle


@contextlib.contextmanager
def mapped():
    with on_disk(functools.partial(open, mode="r+b")) as file, mmap.mmap(file.fileno(), 0) as mapping:
        yield mapping


@contextlib.contextmanager
def blob():
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE t(b BLOB)")
        row = connection.execute("INSERT INTO t VALUES (?)", (CONTENT,)).lastrowid
        yield connection.blobopen("t", "b", row)


def plain(make):
    return lambda: contextlib.nullcontext(make())


SEEKABLE = {
    "a BytesIO": plain(lambda: io.BytesIO(CONTENT)),
    "a file": lambda: on_disk(functools.partial(open, mode="rb")),
    "an unbuffered file": lambda: on_disk(functools.partial(open, mode="rb", buffering=0)),
    "gzip": lambda: on_disk(gzip.open, gzip.compress(CONTENT)),
    "bzip2": lambda: on_disk(bz2.open, bz2.compress(CONTENT)),
    "xz": lambda: on_disk(lzma.open, lzma.compress(CONTENT)),
    "a member of a tar archive": lambda: tar_member(io.BytesIO(a_tar("w")), "r:"),
    "a member of a compressed tar archive": lambda: tar_member(io.BytesIO(a_tar("w:gz")), "r:gz"),
    "a member of a zip archive": lambda: zip_member(zipfile.ZIP_DEFLATED),
    "a stored member of a zip archive": lambda: zip_member(zipfile.ZIP_STORED),
    "a spooled file in memory": lambda: spooled(10**6),
    "a spooled file on disk": lambda: spooled(10),
    "a mapped file": mapped,
    "a blob of SQLite": blob,
}
STREAMED = {
    "a streamed member of a tar archive": lambda: tar_member(NotSeekable(a_tar("w")), "r|"),
    "a streamed member of a compressed tar archive": lambda: tar_member(NotSeekable(a_tar("w:gz")), "r|gz"),
    "the output of a process": lambda: pipe_of_a_process(-1),
    "the unbuffered output of a process": lambda: pipe_of_a_process(0),
    "the answer of a URL": answer_of_a_url,
    "a file of a socket": file_of_a_socket,
    "gzip of a pipe": plain(lambda: gzip.GzipFile(fileobj=NotSeekable(gzip.compress(CONTENT)))),
    "fsspec over HTTP": plain(lambda: StreamedHTTP(CONTENT)),  # fsspec/filesystem_spec issue 550
    "fsspec without a size": plain(lambda: UnknownSize(CONTENT)),
    "an object with a read alone": plain(ReadAlone),
    "a seek without whence": plain(lambda: WithoutWhence(CONTENT)),
    "a seek that ignores whence": plain(lambda: IgnoringWhence(CONTENT)),
}


@pytest.mark.parametrize("name", [*SEEKABLE, *STREAMED])
@pytest.mark.parametrize("start", [0, STANDS_AT])
def test_every_byte_from_where_it_stands_arrives(name, start):
    with {**SEEKABLE, **STREAMED}[name]() as handle:
        assert handle.read(start) == CONTENT[:start]
        answer = call(FileResponse(handle))
    assert (answer.status, answer.body == CONTENT[start:]) == ("200 OK", True)
    assert answer.values("Content-Length") == ([str(len(CONTENT) - start)] if name in SEEKABLE else [])


@pytest.mark.parametrize("name", SEEKABLE)
@pytest.mark.parametrize("start", [0, STANDS_AT])
def test_a_range_of_what_can_seek_is_a_part(name, start):
    with SEEKABLE[name]() as handle:
        handle.read(start)
        answer = call(FileResponse(handle), HTTP_RANGE="bytes=90000-90999")
    assert (answer.status, answer.body) == ("206 Partial Content", CONTENT[start + 90000 : start + 91000])
    assert answer.values("Content-Range") == [f"bytes 90000-90999/{len(CONTENT) - start}"]


@pytest.mark.parametrize("name", STREAMED)
def test_a_range_of_what_cannot_seek_is_all_of_it(name):
    with STREAMED[name]() as handle:
        answer = call(FileResponse(handle), HTTP_RANGE="bytes=0-1", HTTP_IF_RANGE='"a"')
    assert (answer.status, answer.body == CONTENT) == ("200 OK", True)
    assert [name for name, _ in answer.headers] == ["Content-Type"]


@pytest.mark.parametrize("name", [*SEEKABLE, *STREAMED])
def test_no_server_gets_at_the_descriptor(name):
    given = []

    def wrapper(file, size):
        given.append(file)
        return iter(lambda: file.read(size), b"")

    with {**SEEKABLE, **STREAMED}[name]() as handle:
        answer = call(FileResponse(handle), **{"wsgi.file_wrapper": wrapper})
        assert answer.body == CONTENT
        for body in [*given, answer.iterable]:
            assert not hasattr(body, "fileno")


@pytest.mark.parametrize("name", [name for name in SEEKABLE if name != "a BytesIO"])
def test_a_part_of_what_has_no_validator_is_never_joined_to_another_version(name):
    with SEEKABLE[name]() as handle:
        answer = call(FileResponse(handle), HTTP_RANGE="bytes=5-9", HTTP_IF_RANGE='"a"')
    assert (answer.status, answer.body == CONTENT) == ("200 OK", True)
    assert answer.values("ETag") == []


@pytest.mark.parametrize("name", SEEKABLE)
def test_several_ranges_in_order_are_parts(name):
    with SEEKABLE[name]() as handle:
        answer = call(FileResponse(handle), HTTP_RANGE="bytes=0-9,50000-50009,-10")
    assert (answer.status, answer.body.count(b"Content-Range: ")) == ("206 Partial Content", 3)
    assert CONTENT[50000:50010] in answer.body


@pytest.mark.parametrize("name", SEEKABLE)
def test_ranges_that_go_back_are_parts_of_memory_alone(name):
    with SEEKABLE[name]() as handle:
        answer = call(FileResponse(handle), HTTP_RANGE="bytes=50000-50009,0-9")
    assert answer.status == ("206 Partial Content" if name == "a BytesIO" else "200 OK")


def test_the_standard_input_of_a_program_is_sent():
    code = (
        "import sys; from wsgiresp.responses import FileResponse;"
        "body = FileResponse(sys.stdin.buffer)({'REQUEST_METHOD': 'GET'}, lambda *_: None);"
        "sys.stdout.buffer.write(b''.join(body))"
    )
    done = subprocess.run([sys.executable, "-c", code], input=CONTENT, capture_output=True, check=True, timeout=60)
    assert done.stdout == CONTENT


@pytest.mark.parametrize("path", ["/proc/cpuinfo", "/proc/self/cmdline"])
def test_a_file_of_the_kernel_that_somebody_has_opened_is_sent_without_a_length(path):
    if not os.path.exists(path):
        pytest.skip("no /proc")
    with open(path, "rb") as handle:
        content = handle.read()
    with open(path, "rb") as handle:
        answer = call(FileResponse(handle))
    assert (len(answer.body) > 0, answer.values("Content-Length")) == (len(content) > 0, [])


def test_the_error_of_a_damaged_file_comes_before_the_head(tmp_path):
    (tmp_path / "a.gz").write_bytes(gzip.compress(CONTENT)[:-8] + bytes(8))
    handle = gzip.open(tmp_path / "a.gz")  # noqa: SIM115
    with pytest.raises(gzip.BadGzipFile):
        call(FileResponse(handle))
    assert handle.closed
