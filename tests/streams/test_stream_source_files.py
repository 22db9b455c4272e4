"""File objects as content: what a pipe or a connection has is a chunk at once, and no byte is lost."""

from __future__ import annotations

import codecs
import contextvars
import gzip
import http.client
import io
import os
import socket
import subprocess
import sys
import tempfile
import zipfile

import gevent
import pytest
from gevent.fileobject import FileObjectPosix, FileObjectThread
from gevent.subprocess import PIPE, Popen
from hypothesis import given
from hypothesis import strategies as st
from runtime.runners import PATIENCE

from wsgiresp._streams.stream_source import READ_SIZE, StreamSource


def iterator_of(file):
    return StreamSource(file, bytes, contextvars.copy_context()).iterator()


def buffered(descriptor):
    return open(descriptor, "rb")


def unbuffered(descriptor):
    return open(descriptor, "rb", buffering=0)


def through_a_wrapper(descriptor):
    return Forwarding(open(descriptor, "rb"))


def of_a_socket(descriptor):
    """Return the file of a socket whose bytes come from the pipe behind *descriptor*, moved by a thread."""
    left, right = socket.socketpair()

    def move():
        while block := os.read(descriptor, READ_SIZE):
            right.sendall(block)
        right.close()
        os.close(descriptor)

    gevent.get_hub().threadpool.spawn(move)
    with left:
        return left.makefile("rb")


class Forwarding:
    """Passes all attributes of *file* on, as ``tempfile.NamedTemporaryFile`` does."""

    def __init__(self, file):
        self._file = file

    def __getattr__(self, name):
        return getattr(self._file, name)


class Decoding(Forwarding):
    """Passes all but ``read()`` on, as ``codecs.StreamReader`` does."""

    def read(self, size):
        return self._file.read(size).upper()


FILES = [
    pytest.param(buffered, id="a buffered file"),
    pytest.param(unbuffered, id="an unbuffered file"),
    pytest.param(through_a_wrapper, id="a wrapper that passes all on"),
    pytest.param(of_a_socket, id="the file of a socket"),
    pytest.param(lambda read: FileObjectPosix(read, "rb"), id="gevent's"),
    pytest.param(lambda read: FileObjectPosix(read, "rb", 0), id="gevent's, unbuffered"),
    pytest.param(lambda read: FileObjectThread(read, "rb"), id="gevent's with threads"),
    pytest.param(lambda read: FileObjectThread(read, "rb", 0), id="gevent's with threads, unbuffered"),
]


def text_file(descriptor):
    return open(descriptor, encoding="utf-8")


@pytest.mark.parametrize("opened", FILES)
def test_the_bytes_of_a_pipe_are_a_chunk_at_once(opened):
    read, write = os.pipe()
    file = opened(read)
    chunks = iterator_of(file)
    with gevent.Timeout(PATIENCE), open(write, "wb", buffering=0) as other_end:
        for block in (b"now", b"a line\n", b"later"):
            other_end.write(block)
            assert next(chunks) == block
        other_end.close()
        assert next(chunks, "the end") == "the end"
    file.close()


@pytest.mark.parametrize(
    "opened",
    [
        pytest.param(text_file, id="a text file"),
        pytest.param(lambda read: FileObjectPosix(read, "r", encoding="utf-8"), id="gevent's"),
        pytest.param(lambda read: FileObjectThread(read, "r", encoding="utf-8"), id="gevent's with threads"),
    ],
)
def test_the_lines_of_a_pipe_are_chunks_at_once(opened):
    read, write = os.pipe()
    with gevent.Timeout(PATIENCE), opened(read) as file, open(write, "wb", buffering=0) as other_end:
        lines = iterator_of(file)
        for line in ("now\n", "Käse\n"):
            other_end.write(line.encode())
            assert next(lines) == line
        other_end.write(b"no line")
        other_end.close()
        assert list(lines) == ["no line"]


@pytest.mark.parametrize("options", [{}, {"bufsize": 0}, {"text": True}], ids=["buffered", "unbuffered", "text"])
@pytest.mark.parametrize("popen", [Popen, subprocess.Popen], ids=["gevent's", "Python's"])
def test_the_output_of_a_command_comes_line_by_line(popen, options):
    echo = "import sys\nfor line in sys.stdin: print(line, end='', flush=True)"
    with gevent.Timeout(PATIENCE):
        command = popen([sys.executable, "-c", echo], stdin=PIPE, stdout=PIPE, **options)
        chunks = iterator_of(command.stdout)
        for line in ("one\n", "two\n"):
            command.stdin.write(line if "text" in options else line.encode())
            command.stdin.flush()
            chunk = next(chunks)
            assert (chunk if isinstance(chunk, str) else chunk.decode()) == line
        command.stdin.close()
        assert list(chunks) == []
        command.wait()
        command.stdout.close()


def test_a_part_of_the_answer_of_another_server_comes_at_once():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf ")
        answer = http.client.HTTPResponse(ours)
        answer.begin()
        chunks = iterator_of(answer)
        assert next(chunks) == b"half "
        theirs.sendall(b"whole")
        assert list(chunks) == [b"whole"]


def gzipped(content):
    return gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(content)))


def zipped(content):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("member", content)
    return zipfile.ZipFile(archive).open("member")


def in_a_temporary_file(content):
    file = tempfile.NamedTemporaryFile()  # noqa: SIM115 - the source closes it
    file.write(content)
    file.seek(0)
    return file


@pytest.mark.parametrize("opened", [io.BytesIO, gzipped, zipped, in_a_temporary_file])
@given(content=st.binary(max_size=10) | st.integers(0, 3 * READ_SIZE).map(os.urandom))
def test_no_byte_is_lost(opened, content):
    with opened(content) as file:
        assert b"".join(iterator_of(file)) == content


def test_a_wrapper_with_a_read_of_its_own_is_read_by_that():
    assert list(iterator_of(Decoding(io.BytesIO(b"a")))) == [b"A"]


def test_a_codec_reader_is_read_itself_and_not_the_file_in_it():
    assert list(iterator_of(codecs.getreader("latin-1")(io.BytesIO(b"\xe9")))) == ["\xe9"]


def test_a_buffered_file_without_a_read1_is_read_by_read():
    class Own(io.BufferedIOBase):
        blocks = (b"a", b"b", b"", b"")

        def read(self, size=-1):
            block, *self.blocks = self.blocks
            return block

    assert list(iterator_of(Own())) == [b"a", b"b"]


def test_a_file_that_cannot_be_read_raises_its_error(tmp_path):
    with (tmp_path / "file").open("wb", buffering=0) as file, pytest.raises(io.UnsupportedOperation):
        next(iterator_of(file))


def test_a_non_blocking_pipe_without_bytes_is_not_at_its_end():
    read, write = os.pipe()
    os.set_blocking(read, False)
    with open(read, "rb") as file, open(write, "wb", buffering=0) as other_end:
        chunks = iterator_of(file)
        assert next(chunks) is None
        other_end.write(b"now")
        assert next(chunks) == b"now"
