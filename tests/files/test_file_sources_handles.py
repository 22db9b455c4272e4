"""File objects that somebody else opened."""

from __future__ import annotations

import gzip
import io
import os
import tempfile
import zipfile

import pytest

from wsgiresp._files.file_sources import OpenHandle, require_binary


class Pipe:
    """What can only be read; it may give None, a bytearray, or more than was asked for."""

    def __init__(self, *chunks):
        self.chunks = list(chunks)

    def read(self, size):
        return self.chunks.pop(0)


class Seekable(Pipe):
    """An object of old style: it can seek and does not say so."""

    def __init__(self, content):
        self.file = io.BytesIO(content)
        self.read, self.seek, self.tell = self.file.read, self.file.seek, self.file.tell


def test_it_begins_where_the_object_stands():
    handle = io.BytesIO(b"0123456789")
    handle.seek(4)
    source = OpenHandle(handle)
    assert source.length == 6
    assert source.read_at(3, 0) == b"456"
    assert source.read_at(3, 3) == b"789"
    assert source.read_at(3, 6) == b""


def test_it_goes_where_a_range_is():
    source = OpenHandle(io.BytesIO(b"0123456789"))
    assert [source.read_at(2, position) for position in (8, 0, 5)] == [b"89", b"01", b"56"]


def test_an_object_that_stands_behind_its_end_is_empty():
    handle = io.BytesIO(b"0123456789")
    handle.seek(20)
    assert OpenHandle(handle).length == 0


def test_an_object_of_old_style_can_seek():
    assert OpenHandle(Seekable(b"0123")).length == 4


def test_the_length_of_a_pipe_is_not_known():
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
def test_only_bytes_come_out_and_no_more_than_asked(given, chunk):
    read = OpenHandle(Pipe(given)).read_at(3, 0)
    assert (type(read), read) == (bytes, chunk)


def test_a_pipe_that_does_not_wait_is_not_taken_for_ended():
    with pytest.raises(BlockingIOError):
        OpenHandle(Pipe(None)).read_at(3, 0)


def test_closing_closes_the_object():
    handle = io.BytesIO()
    OpenHandle(handle).close()
    assert handle.closed


def test_an_object_without_close_needs_none():
    OpenHandle(Pipe()).close()


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(io.StringIO, id="text in memory"),
        pytest.param(lambda: tempfile.NamedTemporaryFile("w+"), id="a file of text behind another object"),  # noqa: SIM115
        pytest.param(lambda: open(os.devnull), id="a file of text"),  # noqa: SIM115
    ],
)
def test_text_is_refused(make):
    with make() as handle, pytest.raises(TypeError, match="open in binary mode"):
        require_binary(handle)


def test_a_compressed_file_is_binary():
    with gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(b"ab"))) as handle:
        require_binary(handle)
        assert OpenHandle(handle).length == 2


def test_a_member_of_an_archive_is_binary():
    with zipfile.ZipFile(io.BytesIO(), "w") as archive:
        archive.writestr("a", b"ab")
        with archive.open("a") as handle:
            require_binary(handle)
