"""File objects as sources of a file: position, length, what their ``read()`` may return, and text mode."""

from __future__ import annotations

import gzip
import io
import os
import tempfile
import zipfile

import pytest
from files.fake_handles import IgnoringWhence, Refusing

from wsgiresp._files.file_sources import HandleSource, OpenHandle, require_binary
from wsgiresp._files.range_reader import UnsizedReader


class Pipe:
    """An object with a ``read()`` alone, which may return None, a bytearray, or more bytes than asked for."""

    def __init__(self, *chunks):
        self.chunks = list(chunks)

    def read(self, size):
        return self.chunks.pop(0)


class Seekable(Pipe):
    """An object that can seek but has no ``seekable()``."""

    def __init__(self, content):
        self.file = io.BytesIO(content)
        self.read, self.seek, self.tell = self.file.read, self.file.seek, self.file.tell


def test_a_file_object_is_read_from_its_position():
    handle = io.BytesIO(b"0123456789")
    handle.seek(4)
    source = OpenHandle(handle)
    assert source.length == 6
    assert source.read_at(3, 0) == b"456"
    assert source.read_at(3, 3) == b"789"
    assert source.read_at(3, 6) == b""


def test_any_position_can_be_read():
    source = OpenHandle(io.BytesIO(b"0123456789"))
    assert [source.read_at(2, position) for position in (8, 0, 5)] == [b"89", b"01", b"56"]


def test_a_file_object_positioned_after_its_end_is_empty():
    handle = io.BytesIO(b"0123456789")
    handle.seek(20)
    assert OpenHandle(handle).length == 0


def test_an_object_that_says_that_it_is_empty_is_read_once_to_see():
    source = OpenHandle(IgnoringWhence(b"0123"))
    assert source.length is None
    assert source.read_at(3, 0) + source.read_at(3, 3) + source.read_at(3, 4) == b"0123"


@pytest.mark.parametrize("path", ["/proc/self/cmdline", "/proc/sys/kernel/ostype"])
def test_a_file_of_the_kernel_that_says_that_it_is_empty_has_all_its_bytes(path):
    if not os.path.exists(path):
        pytest.skip("no /proc")
    with open(path, "rb") as handle:
        content = handle.read()
        handle.seek(0)
        source = OpenHandle(handle)
        assert (source.length, b"".join(UnsizedReader(source, ()))) == (None, content)


def test_an_empty_object_whose_read_returns_none_is_empty():
    handle = io.BytesIO()
    handle.read = lambda size: None
    assert OpenHandle(handle).length == 0


def test_an_object_without_seekable_can_seek():
    assert OpenHandle(Seekable(b"0123")).length == 4


def test_the_length_of_a_pipe_is_unknown():
    source = OpenHandle(Pipe(b"a", b"b"))
    assert source.length is None
    assert source.read_at(5, 0) + source.read_at(5, 1) == b"ab"


@pytest.mark.parametrize(
    ("given", "chunk"),
    [
        pytest.param(bytearray(b"ab"), b"ab", id="a bytearray"),
        pytest.param(memoryview(b"ab"), b"ab", id="a view"),
        pytest.param(b"abcdefg", b"abc", id="more than was asked for"),
    ],
)
def test_a_read_returns_bytes_and_no_more_than_asked_for(given, chunk):
    read = OpenHandle(Pipe(given)).read_at(3, 0)
    assert (type(read), read) == (bytes, chunk)


def test_a_non_blocking_pipe_without_data_raises_blocking_io_error():
    with pytest.raises(BlockingIOError):
        OpenHandle(Pipe(None)).read_at(3, 0)


def test_close_closes_the_file_object():
    handle = io.BytesIO()
    OpenHandle(handle).close()
    assert handle.closed


def test_an_object_without_close_is_accepted():
    OpenHandle(Pipe()).close()


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(io.StringIO, id="text in memory"),
        pytest.param(lambda: tempfile.NamedTemporaryFile("w+"), id="a text file in a wrapper object"),  # noqa: SIM115
        pytest.param(lambda: open(os.devnull), id="a text file"),  # noqa: SIM115
    ],
)
def test_a_text_file_is_refused(make):
    with make() as handle, pytest.raises(TypeError, match="open in binary mode"):
        require_binary(handle)


def test_a_gzip_file_is_binary():
    with gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(b"ab"))) as handle:
        require_binary(handle)
        assert OpenHandle(handle).length == 2


def test_a_member_of_a_zip_file_is_binary():
    with zipfile.ZipFile(io.BytesIO(), "w") as archive:
        archive.writestr("a", b"ab")
        with archive.open("a") as handle:
            require_binary(handle)


class Unreadable:
    """An object whose ``readable()`` raises *error*."""

    def __init__(self, error):
        self.error = error

    def read(self, size=-1):
        return b""

    def readable(self):
        raise self.error


def test_an_object_that_cannot_tell_whether_it_is_readable_is_accepted():
    require_binary(Unreadable(NotImplementedError()))


def test_an_object_that_is_closed_and_has_no_closed_is_refused():
    with pytest.raises(ValueError, match="path must be a file that is open for reading"):
        require_binary(Unreadable(ValueError("I/O operation on closed file")))


def test_an_object_that_was_closed_before_it_is_sent_is_refused_by_name():
    handle = io.BytesIO(b"ab")
    source = HandleSource(handle)
    handle.close()
    with pytest.raises(ValueError, match="path must be a file that is open for reading"):
        source.open()


def test_an_object_that_fails_is_closed():
    handle = Refusing("seek", TimeoutError("timed out"))
    with pytest.raises(TimeoutError):
        HandleSource(handle).open()
    assert handle.closed
