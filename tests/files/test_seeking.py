"""Length of a file object: which errors mean that it cannot seek to its end, and where it stands after that."""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import lzma
import os
import zlib

import pytest
from files.fake_handles import (
    CONTENT,
    IgnoringWhence,
    NotSeekable,
    Refusing,
    StreamedHTTP,
    UnknownSize,
    WithoutWhence,
)
from hypothesis import given
from hypothesis import strategies as st

from wsgiresp._files.seeking import position_and_length

REFUSALS = [
    pytest.param(io.UnsupportedOperation("seek"), id="an unsupported operation"),
    pytest.param(ValueError("Cannot seek streaming HTTP file"), id="a value error"),
    pytest.param(TypeError("NoneType and int"), id="a type error"),
    pytest.param(AttributeError("seek"), id="an attribute error"),
    pytest.param(NotImplementedError(), id="not implemented"),
    pytest.param(OSError("not seekable"), id="an OSError without a number"),
    pytest.param(OSError(errno.ESPIPE, "Illegal seek"), id="an illegal seek"),
    pytest.param(OSError(errno.EINVAL, "Invalid argument"), id="an invalid argument"),
]
FAILURES = [
    pytest.param(OSError(errno.EIO, "Input/output error"), id="a disk"),
    pytest.param(TimeoutError("timed out"), id="a timeout"),
    pytest.param(ConnectionResetError("reset"), id="a connection"),
    pytest.param(gzip.BadGzipFile("CRC check failed"), id="a checksum"),
    pytest.param(EOFError("Compressed file ended"), id="an early end"),
    pytest.param(zlib.error("invalid stored block"), id="damaged data"),
]


@pytest.mark.parametrize("method", ["seekable", "tell", "seek"])
@pytest.mark.parametrize("error", REFUSALS)
def test_an_object_that_refuses_has_no_length_and_stands_where_it_stood(method, error):
    handle = Refusing(method, error)
    assert position_and_length(handle) == (0, None)
    assert handle.read() == CONTENT[2:]


@pytest.mark.parametrize("error", REFUSALS)
def test_an_object_that_moves_before_it_refuses_is_put_back(error):
    handle = Refusing("seek", error, moves=True)
    assert position_and_length(handle) == (0, None)
    assert handle.read() == CONTENT[2:]


@pytest.mark.parametrize("error", REFUSALS)
def test_an_object_that_moves_and_cannot_go_back_raises_its_error(error):
    with pytest.raises(type(error)) as caught:
        position_and_length(Refusing("seek", error, moves=True, returns=False))
    assert caught.value is error


@pytest.mark.parametrize("method", ["seekable", "tell", "seek"])
@pytest.mark.parametrize("error", FAILURES)
def test_an_error_that_tells_of_something_else_is_raised(method, error):
    with pytest.raises(type(error)):
        position_and_length(Refusing(method, error))


@pytest.mark.parametrize("method", ["seekable", "tell", "seek"])
def test_an_object_that_is_closed_raises_its_error(method):
    handle = Refusing(method, ValueError("I/O operation on closed file"))
    handle.close()
    with pytest.raises(ValueError, match="closed file"):
        position_and_length(handle)


def test_an_end_without_a_way_back_is_an_error():
    with pytest.raises(OSError, match="only goes forward"):
        position_and_length(Refusing("", None, returns=False))


def test_an_object_at_its_end_needs_no_way_back():
    handle = Refusing("", None, returns=False)
    handle.read()
    assert position_and_length(handle) == (10, 0)


@given(content=st.binary(max_size=50), position=st.integers(0, 60))
def test_an_object_that_can_seek_tells_its_position_and_length(content, position):
    handle = io.BytesIO(content)
    handle.seek(position)
    assert position_and_length(handle) == (position, len(content[position:]))
    assert handle.tell() == position


@pytest.mark.parametrize(
    "handle",
    [
        pytest.param(StreamedHTTP(CONTENT), id="fsspec over HTTP (filesystem_spec issue 550)"),
        pytest.param(UnknownSize(CONTENT), id="fsspec without a size"),
        pytest.param(WithoutWhence(CONTENT), id="a seek without whence"),
        pytest.param(NotSeekable(CONTENT), id="a pipe"),
        pytest.param(gzip.GzipFile(fileobj=NotSeekable(gzip.compress(CONTENT))), id="gzip of a pipe"),
        pytest.param(
            io.BufferedReader(gzip.GzipFile(fileobj=NotSeekable(gzip.compress(CONTENT)))), id="buffered gzip of a pipe"
        ),
        pytest.param(bz2.BZ2File(NotSeekable(bz2.compress(CONTENT))), id="bzip2 of a pipe"),
        pytest.param(lzma.LZMAFile(NotSeekable(lzma.compress(CONTENT))), id="xz of a pipe"),  # noqa: SIM115
    ],
)
def test_an_object_that_cannot_seek_keeps_its_bytes(handle):
    assert position_and_length(handle) == (0, None)
    assert handle.read() == CONTENT


def test_a_seek_that_ignores_whence_loses_no_bytes():
    handle = IgnoringWhence(CONTENT)
    handle.seek(2)
    assert position_and_length(handle) == (2, 0)
    assert handle.read() == CONTENT[2:]


@pytest.mark.parametrize("seekable", [True, False])
def test_seekable_may_be_an_attribute(seekable):
    handle = io.BytesIO(CONTENT)
    handle.seekable = seekable
    assert position_and_length(handle) == (0, 10 if seekable else None)


@pytest.mark.parametrize("position", [None, "2", 2.0], ids=repr)
def test_a_position_that_is_no_number_is_none(position):
    handle = io.BytesIO(CONTENT)
    handle.tell = lambda: position
    assert position_and_length(handle) == (0, None)
    assert handle.read() == CONTENT


@pytest.mark.parametrize(
    ("opened", "damaged", "error"),
    [
        pytest.param(gzip.GzipFile, gzip.compress(CONTENT)[:-8] + bytes(8), gzip.BadGzipFile, id="gzip"),
        pytest.param(gzip.GzipFile, gzip.compress(CONTENT)[:-9], EOFError, id="gzip, cut"),
        pytest.param(bz2.BZ2File, b"BZh9" + bytes(100), OSError, id="bzip2"),
        pytest.param(lzma.LZMAFile, lzma.compress(CONTENT)[:-9], EOFError, id="xz, cut"),
    ],
)
def test_damaged_data_is_an_error_before_the_first_byte(tmp_path, opened, damaged, error):
    (tmp_path / "file").write_bytes(damaged)
    with opened(tmp_path / "file") as handle, pytest.raises(error):
        position_and_length(handle)


@pytest.mark.skipif(not os.path.exists("/proc/cpuinfo"), reason="no /proc")
def test_a_file_of_the_kernel_cannot_seek_to_its_end():
    with open("/proc/cpuinfo", "rb") as handle:
        assert position_and_length(handle) == (0, None)
        assert handle.tell() == 0
