"""Length check: which files are read before their length is believed, and what a wrong length makes of them."""

from __future__ import annotations

import io
import os
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgiresp._files import length_check
from wsgiresp._files.file_sources import HandleSource, PathSource
from wsgiresp._files.length_check import CHECKED, UnsizedSource, check_file, check_handle
from wsgiresp._files.safe_open import OpenFile


class FakeFile(OpenFile):
    """An open file with the given *content*, size and blocks, which returns at most *most* bytes for each read."""

    def __init__(self, content, size, blocks=0, most=CHECKED, error=None):
        self.read_end, write_end = os.pipe()  # a descriptor of our own, whose fstat() has size 0
        os.close(write_end)
        super().__init__(self.read_end, SimpleNamespace(st_size=size, st_blocks=blocks))
        self.content = content
        self.most = most
        self.error = error
        self.reads = 0

    def read_at(self, size, position):
        self.reads += 1
        if self.error is not None:
            raise self.error
        return self.content[position : position + min(size, self.most)]


class FakeHandle:
    """A source like that of a file object, which announces *length*."""

    def __init__(self, content, length, error=None):
        self.content = content
        self.length = length
        self.error = error
        self.reads = 0
        self.is_closed = False

    def read_at(self, size, position):
        self.reads += 1
        if self.error is not None:
            raise self.error
        return self.content[position : position + size]

    def close(self):
        self.is_closed = True


@pytest.fixture
def unchanged(monkeypatch):
    """Let the second ``fstat`` report the size of the first."""

    def set_size(size):
        monkeypatch.setattr(
            length_check, "os", SimpleNamespace(fstat=lambda _: SimpleNamespace(st_size=size, st_blocks=0))
        )

    return set_size


def whole(source):
    """Return all bytes of *source*, read in pieces of 7 bytes."""
    found = b""
    while piece := source.read_at(7, len(found)):
        found += piece
    return found


def test_a_file_with_blocks_is_not_read():
    opened = FakeFile(b"", 20, blocks=8)
    assert (check_file(opened), opened.reads) == (opened, 0)


def test_where_blocks_are_not_counted_a_file_with_a_size_is_not_read(monkeypatch):
    monkeypatch.setattr(length_check, "_HAS_BLOCKS", False)
    opened = FakeFile(b"", 20)
    assert (check_file(opened), opened.reads) == (opened, 0)


def test_an_empty_file_costs_one_read():
    opened = FakeFile(b"", 0)
    assert (check_file(opened), opened.reads) == (opened, 1)


@pytest.mark.parametrize("most", [CHECKED, 4096, 1], ids=["at once", "in pages", "byte by byte"])
def test_a_file_without_blocks_whose_bytes_are_there_keeps_its_length(most):
    opened = FakeFile(bytes(CHECKED + 1), CHECKED + 1, most=most)
    assert check_file(opened) is opened


def test_a_small_file_without_blocks_costs_one_read():
    opened = FakeFile(bytes(30), 30)
    assert (check_file(opened), opened.reads) == (opened, 1)


@pytest.mark.parametrize(
    ("content", "size"),
    [
        pytest.param(b"processor", 0, id="procfs: bytes, and no size"),
        pytest.param(bytes(CHECKED + 9), 0, id="procfs: more bytes than are checked"),
        pytest.param(b"[always] never\n", 4096, id="sysfs: a page, and fewer bytes"),
        pytest.param(b"", 4096, id="a size, and no bytes"),
        pytest.param(b"longer", 3, id="more bytes than the size"),
        pytest.param(b"short", 5 * 2**30, id="a large size, and few bytes"),
    ],
)
def test_a_file_with_a_wrong_length_is_a_source_of_unknown_length(unchanged, content, size):
    unchanged(size)
    opened = FakeFile(content, size)
    source = check_file(opened)
    assert isinstance(source, UnsizedSource)
    assert (source.length, source.status, source.descriptor) == (None, None, opened.descriptor)
    assert whole(source) == content
    source.close()
    assert opened.descriptor == -1


@given(content=st.binary(max_size=50), size=st.integers(0, 60), most=st.integers(1, 60))
def test_the_bytes_are_the_same_whatever_the_length_is_and_however_they_are_read(content, size, most):
    opened = FakeFile(content, size, most=most)
    source = check_handle(opened)
    assert whole(source) == content
    opened.close()


def test_a_file_that_is_written_before_the_check_has_its_new_length(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"")
    handle = os.open(path, os.O_RDONLY)
    opened = OpenFile(handle, os.fstat(handle))
    path.write_bytes(b"a line\n")
    assert check_file(opened) is opened
    assert (opened.length, opened.status.st_size) == (7, 7)
    opened.close()


def test_a_file_that_cannot_be_read_is_closed_and_raises():
    opened = FakeFile(b"", 0, error=OSError(5, "Input/output error"))
    with pytest.raises(OSError, match="Input/output"):
        check_file(opened)
    assert opened.descriptor == -1


@pytest.mark.parametrize("length", [None, CHECKED + 1], ids=["no length", "more than is checked"])
def test_a_file_object_is_not_read_if_its_length_is_unknown_or_large(length):
    opened = FakeHandle(b"", length)
    assert (check_handle(opened), opened.reads) == (opened, 0)


@pytest.mark.parametrize("content", [b"", b"0123456789"], ids=["empty", "ten bytes"])
def test_a_file_object_with_its_length_keeps_it(content):
    opened = FakeHandle(content, len(content))
    assert (check_handle(opened), opened.reads) == (opened, 1)


@pytest.mark.parametrize("length", [0, 4096])
def test_a_file_object_with_a_wrong_length_is_a_source_of_unknown_length(length):
    opened = FakeHandle(b"content", length)
    source = check_handle(opened)
    assert (source.length, source.descriptor, whole(source)) == (None, None, b"content")
    source.close()
    assert opened.is_closed


def test_the_error_of_a_file_object_is_raised():
    opened = FakeHandle(b"", 0, error=OSError(5, "Input/output error"))
    with pytest.raises(OSError, match="Input/output"):
        check_handle(opened)


def test_a_small_file_object_can_be_read_at_any_position_after_the_check():
    handle = io.BytesIO(b"..0123456789")
    handle.seek(2)
    source = HandleSource(handle).open()
    assert [source.length, source.read_at(2, 8), source.read_at(3, 0)] == [10, b"89", b"012"]


@pytest.mark.skipif(not os.path.exists("/proc/self/cmdline"), reason="this system has no /proc")
def test_the_bytes_of_a_file_of_proc_are_those_that_iteration_gives():
    with open("/proc/self/cmdline", "rb") as handle:
        assert b"".join(PathSource("/proc/self/cmdline")) == handle.read() != b""
